"""Jobs for the GUI thread: a queue of long ones and a live lane that goes first.

The thread itself is in `worker.py`; a timer here empties its outbox, so that `ticked` and `ended`
of a `Task` come in the GUI thread. What takes long computes in a process of its own: `apart`.
"""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Callable, Generator
from dataclasses import replace
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any, Literal, TypeVar

from qtpy.QtCore import QCoreApplication, QObject, QTimer, Signal

from napari_simgraph.core.job import Job
from napari_simgraph.scale.cluster import on_cluster, shares
from napari_simgraph.scale.process import Processes
from napari_simgraph.viewer.task import Task
from napari_simgraph.viewer.worker import Ending, Lanes, State, Worker

__all__ = ["Ending", "JobRunner", "State", "Task", "gui_threads"]

R = TypeVar("R")

_PUMP_MS = 30  # an answer of the live lane waits at most this long for the GUI thread
_BUDGET_S = 0.02  # of the GUI thread per turn, so that a burst of ticks can't make it stutter

_ABANDONED = Ending(
    State.CANCELLED, None, "Left inside a long call; it ends with the window.", 0.0, left=True
)


def gui_threads() -> int:
    """How many threads torch takes beside an open window: all cores but one, which draws.

    Training jobs get it through their config (``threads``); torch keeps the number per thread.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, (cores or 1) - 1)


class JobRunner(QObject):
    """Runs tasks one after the other, and live ones beside them that go first.

    While a live job is at work, the long one holds at a tick. A live job says that it has
    nothing to do until the next message by a Progress with ``done`` 1.

    Parameters
    ----------
    parent
        What it lives with; its threads are asked to end when that is deleted.
    notify
        Called with a sentence and whether it is a warning when a task failed or is done, for
        whoever does not look at a dock.

    Attributes
    ----------
    cluster
        Who computes blocks, see `scale.cluster.on_cluster`; "" for nobody else.
    """

    changed = Signal()

    def __init__(
        self,
        parent: QObject | None = None,
        notify: Callable[[str, bool], None] | None = None,
    ) -> None:
        super().__init__(parent)
        self.notify, self.cluster = notify, ""
        self._tasks: list[Task] = []
        self._lanes, self._processes = Lanes(), Processes()
        self._numbers = count(1)
        self._timer = QTimer(self)
        self._timer.setInterval(_PUMP_MS)
        self._timer.timeout.connect(self._pump)
        # Not by `destroyed` alone: one that the garbage collector takes no longer hears its own.
        for let_go in (self._lanes.cancel, self._processes.close):
            self.destroyed.connect(let_go)
            weakref.finalize(self, let_go).atexit = False
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
        lane: Literal["queue", "live", "now"] = "queue",
        log: Path | None = None,
    ) -> Task:
        """A task for the job that `make` gives; `make` is called in the job's thread.

        So `make` may import torch. What fails in it ends the task like what fails in the job. One
        that somebody waits for with a tool in hand begins ``now``, beside what runs.
        """
        task = Task(title, Worker(self._lanes, make, lane == "live", log), next(self._numbers))
        self._tasks = [t for t in self._tasks if not t.state.over or t.day == date.today()]
        self._tasks.append(task)
        task.changed.connect(self.changed)
        task.ended.connect(self._tell)
        self._timer.start()
        if lane == "now":
            task.begin()
        QTimer.singleShot(0, self._start_next)  # after the caller has connected its slots
        self.changed.emit()
        return task

    def apart(self, verb: Callable[..., Job[R]], *nouns: Any, **named: Any) -> Job[R]:
        """The job of a verb, computed in a process of its own; for use in `make`.

        A thread beside the window waits for the window: while the picture is drawn, napari holds
        the lock that all Python threads of a process share. And what breaks over there, or takes
        all memory, leaves the window alone.

        Parameters
        ----------
        verb, nouns, named
            A verb of a capability and what it takes, with a room of the Session as ``room``.
        """
        if self.cluster and _shares(verb):
            # each worker has the threads that it was started with, not those of a window
            config = replace(named["config"], threads=0)
            told = named | {"config": config, "blocks": named["room"].folder / "blocks"}
            return self._processes.job(on_cluster, self.cluster, verb, *nouns, **told)
        return self._processes.job(verb, *nouns, **named)

    def live(
        self, verb: Callable[..., Generator[Any, Any, R]], *nouns: Any, **named: Any
    ) -> Job[R]:
        """The same for a verb of the live lane, which rests between two messages."""
        return self._processes.live(verb, *nouns, **named)

    def warm(self, call: Callable[[], object]) -> None:
        """Have a process ready for a job that may come soon; `call` loads what it needs there."""
        self._processes.warm(call)

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
        if not self._lanes.join(0.6 * seconds):
            self._lanes.cancel()
            self._lanes.join(0.4 * seconds)
        self._processes.close()
        for task in self.tasks:
            task.deliver(float("inf"))
            task.finish(_ABANDONED)
        self._timer.stop()

    def _pump(self) -> None:
        until = time.monotonic() + _BUDGET_S
        for task in [t for t in self._tasks if t.begun]:
            task.deliver(until)
        self._start_next()
        if all(task.state.over for task in self._tasks):
            self._timer.stop()

    def _start_next(self) -> None:
        # Live ones don't wait for each other: one of them may last as long as somebody paints.
        for task in [t for t in self._tasks if t.live and t.state is State.WAITING]:
            task.begin()
        queue = [t for t in self._tasks if not t.live and not t.state.over]
        if queue and not any(t.state is not State.WAITING for t in queue):
            queue[0].begin()

    def _tell(self, ending: Ending) -> None:
        if self.notify and ending.state in (State.DONE, State.FAILED):
            task = self.sender()
            self.notify(f"{task.title}: {ending.sentence}", ending.state is State.FAILED)


def _shares(verb: Callable[..., Any]) -> bool:
    """Whether workers can do a part of a verb."""
    capability = getattr(verb, "__module__", "").rpartition(".")[2]
    return shares(capability, getattr(verb, "__name__", ""))
