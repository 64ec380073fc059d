"""Tiles of the truth: who painted or marked what in a square of a section."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.live import UNCHANGED
from napari_simgraph.core.raster import Box

TILE = 256  # px; a stroke touches one or two
EXCLUDED = 255  # in `rest`: nothing counts here

Span = tuple[int, int]
Key = tuple[int, int, int]  # section, row and column of a tile


class Known(NamedTuple):
    """A box of the truth: class values ``(Y, X)``, 0 unknown, and the numbers of who said so."""

    values: NDArray[np.uint8]
    owners: NDArray[np.int32]


@dataclass
class Tile:
    """Painted classes and complete regions of a square, each with its number."""

    painted: NDArray[np.uint8]
    painter: NDArray[np.int32]
    rest: NDArray[np.uint8]
    marker: NDArray[np.int32]

    @classmethod
    def empty(cls) -> Tile:
        """One in which nothing is said."""
        shape = (TILE, TILE)
        one, two = np.zeros(shape, np.uint8), np.zeros(shape, np.int32)
        return cls(one, two, one.copy(), two.copy())

    def paint(self, here: Box, values: NDArray[np.uint8], number: int) -> None:
        """Take in a part of a stroke."""
        new = values != UNCHANGED
        self.painted[here][new] = values[new]
        self.painter[here][new] = number * (values[new] > 0)

    def mark(self, here: Box, mask: NDArray[np.bool_], rest: int, number: int) -> None:
        """Take in a part of a region."""
        self.rest[here][mask] = rest
        self.marker[here][mask] = number

    def turn(self, value: int, into: int) -> None:
        """Another class instead of one; 0 for none."""
        for plane in (self.painted, self.rest):
            plane[plane == value] = into

    def known(self) -> Known:
        """Strokes, below them complete regions; nothing where it is excluded."""
        counts = self.rest != EXCLUDED
        painted = (self.painted > 0) & counts
        values = np.where(painted, self.painted, self.rest * counts)
        owners = np.where(painted, self.painter, self.marker * (values > 0))
        return Known(values.astype(np.uint8), owners.astype(np.int32))


def pieces(z: int, top: int, left: int, shape: tuple[int, ...]) -> Iterator[tuple[Key, Box, Box]]:
    """The tiles that a box touches: which, where in the tile, and where in the box."""
    for row in range(top // TILE, (top + shape[0] - 1) // TILE + 1):
        for column in range(left // TILE, (left + shape[1] - 1) // TILE + 1):
            down = max(top, row * TILE), min(top + shape[0], (row + 1) * TILE)
            right = max(left, column * TILE), min(left + shape[1], (column + 1) * TILE)
            inside = tuple(
                slice(a - n * TILE, b - n * TILE) for (a, b), n in ((down, row), (right, column))
            )
            yield (
                (z, row, column),
                inside,
                tuple(slice(a - n, b - n) for (a, b), n in ((down, top), (right, left))),
            )
