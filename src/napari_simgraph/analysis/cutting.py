"""Cutting an object in two: by a line across it, and on through the sections above and below."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.draw import line as line_pixels
from skimage.measure import label
from skimage.segmentation import watershed

Mask = NDArray[np.bool_]

_ASIDE = 2.0  # px from the line: where the two sides begin to grow
_END = 0.5  # px beyond the end of a line: round it both sides grow from nothing but their own
# A piece of which less than this share lies on one side belongs wholly to the other: the outline
# of a cell moves by a few pixels from section to section.
_SLIVER = 0.1


class Halves(NamedTuple):
    """The two parts of an object in a section; together they are all of it."""

    one: Mask
    other: Mask


def cut(mask: Mask, line: Sequence[tuple[float, float]]) -> Halves | None:
    """The parts of an object ``(Y, X)`` on both sides of a line; None where it parts nothing.

    Parameters
    ----------
    mask
        The object.
    line
        Corners as rows and columns. Where it ends inside the object, both sides grow on at equal
        speed until they meet.

    Notes
    -----
    A watershed on the flat object from two markers, the pixels beside the line: each pixel goes
    to the marker that is nearer on a way inside the object that does not cross the line.
    """
    if not mask.any():
        return None
    box = _around(mask)
    inside = mask[box]
    moved = [(y - box[0].start, x - box[1].start) for y, x in line]
    drawn = _drawn(moved, inside.shape)
    side = _side(moved, inside.shape)
    near = ndimage.distance_transform_edt(~drawn) <= _ASIDE
    markers = np.where(inside & near & ~drawn & (side != 0), np.where(side > 0, 1, 2), 0)
    if not (drawn.any() and (markers == 1).any() and (markers == 2).any()):
        return None
    grown = watershed(np.zeros(inside.shape, np.uint8), markers, mask=inside & ~drawn)
    return _placed(_nearest(grown, inside), box, mask.shape)


def follow(mask: Mask, before: Halves) -> Halves:
    """The two parts of an object in the next section, by what they overlap in this one.

    Parameters
    ----------
    mask
        The object in the next section. A piece that overlaps neither belongs to the first part.
    before
        Its parts in the section before.
    """
    box = _around(mask)
    inside, sides = mask[box], [part[box] for part in before]
    pieces, many = label(inside, connectivity=2, return_num=True)
    shares = [np.bincount(pieces[part & inside], minlength=many + 1) for part in sides]
    total = np.maximum(shares[0] + shares[1], 1)
    one, other = (share > _SLIVER * total for share in shares)
    parts = np.where(inside, np.where((other & ~one)[pieces], 2, 1), 0)
    for piece in range(1, many + 1):
        if one[piece] and other[piece]:
            whole = pieces == piece
            markers = np.where(sides[0], 1, np.where(sides[1], 2, 0)) * whole
            grown = watershed(np.zeros(inside.shape, np.uint8), markers, mask=whole)
            parts[whole] = grown[whole]
    return _placed(parts, box, mask.shape)


def _around(mask: Mask) -> tuple[slice, slice]:
    """Rows and columns of a mask."""
    y, x = (
        slice(int(ends[0]), int(ends[-1]) + 1)
        for ends in (np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0)))
    )
    return y, x


def _placed(parts: NDArray[Any], box: tuple[slice, slice], shape: tuple[int, ...]) -> Halves:
    """Parts 1 and 2 of a rectangle as masks of the whole section."""
    masks = [np.zeros(shape, bool) for _ in range(2)]
    for number, mask in enumerate(masks, 1):
        mask[box] = parts == number
    return Halves(*masks)


def _nearest(parts: NDArray[Any], mask: Mask) -> NDArray[Any]:
    """The parts, with each pixel of the mask that has none given to the nearest one."""
    if (parts[mask] > 0).all():
        return parts
    _, at = ndimage.distance_transform_edt(parts == 0, return_indices=True)
    return np.where(mask, parts[tuple(at)], 0)


def _drawn(line: Sequence[tuple[float, float]], shape: tuple[int, ...]) -> Mask:
    """The pixels of a line, so thick that no way leads through it at a corner."""
    drawn = np.zeros(shape, bool)
    for start, end in pairwise(line):
        y, x = line_pixels(*(round(value) for value in (*start, *end)))
        inside = (y >= 0) & (y < shape[0]) & (x >= 0) & (x < shape[1])
        drawn[y[inside], x[inside]] = True
    square = np.ones((2, 2), bool)
    thick: Mask = ndimage.binary_dilation(drawn, square)
    return thick


def _side(line: Sequence[tuple[float, float]], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Above 0 left of a line, below 0 right of it, 0 beyond its ends."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(float)
    nearest, side, past = np.full(shape, np.inf), np.zeros(shape), np.zeros(shape)
    for (top, left), (bottom, right) in pairwise(line):
        dy, dx = bottom - top, right - left
        length = max(dy * dy + dx * dx, 1e-9)
        there = ((y - top) * dy + (x - left) * dx) / length
        along = there.clip(0, 1)
        apart = (y - top - along * dy) ** 2 + (x - left - along * dx) ** 2
        closer = apart < nearest
        nearest[closer] = apart[closer]
        side[closer] = ((x - left) * dy - (y - top) * dx)[closer]
        past[closer] = (np.abs(there - along) * np.sqrt(length))[closer]
    return np.where(past > _END, 0, side)
