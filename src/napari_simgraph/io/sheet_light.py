"""Light of pictures that lie on one contact sheet although their pixels are of several kinds."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.raster import Image

WHITE = 255
_BITS = (8, 10, 12, 14, 16, 32, 64)  # of cameras; their files have 8, 16 or 32


class Light(NamedTuple):
    """The values that are shown black and white."""

    black: float
    white: float

    def shown(self, pixels: NDArray[Any]) -> NDArray[np.uint8]:
        """Pixels as bytes from black to white; what is no number is black."""
        light = (pixels.astype(np.float64) - self.black) / (self.white - self.black)
        found: NDArray[np.uint8] = np.round(WHITE * np.nan_to_num(light).clip(0, 1)).astype(
            np.uint8
        )
        return found


def light_of(image: Image) -> Light:
    """From 0 to what the camera could tell, or from the lowest to the highest value.

    Cameras of 10, 12 and 14 bits write 16: the fewest bits that hold a picture count. Numbers with
    a point or below zero have no such range.
    """
    values = image.section(image.sections // 2, level=len(image.levels) - 1)
    if values.dtype.kind == "b":
        return Light(0, 1)
    known = values[np.isfinite(values)]
    if not known.size:
        return Light(0, 1)
    low, high = float(known.min()), float(known.max())
    if values.dtype.kind in "ui" and low >= 0:
        return Light(0, float(next(2**bits - 1 for bits in _BITS if high < 2**bits)))
    return Light(low, high if high > low else low + 1)
