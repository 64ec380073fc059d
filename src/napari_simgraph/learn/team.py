"""Team: the networks of a lesson, each of which learns by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from napari_simgraph.learn.device import Place
from napari_simgraph.learn.lesson import Lesson
from napari_simgraph.learn.state import Optimiser
from napari_simgraph.nets.several import members_of


class Team:
    """One network, or several that answer together, each with batches and an optimiser of its own.

    Of k networks number i takes batch ``k * step + i``. On a CPU they learn at the same time, each
    with its share of the threads: two networks with a core each are faster than either with both.
    Several learn their kernels by Muon: alone such a network parts cells no better than by AdamW,
    together with others it does (docs/benchmarks.md).

    Parameters
    ----------
    lesson
        Whose network learns, where it is to be computed already.
    place
        Where.
    """

    def __init__(self, lesson: Lesson, place: Place) -> None:
        self._lesson, self._members = lesson, members_of(lesson.network)
        count = len(self._members)
        workers = min(count, place.threads) if place.device.type == "cpu" else 1
        self._place = replace(place, threads=max(1, place.threads // workers))
        self._pool = ThreadPoolExecutor(workers, "simgraph-learn") if workers > 1 else None
        self.begin()

    def begin(self) -> None:
        """Forget what the optimisers remember."""
        several = len(self._members) > 1
        self._optimisers = [Optimiser(member, muon=several) for member in self._members]

    def batches(self, number: int, size: int) -> list[Any]:
        """Those of a step, one for each network."""
        count = len(self._members)
        return [self._lesson.batch(count * number + i, size) for i in range(count)]

    def learn(self, batches: Sequence[Any], number: int, rate: float) -> float:
        """One step of each network at this learning rate; the mean of their losses."""
        rows = range(len(self._members))

        def learn(row: int) -> float:
            return self._learn(row, batches[row], len(rows) * number + row, rate)

        if self._pool is None:
            return float(np.mean([learn(row) for row in rows]))
        running = [self._pool.submit(learn, row) for row in rows]
        wait(running)  # all of them, also where one fails: it may be tried again
        return float(np.mean([one.result() for one in running]))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What the optimisers remember."""
        if len(self._optimisers) == 1:
            return self._optimisers[0].arrays()
        return {
            f"{row}/{key}": value
            for row, one in enumerate(self._optimisers)
            for key, value in one.arrays().items()
        }

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """The inverse of `arrays`."""
        if len(self._optimisers) == 1:
            self._optimisers[0].restore(arrays)
            return
        for row, one in enumerate(self._optimisers):
            begin = f"{row}/"
            own = {k.removeprefix(begin): v for k, v in arrays.items() if k.startswith(begin)}
            one.restore(own)

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _learn(self, row: int, batch: Any, number: int, rate: float) -> float:
        member = self._members[row].train()
        with self._place.computing():
            loss = self._lesson.loss(member, batch, number)
            torch.autograd.backward(loss)
            self._optimisers[row].step(rate)
        return float(loss.detach())
