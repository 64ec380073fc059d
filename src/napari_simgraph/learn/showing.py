"""Showing: what a job has written, told while it goes on, so that it is seen as it grows."""

from __future__ import annotations

from typing import TypeVar

from napari_simgraph.core.job import Job, Region, Signal

R = TypeVar("R")


def showing(job: Job[R], written: list[Region]) -> Job[R]:
    """The same job; each of its ticks is followed by those of what it wrote before it.

    Parameters
    ----------
    job
        Any.
    written
        What the job has written and nobody has told; it is emptied here.
    """
    signal: Signal | None = None
    try:
        tick = next(job)
        while True:
            signal = yield tick
            for region in tuple(written):
                signal = (yield region) or signal
            written.clear()
            tick = job.send(signal)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    finally:
        written.clear()
        job.close()
