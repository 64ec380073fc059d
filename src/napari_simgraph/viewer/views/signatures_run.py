"""What the Signatures dock starts: recording, comparing, switching off, and what is unlike."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_simgraph.capabilities import signature
from napari_simgraph.core.job import Job
from napari_simgraph.core.signatures import AblationTable
from napari_simgraph.core.tables import ScoreTable
from napari_simgraph.viewer.jobs import Ending, Task
from napari_simgraph.viewer.log import say_error
from napari_simgraph.viewer.placing import open_dock
from napari_simgraph.viewer.records import identify
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.signatures.book import Compared, kept_at
from napari_simgraph.viewer.signatures.job import Given, Recorded, compare, record
from napari_simgraph.viewer.signatures.unusual import Unusual
from napari_simgraph.viewer.views.bottom import show_page
from napari_simgraph.viewer.views.parts import copy_report
from napari_simgraph.viewer.views.signatures_input import SignaturesInput
from napari_simgraph.viewer.views.signatures_say import say_best, say_off, say_recorded
from napari_simgraph.viewer.views.signatures_sides import SIDES, SidesRows

_NOT_IN_FRONT = "These patches are not in view: open their picture, and choose them in Similar."


class SignaturesRun(QObject):
    """Submits jobs and takes in what they give; one at a time.

    `told` brings a state, a sentence and perhaps a button; `changed` says that a task began.
    """

    told = Signal(str, str, object)
    changed = Signal()

    def __init__(self, session: Session, source: SignaturesInput, sides: SidesRows) -> None:
        super().__init__()
        self._session, self._input, self._sides = session, source, sides
        self._book, self.unusual = session.signatures, Unusual(session.viewer)
        self.task: Task | None = None
        self._looking: Task | None = None  # the last one for what is unlike the training

    def record(self) -> None:
        """Record what the network sees."""
        session = self._session
        try:
            model, image = self._input.chosen_model(), self._input.noun()
            patches, how = self._input.patches(), self._input.asked()
        except (ValueError, OSError) as error:
            self.told.emit("error", say_error(error), None)
            return
        layer = self._input.image.layer
        assert layer is not None  # it shows the image
        key = f"{image.name} seen by {model.name}"
        workspace = session.ensure_workspace(layer.name)
        given = Given(model, image, patches, kept_at(workspace.folder, key))
        room, groups = session.room(f"signatures {key}"), self._input.cluster()
        make = partial(record, session.jobs, given, how, groups, room)
        about = {"layers": [identify(layer, "i")], "model": model.name}
        take = partial(self._recorded, key, about)
        self._submit(f"Record what {model.name} sees", make, take)

    def compare(self) -> None:
        """Ask which neurons tell A from B."""
        try:
            asked = self._sides.asked()
        except (ValueError, OSError) as error:
            self.told.emit("error", say_error(error), None)
            return
        how = signature.Compare(a=asked.a, b=asked.b, by=SIDES)
        room = self._session.room(f"compare {self._book.key}")
        make = partial(compare, self._session.jobs, asked.table, how, room, asked.other)
        self._submit("Which neurons tell A from B", make, self._compared)

    def switch_off(self) -> None:
        """Silence the neurons that tell A from B best, and count again."""
        session, jobs = self._session, self._session.jobs
        try:
            asked, image = self._sides.asked(), self._input.noun()
            if asked.other is not None:
                raise ValueError("Switching off needs A and B in the same signatures.")
            name = str(asked.table.made.get("model", ""))
            if name not in session.models():
                raise ValueError(f"The model '{name}' is not here: load it to switch neurons off.")
            model = session.model(name)
        except (ValueError, OSError) as error:
            self.told.emit("error", say_error(error), None)
            return
        how = signature.Ablate(a=asked.a, b=asked.b, by=SIDES, top=int(self._sides.top.value()))
        nouns = (model, image, asked.table)
        room = session.room(f"switch off {self._book.key}")
        make = partial(jobs.apart, signature.ablate, *nouns, config=how, room=room)
        self._submit("Switch neurons off", make, self._switched)

    def show_unlike(self, reference: str) -> None:
        """Show how unlike other signatures, those of the training, each patch is."""
        book, jobs = self._book, self._session.jobs
        try:
            if book.table is None:
                raise ValueError("Record what the network sees first.")
            nouns = (book.table, book.get(reference))
        except (ValueError, OSError) as error:
            self.told.emit("error", say_error(error), None)
            return
        room = self._session.room(f"unlike {book.key}")
        make = partial(jobs.apart, signature.unlike, *nouns, config=signature.Unlike(), room=room)
        self._submit("Look for what is unlike the training", make, self._unlike)
        self._looking = self.task

    def hide_unlike(self) -> None:
        """Take out the layer that shows it, or look for it no longer."""
        self.unusual.hide()
        if self.task is not None and self.task is self._looking:
            self.task.cancel()

    def _submit(
        self, title: str, make: Callable[[], Job[Any]], take: Callable[[Any, Ending], None]
    ) -> None:
        task = self.task = self._session.jobs.submit(title, make)
        task.reveal = partial(open_dock, self._session.viewer, "Signatures")
        task.ended.connect(partial(self._ended, take))
        self.changed.emit()

    def _ended(self, take: Callable[[Any, Ending], None], ending: Ending) -> None:
        self.task = None
        if ending.result is not None:
            take(ending.result, ending)
        elif ending.error is None:
            self.told.emit("stopped", "Cancelled. What was recorded before is still there.", None)
        else:
            self.told.emit("error", ending.sentence, copy_report(ending))

    def _recorded(self, key: str, about: dict[str, Any], found: Recorded, ending: Ending) -> None:
        session = self._session
        session.tables.add(key, found.points, about)
        self._book.take(key, found.table)
        session.selection.show_table(found.points, key)
        self._book.answer(found.compared)
        show_page(session.viewer, "Browser")
        self.told.emit("done", say_recorded(found.table, found.compared), None)

    def _compared(self, found: Compared, ending: Ending) -> None:
        self._book.answer(found)
        show_page(self._session.viewer, "Browser")
        self.told.emit("done", say_best(found), None)

    def _switched(self, found: AblationTable, ending: Ending) -> None:
        self.told.emit("done", say_off(found), None)

    def _unlike(self, found: ScoreTable, ending: Ending) -> None:
        ground, percent = self._session.canvas.ground, self._book.in_front(found.score)
        if ground is None or not self.unusual.show(ground, percent):
            self.told.emit("error", _NOT_IN_FRONT, None)
            return
        many = int((found.score >= 99).sum())
        said = f"{many:,} of {len(found):,} patches are more unusual than 99 % of the training."
        self.told.emit("done", said, None)
