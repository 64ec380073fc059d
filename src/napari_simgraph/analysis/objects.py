"""The table of objects: size, place, sections and grey values of each, from numbered pixels."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis import crofton
from napari_simgraph.analysis.blocks import Block, Boxed, Pace, Plane, Source, blocks
from napari_simgraph.analysis.tally import Local, Tally, local, stays_inside
from napari_simgraph.core.geometry import to_unit
from napari_simgraph.core.job import Signal, Tick
from napari_simgraph.core.objects import ObjectTable
from napari_simgraph.core.raster import Image, Raster

Box = tuple[slice, slice, slice]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Frame:
    """Where pixels lie in the world.

    Parameters
    ----------
    spacing, origin
        Per axis ``(z, y, x)`` in µm; None where the pixel size is unknown.
    flat
        Objects are areas in one section each, else volumes.
    deep
        There is a z axis.
    """

    spacing: tuple[float, float, float] | None
    origin: tuple[float, float, float]
    flat: bool
    deep: bool

    @classmethod
    def of(cls, raster: Raster, through: bool = True) -> Frame:
        """The frame of a raster; without `through` each section has objects of its own."""
        deep = len(raster.spacing) == 3
        missing = (1.0,) * (not deep)
        spacing, origin = (
            [*values] if not raster.has_scale else [to_unit(v, raster.unit, "um") for v in values]
            for values in (raster.spacing, raster.origin)
        )
        told: Any = (*missing, *spacing) if raster.has_scale else None
        start: Any = (*missing, *origin)
        return cls(told, start, not (deep and through), deep)

    @property
    def pixel(self) -> float:
        """The area or volume of a pixel in µm² or µm³."""
        return float(np.prod(self.spacing[self.flat :])) if self.spacing else 1.0

    def lines(self) -> tuple[crofton.Shift, ...]:
        """Directions for the perimeter, or for the surface where that is well defined."""
        if self.flat:
            return crofton.IN_PLANE
        return crofton.IN_SPACE if self.spacing else ()  # sections may be of any thickness


class _Grey:
    """Grey values block by block; of a coloured picture the mean of its colours."""

    def __init__(self, image: Image) -> None:
        self._image = image

    def get(self, z: int, y: slice, x: slice) -> Plane:
        grey: Plane = np.asarray(self._image.section(z, (y, x)), float).mean(-1)
        return grey


@dataclass(frozen=True)
class Measuring:
    """What to measure: numbered pixels, where they lie, perhaps a picture, a part, some objects."""

    ids: Source
    frame: Frame
    image: Image | None = None
    box: Box | None = None
    only: NDArray[np.int64] | None = None


def measure(what: Measuring, pace: Pace) -> Generator[Tick, Signal | None, ObjectTable]:
    """The table of all objects, in the order of their numbers; ``class`` is left to the caller.

    Parameters
    ----------
    what
        Objects that reach out of its box have to be whole in it.
    pace
        Told of each block; after STOP the sections seen so far count.
    """
    frame, corner = what.frame, (0, 0, 0)
    ids: Source = what.ids
    grey: Any = _Grey(what.image) if what.image is not None else None
    if what.box is not None:
        corner = tuple(span.start for span in what.box)
        ids = Boxed(ids, what.box)
        grey = Boxed(grey, what.box) if grey is not None else None
    tally = Tally(frame.lines(), grey is not None)
    for block in blocks(ids.shape):
        _see(tally, ids, block, (grey, what.only))
        yield from pace.step(f"z {corner[0] + block.z + 1} of {what.ids.shape[0]}")
        if pace.stopped:
            break
    return _table(tally, frame, corner, what.ids.shape)


def _see(tally: Tally, ids: Source, block: Block, more: tuple[Any, Any]) -> None:
    grey, only = more
    y, x = block.grown((ids.shape[1], ids.shape[2]))
    around = ids.get(block.z, y, x)
    top, left = block.y.start - y.start, block.x.start - x.start
    numbers = around[top:, left:][: block.y.stop - block.y.start, : block.x.stop - block.x.start]
    found = local(numbers, only)
    if not len(found.ids):
        return
    values = grey.get(block.z, block.y, block.x) if grey is not None else None
    with np.errstate(invalid="ignore"):  # infinite grey values have no spread
        rows = tally.add(block, found, values)
    before = ids.get(block.z - 1, y, x) if block.z and any(s[0] for s in tally.shifts) else None
    _follow(tally, (found, rows, numbers), (around, before), (top, left))


def _follow(
    tally: Tally,
    seen: tuple[Local, NDArray[np.intp], Plane],
    planes: tuple[Plane, Plane | None],
    corner: tuple[int, int],
) -> None:
    """Where lines stay inside an object, in this section and to the one before."""
    found, rows, numbers = seen
    for k, (dz, dy, dx) in enumerate(tally.shifts):
        plane = planes[dz]
        if plane is not None:
            at = stays_inside(found, numbers, plane, (corner[0] - dy, corner[1] - dx))
            tally.add_inside(rows, k, at)


def _table(
    tally: Tally, frame: Frame, corner: tuple[int, int, int], shape: tuple[int, int, int]
) -> ObjectTable:
    pixels = tally["sum_pixels"]
    columns: dict[str, Any] = {"id": tally.ids, "class": np.full(len(tally), "", object)}
    if frame.spacing:
        columns["area_um2" if frame.flat else "volume_um3"] = pixels * frame.pixel
    columns["pixels"] = pixels
    axes = list(zip("zyx", corner, strict=True))[not frame.deep :]
    at = {name: tally[f"sum_{name}"] / pixels + start for name, start in axes}
    if frame.spacing:
        place = dict(zip("zyx", zip(frame.origin, frame.spacing, strict=True), strict=True))
        columns |= {f"{n}_um": place[n][0] + values * place[n][1] for n, values in at.items()}
    columns |= {f"{name}_index": values for name, values in at.items()}
    if frame.deep:
        ends = {"section_first": tally["low_z"], "section_last": tally["high_z"]}
        columns |= {name: values + corner[0] for name, values in ends.items()}
        columns["sections"] = tally["sum_sections"]
    for name, start in axes[frame.deep :]:
        columns[f"{name}_first"] = tally[f"low_{name}"] + start
        columns[f"{name}_last"] = tally[f"high_{name}"] + start
    columns["touches_border"] = _touches(tally, frame, corner, shape)
    columns |= _shape(tally, frame) | _greys(tally)
    return ObjectTable(columns).take(np.argsort(tally.ids, kind="stable"))


def _touches(
    tally: Tally, frame: Frame, corner: tuple[int, int, int], shape: tuple[int, int, int]
) -> NDArray[np.bool_]:
    """Whether the edge of the picture may cut an object; the first and last section cut volumes."""
    touches = np.zeros(len(tally), bool)
    for name, start, end in list(zip("zyx", corner, shape, strict=True))[frame.flat :]:
        touches |= tally[f"low_{name}"] + start == 0
        touches |= tally[f"high_{name}"] + start == end - 1
    return touches


def _shape(tally: Tally, frame: Frame) -> dict[str, Floats]:
    """Equivalent diameter, and perimeter or surface, where they can be known."""
    if frame.spacing is None and not frame.flat:
        return {}
    unit = "um" if frame.spacing else "px"
    size = tally["sum_pixels"] * frame.pixel
    across = 2 * np.sqrt(size / np.pi) if frame.flat else np.cbrt(6 * size / np.pi)
    columns = {f"diameter_{unit}": across}
    if tally.shifts:
        spacing = frame.spacing[frame.flat :] if frame.spacing else (1.0, 1.0)
        # A direction at a time: products of matrices add in an order that depends on the processor
        # and on how many objects there are, and one that is measured anew must stay the same.
        total = np.zeros(len(size))
        for k, factor in enumerate(crofton.factors(spacing)):
            total += factor * (tally["sum_pixels"] - tally[f"inside_{k}"])
        columns[f"perimeter_{unit}" if frame.flat else "surface_um2"] = total
    return columns


def _greys(tally: Tally) -> dict[str, Floats]:
    try:
        mean, spread = tally["mean"], tally["spread"]
    except KeyError:
        return {}
    sd = np.sqrt(spread / tally["sum_pixels"])
    told = {"mean_grey": mean, "sd_grey": sd}
    return told | {"min_grey": tally["least"], "max_grey": tally["most"]}
