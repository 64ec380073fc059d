"""Taught: what corrections of objects say about the classes of pixels, and nothing beyond."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import find_boundaries

from napari_simgraph.analysis.blocks import Pace, Plane
from napari_simgraph.analysis.corrected import Corrected, Step
from napari_simgraph.core.job import Signal, Tick

_AROUND = 8  # px around the objects of a step: their walls lie there
_INSIDE = 2  # px from the outline: surely inside
_SQUARE = np.ones((3, 3), bool)


@dataclass(frozen=True)
class Meaning:
    """What objects mean as classes.

    Parameters
    ----------
    wall
        The class that bounds objects.
    inside
        The class of the inside of any object, where there is but one; else 0: an organelle in a
        cell is no cytoplasm, so nothing is said of it.
    kinds
        The class of each object by its number, 0 where it isn't known.
    """

    wall: int
    inside: int
    kinds: NDArray[np.uint8]


def taught(
    objects: Corrected, meaning: Meaning, out: Any, pace: Pace
) -> Generator[Tick, Signal | None, int]:
    """How many steps said something; what they say is written into `out` where it holds 0.

    Of each step counts the section in which it was done, which is what the person looked at: walls
    between corrected objects and around them, insides, and where a wall was taken away.

    Parameters
    ----------
    objects
        Corrected objects, as they are now.
    meaning
        What they mean.
    out
        uint8 of their shape.
    pace
        Told of each step.
    """
    said = 0
    for step in objects.steps:
        numbers = np.array([objects.table.now(n) for n in step.objects], np.int64)
        found = _of_step(objects, step, numbers[numbers > 0], meaning)
        if found is not None:
            rows, columns, classes = found
            place = (step.place[0], rows, columns)[3 - objects.ndim :]
            target = out[place]
            target[target == 0] = classes[target == 0]
            said += bool(classes.any())
        yield from pace.step("reading your corrections")
    return said


def _of_step(
    objects: Corrected, step: Step, numbers: NDArray[np.int64], meaning: Meaning
) -> tuple[slice, slice, Plane] | None:
    """Classes in a rectangle of the section of a step; None where its objects are not there."""
    section = objects.section(step.place[0])
    box = _box(np.isin(section, numbers))
    if step.kind == "delete" or box is None:
        return None
    now, before = section[box], objects.tiles.below(step.place[0], *box)
    mine = np.isin(now, numbers)
    deep = ndimage.binary_erosion(mine & ~find_boundaries(now, mode="inner"), _SQUARE, _INSIDE)
    classes = np.zeros(now.shape, np.uint8)
    classes[deep] = meaning.inside
    gone = deep & find_boundaries(before, mode="thick")  # a wall was there and is no more
    kinds = np.append(meaning.kinds, np.uint8(0))
    known = np.where(now < len(meaning.kinds), now, len(meaning.kinds))
    classes[gone] = kinds[known[gone]]
    around = ndimage.binary_dilation(mine, _SQUARE) & (now == 0)
    beside = ndimage.grey_dilation(np.where(mine, now, 0), footprint=_SQUARE)
    meet = mine & (beside > now)  # one side of where two corrected objects touch
    classes[around | meet] = meaning.wall
    return (*box, classes)


def _box(mask: NDArray[np.bool_]) -> tuple[slice, slice] | None:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return None
    y, x = (
        slice(max(int(ends[0]) - _AROUND, 0), int(ends[-1]) + _AROUND + 1)
        for ends in (rows, columns)
    )
    return y, x
