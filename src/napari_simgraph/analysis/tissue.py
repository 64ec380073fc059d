"""Tissue: which patches show something, and which only glass or what was filled in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, convolve

from napari_simgraph.core.patch_pixels import pool
from napari_simgraph.core.patches import COLUMNS, PatchGrid
from napari_simgraph.core.raster import Box, Image

_FINE = 4  # cells across a patch are enough to see whether it shows anything
_SQUARE = 2048  # px; so much of a section is read at once
_SHOWN = 0.1  # share of a patch that must show something
_ACROSS = 8  # parts across a cell: coarse enough to be without the noise of single pixels
_ROUGH = 4  # grey levels; parts of glass differ by 0 to 3, those of stained tissue by 8 and more
_DENSE = 0.08  # optical density in the strongest channel; unstained tissue lies above 0.1
_MORE = 0.06  # optical density that smears, dye and shadows add to glass
_BRIGHT = 128  # what is darker is no glass
_SEEN = 0.01  # share of an image; less smooth ground is no glass that tells how others look
_ALIKE = 5  # grey levels counted together, so that the tone of glass doesn't hang on chance


class _Cells(NamedTuple):
    """Pixels by cells, in the darkest channel: mean, spread, and whether all was filled in."""

    light: NDArray[np.uint8]
    spread: NDArray[np.uint8]
    filled: NDArray[np.bool_]

    @property
    def rough(self) -> NDArray[np.bool_]:
        """Where something varies."""
        return self.spread >= _ROUGH


def tissue(images: Sequence[Image], grid: PatchGrid) -> NDArray[np.bool_]:
    """For each patch whether it shows something.

    In colour images glass is left out, whatever its tone: what is smooth and no denser than most
    of the smooth bright ground of the image. In all images what is exactly 0 (filled in by
    stitching) or no number is left out. An image of a single patch is always kept, and so is one
    that would lose all its patches.
    """
    kept = np.ones(len(grid), np.bool_)
    for number, image in enumerate(images):
        rows = np.flatnonzero(grid.image == number)
        if len(rows) < 2:
            continue
        part = grid.take(rows)
        layout = grid.layouts[number]
        shown = _shown(image, layout.level, layout.size)
        columns = {name: getattr(part, name) for name in COLUMNS[1:]}
        here = np.zeros(len(rows), np.int32)
        alone = PatchGrid((part.sources[number],), here, layouts=(layout,), **columns)
        seen = pool(alone, shown)[:, 0] >= _SHOWN
        kept[rows] = seen if seen.any() else True
    return kept


class Stain(NamedTuple):
    """Where an image shows more than glass: cells ``(sections, down, across)`` of `side` px."""

    cells: NDArray[np.bool_]
    side: int

    def shown(self, z: int, rows: tuple[int, int], columns: tuple[int, int]) -> NDArray[np.bool_]:
        """The same for each pixel ``(Y, X)`` of a box."""
        down, across = (np.arange(*span) // self.side for span in (rows, columns))
        shown: NDArray[np.bool_] = self.cells[z][np.ix_(down, across)]
        return shown


def stain(image: Image, side: int, level: int = 0) -> Stain | None:
    """Cells of `side` px that show more than glass, and those beside them; None: all may.

    Lone cells, such as dust on glass, don't count. Only colour images tell glass apart, and one
    without anything else is taken as it is.
    """
    if not _coloured(image, level):
        return None
    cells = _stained(image, level, side)
    beside = np.ones((1, 3, 3))
    cells &= convolve(cells.astype(np.uint8), beside, mode="constant") > 1
    cells = binary_dilation(cells, beside)
    return Stain(cells, side) if cells.any() and not cells.all() else None


def _coloured(image: Image, level: int) -> bool:
    return image.channels == 3 and np.dtype(image.levels[level].dtype) == np.uint8


def _shown(image: Image, level: int, size: int) -> Image:
    """1 where something is shown, a pixel a cell of a level."""
    step = max(1, size // _FINE)
    told_by = _stained if _coloured(image, level) else _there
    shown = told_by(image, level, step)
    flat = image.axes.startswith("Z")
    return Image(shown.view(np.uint8) if flat else shown[0].view(np.uint8), axes="ZYX"[not flat :])


def _there(image: Image, level: int, step: int) -> NDArray[np.bool_]:
    """Where a number other than 0 is, of which a pixel a cell is looked at."""
    shown = np.zeros(_counts(image, level, step), np.bool_)
    for z, (rows, columns), to in _squares(image, level, step):
        thin = (slice(rows.start, rows.stop, step), slice(columns.start, columns.stop, step))
        pixels = image.section(z, thin, level)
        shown[to] = ((pixels != 0) & ~np.isnan(pixels)).any(-1)
    return shown


def _stained(image: Image, level: int, step: int) -> NDArray[np.bool_]:
    """Where there is more than glass."""
    part = max(1, step // _ACROSS)
    step = step // part * part
    counts = _counts(image, level, step)
    light, spread = np.zeros(counts, np.uint8), np.zeros(counts, np.uint8)
    cells = _Cells(light, spread, np.zeros(counts, np.bool_))
    for z, box, to in _squares(image, level, step):
        found = _look(image.section(z, box, level), step, part)
        for whole, piece in zip(cells, found, strict=True):
            whole[to] = piece
    limit = 256 / 10 ** _denser_than_glass(cells) - 1
    # what varies is told by its darker part: white beside glass varies, too
    told = light.astype(np.int16) - np.where(cells.rough, spread, 0)
    shown: NDArray[np.bool_] = (told < limit) & ~cells.filled
    return shown


def _denser_than_glass(cells: _Cells) -> float:
    """The optical density that smooth ground must have to be no glass."""
    ground = np.bincount(cells.light[~cells.rough & ~cells.filled], minlength=256)
    ground[:_BRIGHT] = 0
    if ground.sum() < _SEEN * cells.light.size:
        return _DENSE
    tone = int(np.convolve(ground, np.ones(_ALIKE), "same").argmax())
    return max(_DENSE, _MORE - float(np.log10((tone + 1) / 256)))


def _look(pixels: NDArray[Any], step: int, part: int) -> _Cells:
    """Cells of `step` px of some pixels ``(Y, X, 3)``, told by parts of `part` px."""
    one, two, three = (pixels[..., n] for n in range(3))  # five times as fast as along that axis
    darkest = np.minimum(np.minimum(one, two), three)  # dye takes away light of one colour at least
    parts, across = _means(darkest, part), step // part
    light = _means(parts, across)
    spread = np.sqrt(np.maximum(_means(parts**2, across) - light**2, 0))
    filled = _squared(one | two | three, step, np.maximum) == 0
    return _Cells(light.astype(np.uint8), spread.astype(np.uint8), filled)


def _means(values: NDArray[Any], side: int) -> NDArray[np.float64]:
    """Means of squares; those at the border may be smaller."""
    ones = [np.ones(n) for n in values.shape]
    down, across = (np.add.reduceat(one, np.arange(0, len(one), side)) for one in ones)
    means: NDArray[np.float64] = _squared(values, side, np.add) / np.outer(down, across)
    return means


def _squared(values: NDArray[Any], side: int, ufunc: np.ufunc) -> NDArray[np.float64]:
    """Values of squares taken together."""
    for axis in (0, 1):
        starts = np.arange(0, values.shape[axis], side)
        values = ufunc.reduceat(values, starts, axis, dtype=np.float64)
    return values


def _counts(image: Image, level: int, step: int) -> tuple[int, int, int]:
    height, width = _plane(image, level)
    return image.sections, -(-height // step), -(-width // step)


def _plane(image: Image, level: int) -> tuple[int, int]:
    at = 1 if image.axes.startswith("Z") else 0
    height, width = image.levels[level].shape[at : at + 2]
    return int(height), int(width)


def _squares(image: Image, level: int, step: int) -> Iterator[tuple[int, Box, tuple[Any, ...]]]:
    """Section and box of what is read at once, and which cells lie in it."""
    height, width = _plane(image, level)
    side = max(step, _SQUARE // step * step)
    corners = product(range(0, height, side), range(0, width, side))
    for z, (top, left) in product(range(image.sections), list(corners)):
        box = (slice(top, min(top + side, height)), slice(left, min(left + side, width)))
        to = tuple(slice(at.start // step, -(-at.stop // step)) for at in box)
        yield z, box, (z, *to)
