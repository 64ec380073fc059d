"""Aside: one thread that computes while the job goes on ticking."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from importlib import import_module
from typing import Any, Generic, TypeVar

from napari_simgraph.core.job import Progress, Signal, Tick

R = TypeVar("R")
TICK_SECONDS = 0.1  # a job ticks twice a second at least; a fifth of that leaves room for others


class Halt:
    """Remembers that STOP was sent, wherever in a job it arrived."""

    def __init__(self) -> None:
        self.stopped = False

    def hear(self, signal: Any) -> None:
        """Take what a yield returned."""
        self.stopped = self.stopped or signal is Signal.STOP


class Inbox(Halt):
    """Takes whatever is sent into the generator, wherever it arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: deque[tuple[Any, float]] = deque()

    def hear(self, signal: Any) -> None:
        """See `Halt.hear`; events are kept with the time at which they came."""
        if isinstance(signal, Signal):
            super().hear(signal)
        elif signal is not None:
            self.waiting.append((signal, time.monotonic()))


class Aside:
    """One thread for all computing of a job, so that no step is too long for a tick.

    Grad mode and autocast belong to a thread, so what the thread does with them is never seen at
    a yield. Close it in ``finally``: it waits for the call it is in.
    """

    def __init__(self, halt: Halt | None = None) -> None:
        self.halt = halt or Halt()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="simgraph-compute")

    def wait(
        self, call: Callable[[], R], tick: Callable[[], Tick] = Progress
    ) -> Generator[Tick, Signal | None, R]:
        """What `call` returns; ticks while it computes."""
        running = self._pool.submit(call)
        try:
            while True:
                try:
                    return running.result(TICK_SECONDS)
                except TimeoutError:
                    if running.done():
                        return running.result()
                self.halt.hear((yield tick()))
        finally:
            del running  # else a failed call holds its own arrays: future, error, frame, future

    def close(self) -> None:
        """End the thread."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def with_module(
    name: str, run: Callable[[Aside], Generator[Tick, Signal | None, R]]
) -> Generator[Tick, Signal | None, R]:
    """What `run` returns once a module is there: with torch, loading one takes seconds."""
    aside = Aside()
    try:
        yield from aside.wait(partial(import_module, name))
        return (yield from run(aside))
    finally:
        aside.close()


class ReadAhead(Generic[R]):
    """Makes item k + 1 in one thread while item k is in use.

    Items are a function of their number alone, so reading ahead changes no result.
    """

    def __init__(self, make: Callable[[int], R]) -> None:
        self._make = make
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="simgraph-read")
        self._next: tuple[int, Future[R]] | None = None

    def take(self, number: int) -> R:
        """Item `number`, and a start on the one after."""
        known = self._next is not None and self._next[0] == number
        ready: Future[Any] = self._next[1] if self._next and known else self._begin(number)
        item: R = ready.result()
        self._next = (number + 1, self._begin(number + 1))
        return item

    def forget(self) -> None:
        """Drop what was read ahead (the size of items has changed)."""
        self._next = None

    def close(self) -> None:
        """End the thread."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _begin(self, number: int) -> Future[R]:
        return self._pool.submit(self._make, number)
