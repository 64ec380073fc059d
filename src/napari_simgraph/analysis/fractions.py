"""How much of each section and region the classes cover."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.blocks import Block, Pace, Plane, Source, blocks
from napari_simgraph.core.job import Signal, Tick
from napari_simgraph.core.objects import FractionTable

Box = tuple[slice, slice, slice]
ALL = -1  # the section that stands for all of them together
PRESENT = 2  # in a mask of a class that may overlap others


class Covered(NamedTuple):
    """What is counted: pixels by section, region and class, and all pixels by section and region.

    `classes` is ``(Z, R, C)``, `labelled` and `pixels` are ``(Z, R)``.
    """

    classes: NDArray[np.int64]
    labelled: NDArray[np.int64]
    pixels: NDArray[np.int64]


class Counting(NamedTuple):
    """What to count: one source of class values, or one mask per class, and regions.

    Without `regions` all pixels are region 0; with them, region r is where their value is r + 1.
    """

    sources: Sequence[Source]
    exclusive: bool
    many: int
    regions: Source | None
    names: Sequence[str]


class InBox:
    """Regions inside a box only; without regions the box is region 1."""

    def __init__(self, regions: Source | None, box: Box, shape: tuple[int, int, int]) -> None:
        self._regions, self._box, self.shape = regions, box, shape

    def get(self, z: int, y: slice, x: slice) -> Plane:
        """See `Source.get`."""
        in_z, in_y, in_x = self._box
        rows, columns = np.arange(y.start, y.stop)[:, None], np.arange(x.start, x.stop)
        inside = (rows >= in_y.start) & (rows < in_y.stop) & (in_z.start <= z < in_z.stop)
        inside = inside & (columns >= in_x.start) & (columns < in_x.stop)
        values = self._regions.get(z, y, x) if self._regions is not None else np.ones(1, int)
        return np.where(inside, values, 0)


def parse_box(text: str, shape: tuple[int, int, int]) -> Box:
    """A box ``0:5,100:200,0:512`` of sections, rows and columns; of rows and columns where flat.

    Raises
    ------
    ValueError
        It is no box, or lies outside.
    """
    flat = shape[0] == 1 and text.count(",") == 1
    try:
        ends = [part.split(":") for part in (f"0:1,{text}" if flat else text).split(",")]
        z, y, x = (
            slice(int(low or 0), int(high or n)) for (low, high), n in zip(ends, shape, strict=True)
        )
    except ValueError:
        raise ValueError(f"A box looks like 0:5,100:200,0:512, not '{text}'.") from None
    if any(not 0 <= s.start < s.stop <= n for s, n in zip((z, y, x), shape, strict=True)):
        said = " x ".join(str(n) for n in shape)
        raise ValueError(f"The box {text} does not lie inside the labels ({said} pixels).")
    return z, y, x


def cover(what: Counting, pace: Pace) -> Generator[Tick, Signal | None, Covered]:
    """Pixels per section, region and class; after STOP those seen so far."""
    shape = what.sources[0].shape
    size = (shape[0], len(what.names))
    sizes = ((*size, what.many), size, size)
    found = Covered(*(np.zeros(one, np.int64) for one in sizes))
    for block in blocks(shape):
        _add(found, what, block)
        yield from pace.step(f"z {block.z + 1} of {shape[0]}")
        if pace.stopped:
            break
    return found


def _add(found: Covered, what: Counting, block: Block) -> None:
    z, many = block.z, len(what.names)
    place = (block.z, block.y, block.x)
    values = [source.get(*place).astype(np.int64) for source in what.sources]
    region = np.zeros(values[0].shape, np.int64)
    if what.regions is not None:
        region = what.regions.get(*place).astype(np.int64) - 1
    inside = (region >= 0) & (region < many)
    region = region[inside]
    found.pixels[z] += np.bincount(region, minlength=many)[:many]
    labelled = np.zeros(len(region), bool)
    for number, plane in enumerate(values):
        kinds = plane[inside]
        labelled |= kinds > 0
        if not what.exclusive:
            hit = region[kinds == PRESENT]
            found.classes[z, :, number] += np.bincount(hit, minlength=many)
            continue
        known = (kinds > 0) & (kinds <= what.many)
        both = region[known] * what.many + kinds[known] - 1
        counts = np.bincount(both, minlength=many * what.many)
        found.classes[z] += counts.reshape(many, what.many)
    found.labelled[z] += np.bincount(region[labelled], minlength=many)


def fraction_table(
    found: Covered, classes: Sequence[str], regions: Sequence[str], pixel: float
) -> FractionTable:
    """The table of shares: for each region the sections in order, then all of them together.

    Parameters
    ----------
    found
        From `cover`.
    classes, regions
        Names, in order.
    pixel
        Area of a pixel in µm²; 0 where it is unknown.
    """
    rows: dict[str, list[Any]] = {key: [] for key in ("region", "section", "class", "pixels")}
    shares: tuple[list[float], list[float]] = ([], [])
    depth = len(found.pixels)
    for r, region in enumerate(regions):
        for z in [*range(depth), ALL]:
            whole = slice(None) if z == ALL else slice(z, z + 1)
            pixels, labelled = found.pixels[whole, r].sum(), found.labelled[whole, r].sum()
            for c, name in enumerate(classes):
                covered = int(found.classes[whole, r, c].sum())
                for key, value in zip(rows, (region, z, name, covered), strict=True):
                    rows[key].append(value)
                for share, total in zip(shares, (pixels, labelled), strict=True):
                    share.append(covered / total if total else float("nan"))
    columns: dict[str, Any] = {key: np.array(values) for key, values in rows.items()}
    if pixel:
        columns["area_um2"] = columns["pixels"] * pixel
    columns |= {"fraction": np.array(shares[0]), "fraction_of_labelled": np.array(shares[1])}
    return FractionTable(columns)
