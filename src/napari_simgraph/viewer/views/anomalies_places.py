"""Odd places in the window: whether two are the same, and what lies around one."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_simgraph.analysis.odd_places import OddPlace
from napari_simgraph.core.patch_pixels import read_mirrored
from napari_simgraph.core.raster import Image

_SIDE = 64  # px of the image around a place, at least


def meet(one: OddPlace, other: OddPlace) -> bool:
    """Whether two places overlap."""
    same = (one.image, one.z) == (other.image, other.z)
    pairs = ((one.rows, other.rows), (one.columns, other.columns))
    return same and all(a[0] < b[1] and b[0] < a[1] for a, b in pairs)


def pixels_of(image: Image, place: OddPlace, layer: Any) -> Any:
    """What lies around a place, in grey or colours of 8 bits."""
    side = max(_SIDE, *(span[1] - span[0] for span in (place.rows, place.columns)))
    starts = [round(middle - side / 2) for middle in place.middle]
    box = ((starts[0], starts[0] + side), (starts[1], starts[1] + side))
    pixels = read_mirrored(image, place.z, box)
    if pixels.shape[-1] == 3 and pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels)
    low, high = layer.contrast_limits
    grey = np.clip((pixels[..., 0].astype(np.float32) - low) / max(high - low, 1e-12), 0, 1)
    return (255 * grey).astype(np.uint8)
