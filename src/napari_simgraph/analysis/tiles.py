"""An array that is written to without being changed: what is written lies in tiles above it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from napari_simgraph.analysis.blocks import Plane

_EDGE = 256  # px of a tile: a stroke copies 256 kB, a section of 1024 px has 16 of them


class Tiles:
    """Numbers ``(Z, Y, X)`` or ``(Y, X)`` with tiles of sections in the place of what lies below.

    Parameters
    ----------
    base
        Anything with shape and slicing; never written to, so it may be read-only or shared.
    dtype
        Of what is read.
    """

    def __init__(self, base: Any, dtype: DTypeLike) -> None:
        self.base, self.dtype = base, np.dtype(dtype)
        self._deep = len(base.shape) == 3
        size = tuple(int(n) for n in base.shape)
        self.shape: tuple[int, int, int] = size if self._deep else (1, *size)  # type: ignore[assignment]
        self._tiles: dict[tuple[int, int, int], Plane] = {}

    def get(self, z: int, y: slice, x: slice) -> Plane:
        """A rectangle of a section, as a copy."""
        found = self.below(z, y, x)
        for key, tile, own, theirs in self._over(z, y, x):
            if key in self._tiles:
                found[own] = tile[theirs]
        return found

    def put(self, z: int, y: slice, x: slice, values: Plane) -> None:
        """Write a rectangle of a section."""
        for key, tile, own, theirs in self._over(z, y, x):
            if key not in self._tiles:
                z, row, column = key
                rows, columns = (slice(i * _EDGE, (i + 1) * _EDGE) for i in (row, column))
                tile = self.below(z, rows, columns)
            tile[theirs] = values[own]
            self._tiles[key] = tile

    def below(self, z: int, y: slice, x: slice) -> Plane:
        """A rectangle of what lies below, as a copy."""
        box: tuple[Any, ...] = (z, y, x) if self._deep else (y, x)
        return np.array(self.base[box], dtype=self.dtype)

    def written(self) -> list[tuple[int, slice, slice]]:
        """The tiles: section, rows and columns of each."""
        return [
            (z, slice(row * _EDGE, (row + 1) * _EDGE), slice(column * _EDGE, (column + 1) * _EDGE))
            for z, row, column in sorted(self._tiles)
        ]

    def _over(
        self, z: int, y: slice, x: slice
    ) -> Iterator[tuple[tuple[int, int, int], Plane, Any, Any]]:
        """The tiles of a rectangle: what of it lies in each, and what of the tile."""
        none: Plane = np.zeros((0, 0), self.dtype)
        for row in range(y.start // _EDGE, -(-y.stop // _EDGE)):
            for column in range(x.start // _EDGE, -(-x.stop // _EDGE)):
                key = (z, row, column)
                sides = [_part(span, i) for span, i in ((y, row), (x, column))]
                own, theirs = (tuple(part) for part in zip(*sides, strict=True))
                yield key, self._tiles.get(key, none), own, theirs


def _part(span: slice, tile: int) -> tuple[slice, slice]:
    """What of a span lies in a tile: counted from the span, and from the tile."""
    first = tile * _EDGE
    start, stop = max(span.start, first), min(span.stop, first + _EDGE)
    return slice(start - span.start, stop - span.start), slice(start - first, stop - first)
