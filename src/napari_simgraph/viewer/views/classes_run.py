"""A run of the Classes dock: begun, kept in table, points and maps, and taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from qtpy.QtCore import QObject, Signal

from napari_simgraph.core.job import Progress, say_time
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import ImageSet
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.viewer.footer import Button
from napari_simgraph.viewer.jobs import Ending, State, Task
from napari_simgraph.viewer.log import say_error
from napari_simgraph.viewer.placing import open_dock
from napari_simgraph.viewer.records import identify
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.views.classes_input import ClassesInput
from napari_simgraph.viewer.views.classes_job import (
    FOUND_COLUMN,
    Learned,
    Settings,
    class_map,
    learn,
    with_found,
)
from napari_simgraph.viewer.views.parts import Told, Warned, copy_report, model_name
from napari_simgraph.viewer.words import cancelled

CLASS_MAP, SURE_MAP = "class map", "sure"  # results by thing


class _Asked(NamedTuple):
    """A run that was begun: the key of its table, its layers and their ids."""

    key: str
    layers: list[Any]
    ids: list[str]


class ClassesRun(QObject):
    """Learns what the input asks for; one run at a time.

    Attributes
    ----------
    task
        What runs, None while nothing does.
    told
        What the footer shows after a run; None where that is what is ready.
    model
        What was learned last of the table in front; None before.
    """

    changed = Signal()

    def __init__(self, session: Session, source: ClassesInput, noted: Warned) -> None:
        super().__init__()
        self._session, self._input, self._noted = session, source, noted
        self.task: Task | None = None
        self.told: Told | None = None
        self._learned: dict[str, Learned] = {}
        self.wrong: Button = ("Wrong ones", lambda: None)
        self.drawn: ImageSet | None = None  # pictures that fill up a rare class

    @property
    def model(self) -> Model | None:
        """The model that found the classes of the table in use."""
        known = self._learned.get(self._input.key)
        return known.model if known is not None else self._kept_model()

    def start(self, settings: Settings, model: Model | None = None) -> None:
        """Learn the classes that are given now, beginning with the encoder of a model."""
        try:
            given = self._input.given()._replace(drawn=self.drawn, start=model)
        except (ValueError, OSError) as error:
            self.tell(Told("error", say_error(error)))
            return
        layers, session = self._input.layers(), self._session
        asked = _Asked(self._input.key, layers, [identify(layer, "i") for layer in layers])
        session.ensure_workspace(layers[0].name)
        if settings.device == "auto":
            settings = replace(settings, device=session.device)
        name = f"classes {datetime.now():%Y-%m-%d %H%M%S}"
        room = session.room(name)
        self.told, jobs = None, session.jobs
        title = f"Learn classes of {asked.key}"
        task = self.task = jobs.submit(title, lambda: learn(jobs, given, settings, room))
        task.estimate = 60 * settings.minutes if settings.layers == "all" else -1.0
        task.reveal = partial(open_dock, session.viewer, "Classes")
        task.ended.connect(partial(self._ended, asked))
        self._noted.follow(task)
        session.keep_run(task, name)
        self.changed.emit()

    def say_progress(self, progress: Progress) -> str:
        """How well it learns, beside what it is doing."""
        curve = self.task.curves.get("agreement") if self.task is not None else None
        if not curve:
            return progress.text
        return f"Balanced agreement {curve[-1][1]:.2f}. {progress.text}"

    def agreements(self) -> dict[str, float]:
        """The newest agreement of each class while it learns."""
        curves = self.task.curves if self.task is not None else {}
        begin = "agreement "
        return {k.removeprefix(begin): v[-1][1] for k, v in curves.items() if k.startswith(begin)}

    def tell(self, told: Told | None) -> None:
        """Show this in the footer; None for what is ready."""
        self.told = told
        self.changed.emit()

    def show_map(self) -> None:
        """Show classes and how sure they are at the resolution of patches, of all open images."""
        session, table = self._session, self._input.table
        ground = session.canvas.ground
        if table is None or FOUND_COLUMN not in table.columns or ground is None:
            self.tell(Told("ready", "Learn classes first."))
            return
        if ground.sheet is not None or not table.grid.layouts:
            self.tell(Told("ready", "Pictures have no map: their points are coloured instead."))
            return
        for number, layer in enumerate(ground.layers):
            if layer is not None:
                self._show_map(table, layer, number)
        self.tell(Told("done", "Classes and how sure they are, one pixel a patch."))

    def _show_map(self, table: EmbeddingTable, layer: Any, number: int) -> None:
        """The two maps of an image; how sure classes are stays hidden at first."""
        by = str(table.made.get("classes_by", ""))
        told = f"napari-simgraph classification apply --model {by}"
        info = {"capability": "classification", "model": by, "command": told}
        classes, sure = class_map(table, number)
        session = self._session
        first = not session.result_layers(layer, SURE_MAP)
        session.add_result(sure, layer, SURE_MAP, info)
        session.add_result(classes, layer, CLASS_MAP, info)
        for one in session.result_layers(layer, SURE_MAP) if first else ():
            one.visible = False

    def _renew_maps(self, table: EmbeddingTable) -> None:
        """Maps that are shown tell of what was learned last, not of the time before."""
        ground = self._session.canvas.ground
        for number, layer in enumerate(ground.layers if ground is not None else ()):
            if layer is not None and self._session.result_layers(layer, CLASS_MAP):
                self._show_map(table, layer, number)

    def _ended(self, asked: _Asked, ending: Ending) -> None:
        self.task = None
        if ending.result is not None:
            self._keep(asked, ending.result, ending)
        elif ending.error is None:
            self.tell(Told("stopped", cancelled(asked.key in self._learned)))
        else:
            self.tell(Told("error", ending.sentence, copy_report(ending)))

    def _keep(self, asked: _Asked, learned: Learned, ending: Ending) -> None:
        session, key = self._session, asked.key
        before = session.tables.get(key) if key in session.tables else None
        was = self._learned.get(key)
        name = session.add_model(learned.model, model_name(key.partition(",")[0], "classes"))
        learned = Learned(learned.model.replace(name=name), learned.found)
        self._learned[key] = learned
        made = with_found(before, learned)
        made = made.replace(made={**made.made, "classes_by": name})
        self._put(key, made, before, asked)
        if session.canvas.patches is not None:
            session.canvas.patches.show(color=FOUND_COLUMN)
        if key == session.selection.key:
            self._renew_maps(made)
        undo = ("Undo learning", partial(self._undo, key, (before, was), asked))
        self.tell(_say(learned.model, ending, self.wrong, undo))

    def _put(
        self, key: str, table: EmbeddingTable, before: EmbeddingTable | None, asked: _Asked
    ) -> None:
        session = self._session
        if before is None:
            session.tables.add(key, table, {"layers": asked.ids})
        else:
            session.tables.renew(key, table)
        if before is None or key == session.selection.key:
            session.selection.show_table(table, key)

    def _undo(self, key: str, before: tuple[EmbeddingTable | None, Any], asked: _Asked) -> None:
        """Bring back the table as it was; the model stays in the menus."""
        table, was = before
        session = self._session
        gone = self._learned.pop(key).model.name
        if was is not None:
            self._learned[key] = was
        if table is None:
            session.tables.drop(key)
            session.selection.show_table(None)
        else:
            now = session.tables.get(key)  # what was labelled since stays
            columns = dict(table.columns)
            if "class" in now.columns:
                columns["class"] = now.columns["class"]
            self._put(key, now.replace(columns=columns), table, asked)
        for layer in asked.layers:
            for thing in (CLASS_MAP, SURE_MAP):
                shown = session.result_layers(layer, thing)
                if shown and about(shown[0]).get("model") == gone:
                    session.undo_result(layer, thing)
        self.tell(Told("ready", "Undone: patches are as they were before."))

    def _kept_model(self) -> Model | None:
        """The model of an earlier session, named by the table."""
        table = self._input.table
        name = "" if table is None else str(table.made.get("classes_by", ""))
        if not name or name not in self._session.models("classification"):
            return None
        try:
            return self._session.model(name)
        except (ValueError, OSError):  # its files are gone
            return None


def say_figures(model: Model) -> str:
    """``Balanced agreement 0.88, plain network 0.81.``; where nothing was kept aside it says so."""
    found = model.metrics.get("balanced")
    if found is None:
        return "Nothing was kept aside to measure it."
    plain = model.metrics.get("balanced plain")
    beside = f", plain network {plain:.2f}" if plain is not None else ""
    undrawn = model.metrics.get("balanced undrawn")
    beside += f", without drawn patches {undrawn:.2f}" if undrawn is not None else ""
    return f"Balanced agreement {found:.2f}{beside}."


def _say(model: Model, ending: Ending, wrong: Button, undo: Button) -> Told:
    took = say_time(ending.seconds)
    if ending.state is State.STOPPED:
        said = f"Kept what was learned in {took}. {say_figures(model)}"
        return Told("stopped", said, wrong, (undo,))
    return Told("done", f"{say_figures(model)} Learned in {took}.", wrong, (undo,))
