"""Painting: probabilities become class labels and maps, written block by block into a Room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.job import Region
from napari_simgraph.core.raster import Image, Labels
from napari_simgraph.core.room import Room
from napari_simgraph.learn.windows import Span

Write: TypeAlias = Callable[[int, Span, Span, NDArray[np.float32]], None]  # z, rows, columns, tile
_CHUNK = 512  # px, as large as a tile: a tile is written once


@dataclass(frozen=True)
class Canvas:
    """The results of one image while they grow.

    Parameters
    ----------
    image, classes, exclusive
        What is segmented, and into what.
    arrays
        ``classes`` and ``probability`` where asked for: name in the Room and array.
    """

    image: Image
    classes: ClassTable
    exclusive: bool
    arrays: dict[str, tuple[str, Any]]

    def write(self, z: int, rows: Span, columns: Span, values: NDArray[np.float32]) -> None:
        """Probabilities ``(K, Y, X)`` of a tile."""
        box = (slice(*rows), slice(*columns))
        place = (z, *box) if self.image.axes.startswith("Z") else box
        if "probability" in self.arrays:
            self.arrays["probability"][1][place] = values.transpose(1, 2, 0)
        if "classes" in self.arrays:
            if self.exclusive:
                painted = (values.argmax(0) + 1).astype(np.uint8)
            else:
                painted = (1 + (values > 0.5)).astype(np.uint8).transpose(1, 2, 0)
            self.arrays["classes"][1][place] = painted

    def regions(self, z: int) -> list[Region]:
        """What to show once section `z` is complete."""
        stack = self.image.axes.startswith("Z")
        plane = tuple(slice(0, n) for n in self.image.plane)
        box = (slice(z, z + 1), *plane) if stack else plane
        masks = (slice(0, len(self.classes)),)
        return [
            Region(name, box + masks * (array.ndim > len(box)))
            for name, array in self.arrays.values()
        ]

    def labels(self) -> Labels | None:
        """The class labels."""
        if "classes" not in self.arrays:
            return None
        axes = self.image.axes.removesuffix("C") + "C" * (not self.exclusive)
        return Labels(
            self.arrays["classes"][1],
            axes,
            name=f"{self.image.name} · classes",
            classes=self.classes,
            exclusive=self.exclusive,
            **_grid(self.image),
        )

    def probability(self) -> Image | None:
        """The probability map, a channel a class."""
        if "probability" not in self.arrays:
            return None
        return Image(
            self.arrays["probability"][1],
            self.image.axes.removesuffix("C") + "C",
            name=f"{self.image.name} · probability",
            classes=self.classes,
            **_grid(self.image),
        )


def prepare(
    image: Image, classes: ClassTable, exclusive: bool, wanted: dict[str, str], room: Room
) -> Canvas:
    """A canvas with its arrays; `wanted` names them in the Room by kind."""
    count = len(classes)
    arrays: dict[str, tuple[str, Any]] = {}
    for kind, name in wanted.items():
        last = () if kind == "classes" and exclusive else (count,)
        chunks = (1,) * (len(image.shape) - 2) + tuple(min(n, _CHUNK) for n in image.plane) + last
        dtype = np.uint8 if kind == "classes" else np.float32
        arrays[kind] = (name, room.array(name, image.shape + last, dtype, chunks))
    return Canvas(image, classes, exclusive, arrays)


def _grid(image: Image) -> dict[str, Any]:
    return {"spacing": image.spacing, "unit": image.unit, "origin": image.origin}
