"""Painting: probabilities become class labels and maps, written block by block into a Room."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.job import Region, Signal, Tick
from napari_simgraph.core.raster import Box, Image, Labels
from napari_simgraph.core.room import Room
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.windows import Span

if TYPE_CHECKING:
    from napari_simgraph.learn.keeping import Keeping

Write: TypeAlias = Callable[[int, Span, Span, NDArray[np.float32]], None]  # z, rows, columns, tile
_CHUNK = 512  # px, as large as a tile: a tile is written once
_TYPES = {"classes": np.uint8, "probability": np.float32, "instances": np.uint32}


class Sections:
    """The last sections of an image as the network gives them: one, or three of a stack.

    Parameters
    ----------
    image
        As the network sees it.
    classes
        How many probabilities K a pixel has.
    room
        Keeps them, however large.
    """

    def __init__(self, image: Image, classes: int, room: Room) -> None:
        self.plane = image.plane
        self._count = 3 if image.axes.startswith("Z") and image.sections > 1 else 1
        shape = (self._count, classes, *image.plane)
        self._array = room.array("sections", shape, np.float32, (1, classes, _CHUNK, _CHUNK))
        self._held: dict[int, int] = {}
        self._room, self._noted = room, dict[tuple[int, str], tuple[int, ...]]()

    def has(self, z: int) -> bool:
        """Whether section `z` was begun and is not overwritten yet."""
        return self._held.get(self._slot(z)) == z

    def beside(self, z: int) -> list[int]:
        """The sections above and below that are there."""
        return [near for near in (z - 1, z + 1) if self.has(near)]

    def write(self, z: int, rows: Span, columns: Span, values: NDArray[np.float32]) -> None:
        """Probabilities ``(K, Y, X)`` of a tile."""
        if not self.has(z):  # what was noted of the section that was there
            there = (key for key in self._noted if key[0] != self._held.get(self._slot(z)))
            self._noted = {key: self._noted[key] for key in there}
        self._held[self._slot(z)] = z
        self._array[self._slot(z), :, slice(*rows), slice(*columns)] = values

    def read(self, z: int, rows: slice, columns: slice) -> NDArray[np.float32]:
        """Probabilities ``(K, Y, X)`` of a box."""
        return np.asarray(self._array[self._slot(z), :, rows, columns])

    def note(self, z: int, block: str, numbers: NDArray[np.int32]) -> None:
        """Keep what was found in a block of a section as long as the section itself."""
        if self._count > 1 and self.has(z):
            self._notes(block, numbers.shape)[self._slot(z)] = numbers
            self._noted[z, block] = numbers.shape

    def noted(self, z: int, block: str) -> NDArray[np.int32] | None:
        """What was found there; None where nothing is kept."""
        shape = self._noted.get((z, block))
        return None if shape is None else np.asarray(self._notes(block, shape)[self._slot(z)])

    def _notes(self, block: str, shape: tuple[int, ...]) -> Any:
        name, chunks = f"sections: block {block}", (1, *shape)
        return self._room.array(name, (self._count, *shape), np.int32, chunks)

    def _slot(self, z: int) -> int:
        return z % self._count


class Watch(Protocol):
    """Sees a section as the network gives it, and makes something of it once it is whole."""

    @property
    def raw(self) -> Sections:
        """What `write` fills; whoever has filled it need not write."""
        ...

    @property
    def kinds(self) -> NDArray[np.uint8]:
        """The class of each object it has found, indexed by its number."""
        ...

    def keep(self, keeping: Keeping) -> None:
        """Go by what a person painted."""
        ...

    def write(self, z: int, rows: Span, columns: Span, values: NDArray[np.float32]) -> None:
        """Probabilities ``(K, Y, X)`` of a tile, as and where the network gives them."""
        ...

    def finish(
        self, z: int, aside: Aside, tick: Callable[[], Tick]
    ) -> Generator[Tick, Signal | None, bool]:
        """Section `z` is whole; False where it was stopped before its end."""
        ...


@dataclass(frozen=True)
class Canvas:
    """The results of one image while they grow.

    Parameters
    ----------
    image, classes, exclusive
        What is segmented, and into what.
    arrays
        ``classes``, ``probability`` and ``instances`` where asked for: name in the Room and array.
    watch
        What makes the instances, if they are asked for.
    keeping
        What stays as a person painted it.
    written
        Parts of the arrays that nobody was told of, see `showing`.
    """

    image: Image
    classes: ClassTable
    exclusive: bool
    arrays: dict[str, tuple[str, Any]]
    watch: Watch | None = None
    keeping: Keeping | None = None
    written: list[Region] = field(default_factory=list)

    def write(self, z: int, rows: Span, columns: Span, values: NDArray[np.float32]) -> None:
        """Probabilities ``(K, Y, X)`` of a tile."""
        if self.keeping:
            values = self.keeping.over(z, rows, columns, values)
        plane = (slice(*rows), slice(*columns))
        deep = self.image.axes.startswith("Z")
        place = (z, *plane) if deep else plane
        box = (slice(z, z + 1), *plane) if deep else plane
        if "probability" in self.arrays:
            self.arrays["probability"][1][place] = values.transpose(1, 2, 0)
        if "classes" in self.arrays:
            if self.exclusive:
                painted = (values.argmax(0) + 1).astype(np.uint8)
            else:
                painted = (1 + (values > 0.5)).astype(np.uint8).transpose(1, 2, 0)
            self.arrays["classes"][1][place] = painted
        if (rows, columns) != tuple((0, n) for n in self.image.plane):  # else told by `regions`
            self.written.extend(
                self._region(kind, box) for kind in self.arrays if kind != "instances"
            )

    def regions(self, z: int) -> list[Region]:
        """What to show once section `z` is complete."""
        stack = self.image.axes.startswith("Z")
        plane = tuple(slice(0, n) for n in self.image.plane)
        box = (slice(z, z + 1), *plane) if stack else plane
        return [self._region(kind, box) for kind in self.arrays]

    def _region(self, kind: str, box: Box) -> Region:
        """A box of pixels as a part of an array, with all its masks."""
        name, array = self.arrays[kind]
        masks = (slice(0, len(self.classes)),)
        return Region(name, box + masks * (array.ndim > len(box)))

    def labels(self) -> Labels | None:
        """The class labels."""
        return self._labels("classes") if "classes" in self.arrays else None

    def objects(self) -> Labels | None:
        """The objects, each with its class."""
        if self.watch is None:
            return None
        told: dict[str, Any] = {"meaning": "objects", "object_classes": self.watch.kinds}
        return self._labels("instances").replace(name=f"{self.image.name} · objects", **told)

    def _labels(self, kind: str) -> Labels:
        axes = self.image.axes.removesuffix("C") + "C" * (not self.exclusive)
        return Labels(
            self.arrays[kind][1],
            axes,
            name=f"{self.image.name} · {kind}",
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
        last = () if kind != "probability" and exclusive else (count,)
        chunks = (1,) * (len(image.shape) - 2) + tuple(min(n, _CHUNK) for n in image.plane) + last
        arrays[kind] = (name, room.array(name, image.shape + last, _TYPES[kind], chunks))
    return Canvas(image, classes, exclusive, arrays)


def _grid(image: Image) -> dict[str, Any]:
    return {"spacing": image.spacing, "unit": image.unit, "origin": image.origin}
