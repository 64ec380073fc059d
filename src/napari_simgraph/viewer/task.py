"""A task: a job in the hands of a runner, as docks see it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_simgraph.core.job import Device, Note, Progress, Tick
from napari_simgraph.core.job import Signal as JobSignal
from napari_simgraph.viewer.worker import Ending, State, Worker

_PROGRESS_S = 0.1  # ten updates a second look fluent; more only cost
_CURVE_POINTS = 2000  # more than a curve has pixels; beyond it every second point goes


class Task(QObject):
    """A job in the hands of a runner, for use in the GUI thread.

    `ticked` brings Notes, Devices and Regions all and Progress at most ten times a second (its
    `values` hold what the ones between said), `ended` an Ending exactly once. The result is in the
    Ending only: a task that is kept in a list keeps no arrays.
    """

    ticked = Signal(object)
    ended = Signal(object)
    changed = Signal()

    def __init__(self, title: str, worker: Worker, number: int) -> None:
        super().__init__()
        self.id, self.title = f"job-{number}", title
        self.state = State.WAITING
        self.progress = Progress()
        self.device: Device | None = None
        self.notes: list[str] = []
        self.curves: dict[str, list[tuple[float, float]]] = {}
        self.ending: Ending | None = None  # without its result
        self.day = date.today()
        # Set by whoever submitted it: seconds it may take; go on with it; show what it made.
        self.estimate = -1.0
        self.retry: Callable[[], Any] | None = None
        self.reveal: Callable[[], Any] | None = None
        self._worker = worker
        self._shown = 0.0

    @property
    def begun(self) -> bool:
        """Whether it has left the queue and not ended."""
        return self.state not in (State.WAITING,) and not self.state.over

    @property
    def live(self) -> bool:
        """Whether it is in the live lane."""
        return self._worker.live

    @property
    def seconds(self) -> float:
        """Time at work so far, without pauses."""
        if self.ending:
            return self.ending.seconds
        return 0.0 if self.state is State.WAITING else self._worker.seconds()

    def pause(self) -> None:
        """Hold at the next tick; memory is kept."""
        if self.state is State.RUNNING:
            self._ask(State.PAUSED, paused=True)

    def resume(self) -> None:
        """Go on after a pause."""
        if self.state is State.PAUSED:
            self._ask(State.RUNNING, paused=False)

    def stop(self) -> None:
        """Ask the job to return what it has; one that waits is cancelled."""
        if self.state is State.WAITING:
            self.cancel()
        elif self.state in (State.RUNNING, State.PAUSED):
            self.send(JobSignal.STOP)
            self._ask(State.STOPPING, paused=False, stopped=True)

    def cancel(self) -> None:
        """Close the job at its next tick and drop what it has."""
        if self.state is State.WAITING:
            said = "Cancelled before it began."
            self.finish(Ending(State.CANCELLED, None, said, 0.0))
        elif not self.state.over:
            self._ask(State.STOPPING, cancelled=True)

    def send(self, message: Any) -> None:
        """Put a message into the inbox: the job gets one at each tick, in order, none lost."""
        with self._worker.lanes.turn:
            self._worker.inbox.append(message)
            self._worker.lanes.turn.notify_all()

    def _ask(self, state: State, **flags: bool) -> None:
        with self._worker.lanes.turn:
            for name, value in flags.items():
                setattr(self._worker, name, value)
            self._worker.lanes.turn.notify_all()
        self.state = state
        self.changed.emit()

    def begin(self) -> None:
        """Leave the queue; for the runner."""
        self.state = State.RUNNING
        self._worker.start()
        self.changed.emit()

    def deliver(self, until: float) -> None:
        """Hand on what the worker laid out, as far as time allows; the ending comes last."""
        worker = self._worker
        while worker.outbox:
            self._show(worker.outbox.popleft())
            if time.monotonic() > until:
                return
        with worker.lanes.turn:
            points, worker.points = worker.points, []
            ending = None if worker.outbox else worker.ending
            due = ending or time.monotonic() - self._shown >= _PROGRESS_S
            progress = worker.progress if due else None
            worker.progress = None if due else worker.progress
        for name, seconds, value in points:
            self._plot(name, (seconds, value))
        if progress:
            self._shown = time.monotonic()
            self._show(progress)
        if ending:
            self.finish(ending)

    def _show(self, tick: Tick) -> None:
        if isinstance(tick, Progress):
            self.progress = tick
        elif isinstance(tick, Device):
            self.device = tick
        elif isinstance(tick, Note):
            self.notes.append(tick.text)
        self.ticked.emit(tick)

    def _plot(self, name: str, point: tuple[float, float]) -> None:
        curve = self.curves.setdefault(name, [])
        curve.append(point)
        if len(curve) > _CURVE_POINTS:
            del curve[:-1:2]

    def finish(self, ending: Ending) -> None:
        """End once; for the runner."""
        if self.ending:
            return
        self.ending = self._worker.ending = replace(ending, result=None)
        self.state = ending.state
        self.changed.emit()
        self.ended.emit(ending)
