"""Connected pieces of a volume, found block by block and joined across their borders."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from skimage.measure import label

from napari_simgraph.analysis.blocks import EDGE, Block, Pace, Plane, Source, Volume, blocks
from napari_simgraph.core.job import Signal, Tick

Look = Callable[[Block, Plane], None]
_MOST = 2**31 - 1  # object numbers are int32


@dataclass(frozen=True)
class Neighbours:
    """Which pixels belong together.

    Parameters
    ----------
    corners
        Pixels that touch at a corner too (8 in a section, 26 in a volume), else only those that
        share a face (4, 6).
    through
        From section to section, else each section has pieces of its own.
    """

    corners: bool = False
    through: bool = True

    @property
    def shifts(self) -> list[tuple[int, int]]:
        """Where a pixel's neighbours lie in the section before."""
        if not self.through:
            return []
        reach = (-1, 0, 1) if self.corners else (0,)
        return [(y, x) for y in reach for x in reach]


class Pieces(NamedTuple):
    """What `label_pieces` found.

    `number` is the final number of each provisional one, 0 first; pieces are numbered in the
    order in which they begin. `values` and `sizes` (in pixels) belong to the final ones.
    """

    number: NDArray[np.int32]
    values: NDArray[np.int64]
    sizes: NDArray[np.int64]


@dataclass
class _Found:
    """What the first pass gathers: provisional pieces, and which of them touch."""

    values: list[NDArray[Any]] = field(default_factory=lambda: [np.zeros(1, np.int64)])
    sizes: list[NDArray[Any]] = field(default_factory=lambda: [np.zeros(1, np.int64)])
    pairs: list[NDArray[np.int64]] = field(default_factory=list)
    last: int = 0

    def add(self, pixels: Plane, values: Plane, amount: int) -> None:
        """Take in the pieces 1 to `amount` of a block."""
        kinds = np.zeros(amount + 1, np.int64)
        kinds[pixels.ravel()] = values.ravel()  # all pixels of a piece have one value
        self.values.append(kinds[1:])
        self.sizes.append(np.bincount(pixels.ravel(), minlength=amount + 1)[1:])
        self.last += amount
        if self.last > _MOST:
            raise ValueError("There are more than two billion pieces: these are no objects.")

    def touch(self, one: Plane, other: Plane) -> None:
        """Remember which numbers lie beside each other in two planes of one shape."""
        both = (one > 0) & (other > 0)
        keys = one[both].astype(np.int64) << 32 | other[both]
        if keys.size:  # runs first: what is left to sort is a hundredth
            keys = keys[np.flatnonzero(np.diff(keys, prepend=keys[0] - 1))]
            self.pairs.append(np.unique(keys))

    def pieces(self) -> Pieces:
        """Pieces that touch and have one value become one."""
        values, sizes = np.concatenate(self.values), np.concatenate(self.sizes)
        keys = np.unique(np.concatenate([*self.pairs, np.zeros(0, np.int64)]))
        one, other = keys >> 32, keys & 0xFFFFFFFF
        same = values[one] == values[other]
        edges = (np.ones(int(same.sum()), bool), (one[same], other[same]))
        graph = coo_array(edges, shape=(len(values),) * 2)
        _, group = connected_components(graph, directed=False)
        _, first, group = np.unique(group, return_index=True, return_inverse=True)
        rank = np.empty(len(first), np.int32)
        rank[np.argsort(first)] = np.arange(len(first))
        number = rank[group]  # piece 0 is the background: it touches nothing and comes first
        begin = np.sort(first)
        whole = np.bincount(number, weights=sizes).astype(np.int64)
        return Pieces(number, values[begin], whole)


def label_pieces(
    source: Source,
    out: Volume,
    how: Neighbours,
    pace: Pace,
    look: Look | None = None,
) -> Generator[Tick, Signal | None, Pieces]:
    """Pieces of equal values above 0, written into `out` under provisional numbers.

    Parameters
    ----------
    source
        Values; 0 belongs to no piece.
    out
        Whole numbers of at least 32 bits and the source's shape.
    how
        Which pixels belong together.
    pace
        Told of each block; after STOP the sections seen so far count.
    look
        Called with each block and its provisional numbers.
    """
    found = _Found()
    for block in blocks(source.shape, EDGE):
        values = source.get(block.z, block.y, block.x)
        pixels, amount = label(values, background=0, connectivity=1 + how.corners, return_num=True)
        found.add(pixels, values, amount)
        numbers = np.where(pixels > 0, pixels + (found.last - amount), 0).astype(np.int32)
        out.put(block.z, block.y, block.x, numbers)
        _join(found, out, block, numbers, how)
        if look is not None:
            look(block, numbers)
        yield from pace.step(f"z {block.z + 1} of {source.shape[0]}")
        if pace.stopped:
            break
    return found.pieces()


def rewrite(
    volume: Volume, table: NDArray[Any], pace: Pace
) -> Generator[Tick, Signal | None, None]:
    """Put ``table[value]`` in the place of each value."""
    if np.array_equal(table, np.arange(len(table))):
        return
    for block in blocks(volume.shape, EDGE):
        values = volume.get(block.z, block.y, block.x)
        volume.put(block.z, block.y, block.x, table[values])
        yield from pace.step(f"z {block.z + 1} of {volume.shape[0]}")


def _join(found: _Found, out: Volume, block: Block, numbers: Plane, how: Neighbours) -> None:
    """Which pieces of a block go on in those that were seen before it."""
    reach = (-1, 0, 1) if how.corners else (0,)
    y, x = block.grown((out.shape[1], out.shape[2]))
    if block.y.start > 0:
        row = slice(block.y.start - 1, block.y.start)
        _shifted(found, numbers[:1], out.get(block.z, row, x), (block.x, x), reach)
    if block.x.start > 0:
        side = slice(block.x.start - 1, block.x.start)
        before = out.get(block.z, block.y, side)
        _shifted(found, numbers[:, :1].T, before.T, (block.y, block.y), reach)
    if block.z > 0 and how.through:
        before = out.get(block.z - 1, y, x)
        top, left = block.y.start - y.start, block.x.start - x.start
        for dy, dx in how.shifts:
            ours, theirs = overlap(numbers, before, (top + dy, left + dx))
            found.touch(ours, theirs)


def _shifted(
    found: _Found, ours: Plane, theirs: Plane, spans: tuple[slice, slice], reach: tuple[int, ...]
) -> None:
    """Touch along a border, one pixel wide, of a block."""
    for shift in reach:
        one, other = overlap(ours, theirs, (0, spans[0].start - spans[1].start + shift))
        found.touch(one, other)


def overlap(ours: Plane, theirs: Plane, corner: tuple[int, int]) -> tuple[Plane, Plane]:
    """The parts of two planes that lie on each other; ours begins at `corner` of theirs."""
    cuts = []
    for start, n, m in zip(corner, ours.shape, theirs.shape, strict=True):
        low, high = max(start, 0), min(start + n, m)
        cuts.append((slice(low - start, high - start), slice(low, high)))
    (y, at_y), (x, at_x) = cuts
    return ours[y, x], theirs[at_y, at_x]
