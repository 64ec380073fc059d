"""Tissue: which patches show something, and which only glass or what was filled in."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.patch_pixels import pool
from napari_simgraph.core.patches import COLUMNS, PatchGrid
from napari_simgraph.core.raster import Image

_FINE = 4  # pixels across a patch are enough to see whether it shows anything
_SQUARE = 2048  # px; so much of a section is read at once
_GLASS = 0.08  # optical density in the strongest channel; unstained tissue lies above 0.1
_SHOWN = 0.1  # share of a patch that must show something


def tissue(images: Sequence[Image], grid: PatchGrid) -> NDArray[np.bool_]:
    """For each patch whether it shows something.

    In colour images glass is left out, in all images what is exactly 0 (filled in by stitching).
    An image of a single patch is always kept, and so is one that would lose all its patches.
    """
    kept = np.ones(len(grid), np.bool_)
    for number, image in enumerate(images):
        rows = np.flatnonzero(grid.image == number)
        if len(rows) < 2:
            continue
        part = grid.take(rows)
        layout = grid.layouts[number]
        step = max(1, layout.size // _FINE)
        shown = _shown(image, layout.level, step)
        columns = {name: getattr(part, name) for name in COLUMNS[1:]}
        here = np.zeros(len(rows), np.int32)
        alone = PatchGrid((part.sources[number],), here, layouts=(layout,), **columns)
        seen = pool(alone, shown)[:, 0] >= _SHOWN
        kept[rows] = seen if seen.any() else True
    return kept


def _shown(image: Image, level: int, step: int) -> Image:
    """1 where something is shown, every `step` pixels of a level."""
    pixels = image.levels[level]
    at = 1 if image.axes.startswith("Z") else 0
    height, width = (int(n) for n in pixels.shape[at : at + 2])
    size = (image.sections, -(-height // step), -(-width // step))
    shown = np.zeros(size, np.uint8)
    side = max(step, _SQUARE // step * step)
    corners = list(product(range(0, height, side), range(0, width, side)))
    for z, (top, left) in product(range(image.sections), corners):
        box = (slice(top, top + side, step), slice(left, left + side, step))
        part = _look(image.section(z, box, level))
        i, j = top // step, left // step
        shown[z, i : i + part.shape[0], j : j + part.shape[1]] = part
    flat = shown if at else shown[0]
    return Image(flat, axes="ZYX" if at else "YX")


def _look(pixels: NDArray[Any]) -> NDArray[np.bool_]:
    something: NDArray[np.bool_] = (pixels != 0).any(-1)
    if pixels.shape[-1] == 3 and pixels.dtype == np.uint8:
        darkest = pixels.min(-1).astype(np.float32)  # dye takes away light of one colour at least
        something &= -np.log10((darkest + 1) / 256) > _GLASS
    return something
