"""Shown: pictures as a network is shown them, read once and kept while they are learned from."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.job import Progress, Signal, Tick
from napari_simgraph.core.patches import Rows
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.patchwork import Patchwork

# Of all pictures together: MNIST takes a tenth of it; what is larger is read from disk each time.
_MOST_BYTES = 2**30
_READ = 256  # pictures between two ticks


class Shown:
    """Crops ``(N, C, R, R)`` around some patches of a patchwork.

    Half precision is enough for grey values of 8 bits, and halves what is kept.
    """

    def __init__(self, work: Patchwork, rows: Rows, reading: int) -> None:
        self.work, self.rows, self.reading = work, rows, reading
        channels = work.images[0].channels
        self.kept: NDArray[np.float16] | None = None
        if 2 * len(rows) * channels * reading**2 <= _MOST_BYTES:
            self.kept = np.empty((len(rows), channels, reading, reading), np.float16)

    def take(self, positions: Rows) -> NDArray[np.float32]:
        """The crops at some positions among the rows."""
        if self.kept is not None:
            return self.kept[positions].astype(np.float32)
        return self._read(positions)

    def keep(self, start: int) -> None:
        """Read the crops from here on, as many as between two ticks."""
        assert self.kept is not None  # asked by `show` alone
        positions = np.arange(start, min(start + _READ, len(self.rows)))
        self.kept[positions] = self._read(positions)

    def _read(self, positions: Rows) -> NDArray[np.float32]:
        if self.reading == self.work.patch:
            return self.work.patches(self.rows[positions])
        crops = [self.work.crop(int(row), (0, 0, 0), self.reading) for row in self.rows[positions]]
        return np.stack(crops)


def show(
    work: Patchwork, rows: Rows, reading: int, aside: Aside
) -> Generator[Tick, Signal | None, Shown]:
    """Crops of side `reading` around some patches, kept in memory where there is room."""
    made = Shown(work, rows, reading)
    for start in range(0, len(rows) if made.kept is not None else 0, _READ):
        say = partial(Progress, text=f"reading picture {start} of {len(rows)}")
        yield from aside.wait(partial(made.keep, start), say)
    return made
