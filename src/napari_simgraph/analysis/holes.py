"""Holes in objects: background that one object alone encloses."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.blocks import EDGE, Block, Pace, Plane, Source, Volume, blocks
from napari_simgraph.analysis.components import Neighbours, label_pieces, overlap
from napari_simgraph.core.job import Signal, Tick

_SIDES = ((-1, 0), (1, 0), (0, -1), (0, 1))
_NONE = np.iinfo(np.int64).max


class _Background:
    """The background of objects as a source: 1 where there is none."""

    def __init__(self, ids: Source) -> None:
        self._ids, self.shape = ids, ids.shape

    def get(self, z: int, y: slice, x: slice) -> Plane:
        empty: Plane = self._ids.get(z, y, x) == 0
        return empty.astype(np.uint8)


class _Around:
    """What lies around each provisional piece of background."""

    def __init__(self, ids: Source, pieces: Volume, through: bool) -> None:
        self._ids, self._pieces, self._through = ids, pieces, through
        self.least = np.full(64, _NONE)  # the lowest and highest object beside a piece
        self.most = np.zeros(64, np.int64)
        self.open = np.zeros(64, bool)

    def look(self, block: Block, numbers: Plane) -> None:
        """Take in a block, its neighbours in the section and those in the section before."""
        self._grow(int(numbers.max()) + 1)
        depth, height, width = self._ids.shape
        y, x = block.grown((height, width))
        ids = self._ids.get(block.z, y, x)
        corner = (block.y.start - y.start, block.x.start - x.start)
        for dy, dx in _SIDES:
            self._beside(*overlap(numbers, ids, (corner[0] + dy, corner[1] + dx)))
        edges = [(block.y.start == 0, numbers[0]), (block.y.stop == height, numbers[-1])]
        edges += [(block.x.start == 0, numbers[:, 0]), (block.x.stop == width, numbers[:, -1])]
        outside = self._through and depth > 1 and block.z in (0, depth - 1)
        for reached, line in (*edges, (outside, numbers)):
            if reached:
                self.open[line] = True
        if self._through and block.z > 0:
            before = (block.z - 1, block.y, block.x)
            self._beside(numbers, self._ids.get(*before))
            own = self._ids.get(block.z, block.y, block.x)
            self._beside(self._pieces.get(*before), own)

    def _beside(self, pieces: Plane, ids: Plane) -> None:
        both = (pieces > 0) & (ids > 0)
        at, beside = pieces[both], ids[both].astype(np.int64)
        np.minimum.at(self.least, at, beside)
        np.maximum.at(self.most, at, beside)

    def _grow(self, wanted: int) -> None:
        more = max(wanted, 2 * len(self.open)) - len(self.open)
        if wanted > len(self.open):
            self.least = np.append(self.least, np.full(more, _NONE))
            self.most = np.append(self.most, np.zeros(more, np.int64))
            self.open = np.append(self.open, np.zeros(more, bool))


def find_holes(
    ids: Source, pieces: Volume, how: Neighbours, pace: Pace
) -> Generator[Tick, Signal | None, NDArray[np.int64]]:
    """For each provisional piece of background the object whose hole it is, 0 for none.

    A hole lies inside one object, reaches neither the edge of its section nor, where
    `how.through`, the first or last section, and touches no second object.

    Parameters
    ----------
    ids
        Object numbers, 0 is background.
    pieces
        32-bit whole numbers of the same shape, for the numbers of the pieces.
    how
        What holds an object together. Where its pixels have to share a face, a gap at a corner
        opens a hole, and the other way round.
    pace
        Told of each block; after STOP there are no holes.
    """
    through = how.through and ids.shape[0] > 1
    around = _Around(ids, pieces, through)
    gaps = Neighbours(corners=not how.corners, through=through)
    found = yield from label_pieces(_Background(ids), pieces, gaps, pace, around.look)
    amount, number = len(found.sizes), found.number
    many = len(number)
    least = np.full(amount, _NONE)
    most, is_open = np.zeros(amount, np.int64), np.zeros(amount, bool)
    np.minimum.at(least, number, around.least[:many])
    np.maximum.at(most, number, around.most[:many])
    np.logical_or.at(is_open, number, around.open[:many])
    owner = np.where((least == most) & ~is_open, most, 0)
    owner[0] = 0
    if pace.stopped:  # what was not seen may open any of them
        owner[:] = 0
    holes: NDArray[np.int64] = owner[number]
    return holes


def fill_holes(
    ids: Volume, pieces: Volume, how: Neighbours, pace: Pace
) -> Generator[Tick, Signal | None, NDArray[np.int64]]:
    """The objects that were filled, each number once; `ids` is changed in place."""
    owner = yield from find_holes(ids, pieces, how, pace)
    if owner.any():
        for block in blocks(ids.shape, EDGE):
            fill = owner[pieces.get(block.z, block.y, block.x)]
            if fill.any():
                values = ids.get(block.z, block.y, block.x)
                filled = np.where(fill > 0, fill, values).astype(values.dtype)
                ids.put(block.z, block.y, block.x, filled)
            yield from pace.step(f"z {block.z + 1} of {ids.shape[0]}")
    return np.unique(owner[owner > 0])
