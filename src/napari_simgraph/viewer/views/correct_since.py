"""What changed: since the last run, and by corrections; before and after, to look at."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Labels as LabelsLayer
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from napari_simgraph.analysis.blocks import Pace, Volume, count
from napari_simgraph.analysis.corrected import Corrected
from napari_simgraph.analysis.keeping import Compared, compare
from napari_simgraph.analysis.step_records import replay
from napari_simgraph.core.job import Job
from napari_simgraph.io.step_log import records
from napari_simgraph.io.workspace import Workspace
from napari_simgraph.viewer.footer import flat
from napari_simgraph.viewer.jobs import Ending
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.views.correct_places import DONE, Spot
from napari_simgraph.viewer.views.objects_chosen import numbers_of
from napari_simgraph.viewer.views.parts import column

_ONE = {"merge": "merged", "split": "split", "delete": "deleted", "fill": "filled"}
_WORDS = _ONE | {"smooth": "smoothed", "paint": "painted"}


class Since(QWidget):
    """A line of what changed, with buttons to see it; hidden while nothing did.

    `showing` brings the places of all corrections.
    """

    showing = Signal(object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._layer: LabelsLayer | None = None
        self._asked = ""  # the version that is being compared
        self.text = QLabel()
        self.text.setObjectName("faint")
        self.text.setWordWrap(True)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.show_button = flat("Show what changed", self._show, "Lists all of your corrections.")
        self.compare_button = flat("Compare", lambda: None, "Before and after your corrections.")
        self.compare_button.setCheckable(True)
        self.compare_button.toggled.connect(self._flip)
        line = QHBoxLayout()
        for made in (self.show_button, self.compare_button):
            line.addWidget(made)
        line.addStretch(1)
        layout = column(self)
        layout.addWidget(self.text)
        layout.addLayout(line)

    def show_layer(self, layer: LabelsLayer | None) -> None:
        """Tell of this layer, or of none."""
        self.compare_button.setChecked(False)
        self._layer = layer
        self.renew()

    def renew(self) -> None:
        """Tell of what there is now."""
        layer = self._layer
        objects = layer.data if layer is not None else None
        many = len(objects.steps) if isinstance(objects, Corrected) else 0
        said = str(about(layer).get("since", "")) if layer is not None else ""
        words = f"{many} correction{'s' if many != 1 else ''}." if many else ""
        self.text.setText(" ".join(part for part in (said, words) if part))
        self.show_button.setVisible(many > 0)
        self.compare_button.setVisible(many > 0)
        self.setVisible(bool(self.text.text()))
        if layer is not None and not said:
            self._ask(layer)

    def _ask(self, layer: LabelsLayer) -> None:
        """Compare with the version before, where there is one, in a thread."""
        told, workspace = about(layer), self._session.workspace
        version = f"{told.get('result', '')} {told.get('time', '')}"
        if "result" not in told or version == self._asked or workspace is None:
            return
        self._asked = version
        new, written = numbers_of(layer), self._session.keeper.written()
        where = (workspace, str(told["result"]))

        def make() -> Job[Compared | None]:
            written.result()
            return _compared(new, where)

        task = self._session.jobs.submit("Compare with the last run", make, lane="now")
        task.ended.connect(lambda ending: self._compared(ending, layer))

    def _compared(self, ending: Ending, layer: LabelsLayer) -> None:
        if ending.result is not None:
            layer.metadata["simgraph"] = {**about(layer), "since": say_since(ending.result)}
            self.renew()

    def _show(self) -> None:
        objects = self._layer.data if self._layer is not None else None
        if isinstance(objects, Corrected):
            self.showing.emit(
                [
                    Spot(_WORDS.get(step.kind, step.kind), *step.place, step.objects, DONE)
                    for step in objects.steps
                ]
            )

    def _flip(self, before: bool) -> None:
        """Show the objects before all corrections, or as they are."""
        layer = self._layer
        if layer is not None and isinstance(layer.data, Corrected):
            layer.data.original = before
            layer.refresh()


def say_since(found: Compared) -> str:
    """``Since the last run: 3.1 % of pixels changed; 12 objects joined, 7 split.``"""
    said = f"Since the last run: {100 * found.changed:.1f} % of pixels changed; "
    many = len(found.joined)
    return said + f"{many} object{'s' if many != 1 else ''} joined, {len(found.split)} split."


def _compared(new: Any, where: tuple[Workspace, str]) -> Job[Compared | None]:
    """How objects differ from those of the version before, corrections included; None if none."""
    workspace, key = where
    versions = workspace.versions(key)
    yield from Pace(1).begin()
    if len(versions) < 2:
        return None
    number = int(versions[-2]["number"])
    base = workspace.result(key, number)[0].levels[0]
    told = records(workspace.corrections(key, number))
    old = Corrected(base, int(np.asarray(base).max()) if told else 0)
    replay(old, told)
    if old.shape != tuple(new.shape):
        return None
    one, other = Volume(new, old.ndim), Volume(old, old.ndim)
    return (yield from compare(one, other, Pace(count(one.shape))))
