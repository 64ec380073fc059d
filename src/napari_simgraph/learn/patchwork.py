"""Patchwork: the patches of images as network inputs, at one pixel size."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from napari_simgraph.core.geometry import PIXEL, to_unit
from napari_simgraph.core.job import Signal, Tick
from napari_simgraph.core.patch_pixels import cut, read_mirrored
from napari_simgraph.core.patches import Layout, PatchGrid, Rows, laid_out
from napari_simgraph.core.raster import Image, ImageSet, each_image
from napari_simgraph.learn.normalise import (
    RULE,
    EachSection,
    Statistics,
    measure,
    measure_together,
)

Square: TypeAlias = tuple[tuple[int, int], tuple[int, int]]  # rows and columns

_ALIKE = 1.1  # a tenth more or less in pixel size is within what should not matter
# px; a larger square is never held whole: it is read in squares of this side, and means are kept
_LARGE = 1024
_FINER = 4  # times as many means along a side as the network's input has, so that it is as sharp


@dataclass(frozen=True)
class Tiling:
    """How patches lie: side and distance in pixels of the model, and how large its pixel is.

    `pixel` is height or width of a pixel (they are alike) in `unit`; 0 where it is unknown.
    """

    patch: int
    stride: int
    pixel: float = 0.0
    unit: str = PIXEL


@dataclass(frozen=True)
class Patchwork:
    """Patches of images, with what is taken off their grey values.

    Parameters
    ----------
    images
        In the order of the grid's sources.
    grid
        Where the patches lie; those of the background are absent.
    statistics
        Of each image, or one for all.
    patch
        Side in pixels of the network's input.
    each
        Of each image, where each of its sections has statistics of its own.
    """

    images: Sequence[Image]
    grid: PatchGrid
    statistics: Sequence[Statistics]
    patch: int
    each: Sequence[EachSection] = ()

    def of(self, image: int, z: int = 0) -> Statistics:
        """The statistics of an image, or of one of its sections."""
        if self.each:
            return self.each[image].of(z)
        return self.statistics[image if len(self.statistics) > 1 else 0]

    def patches(self, rows: Rows) -> NDArray[np.float32]:
        """Inputs ``(N, C, P, P)`` of some rows."""
        rows = np.asarray(rows)
        channels = self.images[0].channels
        inputs = np.empty((len(rows), channels, self.patch, self.patch), np.float32)
        groups = np.stack([self.grid.image[rows], self.grid.size[rows], self.grid.z[rows]])
        breaks = np.flatnonzero((np.diff(groups, axis=1) != 0).any(0)) + 1
        for run in np.split(np.arange(len(rows)), breaks):
            if int(self.grid.size[rows[run[0]]]) > _LARGE:
                inputs[run] = [self.crop(int(row), (0, 0, 0), self.patch) for row in rows[run]]
                continue
            pixels = cut(self.images, self.grid, rows[run])
            first = rows[run[0]]
            statistics = self.of(int(self.grid.image[first]), int(self.grid.z[first]))
            values = statistics.normalise(pixels).transpose(0, 3, 1, 2)
            inputs[run] = resized(values, self.patch)
        return inputs

    def crop(self, row: int, off: tuple[int, int, int], reading: int) -> NDArray[np.float32]:
        """Input ``(C, R, R)`` around a patch moved by z, y, x; y and x in its own pixels."""
        grid = self.grid
        number, side = int(grid.image[row]), int(grid.size[row])
        image = self.images[number]
        z = min(max(int(grid.z[row]) + off[0], 0), image.sections - 1)
        wide = max(1, round(reading * side / self.patch))
        top = int(grid.y[row]) + off[1] - (wide - side) // 2
        left = int(grid.x[row]) + off[2] - (wide - side) // 2
        box, level = ((top, top + wide), (left, left + wide)), int(grid.level[row])
        read, statistics = partial(read_mirrored, image, z, level=level), self.of(number, z)
        values = (
            _means(read, statistics, box, max(1, wide // (_FINER * reading)))
            if wide > _LARGE
            else statistics.normalise(read(box)).transpose(2, 0, 1)
        )
        crop: NDArray[np.float32] = resized(values[None], reading)[0]
        return crop

    def light(self, rows: Rows) -> NDArray[np.float32]:
        """``(2, N, C)``: what to take inputs times and add, to have light from 0 to 1."""
        kind = self.images[0].dtype
        white = float(np.iinfo(kind).max) if kind.kind == "u" else 1.0
        places = zip(self.grid.image[rows].tolist(), self.grid.z[rows].tolist(), strict=True)
        several = [self.of(number, z) for number, z in places]
        scales, shifts = [one.scale for one in several], [one.shift for one in several]
        light: NDArray[np.float32] = np.array([scales, shifts], np.float32) / np.float32(white)
        return light


def _means(
    read: Callable[[Square], NDArray[Any]], statistics: Statistics, box: Square, step: int
) -> NDArray[np.float32]:
    """Means ``(C, S, S)`` of `step` x `step` pixels of a square, without what is left over."""
    (top, bottom), (left, _) = box
    side, once = (bottom - top) // step, max(1, _LARGE // step)
    means: list[list[NDArray[np.float32]]] = []
    for down in (range(side)[at : at + once] for at in range(0, side, once)):
        means.append([])
        for across in (range(side)[at : at + once] for at in range(0, side, once)):
            spans = [
                (start + part[0] * step, start + (part[-1] + 1) * step)
                for start, part in ((top, down), (left, across))
            ]
            values = statistics.normalise(read((spans[0], spans[1])))
            cells = values.reshape(len(down), step, len(across), step, -1).mean((1, 3))
            means[-1].append(cells.transpose(2, 0, 1))
    whole: NDArray[np.float32] = np.block(means)
    return whole


def resized(values: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Squares ``(N, C, S, S)`` with another side, smoothed where they shrink."""
    if values.shape[-1] == side:
        return np.ascontiguousarray(values)
    tensor = torch.from_numpy(np.ascontiguousarray(values))
    found = functional.interpolate(tensor, (side, side), mode="bilinear", antialias=True)
    small: NDArray[np.float32] = found.numpy()
    return small


def lay_out(images: Image | ImageSet, tiling: Tiling) -> PatchGrid:
    """The grid of all patches, each image seen at the pixel size of the tiling.

    Where it has a coarser level that is fine enough, patches lie on that.

    Raises
    ------
    ValueError
        Some images are grey and others have colours.
    """
    if len({one.channels for one in each_image(images)}) > 1:
        raise ValueError("Some images are grey, others have colours: take them one kind at a time.")
    return laid_out(images, [_layout(one, tiling) for one in each_image(images)])


def patchwork(
    images: Image | ImageSet, grid: PatchGrid, patch: int, rule: Mapping[str, Any]
) -> Generator[Tick, Signal | None, Patchwork]:
    """Patches of a grid as inputs of side `patch`, their grey values looked at.

    `rule` is that of a model, or `RULE`.

    Raises
    ------
    ValueError
        Stains are to be told where they can't be.
    """
    several = each_image(images)
    known = RULE | {"stain": rule.get("stain", "keep")}
    if "shift" in rule:
        statistics = [Statistics(tuple(rule["shift"]), tuple(rule["scale"]))]
    elif together(grid):
        if known["stain"] != "keep":
            raise ValueError("Pictures of one patch each are too small to tell stains: keep them.")
        statistics = [(yield from measure_together(several, RULE))]
    else:
        statistics = []
        for one in several:
            statistics.append((yield from measure(one, known)))
    return Patchwork(several, grid, statistics, patch)


def together(grid: PatchGrid) -> bool:
    """Whether images are single patches, whose grey values are only known from all of them."""
    return len(grid.sources) > 1 and len(grid) == len(grid.sources)


def _layout(image: Image, tiling: Tiling) -> Layout:
    step = _step(image, tiling)
    at = 1 if image.axes.startswith("Z") else 0
    level, plane, factor = 0, image.plane, 1.0
    for number, pixels in enumerate(image.levels[1:], 1):
        coarse = image.plane[0] / int(pixels.shape[at])
        if coarse <= step * _ALIKE:
            level, factor = number, coarse
            plane = (int(pixels.shape[at]), int(pixels.shape[at + 1]))
    size = max(1, round(tiling.patch * step / factor))
    return Layout(level, plane, size, max(1, round(tiling.stride * step / factor)))


def _step(image: Image, tiling: Tiling) -> float:
    """Pixels of the image to one of the tiling."""
    if not tiling.pixel or not image.has_scale:
        return 1.0
    step = tiling.pixel / to_unit(image.spacing[-1], image.unit, tiling.unit)
    return 1.0 if 1 / _ALIKE < step < _ALIKE else step
