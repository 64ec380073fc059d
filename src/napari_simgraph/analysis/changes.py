"""Changes: what is different between two versions of a result, section by section."""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.job import Progress, Signal
from napari_simgraph.core.raster import Labels

# An old object is part of a new one where more than this share of it lies in it, and the other
# way round: so a border that moved a little joins and splits nothing.
_MOST = 0.5
_SMALL = 10  # px of an object below which it is noise
OTHER_SHAPE = "The two versions have other shapes: choose results on the same image."


class Changes(NamedTuple):
    """Share of pixels that changed, from 0 to 1; and how many objects were joined and split.

    `joined` counts the old objects that lie with others in a new one, `split` the new ones that lie
    with others in an old one. Both are 0 for classes.
    """

    pixels: float
    joined: int = 0
    split: int = 0

    def text(self) -> str:
        """As the dock says it."""
        shown = f"{100 * self.pixels:.1f} % of pixels changed"
        if not (self.joined or self.split):
            return f"{shown}."
        return f"{shown}, {self.joined} objects joined, {self.split} split."


def changes(before: Labels, after: Labels) -> Generator[Progress, Signal | None, Changes]:
    """What changed from one version to the next.

    Raises
    ------
    ValueError
        They lie on other images, or one names classes and the other objects.
    """
    if before.shape != after.shape or before.exclusive != after.exclusive:
        raise ValueError(OTHER_SHAPE)
    if before.meaning != after.meaning:
        raise ValueError("One version names classes, the other objects: choose two alike.")
    total, different = 0, 0
    found: dict[tuple[int, int], int] = {}
    for z, box in before.squares():
        old, new = before.section(z, box), after.section(z, box)
        total += old.size
        if before.meaning == "classes":
            different += int((old != new).sum())
        else:
            _count(old, new, found)
        done = (z + box[0].stop / before.plane[0]) / before.sections
        yield Progress(done, f"comparing z {z} of {before.sections}")
    if before.meaning == "classes":
        return Changes(different / total)
    return _of_objects(found, total)


def _count(
    old: NDArray[np.integer], new: NDArray[np.integer], found: dict[tuple[int, int], int]
) -> None:
    """Add the pixels of each pair of an old and a new object."""
    pairs = (old.ravel().astype(np.uint64) << np.uint64(32)) | new.ravel().astype(np.uint64)
    some, counts = np.unique(pairs, return_counts=True)
    for pair, count in zip(some.tolist(), counts.tolist(), strict=True):
        both = (pair >> 32, pair & 0xFFFFFFFF)
        found[both] = found.get(both, 0) + count


def _of_objects(found: dict[tuple[int, int], int], total: int) -> Changes:
    keys = np.array(list(found), np.int64).reshape(-1, 2)
    counts = np.array(list(found.values()), np.int64)
    same = _best(keys[:, 0], counts) & _best(keys[:, 1], counts) | (keys == 0).all(1)
    different = total - int(counts[same].sum())
    real = (keys > 0).all(1)
    keys, counts = keys[real], counts[real]
    return Changes(
        different / total,
        _together(keys[:, 0], keys[:, 1], counts),
        _together(keys[:, 1], keys[:, 0], counts),
    )


def _best(group: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which pair is the largest of its group."""
    order = np.lexsort((-counts, group))
    first = np.ones(len(order), bool)
    first[1:] = group[order][1:] != group[order][:-1]
    best = np.zeros(len(order), bool)
    best[order[first]] = True
    return best


def _together(
    parts: NDArray[np.int64], wholes: NDArray[np.int64], counts: NDArray[np.int64]
) -> int:
    """How many parts lie, for the most part, in a whole that holds others as well."""
    if not len(counts):
        return 0
    _, number = np.unique(parts, return_inverse=True)
    size = np.bincount(number, counts)
    inside = (counts > _MOST * size[number]) & (size[number] >= _SMALL)
    _, held = np.unique(wholes[inside], return_counts=True)
    return int(held[held > 1].sum())
