"""What the big button of Areas does: links, groups, painted classes, a model, kept clicks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_simgraph.core.graph import SimilarityGraph
from napari_simgraph.core.job import Job, say_time
from napari_simgraph.core.model import Model
from napari_simgraph.viewer.areas.job import Found, Given, learn, link
from napari_simgraph.viewer.areas.looking import ABOVE, Looking
from napari_simgraph.viewer.areas.scored import Groups
from napari_simgraph.viewer.footer import Button
from napari_simgraph.viewer.ground import find_layers
from napari_simgraph.viewer.jobs import Ending, Task
from napari_simgraph.viewer.log import say_error
from napari_simgraph.viewer.placing import open_dock
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.views.areas_input import AreasInput
from napari_simgraph.viewer.views.areas_marks import UNLIKE, MarksPage
from napari_simgraph.viewer.views.areas_say import KEPT_ASIDE, SCORED, say_answer
from napari_simgraph.viewer.views.areas_tabs import REGIONS, SUGGEST
from napari_simgraph.viewer.views.parts import Warned, copy_report, model_name, say_device
from napari_simgraph.viewer.words import cancelled, say_about

USUAL = 0.5  # the score of a patch that is as odd as normal ones get


class Runs(QObject):
    """Submits jobs and takes in what they give.

    `told` brings a state, a sentence and perhaps a button; `changed` says that a task began.
    """

    told = Signal(str, str, object)
    changed = Signal()

    def __init__(
        self, session: Session, looking: Looking, parts: tuple[AreasInput, MarksPage, Warned]
    ) -> None:
        super().__init__()
        self._session, self._looking = session, looking
        self._input, self._marks, self._noted = parts
        self.task: Task | None = None
        self.tab = SUGGEST

    @property
    def main(self) -> tuple[str, bool]:
        """The words of the big button, and whether it can be pressed."""
        looking = self._looking
        if looking.graph is None or self._input.seen.name:
            return "Make links", True
        if self._input.model.name:
            return "Score with this model", True
        if self.tab == SUGGEST:
            return "Suggest areas", True
        if self.tab == REGIONS:
            return self._marks.main
        opinion = looking.opinions.now
        many = len(opinion.clicks)
        both = bool(opinion.like and opinion.unlike)
        words = f"{many} click{'' if many == 1 else 's'}" if many else "clicks"
        return f"Keep what {words} taught", both

    @property
    def cost(self) -> str:
        """How long learning takes, and where: ``About 2 min on CPU (2 cores).``"""
        settings = self._input.settings
        where = say_device(self._session.jobs, settings.to_json())
        if settings.steps:
            return f"{settings.steps} steps on {where}."
        return f"{say_about(60 * settings.minutes).capitalize()} on {where}."

    def start(self) -> None:
        """Do what the button says."""
        looking = self._looking
        try:
            if looking.graph is None or self._input.seen.name:
                self._link()
            elif self._input.model.name:
                self._learn("Score with a model", use=self._session.model(self._input.model.name))
            elif self.tab == SUGGEST:
                self._learn("Suggest areas", way="groups")
            elif self.tab == REGIONS:
                asked = self._input.settings.way
                way = "normal" if self._marks.way == UNLIKE else asked
                self._learn(self._marks.main[0], marks=self._marked(), way=way)
            else:
                looking.finish()
        except (ValueError, OSError) as error:
            self.told.emit("error", say_error(error), None)

    def keep_model(self, ending: Ending) -> None:
        """What clicks taught, or how their session broke off."""
        if isinstance(ending.result, Model):
            name = self._add(ending.result, "interest")
            self.told.emit("done", f"Kept as the model '{name}', for other patches too.", None)
        elif ending.error is not None:
            self.told.emit("error", ending.sentence, copy_report(ending))

    def _marked(self) -> Any:
        table, key = self._looking.table, self._looking.key
        assert table is not None  # the button is off without
        layers = find_layers(self._session.viewer, table.grid, self._session.tables.about(key))
        return self._marks.given(table.grid, layers)

    def _link(self) -> None:
        session, key = self._session, self._looking.key
        given, config = self._input.described(key), self._input.settings.join()
        new = f"{key}, {self._input.seen.name}" if self._input.seen.name else key
        room = session.room(f"links {key}")
        title = f"Make links in {key}"
        make = partial(link, session.jobs, given, config, room)
        self._submit(title, make, lambda graph, took: self._linked(graph, took, (key, new)))

    def _learn(
        self, title: str, *, marks: Any = None, use: Model | None = None, way: str = "auto"
    ) -> None:
        session, graph, settings = self._session, self._looking.graph, self._input.settings
        assert graph is not None  # else links are made first
        train = settings.train()
        if marks is not None:
            share, wanted = self._marks.share.value() / 100, self._marks.looked_for
            train = replace(train, share=share, wanted=wanted)
        both = (replace(train, way=way), settings.apply())
        room = session.room(f"areas {datetime.now():%Y-%m-%d %H%M%S}")
        given = Given(graph, marks, use)
        make = partial(learn, session.jobs, given, both, room)
        groups = use.data.get("way") == "groups" if use is not None else way == "groups"
        self._submit(
            f"{title} in {self._looking.key}",
            make,
            lambda found, took: self._learned(found, took, (groups, use is None)),
        )

    def _submit(
        self, title: str, make: Callable[[], Job[Any]], take: Callable[[Any, str], None]
    ) -> None:
        session, key = self._session, self._looking.key
        self.task = session.jobs.submit(title, make)
        self.task.reveal = partial(open_dock, session.viewer, "Areas")

        def ended(ending: Ending) -> None:
            self.task = None
            if ending.result is None:
                self._failed(ending)
            elif key == self._looking.key:
                take(ending.result, say_time(ending.seconds))
            else:
                self.told.emit("done", f"{title} is done. Choose it above.", None)

        self.task.ended.connect(ended)
        self._noted.follow(self.task)
        self.changed.emit()

    def _linked(self, graph: SimilarityGraph, took: str, keys: tuple[str, str]) -> None:
        session, (key, new) = self._session, keys
        session.tables.add(new, graph, dict(session.tables.about(key)))
        self._input.seen.menu.setCurrentIndex(0)
        session.selection.show_table(graph.table, new)
        self.told.emit("done", f"Made links in {took}.", None)

    def _learned(self, found: Found, took: str, what: tuple[bool, bool]) -> None:
        """Scores, or groups; what was learned just now is kept as a model."""
        groups, new = what
        if new:
            self._add(found.model, "groups" if groups else "interest")
        if groups:
            made = Groups.of(found.table, found.model.seed)
            self._looking.take_groups(made)
            many = 0 if made is None else int(made.number.max())
            said = f"Found {many} groups in {took}. Press This where one is of interest."
            self.told.emit("done", said, None)
            return
        figures = dict(found.model.metrics)
        normal = found.model.data.get("way") == "normal"
        self._looking.take_found(found.table, figures, USUAL if normal else ABOVE)
        said = say_answer(0, figures, KEPT_ASIDE) if figures else SCORED
        if normal:
            said = f"Compared with normal in {took}: {USUAL:.2f} is as odd as normal gets."
        self.told.emit("done", said, None)

    def _failed(self, ending: Ending) -> None:
        if ending.error is None:
            self.told.emit("stopped", cancelled(self._looking.scores or self._looking.groups), None)
        else:
            button: Button | None = copy_report(ending)
            self.told.emit("error", ending.sentence, button)

    def _add(self, model: Model, word: str) -> str:
        name = model_name(self._looking.key.partition(",")[0], word)
        return self._session.add_model(model, name)
