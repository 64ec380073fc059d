"""Splitting: the connected parts of a mask, cut where they are narrow."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import label
from skimage.morphology import local_maxima
from skimage.segmentation import watershed

from napari_simgraph.analysis.agglomeration import Numbers, touching

_SMOOTH = 1.0  # px: pixel steps of an outline are no bulges
# A neck below this share of the narrower part's width parts two objects: two equal discs are
# told apart while their centres are at least 1.5 radii from each other.
_NECK = 0.65


def split(mask: NDArray[np.bool_], smallest: int = 0) -> Numbers:
    """Objects ``(Y, X)`` from 1 in a mask; 0 outside it and where fewer pixels hang together.

    Notes
    -----
    A watershed of the distance from the outside, one part a maximum. Parts are joined again, the
    widest passage first, unless it is a neck.
    """
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    depth = ndimage.gaussian_filter(depth.astype(np.float32), _SMOOTH)
    depth[~mask] = 0
    seeds = label(local_maxima(depth) & mask, connectivity=2)
    parts: Numbers = watershed(-depth, seeds, mask=mask)
    joined = _joined(parts, depth)[parts]
    objects = label(np.where(mask, joined, 0), background=0, connectivity=1)
    sizes = np.bincount(objects.ravel())
    keep = sizes >= max(smallest, 1)
    keep[0] = False
    numbers: Numbers = np.where(keep, keep.cumsum(), 0).astype(np.int32)[objects]
    return numbers


def _joined(parts: Numbers, depth: NDArray[Any]) -> NDArray[np.int64]:
    """For each part the one that it is joined to in the end."""
    amount = int(parts.max()) + 1
    peak = np.zeros(amount)
    np.maximum.at(peak, parts, depth)
    home = list(range(amount))

    def root(part: int) -> int:
        while home[part] != part:
            home[part] = home[home[part]]
            part = home[part]
        return part

    passages = _passages(parts, depth)
    for width, one, other in sorted(passages, reverse=True):
        a, b = root(one), root(other)
        if a != b and width >= _NECK * min(peak[a], peak[b]):
            home[max(a, b)] = min(a, b)
            peak[min(a, b)] = max(peak[a], peak[b])
    return np.array([root(part) for part in range(amount)])


def _passages(parts: Numbers, depth: NDArray[Any]) -> list[tuple[float, int, int]]:
    """Half the width of the widest passage between parts that touch, and which they are."""
    span = int(parts.max()) + 1
    keys, widths = [], []
    for before, after, apart, key in touching(parts):
        keys.append(key)
        widths.append(np.minimum(depth[before][apart], depth[after][apart]))
    key, at = np.unique(np.concatenate(keys), return_inverse=True)
    widest = np.zeros(len(key))
    np.maximum.at(widest, at, np.concatenate(widths))
    pairs = zip(widest.tolist(), (key // span).tolist(), (key % span).tolist(), strict=True)
    return [pair for pair in pairs if pair[1] > 0]  # 0 is the outside
