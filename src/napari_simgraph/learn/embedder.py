"""Embedder: a model that gives each patch its point, fitted and used."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from napari_simgraph.core.job import Clock, Job, Progress, Signal, Tick
from napari_simgraph.core.patches import Rows
from napari_simgraph.learn.aside import Aside, ReadAhead
from napari_simgraph.learn.at_once import AtOnce
from napari_simgraph.learn.crew import STOPPED, CrewError
from napari_simgraph.learn.device import Place
from napari_simgraph.learn.patchwork import Patchwork
from napari_simgraph.learn.plain import statistics
from napari_simgraph.learn.shared_rows import FarRows
from napari_simgraph.learn.whitening import Whitening
from napari_simgraph.nets import folded

R = TypeVar("R")
_PIXELS = 2**21  # of patches through the network at once: half a second on a slow core
# patches to find the directions of the features by, and their pixels: half a minute on one core
_SAMPLE, _SAMPLE_PIXELS = 10_000, 2**26
# before the names of the whitenings of what is compared with
UNTRAINED, STATISTICS = "untrained", "statistics"


class Describe(Protocol):
    """What gives features ``(N, F)`` of inputs ``(N, C, P, P)``."""

    def __call__(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """The features."""
        ...


class Deep:
    """Features of a Siamese network, its normalisations taken into its convolutions."""

    def __init__(self, network: Any, place: Place) -> None:
        self.network: Any = folded(network).to(place.device)
        self.place, self._at_once = place, AtOnce(place.device)

    def __call__(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mean and spread of each feature of each stage."""
        return np.concatenate(self._at_once.parts(self._features, inputs))

    def _features(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        tensor = torch.from_numpy(inputs).to(self.place.device)
        with self.place.computing(), torch.no_grad():
            tensor = tensor.contiguous(memory_format=torch.channels_last)
            found: NDArray[np.float32] = self.network.features(tensor).float().cpu().numpy()
        return found


def features(
    work: Patchwork,
    rows: Rows,
    describe: Describe | FarRows,
    aside: Aside,
    whitening: Whitening | None,
) -> Generator[Tick, Signal | None, NDArray[np.float32]]:
    """Features ``(n, F)`` or points ``(n, D)`` of patches; of the first ones where it is stopped.

    The next patches are read while the network looks at these. A crew has been given all of them.
    """
    step = step_of(work)
    made, count = np.zeros((len(rows), 0), np.float32), 0
    starts, clock = range(0, len(rows), step), Clock()
    source = describe if isinstance(describe, FarRows) else _Near(work, rows, step, describe)
    done = 0.0

    def finish(found: NDArray[np.float32]) -> NDArray[np.float32]:
        return whitening.apply(found) if whitening else found

    try:
        for number in range(len(starts)):
            say = partial(Progress, done, f"patch {number * step} of {len(rows)}", clock.left(done))
            found = yield from source.taken(number, aside, say)
            if found is None:
                break
            part = yield from aside.wait(partial(finish, found), say)
            if not number:  # known from the first patches; never twice in memory
                made = np.empty((len(rows), part.shape[1]), np.float32)
            made[count : count + len(part)] = part
            count += len(part)
            done = min(1.0, (number + 1) * step / len(rows))
            aside.halt.hear((yield Progress(done, f"patch {len(rows)}", clock.left(done))))
            if aside.halt.stopped:
                break
    finally:
        source.close()
    if len(rows) and not count:
        raise CrewError(STOPPED)
    return made[:count]


def step_of(work: Patchwork) -> int:
    """How many patches are read together."""
    side = max(work.patch, int(work.grid.size.max(initial=1)))
    return max(1, _PIXELS // side**2)


class _Near:
    """Features of patches that are found here; the next ones are read meanwhile."""

    def __init__(self, work: Patchwork, rows: Rows, step: int, describe: Describe) -> None:
        self._describe = describe
        self._reader = ReadAhead(lambda number: work.patches(rows[number * step :][:step]))

    def taken(
        self, number: int, aside: Aside, tick: Callable[[], Progress]
    ) -> Job[NDArray[np.float32] | None]:
        """See `FarRows.taken`."""
        return aside.wait(partial(self._compute, number), tick)

    def close(self) -> None:
        """End reading."""
        self._reader.close()

    def _compute(self, number: int) -> NDArray[np.float32]:
        return self._describe(self._reader.take(number))


def find_whitening(
    work: Patchwork, describe: Describe, aside: Aside, how: tuple[int, float, int]
) -> Generator[Tick, Signal | None, Whitening]:
    """The whitening of some features; `how` is dimensions, power and seed."""
    dimensions, power, seed = how
    tick = Progress(text="looking at the features")
    count = min(_SAMPLE, _SAMPLE_PIXELS // work.patch**2)
    rows = np.random.default_rng(seed).permutation(len(work.grid))[: max(2, count)]
    found = yield from saying(tick, features(work, np.sort(rows), describe, aside, None))
    return (yield from aside.wait(partial(Whitening.fit, found, dimensions, power), lambda: tick))


def plain_whitenings(
    work: Patchwork, random: Deep, aside: Aside, how: tuple[int, float, int]
) -> Generator[Tick, Signal | None, dict[str, Whitening]]:
    """Those of the untrained network and of plain statistics, by the names of their arrays."""
    found = {}
    several: dict[str, Describe] = {UNTRAINED: random, STATISTICS: statistics}
    for part, describe in several.items():
        found[part] = yield from find_whitening(work, describe, aside, how)
    return found


def share_of(
    job: Generator[Tick, Signal | None, R], number: int, count: int
) -> Generator[Tick, Signal | None, R]:
    """The same job as part `number` of `count`, its progress that of the whole."""
    signal: Signal | None = None
    try:
        tick = next(job)
        while True:
            if isinstance(tick, Progress) and tick.done >= 0:
                tick = replace(tick, done=(number + tick.done) / count)
            signal = yield tick
            tick = job.send(signal)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    finally:
        job.close()


def saying(
    tick: Progress, job: Generator[Tick, Signal | None, NDArray[np.float32]]
) -> Generator[Tick, Signal | None, NDArray[np.float32]]:
    """The same job as a part of another, whose progress this is."""
    signal: Signal | None = None
    try:
        next(job)
        while True:
            signal = yield tick
            job.send(signal)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    finally:
        job.close()
