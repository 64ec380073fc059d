"""A run of the Similar dock: begun, gone on with, kept, and taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from qtpy.QtCore import QObject, Signal

from napari_simgraph.core.graph import SimilarityGraph
from napari_simgraph.core.groups import keep_classes
from napari_simgraph.core.job import Progress, say_time
from napari_simgraph.core.model import Model
from napari_simgraph.viewer.footer import Button
from napari_simgraph.viewer.jobs import Ending, State, Task
from napari_simgraph.viewer.log import say_error
from napari_simgraph.viewer.placing import open_dock
from napari_simgraph.viewer.records import identify
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.tables import Nodes
from napari_simgraph.viewer.views.parts import Told, Warned, copy_report, model_name
from napari_simgraph.viewer.views.similar_early import AFTER_S, EarlyAnswer
from napari_simgraph.viewer.views.similar_input import SimilarInput
from napari_simgraph.viewer.views.similar_job import Given, Learned, Settings, cost, learn
from napari_simgraph.viewer.views.similar_say import CLICK, say_health

_COLLAPSED = "same answer for all patches"  # of the sentence of `learn.siamese`


class _Asked(NamedTuple):
    """A run that was begun: of what, how, in which room, over which layers."""

    given: Given
    settings: Settings
    room: str
    ids: list[str]


class _Before(NamedTuple):
    """The table that a run replaces, and the one that was in front."""

    noun: Nodes | None
    about: Mapping[str, Any]
    front: str


class SimilarRun(QObject):
    """Learns what the input asks for; one run at a time.

    Attributes
    ----------
    task
        What runs, None while nothing does.
    told
        What the footer shows after a run; None where that is what is ready.
    chips
        What takes the last run back.
    """

    changed = Signal()

    def __init__(self, session: Session, source: SimilarInput, noted: Warned) -> None:
        super().__init__()
        self._session, self._input, self._noted = session, source, noted
        self.task: Task | None = None
        self.told: Told | None = None
        self.early = EarlyAnswer(session)
        self.chips: tuple[Button, ...] = ()

    def start(self) -> None:
        """Learn what is chosen, where an unfinished run like this stood if there is one."""
        if self.task is not None:
            return
        try:
            given, settings = self._input.asked()
        except (ValueError, OSError) as error:
            self.tell(Told("error", say_error(error)))
            return
        layers, session = self._input.layers(), self._session
        ids = [identify(layer, "i") for layer in layers]
        session.ensure_workspace(layers[0].name)
        settings = replace(settings, early=AFTER_S)
        title = self._title(given)
        name = self._unfinished(title, settings) or f"similar {datetime.now():%Y-%m-%d %H%M%S}"
        room = session.room(name)
        session.record_run({"id": name, "settings": settings.to_json()})
        self.told, self.chips, jobs = None, (), session.jobs
        task = self.task = jobs.submit(title, lambda: learn(jobs, given, settings, room))
        task.estimate, task.retry = cost(given, settings).seconds, self.start
        task.reveal = partial(open_dock, session.viewer, "Similar")
        self.early.follow(task, room, given.image, _key(given, settings), ids)
        task.ended.connect(partial(self._ended, _Asked(given, settings, name, ids)))
        self._noted.follow(task)
        session.keep_run(task, name)
        self.changed.emit()

    def goes_on(self, given: Given, settings: Settings) -> bool:
        """Whether a run like this broke off.

        Whether the images are still the same is for the job to find out.
        """
        return bool(self._unfinished(self._title(given), replace(settings, early=AFTER_S)))

    def say_progress(self, progress: Progress) -> str:
        """How well it learns, beside what one can do or what it is doing."""
        curve = self.task.curves.get("retrieval") if self.task is not None else None
        doing = self.early.said or progress.text
        if not curve:
            return doing
        now, before = curve[-1][1], curve[max(0, len(curve) - 4)][1]
        rising = ", rising" if now > before + 0.01 else ""
        return f"Views of one patch find each other: {100 * now:.0f} %{rising}. {doing}".strip()

    def tell(self, told: Told | None) -> None:
        """Show this in the footer; None for what is ready."""
        self.told = told
        self.changed.emit()

    def close(self) -> None:
        """Follow nothing any more."""
        self.early.close()

    def _title(self, given: Given) -> str:
        layer = self._input.layer
        name = layer.name if layer is not None else given.image.name
        if given.use is not None:
            return f"Embed {name} with {given.use.name}"
        return f"Learn what is similar in {name}"

    def _unfinished(self, title: str, settings: Settings) -> str:
        """The room of a run that broke off; "" where there is none."""
        workspace = self._session.workspace
        return "" if workspace is None else workspace.unfinished(title, settings.to_json())

    def _ended(self, asked: _Asked, ending: Ending) -> None:
        self.task = None
        drawn, learned = self.early.table, ending.result
        if not isinstance(learned, Learned) or len(learned.graph.table) < 2:
            self.early.end()
            self._failed(asked, ending)
            return
        try:
            name = self._kept_model(asked, learned.model)
        except (ValueError, OSError) as error:
            self.tell(Told("error", say_error(error)))
            return
        key, session = _key(asked.given, asked.settings), self._session
        before = self._before(key)
        known = before.noun.table if isinstance(before.noun, SimilarityGraph) else before.noun
        graph = learned.graph
        for other in (known, drawn):
            if other is not None:
                graph = graph.replace(table=keep_classes(graph.table, other))
        session.tables.add(key, graph, {"layers": asked.ids, "model": name})
        session.selection.show_table(graph.table, key)
        self.early.end()
        self.chips = (("Undo learning", partial(self._undo, key, before)),)
        self.tell(self._say_made(learned, ending))

    def _before(self, key: str) -> _Before:
        tables, front = self._session.tables, self._session.selection.key
        front = "" if front == self.early.key else front
        if key not in tables:
            return _Before(None, {}, front)
        try:
            return _Before(tables.noun(key), tables.about(key), front)
        except (ValueError, OSError):  # its file is damaged: nothing to go back to
            return _Before(None, {}, front)

    def _kept_model(self, asked: _Asked, model: Model) -> str:
        if asked.given.use is not None:
            return asked.given.use.name
        layer = self._input.layer
        name = model_name(layer.name if layer is not None else model.name, "similar")
        return self._session.add_model(model, name)

    def _say_made(self, learned: Learned, ending: Ending) -> Told:
        took, many = say_time(ending.seconds), f"{len(learned.graph.table):,} patches"
        if ending.state is State.STOPPED:
            said = f"Kept what was learned in {took}: {many}. {CLICK}"
            return Told("stopped", said, ("Go on", self.start), self.chips)
        said = f"{many} in {took}{say_health(learned.model)}. {CLICK}"
        return Told("done", said, None, self.chips)

    def _undo(self, key: str, before: _Before) -> None:
        """Bring back the patches as they were before the run; its model stays in the menus."""
        session, front = self._session, before.front
        if before.noun is None:
            session.tables.drop(key)
        else:
            session.tables.add(key, before.noun, before.about)
        front = front if front in session.tables else ""
        self.chips = ()
        session.selection.show_table(session.tables.get(front) if front else None, front)
        self.tell(Told("ready", "Undone: the patches are as they were before."))

    def _failed(self, asked: _Asked, ending: Ending) -> None:
        if ending.result is not None:
            said = "All patches are background. Keep it, or choose another image."
            self.tell(Told("error", said))
        elif ending.error is None:
            there = self._session.selection.table is not None
            said = "The earlier patches are still in use." if there else "No patches were learned."
            self.tell(Told("stopped", f"Cancelled. {said}"))
        elif _COLLAPSED in ending.sentence:
            # going on would only find the same: the next run begins anew
            self._session.record_run({"id": asked.room, "state": "cancelled"})
            said = "It is learning nothing: all patches look alike. "
            said += f"Stopped at {say_time(ending.seconds)}."
            self.tell(Told("error", said, ("Use larger patches", self._larger)))
        else:
            self.tell(Told("error", ending.sentence, copy_report(ending)))

    def _larger(self) -> None:
        """Double the patch and learn again."""
        control = self._input.form.control("patch")
        control.set(2 * int(control.get()))
        self.start()


def _key(given: Given, settings: Settings) -> str:
    """What the table of a run is called: another run of the same replaces it."""
    return f"{given.image.name}, {settings.patch} px"
