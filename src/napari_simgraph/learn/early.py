"""Early answers: points of some patches, from a network that still learns."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.early import LAYOUTS, PATCHES, POINTS
from napari_simgraph.core.job import Progress, Region, Signal, Tick
from napari_simgraph.core.room import Room
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.device import Place
from napari_simgraph.learn.embedder import Deep, features, saying
from napari_simgraph.learn.siamese import SiameseLesson
from napari_simgraph.learn.whitening import Whitening

R = TypeVar("R")
_PIXELS, _MOST = 2**24, 8192  # of patches, and patches: some ten seconds on one core
_AGAIN = 5.0  # times as late: a run of five minutes is looked into twice


def looked_into(
    job: Generator[Tick, Signal | None, R],
    look: Callable[[Progress], Generator[Tick, Signal | None, None]],
    after: float,
) -> Generator[Tick, Signal | None, R]:
    """What a training job returns; now and then `look` is called with its tick.

    First `after` so many seconds of learning, 0 for never, then whenever five times as many have
    passed. Only between two steps, which a Progress with values tells: there the network rests.
    """
    begun = 0.0
    try:
        tick = next(job)
        while True:
            signal = yield tick
            if after and signal is None and isinstance(tick, Progress) and tick.values:
                begun = begun or time.monotonic()
                if tick.done < 1 and time.monotonic() - begun >= after:
                    yield from look(tick)
                    after *= _AGAIN
            tick = job.send(signal)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    finally:
        job.close()


class EarlyLook:
    """Writes points of some patches into the room, see `core.early`.

    Parameters
    ----------
    lesson
        Whose network, averaged, is looked through, at whose patches.
    how
        Dimensions and power of the whitening, and seed.
    """

    def __init__(
        self,
        lesson: SiameseLesson,
        how: tuple[int, float, int],
        place: Place,
        room: Room,
        aside: Aside,
    ) -> None:
        self._lesson, self._how, self._place = lesson, how, place
        self._room, self._aside = room, aside
        count = min(_MOST, max(2, _PIXELS // lesson.work.patch**2))
        rng = np.random.default_rng(how[2])
        self._rows = np.sort(rng.permutation(len(lesson.work.grid))[:count])

    def __call__(self, tick: Progress) -> Generator[Tick, Signal | None, None]:
        """Look once; `tick` says meanwhile how far the training is."""
        work, aside = self._lesson.work, self._aside
        said = replace(tick, values={}, text="looking at some patches")
        deep = yield from aside.wait(partial(Deep, self._lesson.average, self._place))
        found = yield from saying(said, features(work, self._rows, deep, aside, None))
        if len(found) < len(self._rows):  # stopped
            return
        points = yield from aside.wait(partial(self._whitened, found), lambda: said)
        layouts = [(one.level, *one.plane, one.size, one.stride) for one in work.grid.layouts]
        self._put(PATCHES, work.grid.patch_id[self._rows])
        self._put(LAYOUTS, np.array(layouts, np.int64))
        self._put(POINTS, points)
        aside.halt.hear((yield Region(POINTS, tuple(slice(0, n) for n in points.shape))))

    def _whitened(self, found: NDArray[np.float32]) -> NDArray[np.float32]:
        dimensions, power, _ = self._how
        return Whitening.fit(found, dimensions, power).apply(found)

    def _put(self, name: str, values: NDArray[np.generic]) -> None:
        self._room.array(name, values.shape, values.dtype)[...] = values
