"""Teaching while one paints: strokes and view in, answers over the image."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from napari.layers import Layer
from qtpy.QtCore import QObject, Signal

from napari_simgraph.core.job import Job
from napari_simgraph.core.live import Answer, ClassChange, Event, History, Region
from napari_simgraph.core.model import Model
from napari_simgraph.io.live_journal import LiveJournal, Told
from napari_simgraph.viewer.jobs import Ending
from napari_simgraph.viewer.live.book import ClassBook
from napari_simgraph.viewer.live.lane import LiveLane
from napari_simgraph.viewer.live.overlay import Overlay
from napari_simgraph.viewer.live.shadow import Shadow, Tally
from napari_simgraph.viewer.live.strokes import StrokeWatch
from napari_simgraph.viewer.live.view import FieldWatch
from napari_simgraph.viewer.records import identify
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.views.strokes import shape_of

if TYPE_CHECKING:
    from napari_simgraph.viewer.views.painting import Painting

_ROOM, _JOURNAL = "live ", "events.jsonl"
Make = Callable[[History], Callable[[], Job[Model]]]


class Teaching(QObject):
    """One live session over one image, from Start until it ends.

    `changed` says that there is news to show, `ended` brings the Ending with the Model.

    Parameters
    ----------
    session, painting
        Whose session, and where classes and painted layers are chosen.
    image
        What is taught on.
    """

    changed = Signal()
    ended = Signal(object)

    def __init__(self, session: Session, painting: Painting, image: Layer) -> None:
        super().__init__()
        self._session, self._painting, self.image = session, painting, image
        self.room = room_name(image)
        self._journal = journal_of(session, image)
        self.told: Told = self._journal.read()
        self.shadow, self._book = Shadow(shape_of(image)[-2:]), ClassBook()
        self.tally = Tally(self.shadow)
        self.overlay = Overlay(session.viewer, image)
        self.strokes = StrokeWatch(self.shadow)
        self.field = FieldWatch(session.viewer, image)
        self.lane = LiveLane(session, self._journal, self.told.history)
        self.answer: Answer | None = None
        self.note, self.place_said = "", ""
        self._place: tuple[int, int, int] | None = None

    @property
    def counts_from_one(self) -> bool:
        """Whether no class was taken out from between others, as in the models that are kept."""
        numbers = self._painting.classes.numbers
        return tuple(numbers) == tuple(range(1, len(numbers) + 1))

    def begin(self, title: str, start: Model | None, settings: Any, make: Make) -> None:
        """Start it, and tell it what there is.

        Parameters
        ----------
        title
            What the job is called.
        start, settings
            The model that it begins with, and the settings, its name among them: where they are
            those of before, all is learned as it was, else anew from all that was painted.
        make
            Gives the job of a history.
        """
        told, lane = self.told, self.lane
        anew = dict(told.settings) != settings
        self.field.look()
        field = (self.field.field,) if self.field.field is not None else ()
        marks = () if anew else told.history.marks
        history = History((*told.history.events, *field), marks)
        self._session.keeper.do(self._journal.begin, settings, anew)
        for row in start.classes if start is not None else ():
            self._book.tell([ClassChange("add", row.value, row.name, row.color)])
        self._learn_of(told.history.events)
        lane.field = self.field.field
        lane.answered.connect(self._answered)
        lane.noted.connect(self._noted)
        lane.changed.connect(self.changed)
        lane.ended.connect(self._ended)
        lane.begin(title, self.room, make(history))
        self.strokes.painted.connect(self._painted)
        self.field.moved.connect(self.lane.send)
        self._painting.classes.edited.connect(self.follow_classes)
        self._painting.classes.picked.connect(self._dress)
        self.follow_classes()
        self.follow_layers()
        self.overlay.prepare()
        self.strokes.compare_all()
        if not told.history.events and field:
            self.lane.send(field[0])

    def follow_layers(self) -> None:
        """Take strokes from the layers that are painted on now."""
        self.strokes.watch(self._painting.painted_layers)

    def follow_classes(self) -> None:
        """Tell of classes that were added, renamed, recoloured or removed."""
        classes = self._painting.classes
        self._send(self._book.changes(classes.table, classes.numbers))
        self._dress()

    def join(self, value: int, into: int) -> None:
        """Tell that a class is taken into another one."""
        self._send([ClassChange("merge", value, into=into)])

    def mark(self, regions: list[Region]) -> None:
        """Tell of regions that are complete, or open again."""
        self._painting.said = None
        self._send(regions)

    def say_place(self, place: tuple[int, int, int] | None) -> None:
        """Say what is not sure about a place as soon as its answer is there; None: none is left."""
        self._place, self._painting.said = place, None
        self.place_said = "" if place else "No place is left that you have not seen."
        self._name_place()
        self.changed.emit()

    def stop(self) -> None:
        """End it and keep what was learned."""
        self.lane.task.stop()

    def _send(self, events: list[Any]) -> None:
        if self.lane.over:
            return
        self._learn_of(events)
        for event in events:
            self.lane.send(event)

    def _learn_of(self, events: Any) -> None:
        for event in events:
            self.shadow.tell([event])
            self._book.tell([event])
            self.tally.tell([event])

    def _painted(self, events: list[Event]) -> None:
        if self.lane.over:
            return
        self._place, self.place_said = None, ""
        self.tally.tell(events)  # the shadow has them already
        for event in events:
            self.lane.send(event)
        self.changed.emit()

    def _dress(self, *_: object) -> None:
        classes = self._painting.classes
        number = classes.numbers[classes.value - 1] if classes.value else 0
        self.overlay.set_classes(classes.table, classes.numbers, number)

    def _answered(self, answer: Answer) -> None:
        self.answer, self.note = answer, ""
        self.overlay.show(answer)
        self._name_place()
        self.changed.emit()

    def _name_place(self) -> None:
        names = self.overlay.likeliest(self._place) if self._place else []
        if names:
            self.place_said = f"Least sure here: {' or '.join(names)}?"

    def _noted(self, sentence: str) -> None:
        self.note = sentence
        self.changed.emit()

    def _ended(self, ending: Ending) -> None:
        self.strokes.watch([])
        self.field.close()
        self._painting.classes.edited.disconnect(self.follow_classes)
        self._painting.classes.picked.disconnect(self._dress)
        self.ended.emit(ending)


def room_name(image: Layer) -> str:
    """The name of the room of live learning on an image."""
    return f"{_ROOM}{identify(image, 'i')}"


def journal_of(session: Session, image: Layer) -> LiveJournal:
    """The journal of live learning on an image."""
    folder = session.ensure_workspace(image.name).run_folder(room_name(image))
    return LiveJournal(folder / _JOURNAL)


def has_journal(session: Session, image: Layer) -> bool:
    """Whether live learning on an image has begun before, in the workspace that is open."""
    workspace, key = session.workspace, about(image).get("id")
    if workspace is None or key is None:
        return False
    return (workspace.run_folder(f"{_ROOM}{key}") / _JOURNAL).exists()
