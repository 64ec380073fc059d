"""Normal work: the crops that are normal, which of them are kept aside, and whole fields of those.

What is kept aside is never learned from: it tells how odd normal places look.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.aligned import TURNS, are_aligned, symmetries, turned
from napari_simgraph.analysis.marked import said
from napari_simgraph.analysis.tissue import Stain, tissue
from napari_simgraph.core.job import Note, Progress, Signal, Tick
from napari_simgraph.core.marks import Mark, Marks
from napari_simgraph.core.patches import PatchGrid, Rows
from napari_simgraph.core.raster import Image, ImageSet, Labels, LabelsSet, each_image
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.background import glass
from napari_simgraph.learn.embedding_model import fitting_patch, training_tiling
from napari_simgraph.learn.normal_lesson import Normal
from napari_simgraph.learn.normalise import RULE, EachSection, Statistics, measure_together
from napari_simgraph.learn.patchwork import Patchwork, lay_out, patchwork

_ASIDE = 5  # every fifth picture, section or row of squares is kept aside
_FIELDS = 48  # looked at afterwards: more take longer and move thresholds by less than a hundredth
_WHOLE = 512  # px; larger pictures are looked at in parts
_AROUND = 64  # px read around a part, so that its border is no border of the picture
_BESIDE = 16  # px around what is no number that look odd
_FEW = 20  # pictures or squares below which scores are rough
FEW = "Only {} normal {}: scores will be rough."
NOTHING = "Nothing normal is left to learn from: mark less, or take smaller squares."


class Field(NamedTuple):
    """A picture of which parts were not learned from.

    `counted` is True there, ``(Y, X)``; None where pictures are aligned: then all of it tells.
    """

    image: Image
    statistics: Statistics
    counted: NDArray[np.bool_] | None


class _Section:
    """A section of an image as an array ``(Y, X, C)`` that is read where it is looked at.

    A turned one is read whole; see `symmetries`.
    """

    def __init__(self, image: Image, z: int, turn: int = 0) -> None:
        self._image, self._z, self._turn = image, z, turn
        plane = image.plane[::-1] if turn & 1 else image.plane
        self.shape, self.dtype = (*plane, image.channels), image.dtype

    def __getitem__(self, box: tuple[slice, ...]) -> NDArray[Any]:
        if self._turn:
            return turned(self._image.section(self._z), self._turn)[box]
        return self._image.section(self._z, box)


def normal_work(
    image: Image | ImageSet,
    marks: Marks | Labels | LabelsSet | None,
    config: Any,
    aside: Aside,
) -> Generator[Tick, Signal | None, tuple[Normal, bool]]:
    """What is learned from, and whether the pictures are aligned.

    Raises
    ------
    ValueError
        Nothing normal is left, or some images are grey and others have colours.
    """
    several = each_image(image)
    patch = -(-fitting_patch(image, config.patch) // 32) * 32  # what all networks can take
    tick = partial(Progress, text="laying out squares")
    grid = yield from aside.wait(partial(lay_out, image, training_tiling(image, patch)), tick)
    shown = yield from aside.wait(partial(tissue, several, grid), tick)
    grid = grid.take(_normal_rows(grid, shown, marks))
    if not len(grid):
        raise ValueError(NOTHING)
    rule = dict(RULE)
    if len(several) > 1:  # of one kind, so a dark one is dark
        light = yield from measure_together(several, RULE)
        rule |= {"shift": light.shift, "scale": light.scale}
    work = yield from patchwork(image, grid, patch, rule)
    if config.light == "each" or (config.light == "auto" and any(n.sections > 1 for n in several)):
        work = replace(work, each=[EachSection(one) for one in several])
    aligned = config.aligned == "on"
    if config.aligned == "auto" and len(several) > 1:
        aligned = yield from aside.wait(partial(are_aligned, several), tick)
    held = held_out(grid)
    turns = tuple(TURNS) if config.flips == "on" or not aligned else (0,)
    if config.flips == "auto" and aligned and len(several) < _FEW:
        turns = yield from aside.wait(partial(symmetries, several), tick)
    turns = (0,) if config.flips == "off" else turns
    rows = np.flatnonzero(~held)
    yield Note(_told(several, grid, aligned))
    return Normal(work, rows, np.flatnonzero(held) if held.any() else rows, turns), aligned


def held_out(grid: PatchGrid) -> NDArray[np.bool_]:
    """Rows that are kept aside: whole pictures, else whole sections, else columns of squares."""
    for keys in (grid.image, grid.z, grid.x // max(1, int(grid.size.max()))):
        units = np.unique(keys)
        if len(units) >= _ASIDE - 1:
            held: NDArray[np.bool_] = np.isin(keys, units[_ASIDE // 2 :: _ASIDE])
            return held
    return np.zeros(len(grid), np.bool_)


def fields(normal: Normal, aligned: bool, seed: int) -> list[Field]:
    """Pictures of what was kept aside: whole sections where they are small, else parts."""
    work, rng = normal.work, np.random.default_rng(seed)
    if aligned:
        return [Field(*view, None) for view in views(normal, normal.aside, _FIELDS, rng)]
    sections, alone = _sections(normal, normal.aside), len(work.images) == 1
    if all(max(work.images[n].plane) <= _WHOLE for n in sections[:, 0].tolist()):
        chosen = np.sort(rng.permutation(len(sections))[:_FIELDS])
        shown = glass(work.images[0], alone)
        return [_section(normal, place, shown) for place in sections[chosen].tolist()]
    rows = np.sort(rng.permutation(normal.aside)[:_FIELDS])
    shown = glass(work.images[0], alone, work.grid.layouts[0].level)
    return [_part(work, row, shown) for row in rows.tolist()]


def views(
    normal: Normal, rows: Rows, most: int, rng: np.random.Generator
) -> list[tuple[Image, Statistics]]:
    """Some of the aligned pictures of these rows, in all turns that keep them normal."""
    work = normal.work
    every = [
        (number, z, turn)
        for turn in normal.turns
        for number, z in _sections(normal, rows).tolist()
        if not turn & 1 or work.images[number].plane[0] == work.images[number].plane[1]
    ]
    chosen = [every[at] for at in np.sort(rng.permutation(len(every))[:most])]
    return [(_seen(work.images[n], z, turn), work.of(n, z)) for n, z, turn in chosen]


def _sections(normal: Normal, rows: Rows) -> Rows:
    """Numbers of images and sections ``(n, 2)`` in which rows lie."""
    grid = normal.work.grid
    return np.unique(np.stack([grid.image[rows], grid.z[rows]], 1), axis=0)


def _seen(image: Image, z: int, turn: int = 0) -> Image:
    """A section of an image as one of its own."""
    return Image(_Section(image, z, turn), axes="YXC")


def _section(normal: Normal, place: tuple[int, int], shown: Stain | None) -> Field:
    """A whole section of an image, of which the squares that were kept aside count."""
    work, grid = normal.work, normal.work.grid
    (number, z), image = place, work.images[place[0]]
    seen = _seen(image, z)
    counted = np.zeros(image.plane, np.bool_)
    down, right = grid.finest(number)
    for row in normal.aside[(grid.image == number)[normal.aside] & (grid.z == z)[normal.aside]]:
        top, left, side = int(grid.y[row]), int(grid.x[row]), int(grid.size[row])
        rows = slice(max(0, round(top * down)), round((top + side) * down))
        counted[rows, max(0, round(left * right)) : round((left + side) * right)] = True
    counted &= _numbers(image.section(z))
    if shown is not None:
        counted &= shown.shown(z, *((0, n) for n in image.plane))
    return Field(seen, work.of(number, z), counted)


def _part(work: Patchwork, row: int, shown: Stain | None) -> Field:
    """The square of a row with what lies around it."""
    grid, number = work.grid, int(work.grid.image[row])
    image, level, side = work.images[number], int(grid.level[row]), int(grid.size[row])
    at = 1 if image.axes.startswith("Z") else 0
    plane = [int(n) for n in image.levels[level].shape[at : at + 2]]
    starts = [max(0, int(grid.y[row])), max(0, int(grid.x[row]))]
    low = [max(0, start - _AROUND) for start in starts]
    high = [min(n, start + side + _AROUND) for n, start in zip(plane, starts, strict=True)]
    box = (slice(low[0], high[0]), slice(low[1], high[1]))
    pixels = image.section(int(grid.z[row]), box, level)
    counted = np.zeros(pixels.shape[:2], np.bool_)
    top, left = (start - least for start, least in zip(starts, low, strict=True))
    counted[top : top + side, left : left + side] = True
    counted &= _numbers(pixels)
    if shown is not None:
        spans = zip(low, high, strict=True)
        counted &= shown.shown(int(grid.z[row]), *spans)
    return Field(Image(pixels, axes="YXC"), work.of(number, int(grid.z[row])), counted)


def _numbers(pixels: NDArray[Any]) -> NDArray[np.bool_]:
    """Where pixels ``(Y, X, C)`` are numbers, and so is what lies beside them."""
    there: NDArray[np.bool_] = np.isfinite(pixels).all(-1)
    if there.all():
        return there
    from scipy.ndimage import minimum_filter

    return np.asarray(minimum_filter(there, 2 * _BESIDE + 1), np.bool_)


def _normal_rows(
    grid: PatchGrid, shown: NDArray[np.bool_], marks: Marks | Labels | LabelsSet | None
) -> Rows:
    """Rows that show something and nothing that is marked as odd or left out."""
    if marks is None:
        return np.flatnonzero(shown)
    known = said(marks, grid, share=0.0)
    odd = np.zeros(len(grid), np.bool_)
    odd[known.like] = odd[known.left_out] = True
    if isinstance(marks, Marks):
        for one in marks.of_person():
            if one.role not in ("normal", "complete"):
                odd[touched(one, grid)] = True
    usual = np.zeros(len(grid), np.bool_)
    usual[known.normal] = True
    return np.flatnonzero(shown & ~odd & (usual if usual.any() else True))


def touched(mark: Mark, grid: PatchGrid) -> Rows:
    """Rows whose crops may show any of the box around a mark."""
    number = grid.find_source(mark.image) if mark.image else 0
    down, right = grid.finest(number)
    places = np.concatenate(mark.parts) / (down, right)
    jitter = grid.layouts[number].stride // 2  # as crops are moved while learning
    near = (grid.image == number) & (grid.z == mark.z)
    for axis, first in enumerate((grid.y, grid.x)):
        low, high = places[:, axis].min(), places[:, axis].max()
        near &= (first - jitter <= high) & (first + grid.size + jitter > low)
    return np.flatnonzero(near)


def _told(several: Any, grid: PatchGrid, aligned: bool) -> str:
    count, what = (len(several), "images") if len(several) > 1 else (len(grid), "squares")
    if count < _FEW:
        return FEW.format(count, what)
    place = ", each place by itself" if aligned else ""
    return f"Learns from {count} {what}{place}."
