"""Contact sheets: where each image of a set lies, and back from a place to an image."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.raster import ImageSet

EMPTY = -1
_ASPECT = 4 / 3  # width by height of a sheet, as of a canvas beside docks
_GAP = 2  # px at least between two images, so that their borders are seen
_SMALL_SHEET = 1024  # px; levels are added until the sheet fits, as it is first seen
_SMALL_CELL = 4  # px; an image is no more than a dot below


class Spot(NamedTuple):
    """A place in one image of a set: its number, and the pixel in it."""

    image: int
    y: float
    x: float


@dataclass(frozen=True, eq=False)
class SheetLayout:
    """Cells of one size, filled row by row.

    Parameters
    ----------
    cells
        The image number in each cell ``(rows, columns)``, `EMPTY` where there is none.
    cell
        Height and width of a cell in pixels, with the gap to the next one.
    sizes
        Height and width of each image ``(n, 2)``; it lies in the upper left of its cell.
    factors
        How much coarser each pyramid level is; a cell can be divided by all of them.
    """

    cells: NDArray[np.int64]
    cell: tuple[int, int]
    sizes: NDArray[np.int64]
    factors: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the sheet in pixels."""
        rows, columns = self.cells.shape
        return rows * self.cell[0], columns * self.cell[1]

    def find(self, y: float, x: float) -> Spot | None:
        """The image at a place on the sheet and the pixel in it; None between images.

        Places count in pixels of the finest level; a pixel's centre is at its whole number.
        """
        row, column = int((y + 0.5) // self.cell[0]), int((x + 0.5) // self.cell[1])
        rows, columns = self.cells.shape
        if not (0 <= row < rows and 0 <= column < columns):
            return None
        image = int(self.cells[row, column])
        inner = y - row * self.cell[0], x - column * self.cell[1]
        if image == EMPTY or any(
            p + 0.5 >= n for p, n in zip(inner, self.sizes[image], strict=True)
        ):
            return None
        return Spot(image, *inner)

    def place(self, image: int, y: float = 0, x: float = 0) -> tuple[float, float]:
        """Where on the sheet a pixel of an image lies; the inverse of `find`.

        Raises
        ------
        ValueError
            There is no such image on the sheet.
        """
        at = np.argwhere(self.cells == image)
        if not len(at) or image == EMPTY:
            raise ValueError(f"There is no image {image} on the sheet.")
        return float(at[0][0] * self.cell[0] + y), float(at[0][1] * self.cell[1] + x)

    def of_some(self, numbers: Sequence[int]) -> SheetLayout:
        """The same sheet, on which only some images count, numbered anew in this order."""
        renumbered = np.full(len(self.sizes) + 1, EMPTY, np.int64)  # the last one is `EMPTY`
        renumbered[list(numbers)] = np.arange(len(numbers))
        return replace(self, cells=renumbered[self.cells], sizes=self.sizes[list(numbers)])


def lay_out(images: ImageSet, order: str = "") -> SheetLayout:
    """Where the images of a set lie on a sheet.

    Parameters
    ----------
    images
        Of any sizes.
    order
        ``name`` or ``class`` (each class begins a row where there are few); by default by class
        where there are classes.

    Raises
    ------
    ValueError
        There is no such order.
    """
    order = order or ("class" if images.image_classes else "name")
    if order not in ("name", "class"):
        raise ValueError(f"Images are sorted by name or class, not by '{order}'.")
    sizes = _sizes(images)
    largest = [int(n) for n in sizes.max(0)]
    columns = max(1, round(float(np.sqrt(len(sizes) * _ASPECT * largest[0] / largest[1]))))
    groups = _groups(images, order)
    if sum(-(-len(group) // columns) for group in groups) > 2 * -(-len(sizes) // columns):
        groups = [np.concatenate(groups)]  # so many small classes would leave most cells empty
    cells = np.concatenate([_rows(group, columns) for group in groups])
    factors = _factors(largest, cells.shape)
    step = factors[-1]
    cell = tuple(-(-(n + _GAP) // step) * step for n in largest)
    return SheetLayout(cells, (cell[0], cell[1]), sizes, factors)


def natural(text: str) -> list[Any]:
    """A sort key under which class 2 stands before class 10."""
    parts = re.split(r"(\d+)", text.casefold())
    return [int(part) if i % 2 else part for i, part in enumerate(parts)]


def _sizes(images: ImageSet) -> NDArray[np.int64]:
    """Height and width of each image; those of one array are alike, so that one is asked."""
    several = images.images
    if getattr(several, "alike", False):
        return np.tile(np.array(several[0].plane, np.int64), (len(several), 1))
    return np.array([image.plane for image in several], np.int64)


def _groups(images: ImageSet, order: str) -> list[NDArray[np.int64]]:
    """Image numbers, one group for each class in the order of their names."""
    numbers = np.arange(len(images))
    if order == "name" or not images.image_classes:
        names = [] if getattr(images.images, "alike", False) else [i.name for i in images]
        return [np.array(sorted(numbers, key=lambda i: natural(names[i])) if names else numbers)]
    found, which = np.unique(np.array(images.image_classes), return_inverse=True)
    by_name = sorted(range(len(found)), key=lambda i: natural(str(found[i])))
    return [numbers[which == i] for i in by_name]


def _rows(numbers: NDArray[np.int64], columns: int) -> NDArray[np.int64]:
    rows = -(-len(numbers) // columns)
    cells = np.full(rows * columns, EMPTY, np.int64)
    cells[: len(numbers)] = numbers
    return cells.reshape(rows, columns)


def _factors(size: Sequence[int], grid: tuple[int, ...]) -> tuple[int, ...]:
    """Each level half as large as the one before, down to a sheet that fits a screen."""
    factors = [1]
    while (
        max(n * c for n, c in zip(size, grid, strict=True)) > _SMALL_SHEET * factors[-1]
        and min(size) >= 2 * factors[-1] * _SMALL_CELL
    ):
        factors.append(2 * factors[-1])
    return tuple(factors)
