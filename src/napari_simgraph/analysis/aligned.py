"""Aligned: whether pictures show the same thing at the same place, as on a production line.

And whether they still do when they are flipped or turned by quarters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.raster import Image

_SIDE = 32  # pixels of a thumbnail: enough to see what lies where
_MOST = 64  # pictures looked at
_FEWEST = 6  # of fewer one can't tell
_SHARE = 0.5  # of all differences between pixels that the place explains; bottles 0.9, EM below 0.2
_KEPT = 0.97  # of that share, which is left when turned pictures lie among the others
_LARGEST = 2048  # px a side; larger pictures aren't turned, since they would be read whole
TURNS = range(8)  # of `turned`


def are_aligned(images: Sequence[Image]) -> bool:
    """Whether the place alone tells most about the brightness of a pixel."""
    small = _thumbnails(images)
    return small is not None and _explained(small) > _SHARE


def symmetries(images: Sequence[Image]) -> tuple[int, ...]:
    """The turns, see `turned`, after which aligned pictures look as before; 0 is always one."""
    small = _thumbnails(images)
    if small is None or max(images[0].plane) > _LARGEST:
        return (0,)
    least, (height, width) = _KEPT * _explained(small), images[0].plane
    kept = []
    for turn in TURNS:
        other = np.stack([turned(one, turn) for one in small])
        fits = height == width or not turn & 1
        if fits and _explained(np.concatenate([small, other])) >= least:
            kept.append(turn)
    return tuple(kept)


def turned(pixels: NDArray[Any], turn: int, axes: tuple[int, int] = (0, 1)) -> NDArray[Any]:
    """One of the eight flips and quarter turns of a picture, 0 to 7; odd ones swap the sides."""
    flipped = np.flip(pixels, axes[0]) if turn & 4 else pixels
    return np.ascontiguousarray(np.rot90(flipped, turn & 3, axes))


def _thumbnails(images: Sequence[Image]) -> NDArray[np.float64] | None:
    """Some pictures on a coarse grid; None where they are too few, or differ in size."""
    if len(images) < _FEWEST:
        return None
    step = max(1, len(images) // _MOST)
    chosen = [images[number] for number in range(0, len(images), step)][:_MOST]
    planes = {one.shape for one in chosen}
    if len(planes) > 1 or len(chosen[0].shape) > 2:
        return None
    return np.stack([_thumbnail(one) for one in chosen])


def _explained(small: NDArray[np.float64]) -> float:
    """The share of all differences between pixels that the place explains."""
    total = float(small.var())
    return 1 - float(small.var(0).mean()) / total if total > 0 else 0.0


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
