"""The live lane: events to the model that learns beside the window, and what it answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_simgraph.core.job import Job, Note, Progress
from napari_simgraph.core.live import MARKED, Answer, Event, Field, History, Place, Seek
from napari_simgraph.core.model import Model
from napari_simgraph.io.live_journal import LiveJournal
from napari_simgraph.viewer.jobs import Ending, State
from napari_simgraph.viewer.session import Session

# An answer that knows nothing of the newest stroke is shown all the same where none was shown for
# so long: to somebody who paints without a pause an older answer is better than none.
_STARVED_S = 2.0


class LiveLane(QObject):
    """One live session: all events go in order, are on disk at once, and none is dropped.

    `answered` brings Answers that are worth showing, `placed` Places, `noted` sentences, `ended`
    the Ending with the Model, `changed` that it was paused or goes on.

    Parameters
    ----------
    session
        Whose jobs these are.
    journal
        Where events are kept.
    history
        What was said before.
    """

    answered = Signal(object)
    placed = Signal(object)
    noted = Signal(str)
    ended = Signal(object)
    changed = Signal()

    def __init__(self, session: Session, journal: LiveJournal, history: History) -> None:
        super().__init__()
        self._session, self._journal = session, journal
        self.events = sum(isinstance(event, MARKED) for event in history.events)
        self.field: Field | None = None
        self.waiting_since = 0.0  # when the oldest event without an answer was sent; 0: none
        self.heard = False  # whether it has begun to listen
        self._shown = time.monotonic()
        self._told: tuple[int, int] | None = None

    def begin(self, title: str, room: str, make: Callable[[], Job[Model]]) -> None:
        """Start it in the live lane."""
        self.task = self._session.jobs.submit(title, make, lane="live")
        self._session.keep_run(self.task, room)
        self.task.ticked.connect(self._heard)
        self.task.changed.connect(self.changed)
        self.task.ended.connect(self._ended)

    def send(self, event: Event) -> None:
        """Say something to the model."""
        if isinstance(event, MARKED):
            self.events += 1
            # Blocks first: after a crash between the two the stroke is on disk, and told anew.
            self._session.keeper.save_strokes()
            self._session.keeper.do(self._journal.add, event)
        if isinstance(event, Field):
            self.field = event
        if not isinstance(event, Seek):
            self.waiting_since = self.waiting_since or time.monotonic()
        self.task.send(event)

    @property
    def paused(self) -> bool:
        """Whether it holds."""
        return self.task.state is State.PAUSED

    @property
    def over(self) -> bool:
        """Whether it has ended, or is about to."""
        return self.task.state.over or self.task.state is State.STOPPING

    def _heard(self, tick: Any) -> None:
        self.heard = self.heard or not isinstance(tick, Progress)
        if isinstance(tick, Answer):
            self._take(tick)
        elif isinstance(tick, Place):
            self.placed.emit(tick)
        elif isinstance(tick, Note):
            self.noted.emit(tick.text)

    def _take(self, answer: Answer) -> None:
        told = (answer.events, answer.steps)
        if told != self._told:
            self._told = told
            self._session.keeper.do(self._journal.mark, *told)
        now = time.monotonic()
        newest = answer.events >= self.events
        if not self._is_on_screen(answer) or not (newest or now - self._shown > _STARVED_S):
            return
        self._shown = now
        self.waiting_since = 0.0 if newest else self.waiting_since
        self.answered.emit(answer)

    def _is_on_screen(self, answer: Answer) -> bool:
        field = self.field
        if field is None or answer.z != field.z:
            return False
        height, width = answer.classes.shape
        rows = answer.top < field.bottom and field.top < answer.top + height
        return rows and answer.left < field.right and field.left < answer.left + width

    def _ended(self, ending: Ending) -> None:
        self.ended.emit(ending)
