"""Agglomeration: from a boundary probability to objects, at every threshold at once."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import label
from skimage.morphology import local_maxima
from skimage.segmentation import watershed

Numbers: TypeAlias = NDArray[np.int32]  # (Y, X) of fragments or objects, from 1
Cut: TypeAlias = tuple[slice, slice]
Sides: TypeAlias = list[dict[int, tuple[float, float]]]  # neighbour: sum and length of the border

# Chosen on sections 0-17 of ISBI 2012 (docs/benchmarks.md): V_Rand changes by less than 0.001
# between 0.1 and 0.3 and between 1 and 3 px.
SMOOTH = 1.0  # px: less than half a membrane, takes off the noise of single pixels
_INSIDE = 0.3  # below this a pixel counts as the inside of a cell when seeds are looked for
_SEED_SMOOTH = 2.0  # px: one seed for each bulge, not one for each pixel step of its outline
CERTAIN = 1e-3  # a network's 0 and 1 are not surer than this: log odds stay finite


class Borders(NamedTuple):
    """Pairs of regions that touch: numbers ``one < other``, sum of the weights, pixel pairs."""

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    total: NDArray[np.float64]
    length: NDArray[np.float64]


class Merges(NamedTuple):
    """In order: region `gone` became part of region `kept` at `height`."""

    kept: NDArray[np.int64]
    gone: NDArray[np.int64]
    height: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """Fragments of a section and the order in which they belong together.

    Parameters
    ----------
    fragments
        ``(Y, X)`` int32, from 1 without gaps; they fill the section.
    borders
        Between the fragments.
    merges
        Their heights rise: mean boundary probability of the border that went, 0 to 1.
    """

    fragments: Numbers
    borders: Borders
    merges: Merges

    def parts(self, threshold: float) -> NDArray[np.int32]:
        """The object of each fragment, indexed by its number; objects count from 1."""
        parent = np.arange(int(self.fragments.max()) + 1)
        done = self.merges.height <= threshold
        parent[self.merges.gone[done]] = self.merges.kept[done]
        while not np.array_equal(parent, above := parent[parent]):
            parent = above
        _, number = np.unique(parent, return_inverse=True)  # 0 stays: no fragment has it
        return number.astype(np.int32)

    def cut(self, threshold: float) -> Numbers:
        """Objects ``(Y, X)`` from 1: merged where the border is at most `threshold` sure."""
        return self.parts(threshold)[self.fragments]

    def contours(self) -> NDArray[np.float32]:
        """Ultrametric contour map ``(Y, X)``: where fragments meet the height at which they merge.

        0 inside fragments. Cut at any threshold it gives closed contours, those of `cut`.

        References
        ----------
        Arbelaez, Maire, Fowlkes, Malik 2011, IEEE TPAMI 33:898, section 4.
        """
        span = int(self.fragments.max()) + 1
        height = _meeting(self.borders, self.merges, span)
        known = self.borders.one * span + self.borders.other
        contours = np.zeros(self.fragments.shape, np.float32)
        for _, after, apart, keys in touching(self.fragments):
            line = contours[after]  # a line one pixel wide: on one side of each border
            line[apart] = np.maximum(line[apart], height[np.searchsorted(known, keys)])
        return contours

    def with_odds(self, more: NDArray[np.float64], smallest: int = 0) -> Hierarchy:
        """The same fragments, merged anew: each border has as many `more` log odds all along."""
        sizes = np.bincount(self.fragments.ravel())
        borders = self.borders._replace(total=self.borders.total + more * self.borders.length)
        return Hierarchy(self.fragments, borders, _merge(borders, sizes, smallest))


def hierarchy(
    boundary: NDArray[Any], smallest: int = 0, fragments: Numbers | None = None
) -> Hierarchy:
    """The objects of a section at all thresholds.

    Parameters
    ----------
    boundary
        ``(Y, X)`` probability of a boundary, 0 to 1.
    smallest
        Fragments of fewer pixels first go to the neighbour they are least parted from.
    fragments
        Those of this boundary, where they are known: finding them is nearly all of the work.

    Notes
    -----
    A watershed from the insides of cells gives fragments. Two neighbours are parted by the mean of
    the log odds of the boundary over their border; those parted least are merged, again and again
    (average linkage, so that heights never fall).

    References
    ----------
    Bailoni et al. 2022, CVPR (GASP): average linkage on signed weights. Funke et al. 2019, IEEE
    TPAMI 41:1669: fragments by watershed, agglomeration by mean affinity.
    """
    smooth = ndimage.gaussian_filter(np.asarray(boundary, np.float32), SMOOTH)
    fragments = find_fragments(smooth) if fragments is None else fragments
    borders = region_borders(fragments, _odds(smooth))
    sizes = np.bincount(fragments.ravel())
    return Hierarchy(fragments, borders, _merge(borders, sizes, smallest))


def log_odds(boundary: NDArray[Any]) -> NDArray[np.float32]:
    """What a border's weight is made of: log odds of the boundary without the noise of pixels."""
    return _odds(ndimage.gaussian_filter(np.asarray(boundary, np.float32), SMOOTH))


def _odds(smooth: NDArray[np.float32]) -> NDArray[np.float32]:
    sure = np.clip(smooth, CERTAIN, 1 - CERTAIN)
    odds: NDArray[np.float32] = np.log(sure / (1 - sure))
    return odds


def find_fragments(boundary: NDArray[np.float32]) -> Numbers:
    """More regions than there are cells: one for each bulge of the insides of a blurred boundary.

    ``(Y, X)`` from 1 without gaps.
    """
    depth = ndimage.distance_transform_edt(boundary < _INSIDE)
    depth = ndimage.gaussian_filter(depth, _SEED_SMOOTH)
    seeds = label(local_maxima(depth) & (boundary < _INSIDE), connectivity=2)
    if not seeds.any():  # nothing looks like the inside of a cell
        seeds[np.unravel_index(np.argmin(boundary), boundary.shape)] = 1
    grown: Numbers = watershed(boundary, seeds)
    return grown


def region_borders(regions: Numbers, weight: NDArray[Any]) -> Borders:
    """Which regions touch along an edge of a pixel; of its two weights the higher one counts."""
    span = int(regions.max()) + 1
    keys, weights = [], []
    for before, after, apart, key in touching(regions):
        keys.append(key)
        weights.append(np.maximum(weight[before][apart], weight[after][apart]))
    key, at, length = np.unique(np.concatenate(keys), return_inverse=True, return_counts=True)
    total = np.bincount(at, np.concatenate(weights)).astype(np.float64)
    return Borders(key // span, key % span, total, length.astype(np.float64))


def touching(regions: Numbers) -> Iterator[tuple[Cut, Cut, NDArray[np.bool_], NDArray[np.int64]]]:
    """For both axes: the pixels before and after an edge, where regions differ, and which do.

    A pair is written as one number, lower region times the number of regions plus the higher.
    """
    span, whole = int(regions.max()) + 1, slice(None)
    first, last = slice(None, -1), slice(1, None)
    for before, after in (((first, whole), (last, whole)), ((whole, first), (whole, last))):
        one, other = regions[before], regions[after]
        apart = one != other
        low = np.minimum(one[apart], other[apart]).astype(np.int64)
        yield before, after, apart, low * span + np.maximum(one[apart], other[apart])


def _merge(borders: Borders, sizes: NDArray[np.int64], smallest: int) -> Merges:
    """The order in which regions merge, and the height of each merge as a probability."""
    size = sizes.tolist()
    sides: Sides = [{} for _ in size]
    for one, other, total, length in zip(*(part.tolist() for part in borders), strict=True):
        sides[one][other] = sides[other][one] = (total, length)

    def rank(one: int, other: int) -> tuple[bool, float]:
        total, length = sides[one][other]
        return min(size[one], size[other]) >= smallest, total / length

    heap = [(*rank(a, b), a, b) for a, row in enumerate(sides) for b in row if a < b]
    heapq.heapify(heap)
    kept, gone, heights, top = [], [], [], -np.inf
    while heap:
        large, mean, one, other = heapq.heappop(heap)
        if other not in sides[one] or rank(one, other) != (large, mean):
            continue  # one of the two is gone or has changed since
        if len(sides[one]) < len(sides[other]):
            one, other = other, one
        top = max(top, mean) if large else top
        kept.append(one)
        gone.append(other)
        heights.append(top)
        changed = _absorb(sides, one, other)
        grown = size[one] < smallest
        size[one] += size[other]
        for near in sides[one] if grown else changed:
            heapq.heappush(heap, (*rank(one, near), one, near))
    height = 1 / (1 + np.exp(-np.array(heights, float)))
    return Merges(np.array(kept, np.int64), np.array(gone, np.int64), height)


def _absorb(sides: Sides, kept: int, gone: int) -> list[int]:
    """Give the borders of one region to another; the neighbours whose border changed."""
    del sides[kept][gone], sides[gone][kept]
    changed = list(sides[gone])
    for near in changed:
        total, length = sides[gone][near]
        more, longer = sides[kept].get(near, (0.0, 0.0))
        sides[kept][near] = sides[near][kept] = (total + more, length + longer)
        del sides[near][gone]
    sides[gone] = {}
    return changed


def _meeting(borders: Borders, merges: Merges, regions: int) -> NDArray[np.float64]:
    """For each border the height at which its two regions become one; 1 where they never do."""
    parent, height = np.arange(regions), np.full(regions, np.inf)
    parent[merges.gone], height[merges.gone] = merges.kept, merges.height
    # A region may become part of another and that one of a third at equal heights: the order
    # of the merges decides.
    order = np.full(regions, len(merges.gone))
    order[merges.gone] = np.arange(len(merges.gone))
    one, other = borders.one.copy(), borders.other.copy()
    met = np.zeros(len(one))
    while (climbing := one != other).any():
        for side, beside in ((one, other), (other, one)):
            up = climbing & (order[side] < order[beside])
            met[up] = height[side[up]]
            side[up] = parent[side[up]]
            climbing = one != other
    return met
