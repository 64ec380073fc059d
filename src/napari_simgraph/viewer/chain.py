"""Jobs one after the other as one job, with one bar."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from napari_simgraph.core.job import Job, Progress


def part(job: Job[Any], low: float, high: float, text: str) -> Job[Any]:
    """What a job returns, as a part of a longer one.

    Parameters
    ----------
    job
        The part.
    low, high
        Where it begins and ends on the bar of the whole, from 0 to 1.
    text
        What it is doing, where it doesn't say so itself.
    """
    try:
        tick = next(job)
        while True:
            if isinstance(tick, Progress):
                done = low + (high - low) * tick.done if tick.done >= 0 else -1.0
                left = tick.seconds_left if high == 1.0 else _all_left(tick, high - low, 1 - high)
                tick = replace(tick, done=done, seconds_left=left, text=tick.text or text)
            tick = job.send((yield tick))
    except StopIteration as end:
        return end.value
    finally:
        job.close()


def _all_left(tick: Progress, share: float, rest: float) -> float:
    """Seconds left of the whole, from those of a part."""
    if tick.seconds_left < 0 or tick.done >= 1 or share <= 0:
        return tick.seconds_left
    whole = tick.seconds_left / (share * (1 - tick.done))
    return tick.seconds_left + rest * whole
