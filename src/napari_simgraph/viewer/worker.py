"""The thread side of a job: drives one generator and knows no Qt.

A worker lays what the job says into an outbox, and the GUI thread empties it (`jobs.py`). No Qt
object is touched from here, so none can be deleted under it, and a busy GUI thread never makes a
job wait.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from napari_simgraph.core.job import Job, Progress, Tick, run, say_time
from napari_simgraph.viewer.apart import keep_triton_apart
from napari_simgraph.viewer.log import append, forget_frames, open_log, say_error, say_trace


class State(Enum):
    """Where a task stands."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    DONE = "done"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self in (State.DONE, State.STOPPED, State.CANCELLED, State.FAILED)


@dataclass(frozen=True)
class Ending:
    """How a task ended.

    Parameters
    ----------
    state
        DONE, STOPPED (`result` holds what there was), CANCELLED or FAILED.
    sentence
        What to show: ``Done in 2 min 41 s.`` or what happened and what to do.
    seconds
        Time at work, without pauses.
    error, trace
        What was raised, and its traceback as text.
    left
        Whether it was broken off because the window went, not because somebody wished it: then
        it may go on where it stood.
    """

    state: State
    result: Any | None
    sentence: str
    seconds: float
    error: BaseException | None = None
    trace: str = ""
    left: bool = False


class _Cancelled(Exception):
    """Raised in the worker at a tick, so that the job is closed in its own thread."""


class Lanes:
    """What the workers of a runner share: one lock, and who may go on."""

    def __init__(self) -> None:
        self.turn = threading.Condition()
        self.workers: list[Worker] = []
        self._registered = False

    def enter(self, worker: Worker) -> None:
        """Take in a worker that is about to start, and let go of those that ended."""
        with self.turn:
            self.workers = [*(other for other in self.workers if other.thread.is_alive()), worker]
        if not self._registered:
            self._registered = True
            # Before Python waits for the threads of executors, which a job may have as well:
            # atexit itself comes too late for that, after the wait.
            register = getattr(threading, "_register_atexit", atexit.register)
            register(_leave, weakref.ref(self))

    def live_is_busy(self) -> bool:
        """Whether a live job is at work on an answer."""
        return any(worker.live and worker.at_work() for worker in self.workers)

    def cancel(self) -> None:
        """The window goes: ask every worker to close its job at the next tick."""
        with self.turn:
            for worker in self.workers:
                worker.left = worker.left or not worker.cancelled
                worker.cancelled = True
            self.turn.notify_all()

    def join(self, seconds: float) -> bool:
        """Wait for the threads to end; whether they did."""
        until = time.monotonic() + seconds
        for worker in list(self.workers):
            worker.thread.join(max(0.0, until - time.monotonic()))
        return not any(worker.thread.is_alive() for worker in self.workers)

    def leave(self) -> None:
        """At the end of the process: end it even where a thread is stuck in C code.

        Python ends daemon threads by unwinding them, and torch answers that by aborting the
        process. So where a thread is still inside a long call, the process ends at once instead.
        """
        self.cancel()
        if self.join(1.0):
            return
        open_log().warning("Left with a job still inside a long call.")
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _leave(lanes: weakref.ref[Lanes]) -> None:
    found = lanes()
    if found is not None:
        found.leave()


class Worker:
    """Drives one generator in its own thread; everything shared is held under `lanes.turn`."""

    def __init__(self, lanes: Lanes, make: Callable[[], Job[Any]], live: bool, log: Path | None):
        self.lanes, self.live, self.log = lanes, live, log
        self.paused = self.stopped = self.cancelled = self.left = self.resting = False
        self.inbox: deque[Any] = deque()
        self.outbox: deque[Tick] = deque()
        self.progress: Progress | None = None  # the newest that was not shown yet
        self.points: list[tuple[str, float, float]] = []
        self.ending: Ending | None = None
        self._make: Callable[[], Job[Any]] | None = make
        self._began, self._held, self._held_since = time.monotonic(), 0.0, 0.0
        # A daemon, since Python would wait for any other thread at exit without an end.
        self.thread = threading.Thread(target=self._work, name="simgraph job", daemon=True)

    def start(self) -> None:
        """Begin in a thread of its own."""
        self._began = time.monotonic()
        self.lanes.enter(self)
        self.thread.start()

    def at_work(self) -> bool:
        """Whether it is neither paused, nor over, nor waiting for the next message."""
        return not (self.paused or self.resting or self.ending)

    def seconds(self) -> float:
        """Time at work, without pauses."""
        return (self._held_since or time.monotonic()) - self._began - self._held

    def _work(self) -> None:
        result, error = None, None
        try:
            assert self._make is not None
            keep_triton_apart()  # should the job import torch here, beside OpenGL
            job, self._make = self._make(), None  # what it holds is for the job to let go of
            result = run(job, self._tick)  # closes the job, here in its thread
        except _Cancelled:
            pass
        except BaseException as caught:  # noqa: BLE001 - whatever it is, somebody must be told
            error = caught
        ending = self._end(result, error)
        with self.lanes.turn:
            self.ending = ending
            self.lanes.turn.notify_all()

    def _tick(self, tick: Tick) -> Any:
        """Keep what the job said and wait until it may go on; the next message for it."""
        with self.lanes.turn:
            self._keep(tick)
            if not self._may_go():
                self._held_since = time.monotonic()
                self.lanes.turn.wait_for(self._may_go)
                self._held += time.monotonic() - self._held_since
                self._held_since = 0.0
            if self.cancelled:
                raise _Cancelled
            self.resting = False
            return self.inbox.popleft() if self.inbox else None

    def _keep(self, tick: Tick) -> None:
        if not isinstance(tick, Progress):
            self.outbox.append(tick)
            return
        now = self.seconds()
        self.points += [(name, now, value) for name, value in tick.values.items()]
        missed = self.progress.values if self.progress else {}
        self.progress = replace(tick, values={**missed, **tick.values})
        self.resting = self.live and tick.done >= 1 and not self.inbox
        if self.resting:
            self.lanes.turn.notify_all()

    def _may_go(self) -> bool:
        if self.cancelled:
            return True
        if self.live:
            return not self.paused and (not self.resting or bool(self.inbox))
        return not self.paused and not self.lanes.live_is_busy()

    def _end(self, result: Any, error: BaseException | None) -> Ending:
        seconds = self.seconds()
        trace = say_trace(error) if error else ""
        if error:
            append(self.log, trace)
            open_log().error("%s", trace)
            forget_frames(error)
        if self.cancelled:
            said = "Cancelled. What was there before is still in use."
            return Ending(State.CANCELLED, None, said, seconds, error, trace, self.left)
        if error:
            return Ending(State.FAILED, None, say_error(error), seconds, error, trace)
        if self.stopped:
            said = f"Kept what was made in {say_time(seconds)}."
            return Ending(State.STOPPED, result, said, seconds)
        return Ending(State.DONE, result, f"Done in {say_time(seconds)}.", seconds)
