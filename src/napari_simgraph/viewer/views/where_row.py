"""Where the next jobs run: a device of this machine, several workers on it, or a cluster."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from shutil import which

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget

from napari_simgraph.scale.cluster import NO_ADDRESS, NO_DASK, is_address
from napari_simgraph.viewer.controls import combo
from napari_simgraph.viewer.jobs import gui_threads
from napari_simgraph.viewer.session import Session

CLUSTER = "Cluster…"
HELPS = "Helps where Segment, Similar, Anomalies and Signatures use a model."


class WhereRow(QWidget):
    """A field for the address of a cluster, below the `choice` that shows it.

    Parameters
    ----------
    session
        Is told what is chosen; it counts from the next job.
    parent
        The dock that it stands in.
    """

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self.choice = combo(
            "Where jobs run whose own settings say auto.\nCounts from the next job.", "Device"
        )
        self.choice.setMinimumContentsLength(10)
        self.address, self._said = QLineEdit(), QLabel()
        self.address.setPlaceholderText("tcp://HOST:8786")
        self.address.setAccessibleName("Address of the cluster")
        self.address.setToolTip("The address that 'dask scheduler' tells.\ncommand line: --cluster")
        self._said.setObjectName("faint")
        self._said.setWordWrap(True)
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for widget in (self.address, self._said):
            column.addWidget(widget)
        self._list()
        self.choice.currentTextChanged.connect(self._choose)
        self.address.editingFinished.connect(self._take_address)

    def _list(self) -> None:
        """What this machine may have, as far as it is known without torch."""
        there = {"auto": True, "CPU": True, "CUDA": which("nvidia-smi") is not None}
        there["MPS"] = sys.platform == "darwin"
        self._workers = {f"{n} workers here": str(n) for n in (gui_threads() + 1,) if n > 1}
        names = [name for name, found in there.items() if found]
        self.choice.addItems([*names, *self._workers, CLUSTER])
        cluster = self._session.jobs.cluster
        known = {number: name for name, number in self._workers.items()}
        wanted = known.get(cluster, CLUSTER) if cluster else self._session.device
        listed = [self.choice.itemText(i).casefold() for i in range(self.choice.count())]
        self.choice.setCurrentIndex(listed.index(wanted.casefold()))
        self.address.setText("" if cluster in known else cluster)
        self._show(HELPS if cluster else "")

    def _choose(self, name: str) -> None:
        many = name in self._workers or name == CLUSTER
        lacking = many and find_spec("distributed") is None
        if name == CLUSTER and not lacking:
            self._take_address()
            self.address.setFocus()
            return
        self._session.jobs.cluster = "" if lacking else self._workers.get(name, "")
        self._session.device = "auto" if many else name.casefold()
        self._session.device_changed.emit()
        self._show(NO_DASK if lacking else HELPS if many else "")

    def _take_address(self) -> None:
        if self.choice.currentText() != CLUSTER:
            return
        text = self.address.text().strip()
        fits = is_address(text)
        self._session.jobs.cluster, self._session.device = text if fits else "", "auto"
        self._session.device_changed.emit()
        self._show(HELPS if fits or not text else NO_ADDRESS.format(text))

    def _show(self, sentence: str) -> None:
        asked = self.choice.currentText() == CLUSTER and sentence != NO_DASK
        self.address.setVisible(asked)
        self._said.setText(sentence)
        self._said.setVisible(bool(sentence))
        self.setVisible(bool(sentence))
