"""The lane of drawing: what is wanted to the model that draws, and its pictures."""

from __future__ import annotations

import time
from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_simgraph.capabilities import generation
from napari_simgraph.core.drawing import Draw, Drawn, Event
from napari_simgraph.core.job import Note
from napari_simgraph.core.model import Model
from napari_simgraph.viewer.jobs import Ending, Task, gui_threads
from napari_simgraph.viewer.session import Session

_LOOK_MS = 4  # between looks for what is drawn while somebody moves a slider
_BUDGET_S = 0.02  # of the GUI thread per look


class DrawLane(QObject):
    """One live session with a model; it begins with the first wish.

    `drawn` brings a Drawn, `warned` a sentence, `failed` the Ending of a session that broke off.
    Of moves of a slider that come while one is drawn only the newest is asked for.

    Parameters
    ----------
    session
        Whose jobs these are.
    """

    drawn = Signal(object)
    warned = Signal(str)
    failed = Signal(object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._model: Model | None = None
        self._next: Draw | None = None
        self._asked_at = 0.0
        self.task: Task | None = None
        self.waits = False  # for what was asked for last
        self.seconds = -1.0  # from the last wish to its pictures, here in the window
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)

    def ask(self, model: Model, event: Event) -> None:
        """Ask a model for pictures."""
        if self.task is None or self._model is not model:
            self.leave()
            self._begin(model)
        if isinstance(event, Draw) and self.waits:
            self._next = event
            return
        self._send(event)

    def leave(self) -> None:
        """End it."""
        task, self.task = self.task, None
        self._model, self._next, self.waits = None, None, False
        self._timer.stop()
        if task is not None:
            task.cancel()

    def _send(self, event: Event) -> None:
        assert self.task is not None  # `ask` began one
        self.waits, self._asked_at = True, time.monotonic()
        self.task.send(event)
        self._timer.start()

    def _begin(self, model: Model) -> None:
        jobs, room, self._model = self._session.jobs, self._session.room("drawing"), model
        config = generation.Live(device=self._session.device, threads=gui_threads())
        task = self.task = jobs.submit(
            f"Draw with {model.name}",
            lambda: jobs.live(generation.live, model, config=config, room=room),
            lane="live",
        )
        task.ticked.connect(lambda tick: self._heard(tick) if self.task is task else None)
        task.ended.connect(lambda ending: self._ended(ending) if self.task is task else None)

    def _look(self) -> None:
        """Take in what came; the runner looks less often, which is half of what a redraw takes."""
        if self.task is None or not self.waits:
            self._timer.stop()
        elif self.task.begun:
            self.task.deliver(time.monotonic() + _BUDGET_S)

    def _heard(self, tick: Any) -> None:
        if isinstance(tick, Note) and tick.warning:
            self._answered()
            self.warned.emit(tick.text)
        elif isinstance(tick, Drawn):
            self.seconds = time.monotonic() - self._asked_at
            self._answered()
            self.drawn.emit(tick)

    def _answered(self) -> None:
        self.waits, following = False, self._next
        if following is not None:
            self._next = None
            self._send(following)

    def _ended(self, ending: Ending) -> None:
        self.task, self._model, self._next, self.waits = None, None, None, False
        if ending.error is not None:
            self.failed.emit(ending)
