"""Jobs for the GUI thread: a queue of long ones and a live lane that goes first.

The thread itself is in `worker.py`; a timer here empties its outbox, so that `ticked` and `ended`
come in the GUI thread.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any, Literal

from qtpy.QtCore import QCoreApplication, QObject, QTimer, Signal

from napari_simgraph.core.job import Device, Job, Note, Progress, Tick
from napari_simgraph.core.job import Signal as JobSignal
from napari_simgraph.viewer.worker import Ending, Lanes, State, Worker

__all__ = ["Ending", "JobRunner", "State", "Task", "gui_threads"]

_PUMP_MS = 30  # an answer of the live lane waits at most this long for the GUI thread
_PROGRESS_S = 0.1  # ten updates a second look fluent; more only cost
_BUDGET_S = 0.02  # of the GUI thread per turn, so that a burst of ticks can't make it stutter
_CURVE_POINTS = 2000  # more than a curve has pixels; beyond it every second point goes


_ABANDONED = Ending(State.CANCELLED, None, "Left inside a long call; it ends with the window.", 0.0)


def gui_threads() -> int:
    """How many threads torch takes beside an open window: all cores but one, which draws.

    Training jobs get it through their config (``threads``); torch keeps the number per thread.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, (cores or 1) - 1)


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
            self._finish(Ending(State.CANCELLED, None, said, 0.0))
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

    def _start(self) -> None:
        self.state = State.RUNNING
        self._worker.start()
        self.changed.emit()

    def _deliver(self, until: float) -> None:
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
            self._finish(ending)

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

    def _finish(self, ending: Ending) -> None:
        if self.ending:
            return
        self.ending = self._worker.ending = replace(ending, result=None)
        self.state = ending.state
        self.changed.emit()
        self.ended.emit(ending)


class JobRunner(QObject):
    """Runs tasks one after the other, and a live one beside them that goes first.

    While the live job is at work, the long one holds at a tick. A live job says that it has
    nothing to do until the next message by a Progress with ``done`` 1.

    Parameters
    ----------
    parent
        What it lives with; its threads are asked to end when that is deleted.
    notify
        Called with a sentence and whether it is a warning when a task failed or is done, for
        whoever does not look at a dock.
    """

    changed = Signal()

    def __init__(
        self,
        parent: QObject | None = None,
        notify: Callable[[str, bool], None] | None = None,
    ) -> None:
        super().__init__(parent)
        self.notify = notify
        self._tasks: list[Task] = []
        self._lanes = Lanes()
        self._numbers = count(1)
        self._timer = QTimer(self)
        self._timer.setInterval(_PUMP_MS)
        self._timer.timeout.connect(self._pump)
        self.destroyed.connect(self._lanes.cancel)
        app = QCoreApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self.close)

    @property
    def tasks(self) -> list[Task]:
        """Those that run, then those that wait in their order, then those that ended today."""
        today = [t for t in self._tasks if not t.state.over or t.day == date.today()]
        return sorted(today, key=lambda t: (t.state.over, t.state is State.WAITING))

    def submit(
        self,
        title: str,
        make: Callable[[], Job[Any]],
        *,
        lane: Literal["queue", "live"] = "queue",
        log: Path | None = None,
    ) -> Task:
        """A task for the job that `make` gives; `make` is called in the job's thread.

        So `make` may import torch. What fails in it ends the task like what fails in the job.
        """
        task = Task(title, Worker(self._lanes, make, lane == "live", log), next(self._numbers))
        self._tasks = [t for t in self._tasks if not t.state.over or t.day == date.today()]
        self._tasks.append(task)
        task.changed.connect(self.changed)
        task.ended.connect(self._tell)
        self._timer.start()
        QTimer.singleShot(0, self._start_next)  # after the caller has connected its slots
        self.changed.emit()
        return task

    def first(self, task: Task) -> None:
        """Move a waiting task to the head of the queue."""
        if task in self._tasks and task.state is State.WAITING:
            self._tasks.remove(task)
            self._tasks.insert(0, task)
            self.changed.emit()

    def drop(self, task: Task) -> None:
        """Take a task off the list; one that has not ended is cancelled."""
        if not task.state.over:
            task.cancel()
        if task in self._tasks and task.state.over:
            self._tasks.remove(task)
            self.changed.emit()

    def close(self, seconds: float = 2.0) -> None:
        """End all tasks: stop and keep, then cancel those that take longer, never hang.

        Endings are delivered before it returns. A thread that is stuck in a long call after
        `seconds` is left to itself, and the process ends without it.
        """
        for task in self.tasks:
            task.stop()
        # Most of the time goes to keeping what was learned, the rest to closing.
        if not self._lanes.join(0.75 * seconds):
            self._lanes.cancel()
            self._lanes.join(0.25 * seconds)
        for task in self.tasks:
            task._deliver(float("inf"))
            task._finish(_ABANDONED)
        self._timer.stop()

    def _pump(self) -> None:
        until = time.monotonic() + _BUDGET_S
        for task in [t for t in self._tasks if t.begun]:
            task._deliver(until)
        self._start_next()
        if all(task.state.over for task in self._tasks):
            self._timer.stop()

    def _start_next(self) -> None:
        for live in (True, False):
            lane = [t for t in self._tasks if t.live is live and not t.state.over]
            if lane and not any(t.state is not State.WAITING for t in lane):
                lane[0]._start()

    def _tell(self, ending: Ending) -> None:
        if self.notify and ending.state in (State.DONE, State.FAILED):
            task = self.sender()
            self.notify(f"{task.title}: {ending.sentence}", ending.state is State.FAILED)
