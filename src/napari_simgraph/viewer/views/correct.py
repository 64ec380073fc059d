"""The tab Correct of Segment: objects are merged, cut, painted, and checked place by place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from napari.layers import Labels as LabelsLayer
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from napari_simgraph.capabilities import segmentation
from napari_simgraph.core.job import Progress
from napari_simgraph.viewer.forms import Form
from napari_simgraph.viewer.jobs import Ending, State, Task
from napari_simgraph.viewer.layer_combo import LayerCombo
from napari_simgraph.viewer.log import say_error
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.views.correct_acts import acts_of
from napari_simgraph.viewer.views.correct_find import Finding, merge_lists
from napari_simgraph.viewer.views.correct_hand import Hand
from napari_simgraph.viewer.views.correct_input import Correcting, refuse
from napari_simgraph.viewer.views.correct_keys import CorrectKeys
from napari_simgraph.viewer.views.correct_learn import Learning, Strokes
from napari_simgraph.viewer.views.correct_places import CORRECTED, Places, Spot
from napari_simgraph.viewer.views.correct_since import Since
from napari_simgraph.viewer.views.correct_tools import Tools
from napari_simgraph.viewer.views.parts import Told, column, copy_report, row

_READY = "N goes to the next place to check; a click chooses an object."


class CorrectPage(QWidget):
    """Objects menu, tools, places to check.

    `changed` says that the footer has to be told anew, `learned` the name of a new model.

    Parameters
    ----------
    session
        Whose layers, models and jobs these are.
    run_on_all
        Goes to the tab that makes objects.
    strokes
        Gives what was painted on the tab Teach, to learn from beside the corrections.
    """

    changed = Signal()
    learned = Signal(str)

    def __init__(
        self, session: Session, run_on_all: Callable[[], object], strokes: Strokes
    ) -> None:
        super().__init__()
        self._session, self._viewer, self._run_on_all = session, session.viewer, run_on_all
        self._last: Told | None = None
        self._in_front, self._listing = False, True
        self.form: Form[Correcting] = Form(Correcting)
        self.menu = LayerCombo(session.viewer, LabelsLayer, refuse)
        self.menu.setToolTip("The objects to correct.\nThose that were edited are never replaced.")
        self.menu.setAccessibleName("Objects")
        self.tools, self.places = Tools(), Places()
        self.hand = Hand(session, lambda: self.tools.through)
        self.corrector = self.hand.corrector
        self.finding, self.learning = Finding(session), Learning(session, strokes)
        self.since = Since(session)
        self.training = segmentation.Train()
        self._does = acts_of(self.hand, self.places, self.hand.below)
        self.keys = CorrectKeys(session, self._does)
        layout = column(self)
        for part in (row("Objects", self.menu), self.tools, self.places, self.since):
            layout.addWidget(part)
        self._connect()
        self._layer_chosen()

    @property
    def main_text(self) -> str:
        """What the main button says."""
        return "Learn from my corrections"

    @property
    def settings(self) -> Form[Correcting]:
        """The settings for the fold of the dock."""
        return self.form

    @property
    def task(self) -> Task | None:
        """What runs for this page."""
        return self.corrector.task or self.finding.task or self.learning.task

    def told(self) -> Told:
        """What the footer shows while nothing runs."""
        if self.hand.layer is None:
            said = "Make objects first: tick objects in Run on all."
            return Told("ready", said, ("Run on all", self._run_on_all), (), False)
        modes = self.hand.modes
        if modes.mode:
            return Told("ready", f"{modes.said}.", ("Leave", modes.leave), (), False)
        missing = self.learning.missing(self.hand.layer)
        corrected = bool(self.corrector.last)
        told = self._last or Told("ready", missing if missing and corrected else _READY)
        return replace(told, can_start=not missing)

    def start(self) -> None:
        """Learn from what was corrected."""
        layer = self.hand.layer
        if layer is None:
            return
        self.hand.modes.leave()
        minutes = self.form.value().minutes if not self.training.steps else 0.0
        try:
            self.learning.start(layer, replace(self.training, minutes=minutes))
        except (ValueError, OSError) as error:
            self._tell(Told("error", say_error(error)))
        self.changed.emit()

    def say_progress(self, progress: Progress) -> str:
        """The sentence beside the bar."""
        return progress.text

    def come(self, in_front: bool) -> None:
        """Come to the front or go from there: keys and clicks belong to the page in front."""
        self._in_front = in_front
        self.hand.come(in_front)
        if in_front:
            self._prepare()
        else:
            self.keys.free()

    def close_events(self) -> None:
        """Stop following the viewer."""
        self.come(False)
        self.hand.close()
        self.menu.close_events()
        self._viewer.layers.events.removed.disconnect(self._layer_removed)
        self._session.results_changed.disconnect(self.since.renew)

    def _connect(self) -> None:
        self.menu.chosen.connect(self._layer_chosen)
        self.tools.asked.connect(lambda word: self._does[word]())
        self.hand.changed.connect(self._hand_changed)
        self.hand.said.connect(lambda said: self._tell(Told("ready", said)))
        self.corrector.changed.connect(self._corrected)
        self.corrector.begun.connect(lambda _: self.changed.emit())
        self.corrector.failed.connect(self._failed)
        self.places.going.connect(self._go_to)
        self.places.marked.connect(self._keep_places)
        self.places.searching.connect(self._search)
        self.finding.found.connect(self._found)
        self.finding.failed.connect(self._failed)
        self.learning.learned.connect(self._learned)
        self.learning.failed.connect(self._failed)
        self.since.showing.connect(self._show_changes)
        self._session.results_changed.connect(self.since.renew)
        self.form.changed.connect(self._settings_changed)
        self._viewer.layers.events.removed.connect(self._layer_removed)

    def _layer_chosen(self) -> None:
        layer = self.menu.layer
        if layer is not None and layer == self.hand.layer:
            return
        self.keys.free()
        self.hand.take(layer)
        self._last = None
        self._show_places()
        self._prepare()
        self._show_steps()
        self.since.show_layer(layer)
        self.changed.emit()

    def _prepare(self) -> None:
        """Make the layer one that can be corrected, as soon as the page is looked at."""
        layer = self.hand.layer
        if not self._in_front:
            return
        self.hand.prepare()
        self.keys.bind(layer)
        if layer is not None and layer in self._viewer.layers:
            layer.visible = True
            self._viewer.layers.selection.active = layer

    def _hand_changed(self) -> None:
        self.tools.show_mode(self.hand.modes.mode)
        self.changed.emit()

    def _corrected(self, said: str) -> None:
        """A step was taken, back or forth."""
        self.hand.prepare()
        self._show_steps()
        steps = self.corrector.objects.steps if self.corrector.objects is not None else []
        spot = self.places.current
        if spot is not None and not spot.done and steps and _about(spot, steps[-1].objects):
            self.places.mark(CORRECTED)
        undo = ("Undo", self.hand.undo) if self.corrector.last else None
        self._tell(Told("done", said, undo) if said else None)

    def _learned(self, name: str, said: str) -> None:
        self.learned.emit(name)
        self._tell(Told("done", said, None, (("Run on all", self._run_on_all),)))

    def _show_changes(self, spots: list[Spot]) -> None:
        """List what was corrected in the place of what is to be checked; the list comes back."""
        self._listing = False
        self.places.show_spots(spots)
        self._tell(Told("ready", "These are your corrections.", ("Back", self._show_places)))

    def _show_places(self) -> None:
        self._listing = True
        told = about(self.hand.layer).get("places", ()) if self.hand.layer is not None else ()
        self.places.show_spots([Spot.of(one) for one in told])
        self._tell(None)

    def _show_steps(self) -> None:
        self.since.renew()
        self.tools.show_steps(self.corrector.last, self.corrector.undone)

    def _failed(self, ending: Ending) -> None:
        if ending.state is State.CANCELLED:
            self._tell(Told("stopped", "Cancelled. Nothing was changed."))
        else:
            self._tell(Told("error", ending.sentence, copy_report(ending)))

    def _tell(self, told: Told | None) -> None:
        self._last = told
        self.changed.emit()

    def _go_to(self, spot: Spot) -> None:
        self.hand.go((spot.z, spot.y, spot.x))
        self.hand.choose(np.array(spot.objects, np.int64))
        self._tell(None)

    def _search(self) -> None:
        """Look for places in the objects as they are now."""
        layer = self.hand.layer
        if layer is None or self.finding.task is not None:
            return
        self.hand.modes.leave()
        try:
            self.finding.start(layer, self.form.value().most)
        except ValueError as error:
            self._tell(Told("error", say_error(error)))
        self.changed.emit()

    def _found(self, spots: list[Spot]) -> None:
        before = self.places.spots
        self.places.show_spots(merge_lists(spots, before))
        self._keep_places()
        said = f"Found {len(spots)} places to check. N goes to the first."
        self._tell(Told("done", said, ("Next", self.places.go_next)))

    def _keep_places(self) -> None:
        """Note the places in the layer, with which the workspace keeps them."""
        layer = self.hand.layer
        if layer is not None and self._listing:
            spots = [spot.plain() for spot in self.places.spots]
            layer.metadata["simgraph"] = {**about(layer), "places": spots}
            self._session.keeper.save_soon()

    def _settings_changed(self) -> None:
        self.hand.smooth_width = self.form.value().smooth

    def _layer_removed(self, event: Any) -> None:
        if self.hand.layer is not None and event.value == self.hand.layer:
            self.keys.free()
            self.hand.take(None)
            self.changed.emit()


def _about(spot: Spot, objects: tuple[int, ...]) -> bool:
    return bool(set(spot.objects) & set(objects))
