"""Drawn shapes as masks of a section, and masks as shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.draw import polygon
from skimage.measure import find_contours

from napari_simgraph.core.live import Region

_CORNERS = 64  # of an ellipse as a polygon: closer than a pixel up to some 800 px across


def region_of(points: NDArray[Any], kind: str, shape: Sequence[int]) -> Region | None:
    """The region of a shape of napari's in pixels of an image; None where it covers none.

    Parameters
    ----------
    points
        Its corners ``(N, 2)`` or ``(N, 3)``.
    kind
        ``rectangle``, ``ellipse``, ``polygon``, ``path``; a ``line`` covers nothing.
    shape
        Of the image.
    """
    if kind == "line" or len(points) < 3:
        return None
    corners = _ellipse(points[:, -2:]) if kind == "ellipse" else points[:, -2:]
    z = round(float(points[0, 0])) if points.shape[1] == 3 else 0
    rows, columns = polygon(corners[:, 0], corners[:, 1], tuple(shape[-2:]))
    if not len(rows) or (len(shape) == 3 and not 0 <= z < shape[0]):
        return None
    top, left = int(rows.min()), int(columns.min())
    mask = np.zeros((int(rows.max()) - top + 1, int(columns.max()) - left + 1), bool)
    mask[rows - top, columns - left] = True
    return Region(z, top, left, mask)


def outline(region: Region, ndim: int) -> tuple[NDArray[Any], str]:
    """Corners and kind of the shape that a region is drawn as."""
    height, width = region.mask.shape
    if region.mask.all():
        bottom, right = region.top + height - 1, region.left + width - 1
        corners = [(region.top, region.left), (region.top, right), (bottom, right)]
        corners, kind = [*corners, (bottom, region.left)], "rectangle"
    else:
        found = find_contours(np.pad(region.mask, 1).astype(float), 0.5)
        longest = max(found, key=len)[:-1] - 1
        corners, kind = [(y + region.top, x + region.left) for y, x in longest], "polygon"
    points = np.asarray(corners, float)
    if ndim == 3:
        points = np.insert(points, 0, region.z, axis=1)
    return points, kind


def same(one: Region, other: Region) -> bool:
    """Whether two regions cover the same pixels."""
    here, there = (one.z, one.top, one.left), (other.z, other.top, other.left)
    return here == there and np.array_equal(one.mask, other.mask)


def _ellipse(box: NDArray[Any]) -> NDArray[Any]:
    middle, across = box.mean(0), (box[1] - box[0]) / 2
    along = (box[-1] - box[0]) / 2
    turn = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)[:, None]
    round_it: NDArray[Any] = middle + np.cos(turn) * across + np.sin(turn) * along
    return round_it
