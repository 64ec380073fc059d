"""Jobs: generators that tick, so that whoever drives them can pause, stop and cancel."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeAlias, TypeVar

R = TypeVar("R")


class Signal(Enum):
    """What a driver may send into a job; `close()` cancels it and drops what it has."""

    STOP = "stop"  # end now and return what was learned or made so far


@dataclass(frozen=True)
class Progress:
    """How far a job is; yielded at least every half second of wall time.

    Parameters
    ----------
    done
        From 0 to 1; below 0 while it can't be known.
    text
        What it is doing, in plain words: ``z 23 of 50``.
    seconds_left
        Remaining time in seconds; below 0 while it can't be known.
    values
        Figures for the curves, by name: ``{"loss": 0.3, "agreement": 0.81}``; empty on most ticks.
    """

    done: float = -1.0
    text: str = ""
    seconds_left: float = -1.0
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Note:
    """A sentence for the person: ``Memory was short: it goes on in smaller steps.``"""

    text: str
    warning: bool = False


@dataclass(frozen=True)
class Device:
    """Where the job runs, said once it is known: ``CPU, 2 cores`` and memory in bytes."""

    name: str
    memory_used: int = 0
    memory_total: int = 0


@dataclass(frozen=True)
class Region:
    """A part of a result array of the Room was written: its name and the box in its own axes."""

    array: str
    box: tuple[slice, ...]


Tick: TypeAlias = Progress | Note | Device | Region
Job: TypeAlias = Generator[Tick, Signal | None, R]


def run(job: Job[R], on_tick: Callable[[Tick], Signal | None] | None = None) -> R:
    """What the job returns, driven to its end in this thread.

    `on_tick` sees every tick; what it returns is sent into the job.
    """
    signal: Signal | None = None
    try:
        tick = next(job)
        while True:
            signal = on_tick(tick) if on_tick else None
            tick = job.send(signal)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    finally:
        job.close()


class Clock:
    """Remaining time from the share done so far, steadied by ignoring the slow first steps."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._marks: list[tuple[float, float]] = []

    def left(self, done: float) -> float:
        """Seconds left at share `done`; below 0 while it can't be known."""
        self._marks = [*self._marks[-63:], (self._now(), done)]
        (then, before), (now, after) = self._marks[0], self._marks[-1]
        if after <= before:
            return -1.0
        return (1.0 - after) * (now - then) / (after - before)


def plain(value: Any) -> Any:
    """Numpy scalars and tuples as plain JSON values, all through mappings and lists."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.item() if hasattr(value, "item") and not hasattr(value, "__len__") else value


def say_time(seconds: float) -> str:
    """A duration as a person says it: ``8 s``, ``1 min 10 s``, ``2 h 5 min``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
