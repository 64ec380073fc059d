"""Keeping: objects of a later run, with those that a person corrected as they were left."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.blocks import Block, Pace, Plane, Source, Volume, blocks
from napari_simgraph.analysis.corrected import Corrected
from napari_simgraph.analysis.linking import Overlap
from napari_simgraph.core.job import Signal, Tick

_SAME = 0.25  # of the pixels that either has: such objects of two runs are one
_MAIN = 0.5  # of an object: more than this lies in one other at most
_SMALLEST = 64  # px: smaller pieces neither join nor split anything


class Compared(NamedTuple):
    """How two versions of objects differ.

    Parameters
    ----------
    changed
        Share of the pixels whose object is another one, 0 to 1.
    joined, split
        Objects of the new version that hold most of two or more old ones, and objects of the old
        version of which two or more new ones hold a part each.
    """

    changed: float
    joined: NDArray[np.int64]
    split: NDArray[np.int64]


def keep_corrected(
    made: Any, before: Corrected, pace: Pace
) -> Generator[Tick, Signal | None, NDArray[np.int64]]:
    """For each number that was made the one that it has now; what was corrected stays as it was.

    Objects that are the same in both versions keep their old number, others get new ones.

    Parameters
    ----------
    made
        Array of the objects that were made; written into.
    before
        The corrected objects of the same picture.
    pace
        Told of each block, of which each is seen twice.
    """
    target, locked = Volume(made, made.ndim), before.locked
    overlap = Overlap()
    highest = 0
    for block in blocks(target.shape):
        new, old = _both(target, before, block)
        overlap.add(new, old)
        highest = max(highest, int(new.max()))
        yield from pace.step("keeping what you corrected")
    one, other = overlap.partners(_SAME)
    numbers = before.highest + np.arange(highest + 1)
    numbers[0] = 0
    # What lies on a corrected object is that object, and beyond its outline it is nothing.
    numbers[one] = np.where(np.isin(other, locked), 0, other)
    for block in blocks(target.shape):
        new, old = _both(target, before, block)
        below = before.tiles.below(block.z, block.y, block.x)
        stays = np.isin(old, locked) | ((old == 0) & (below > 0))
        values = np.where(stays, old, numbers[new]).astype(made.dtype)
        target.put(block.z, block.y, block.x, values)
        yield from pace.step("keeping what you corrected")
    numbers[one] = other
    return numbers


def compare(new: Source, old: Source, pace: Pace) -> Generator[Tick, Signal | None, Compared]:
    """How two versions of the objects of a picture differ, whatever their numbers are."""
    overlap = Overlap()
    for block in blocks(new.shape):
        place = (block.z, block.y, block.x)
        overlap.add(new.get(*place), old.get(*place))
        yield from pace.step("comparing with the last run")
    one, other, common = overlap.common()
    partners = dict(zip(*(numbers.tolist() for numbers in overlap.partners(_SAME)), strict=True))
    partners[0] = 0
    same = np.array(
        [partners.get(a) == b for a, b in zip(one.tolist(), other.tolist(), strict=True)], bool
    )
    changed = int(common[~same].sum()) / max(1, int(common.sum()))
    inside = (one > 0) & (other > 0) & (common >= _SMALLEST)
    joined = _holders(one, other, common, inside)
    split = _holders(other, one, common, inside)
    return Compared(changed, joined, split)


def _holders(
    holder: NDArray[np.int64],
    held: NDArray[np.int64],
    common: NDArray[np.int64],
    inside: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """The objects that hold most of two others or more."""
    sizes = np.bincount(held, common)
    main = inside & (common > _MAIN * sizes[held])
    numbers, many = np.unique(holder[main], return_counts=True)
    return numbers[many > 1].astype(np.int64)


def _both(target: Volume, before: Corrected, block: Block) -> tuple[Plane, Plane]:
    place = (block.z, block.y, block.x)
    return target.get(*place), before.get(*place)
