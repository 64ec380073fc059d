"""Parting: from how sure each class is to the objects in one block of a section."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.agglomeration import Hierarchy, Numbers, hierarchy
from napari_simgraph.analysis.splitting import split
from napari_simgraph.core.classes import ClassTable

# Where nothing was kept aside: best on sections 0-17 of ISBI 2012 (docs/benchmarks.md).
THRESHOLD = 0.86


@dataclass(frozen=True)
class Parting:
    """What an object is.

    Parameters
    ----------
    classes, exclusive
        What the channels of the probability map mean; whether a pixel has one class.
    boundary
        The value of the class that bounds objects; 0 for objects of each class.
    threshold
        How sure a boundary has to be to part two objects.
    smallest
        Pixels; smaller objects go to a neighbour, or are left out where there is none.
    beside
        Whether the sections above and below help to decide which boundaries part objects.
    weight
        How much more a boundary pixel counted when the network learned.
    """

    classes: ClassTable
    exclusive: bool = True
    boundary: int = 0
    threshold: float = THRESHOLD
    smallest: int = 0
    beside: bool = False
    weight: float = 1.0

    @property
    def planes(self) -> int:
        """How many labellings there are: one, or one a class where classes overlap."""
        return 1 if self.exclusive else len(self.classes)

    def bounded(self, plane: int) -> bool:
        """Whether the objects of a plane lie between boundaries."""
        return bool(self.boundary) and (self.exclusive or plane == self.boundary - 1)


class Parted(NamedTuple):
    """Objects ``(Y, X)`` from 1, 0 between them, and how much of each class is in each.

    `amounts` is ``(N + 1, K)``, row 0 unused.
    """

    objects: Numbers
    amounts: NDArray[np.float64]


def part(chances: NDArray[Any], plane: int, how: Parting, tree: Hierarchy | None = None) -> Parted:
    """The objects of a block of one section.

    Parameters
    ----------
    chances
        ``(Y, X, K)`` probability of each class.
    plane
        Which class is looked at where they overlap; else 0.
    how
        What an object is.
    tree
        What boundaries part, where that is known already; else it is found in `chances`.

    Notes
    -----
    Inside a boundary, cells are found by agglomeration and meet in a line one pixel wide. All else
    is what hangs together, cut where it is narrow. Classes called background have no objects.
    """
    if how.bounded(plane):
        wall = chances[..., how.boundary - 1]
        return _cells(chances, hierarchy(wall, how.smallest) if tree is None else tree, how)
    if how.exclusive:
        return _each_class(chances, how)
    return _of_class(split(chances[..., plane] > 0.5, how.smallest), plane, how)


def _cells(chances: NDArray[Any], tree: Hierarchy, how: Parting) -> Parted:
    wall = how.boundary - 1
    cells = tree.cut(how.threshold)
    if not how.exclusive:
        amounts = np.zeros((int(cells.max()) + 1, len(how.classes)))
        amounts[1:, wall] = 1
    else:
        amounts = _amounts(cells, chances)
        amounts[:, wall] = 0
    empty = np.isin(amounts.argmax(1) + 1, how.classes.backgrounds())
    hidden = (tree.contours() > how.threshold) | empty[cells]
    return Parted(np.where(hidden, 0, cells).astype(np.int32), amounts)


def _each_class(chances: NDArray[Any], how: Parting) -> Parted:
    found = chances.argmax(-1)
    objects, last, kinds = np.zeros(found.shape, np.int32), 0, [0]
    for row in how.classes:
        if row.value not in how.classes.backgrounds():
            parts = split(found == row.value - 1, how.smallest)
            objects = np.where(parts > 0, parts + last, objects).astype(np.int32)
            kinds += [row.value - 1] * int(parts.max())
            last = len(kinds) - 1
    amounts = np.zeros((len(kinds), len(how.classes)))
    amounts[np.arange(1, len(kinds)), kinds[1:]] = 1
    return Parted(objects, amounts)


def _of_class(objects: Numbers, plane: int, how: Parting) -> Parted:
    amounts = np.zeros((int(objects.max()) + 1, len(how.classes)))
    amounts[1:, plane] = 1
    return Parted(objects, amounts)


def _amounts(objects: Numbers, chances: NDArray[Any]) -> NDArray[np.float64]:
    """Sums of the chances of each class over each object, ``(N + 1, K)``."""
    flat, span = objects.ravel(), int(objects.max()) + 1
    each = [np.bincount(flat, chances[..., k].ravel(), span) for k in range(chances.shape[-1])]
    return np.stack(each, -1).astype(np.float64)
