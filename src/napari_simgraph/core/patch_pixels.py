"""Pixels of a PatchGrid: patches cut out, values folded back, maps pooled onto it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.patches import PatchGrid, Rows
from napari_simgraph.core.raster import Image, ImageSet, Labels, LabelsSet, Raster

_STRIP = 2**24  # pixels of a strip read at once; a strip is one row of patches
_POOLED = 2**21  # numbers of a map averaged at once, 16 MB


def cut(images: Sequence[Image], grid: PatchGrid, rows: Rows) -> NDArray[Any]:
    """Pixels ``(N, S, S, C)`` of patches of one size, mirrored beyond the border.

    Patches beside each other are cut from one strip that is read once.

    Parameters
    ----------
    images
        Those of the grid, in the order of its sources.
    grid, rows
        Which patches.
    """
    side = int(grid.size[rows[0]])
    first = images[int(grid.image[rows[0]])]
    patches = np.empty((len(rows), side, side, first.channels), first.dtype)
    for run in _runs(grid, np.asarray(rows)):
        row = rows[run[0]]
        image, level = images[int(grid.image[row])], int(grid.level[row])
        columns = grid.x[rows[run]]
        left, right = int(columns.min()), int(columns.max()) + side
        top = int(grid.y[row])
        box = ((top, top + side), (left, right))
        strip = read_mirrored(image, int(grid.z[row]), box, level)
        for at, x in zip(run, columns, strict=True):
            patches[at] = strip[:, x - left : x - left + side]
    return patches


def read_mirrored(
    image: Raster, z: int, box: tuple[tuple[int, int], tuple[int, int]], level: int = 0
) -> NDArray[Any]:
    """A box ``(Y, X, C)`` of a section, mirrored at its borders; only what lies inside is read."""
    plane = image.levels[level].shape[len(image.spacing) - 2 :][:2]
    down, right = (mirror(*span, int(n)) for span, n in zip(box, plane, strict=True))
    inner = (slice(down.min(), down.max() + 1), slice(right.min(), right.max() + 1))
    pixels = image.section(z, inner, level)
    if pixels.shape[:2] == (len(down), len(right)) and down[0] <= down[-1]:
        return pixels
    return pixels[np.ix_(down - inner[0].start, right - inner[1].start)]


def fold(grid: PatchGrid, values: NDArray[Any], image: int = 0, name: str = "") -> Image:
    """Values ``(N,)`` or ``(N, C)`` of the patches as an Image with one pixel a patch.

    It lies over the image it comes from; patches that are absent are NaN (0 for whole numbers).

    Raises
    ------
    ValueError
        The grid is not regular.
    """
    if not grid.layouts:
        raise ValueError("These patches lie anywhere: only a regular grid becomes a map.")
    source, layout = grid.sources[image], grid.layouts[image]
    rows = np.flatnonzero(grid.image == image)
    down, across = layout.counts
    empty = np.nan if values.dtype.kind == "f" else 0
    cells = np.full((source.sections, down, across, *values.shape[1:]), empty, values.dtype)
    i = (grid.y[rows] - layout.first[0]) // layout.stride
    j = (grid.x[rows] - layout.first[1]) // layout.stride
    cells[grid.z[rows], i, j] = values[rows]
    flat = len(source.shape) == 2
    factors = [source.shape[axis] / layout.plane[axis] for axis in (-2, -1)]
    spacing, origin = list(source.spacing), list(source.origin)
    for axis, factor, start in zip((-2, -1), factors, layout.first, strict=True):
        middle = (start + layout.size / 2) * factor - 0.5  # pixel of the finest level
        origin[axis] += middle * source.spacing[axis]
        spacing[axis] *= layout.stride * factor
    axes = ("YX" if flat else "ZYX") + ("C" if values.ndim > 1 else "")
    return Image(
        cells[0] if flat else cells,
        axes=axes,
        spacing=tuple(spacing),
        origin=tuple(origin),
        unit=source.unit,
        name=name or f"{source.name} · patches",
    )


def fold_all(grid: PatchGrid, values: NDArray[Any], name: str = "") -> Image | ImageSet:
    """The same for all images of the grid."""
    maps = tuple(fold(grid, values, number, name) for number in range(len(grid.sources)))
    return maps[0] if len(maps) == 1 else ImageSet(maps, name=name or "patches")


def pool(grid: PatchGrid, maps: Image | Labels | ImageSet | LabelsSet) -> NDArray[np.float32]:
    """Mean of a map over each patch ``(N, C)``; of Labels the share of each class ``(N, K)``.

    Any map comes onto a grid this way: it shows the images of the grid in their order and may be
    finer or coarser than they are. A patch that lies within one pixel gets its value.
    """
    several = _several(maps)
    one = several[0]
    width = len(one.classes) if isinstance(one, Labels) else one.channels
    pooled = np.full((len(grid), width), np.nan, np.float32)
    for number, one in enumerate(several):
        here = np.flatnonzero(grid.image == number)
        bands, which = np.unique(
            np.stack([grid.z[here], grid.y[here], grid.size[here]], 1), axis=0, return_inverse=True
        )
        order = np.argsort(which.ravel(), kind="stable")
        counts = np.bincount(which.ravel(), minlength=len(bands))
        for rows in np.split(here[order], np.cumsum(counts)[:-1]):
            if len(rows):
                pooled[rows] = _band(one, grid, rows, number)
    return pooled


def _several(maps: Any) -> Sequence[Any]:
    if isinstance(maps, ImageSet):
        return maps.images
    return maps.labels if isinstance(maps, LabelsSet) else [maps]


def _band(one: Image | Labels, grid: PatchGrid, rows: Rows, number: int) -> NDArray[np.float64]:
    """Means over patches beside each other, a piece of their band after the other."""
    level = grid.layouts[number].plane if grid.layouts else grid.sources[number].shape[-2:]
    side, z = grid.size[rows[:1]], int(grid.z[rows[0]])
    top, bottom = _edges(grid.y[rows[:1]], side, (level[0], one.plane[0]))
    left, right = _edges(grid.x[rows], side, (level[1], one.plane[1]))
    down = slice(int(top[0]), int(bottom[0]))
    width = len(one.classes) if isinstance(one, Labels) else one.channels
    piece = left // max(1, _POOLED // (width * (down.stop - down.start)))
    means = np.empty((len(rows), width))
    for here in (piece == n for n in np.unique(piece)):
        means[here] = _means(one, (z, down), left[here], right[here])
    return means


def _means(
    one: Image | Labels, place: tuple[int, slice], left: Rows, right: Rows
) -> NDArray[np.float64]:
    """Means ``(n, C)`` from running sums over all columns from the first to the last."""
    (z, down), start, stop = place, int(left.min()), int(right.max())
    total, height = 0.0, down.stop - down.start
    step = max(1, _POOLED // (stop - start))
    for top in range(down.start, down.stop, step):
        box = (slice(top, min(top + step, down.stop)), slice(start, stop))
        total = total + _numbers(one, one.section(z, box)).sum(0)
    columns = np.asarray(total) / height
    sums = np.concatenate([np.zeros((1, columns.shape[1])), columns.cumsum(0)])
    means: NDArray[np.float64] = (sums[right - start] - sums[left - start]) / (right - left)[
        :, None
    ]
    return means


def _edges(
    start: NDArray[np.int32], side: NDArray[np.int32], sizes: tuple[int, int]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First pixel of the map and the one after the last, at least one; sizes: grid, map."""
    factor, n = sizes[1] / sizes[0], sizes[1]
    low = np.clip(np.round(start * factor), 0, n - 1).astype(np.intp)
    high = np.clip(np.round((start + side) * factor), low + 1, n).astype(np.intp)
    return low, high


def _numbers(one: Image | Labels, section: NDArray[Any]) -> NDArray[np.float64]:
    """A section as numbers to be averaged, ``(Y, X, C)``."""
    numbers: NDArray[Any] = section
    if isinstance(one, Labels):
        numbers = section == (np.arange(1, len(one.classes) + 1) if one.exclusive else 2)
    return numbers.astype(np.float64)


def _runs(grid: PatchGrid, rows: Rows) -> Iterator[NDArray[np.intp]]:
    """Positions within `rows` that lie on one strip of one section, cut where it gets too wide."""
    keys = np.stack([getattr(grid, name)[rows] for name in ("image", "level", "z", "y")])
    breaks = np.flatnonzero((np.diff(keys, axis=1) != 0).any(0)) + 1
    for run in np.split(np.arange(len(rows)), breaks):
        columns, side = grid.x[rows[run]], int(grid.size[rows[run[0]]])
        widest = max(side, _STRIP // side)
        if int(columns.max()) + side - int(columns.min()) <= widest:
            yield run
        else:
            yield from np.split(run, np.arange(1, len(run)))


def mirror(start: int, stop: int, n: int) -> NDArray[np.intp]:
    """Indices within n pixels for start..stop, the border pixel not repeated."""
    period = max(1, 2 * (n - 1))
    places = np.arange(start, stop) % period
    return np.where(places < n, places, period - places)
