"""Blocks of a volume, one after the other: what keeps memory small however large it is."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.job import Clock, Progress, Signal, Tick
from napari_simgraph.core.raster import Raster

Plane = NDArray[Any]
Steps = Generator[Tick, Signal | None, None]

EDGE = 1024  # of a block: a tick at least every half second also on a slow machine


@dataclass(frozen=True)
class Block:
    """A rectangle of one section."""

    z: int
    y: slice
    x: slice

    def grown(self, plane: tuple[int, int]) -> tuple[slice, slice]:
        """Rows and columns with one more on each side, as far as the section goes."""
        spans = zip((self.y, self.x), plane, strict=True)
        y, x = (slice(max(s.start - 1, 0), min(s.stop + 1, n)) for s, n in spans)
        return y, x


class Source(Protocol):
    """Values that are read block by block."""

    shape: tuple[int, int, int]

    def get(self, z: int, y: slice, x: slice) -> Plane:
        """A rectangle of a section, ``(Y, X)``."""
        ...


class Volume:
    """An array of ``(Z, Y, X)`` or ``(Y, X)`` that is read and written by section.

    Parameters
    ----------
    array
        Anything with shape and slicing; written to only by `put`.
    channel
        Where there is one axis more: the place on it.
    """

    def __init__(self, array: Any, space: int, channel: int | None = None) -> None:
        self._array, self._channel, self._deep = array, channel, space == 3
        shape = tuple(int(n) for n in array.shape[:space])
        self.shape: tuple[int, int, int] = (*(1,) * (3 - space), *shape)  # type: ignore[assignment]

    @classmethod
    def of(cls, raster: Raster, channel: int | None = None) -> Volume:
        """The finest level of a raster."""
        return cls(raster.levels[0], len(raster.spacing), channel)

    def get(self, z: int, y: slice, x: slice) -> Plane:
        """See `Source.get`."""
        box: tuple[Any, ...] = (z, y, x) if self._deep else (y, x)
        if self._channel is not None:
            box = (*box, self._channel)
        return np.asarray(self._array[box])

    def put(self, z: int, y: slice, x: slice, values: Plane) -> None:
        """Write a rectangle of a section."""
        box = (z, y, x) if self._deep else (y, x)
        self._array[box] = values


class Boxed:
    """A part of a source, counted from the part's own corner."""

    def __init__(self, source: Source, box: tuple[slice, slice, slice]) -> None:
        self._source, self._start = source, tuple(span.start for span in box)
        self.shape = tuple(span.stop - span.start for span in box)

    shape: tuple[int, int, int]

    def get(self, z: int, y: slice, x: slice) -> Plane:
        """See `Source.get`."""
        dz, dy, dx = self._start
        return self._source.get(z + dz, _moved(y, dy), _moved(x, dx))


class Pace:
    """Progress over several passes, and whether STOP was sent.

    Parameters
    ----------
    total
        How many blocks there are to see, over all passes.
    """

    def __init__(self, total: int) -> None:
        self.stopped = False
        self._total, self._done, self._clock = max(total, 1), 0, Clock()

    def step(self, text: str) -> Steps:
        """One block is done."""
        self._done += 1
        done = min(self._done / self._total, 0.99)  # 1 is said by `end`
        self.hear((yield Progress(done, text, self._clock.left(done))))

    def begin(self) -> Steps:
        """Nothing is done yet."""
        self.hear((yield Progress(0.0, "Reading")))

    def end(self) -> Steps:
        """Nothing is left to do."""
        self.hear((yield Progress(1.0, "Done", 0.0)))

    def hear(self, signal: Signal | None) -> None:
        """Take what a yield returned."""
        self.stopped = self.stopped or signal is Signal.STOP


def blocks(shape: tuple[int, int, int], edge: int = EDGE) -> Iterator[Block]:
    """The blocks of a volume, section by section from the first."""
    depth, height, width = shape
    for z in range(depth):
        for y in range(0, height, edge):
            for x in range(0, width, edge):
                yield Block(z, slice(y, min(y + edge, height)), slice(x, min(x + edge, width)))


def count(shape: tuple[int, int, int], edge: int = EDGE) -> int:
    """How many blocks a volume has."""
    depth, height, width = shape
    return depth * -(-height // edge) * -(-width // edge)


def _moved(span: slice, by: int) -> slice:
    return slice(span.start + by, span.stop + by)
