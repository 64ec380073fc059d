"""The line below what was made: which model, what score, when, and the command line for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from napari.layers import Layer
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QHBoxLayout, QLabel, QSizePolicy, QWidget

from napari_simgraph.viewer.footer import flat
from napari_simgraph.viewer.provenance import sentence
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.theme import state_pixmap


class MadeRow(QWidget):
    """Provenance of the results that `find` gives; hidden while there are none."""

    def __init__(self, session: Session, find: Callable[[], Sequence[Layer]]) -> None:
        super().__init__()
        self._session, self._find = session, find
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setObjectName("faint")
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        tooltip = "Copies the command line that makes this result again."
        self.copy_button = flat("Copy command", self._copy, tooltip)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        sign = QLabel()
        sign.setPixmap(state_pixmap("info"))
        line.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.text, 1)
        line.addWidget(self.copy_button, 0, Qt.AlignmentFlag.AlignTop)
        session.results_changed.connect(self.renew)

    def renew(self) -> None:
        """Tell of the results that are there now."""
        found = self._find()
        self.setVisible(bool(found))
        if found:
            self.text.setText(sentence(about(found[0])))
            self.text.setToolTip(str(about(found[0]).get("command", "")))

    def close_events(self) -> None:
        """Stop following the session."""
        self._session.results_changed.disconnect(self.renew)

    def _copy(self) -> None:
        for layer in self._find()[:1]:
            QApplication.clipboard().setText(str(about(layer).get("command", "")))
