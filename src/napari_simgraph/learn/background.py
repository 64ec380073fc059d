"""Background: what of an image is not searched, glass of slides and what was filled in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.tissue import Stain, stain, tissue
from napari_simgraph.core.patches import PatchGrid, grid_over
from napari_simgraph.core.raster import Image
from napari_simgraph.learn.windows import Span

_CELL = 16  # px; glass beside the tissue of a slide is told from it in squares of this side
_SQUARE = 64  # px; the same in other images


class Background:
    """What of an image shows something: of a slide by cells, of others by squares."""

    def __init__(self, shown: Stain | PatchGrid) -> None:
        self._shown = shown

    def searched(self, z: int, rows: Span, columns: Span) -> NDArray[np.float32]:
        """1 where something is shown in a box of a section, 0 where there is background."""
        if isinstance(self._shown, Stain):
            return self._shown.shown(z, rows, columns).astype(np.float32)
        return _covered(self._shown, z, rows, columns)


def background(image: Image, alone: bool) -> Background | None:
    """What of an image is background; None where nothing is."""
    stained = glass(image, alone)
    if stained is not None:
        return Background(stained)
    grid = grid_over(image, _SQUARE, _SQUARE)
    shown = tissue([image], grid)
    return None if shown.all() else Background(grid.take(shown))


def glass(image: Image, alone: bool, level: int = 0) -> Stain | None:
    """Where a slide shows more than glass; None where it is no slide, or there is no glass.

    A slide stands `alone` and has a pixel size. In photographs, such as those of a folder, a bright
    smooth spot may be just what is odd.
    """
    return stain(image, _CELL, level) if alone and image.has_scale else None


def _covered(shown: PatchGrid, z: int, rows: Span, columns: Span) -> NDArray[np.float32]:
    """1 in squares that show something and half a square around them, 0 elsewhere in a box."""
    covered = np.zeros((rows[1] - rows[0], columns[1] - columns[0]), np.float32)
    size, around = shown.size, _SQUARE // 2
    near = (shown.z == z) & (shown.y < rows[1]) & (shown.y + size > rows[0])
    near &= (shown.x < columns[1]) & (shown.x + size > columns[0])
    for row in np.flatnonzero(near):
        top, left = int(shown.y[row]) - rows[0], int(shown.x[row]) - columns[0]
        side = int(size[row]) + around  # what a grid leaves over at the border is shown too
        covered[max(0, top - around) : top + side, max(0, left - around) : left + side] = 1
    return covered
