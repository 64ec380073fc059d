"""Filling in between two sections, and rounding: shapes from shapes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import label, regionprops

Mask = NDArray[np.bool_]

# Two pieces that don't overlap are one that moved while they are no farther apart than this many
# times the size (square root of the area) of the smaller one.
_MOVED = 4.0


class _Piece(NamedTuple):
    mask: Mask
    centre: NDArray[np.float64]
    area: float


def between(first: Mask, last: Mask, sections: int) -> list[Mask]:
    """The masks ``(Y, X)`` of as many sections between two that are painted.

    Parameters
    ----------
    first, last
        The object in both.
    sections
        How many lie between them.

    Notes
    -----
    Each is where the mean of the signed distances to the two outlines, weighted by nearness, is
    inside. Pieces that don't overlap are paired with the nearest and moved onto each other first;
    a piece without partner is left out.

    References
    ----------
    Raya and Udupa 1990, IEEE TMI 9:32: shape-based interpolation.
    """
    made = [np.zeros(first.shape, bool) for _ in range(sections)]
    whole = np.argwhere(first | last)
    if not len(whole):
        return made
    # What lies between is never outside a box around both: all else would only cost time.
    (top, left), (bottom, right) = whole.min(0), whole.max(0) + 1
    box = slice(top, bottom), slice(left, right)
    for mask, part in zip(made, _between(first[box], last[box], sections), strict=True):
        mask[box] = part
    return made


def _between(first: Mask, last: Mask, sections: int) -> list[Mask]:
    made = [np.zeros(first.shape, bool) for _ in range(sections)]
    for one, other in _pairs(first, last):
        shift = other.centre - one.centre if not (one.mask & other.mask).any() else np.zeros(2)
        start, end = _depth(one.mask), _depth(other.mask)
        for number, mask in enumerate(made, 1):
            t = number / (sections + 1)
            mean = (1 - t) * _shifted(start, t * shift) + t * _shifted(end, (t - 1) * shift)
            mask |= mean > 0
    return made


def smooth(mask: Mask, width: float) -> Mask:
    """A rounder mask of about the same size.

    Parameters
    ----------
    mask
        ``(Y, X)``, in a frame of background if it touches no edge of the picture.
    width
        Pixels: bumps and dents narrower than twice this are taken off.
    """
    around: Mask = ndimage.gaussian_filter(mask.astype(np.float32), width, mode="nearest") > 0.5
    return around


def _pairs(first: Mask, last: Mask) -> list[tuple[_Piece, _Piece]]:
    """What belongs together in both: all that overlaps, then what is near."""
    one, other = (label(mask, connectivity=2) for mask in (first, last))
    both = first & last
    groups = label(first | last, connectivity=2)
    pairs: list[tuple[_Piece, _Piece]] = []
    done = set(np.unique(groups[both]).tolist()) - {0}
    for group in done:
        inside = groups == group
        pairs.append((_piece(first & inside), _piece(last & inside)))
    alone = [_pieces(numbers, groups, done) for numbers in (one, other)]
    near = [
        (float(np.hypot(*(b.centre - a.centre))) / np.sqrt(min(a.area, b.area)), i, j)
        for i, a in enumerate(alone[0])
        for j, b in enumerate(alone[1])
    ]
    used: list[set[int]] = [set(), set()]
    for far, i, j in sorted(near):
        if far <= _MOVED and i not in used[0] and j not in used[1]:
            pairs.append((alone[0][i], alone[1][j]))
            used[0].add(i)
            used[1].add(j)
    return pairs


def _pieces(numbers: NDArray[Any], groups: NDArray[Any], done: set[int]) -> list[_Piece]:
    """The pieces that are in none of the groups that were dealt with."""
    found = []
    for region in regionprops(numbers):
        y, x = region.coords[0]
        if int(groups[y, x]) not in done:
            found.append(_piece(numbers == region.label))
    return found


def _piece(mask: Mask) -> _Piece:
    places = np.argwhere(mask)
    return _Piece(mask, places.mean(0), float(len(places)))


def _depth(mask: Mask) -> NDArray[np.float64]:
    """Distance to the outline, above 0 inside and below 0 outside."""
    inside = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    outside = ndimage.distance_transform_edt(~mask)
    depth: NDArray[np.float64] = np.where(mask, inside - 0.5, 0.5 - outside)
    return depth


def _shifted(values: NDArray[np.float64], by: NDArray[np.float64]) -> NDArray[np.float64]:
    if not by.any():
        return values
    moved: NDArray[np.float64] = ndimage.shift(values, by, order=1, mode="nearest")
    return moved
