"""Aligned: whether pictures show the same thing at the same place, as on a production line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.raster import Image

_SIDE = 32  # pixels of a thumbnail: enough to see what lies where
_MOST = 64  # pictures looked at
_FEWEST = 6  # of fewer one can't tell
_SHARE = 0.5  # of all differences between pixels that the place explains; bottles 0.9, EM below 0.2


def are_aligned(images: Sequence[Image]) -> bool:
    """Whether the place alone tells most about the brightness of a pixel."""
    if len(images) < _FEWEST:
        return False
    step = max(1, len(images) // _MOST)
    chosen = [images[number] for number in range(0, len(images), step)][:_MOST]
    planes = {one.shape for one in chosen}
    if len(planes) > 1 or len(chosen[0].shape) > 2:
        return False
    small = np.stack([_thumbnail(one) for one in chosen])
    total = float(small.var())
    return bool(total > 0 and 1 - float(small.var(0).mean()) / total > _SHARE)


def _thumbnail(image: Image) -> NDArray[np.float64]:
    """Brightness on a coarse grid."""
    steps = [max(1, n // (2 * _SIDE)) for n in image.plane]
    pixels = image.section(0, (slice(None, None, steps[0]), slice(None, None, steps[1])))
    grey = np.nan_to_num(pixels.astype(np.float64)).mean(-1)
    rows, columns = (np.arange(n) * _SIDE // n for n in grey.shape)
    sums, counts = np.zeros((_SIDE, _SIDE)), np.zeros((_SIDE, _SIDE))
    np.add.at(sums, (rows[:, None], columns[None]), grey)
    np.add.at(counts, (rows[:, None], columns[None]), 1)
    return sums / np.maximum(counts, 1)
