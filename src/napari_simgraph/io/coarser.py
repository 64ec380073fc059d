"""Coarser levels for large pictures that have none: means of 2 x 2 pixels, made when looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.raster import Image
from napari_simgraph.io.lazy import PlaneCache, Planes
from napari_simgraph.io.pictures import Decode

# Graphics cards show pictures up to 16384 px, some only 8192; larger ones were shown coarsely.
_LARGE = 4096
_SMALL = 1024  # px; levels are added until the picture fits a screen
# A level is made from the whole of the one before: beyond this it would take minutes.
_MOST_BYTES = 2**30
_STRIP = 1024  # rows turned at a time


def with_levels(image: Image) -> Image:
    """The image with coarser levels where it is large and has one only; else as it is."""
    if len(image.levels) > 1 or max(image.plane) <= _LARGE or too_large(image):
        return image
    levels, cache = list(image.levels), PlaneCache()
    lead, plane = image.shape[:-2], image.plane
    tail = tuple(image.levels[0].shape[len(image.shape) :])
    decode = getattr(image.levels[0], "load", None)
    while max(plane) > _SMALL:
        plane = (-(-plane[0] // 2), -(-plane[1] // 2))
        half: Any = _Half(levels[-1], len(lead))
        if isinstance(decode, Decode) and decode.can_shrink(2 ** len(levels)):
            half = decode.shrunk(2 ** len(levels))
        levels.append(Planes(lead, (*plane, *tail), image.dtype, half, cache))
    return image.replace(data=levels)


def too_large(image: Image) -> bool:
    """Whether a picture without coarser levels is too large to make some."""
    height, width = image.plane
    bytes_ = height * width * image.channels * image.dtype.itemsize
    return len(image.levels) == 1 and bytes_ > _MOST_BYTES


class _Half:
    """Plane `i` of a level at half its size."""

    def __init__(self, fine: Any, lead: int) -> None:
        self._fine, self._lead = fine, lead

    def __call__(self, i: int) -> NDArray[Any]:
        """The means, read strip by strip."""
        at = (i,) * self._lead
        height = int(self._fine.shape[self._lead])
        strips = [
            halved(np.asarray(self._fine[(*at, slice(top, min(top + _STRIP, height)))]))
            for top in range(0, height, _STRIP)
        ]
        return np.concatenate(strips)


def halved(pixels: NDArray[Any]) -> NDArray[Any]:
    """Means of 2 x 2 pixels of ``(Y, X)`` or ``(Y, X, C)``; an odd edge is its own neighbour."""
    odd = [(0, n % 2) for n in pixels.shape[:2]] + [(0, 0)] * (pixels.ndim - 2)
    even = np.pad(pixels, odd, mode="edge") if any(n for _, n in odd) else pixels
    parts = [even[y::2, x::2] for y in (0, 1) for x in (0, 1)]
    if pixels.dtype.kind == "u" and pixels.dtype.itemsize <= 2:
        total = np.full(parts[0].shape, 2, np.uint32)  # half of 4: rounds
        for part in parts:
            total += part
        total >>= 2
        return total.astype(pixels.dtype)
    mean: Any = sum(part.astype(np.float32) for part in parts) / np.float32(4)
    rounded: NDArray[Any] = np.round(mean) if pixels.dtype.kind in "uib" else mean
    return rounded.astype(pixels.dtype)
