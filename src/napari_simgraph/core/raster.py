"""Image, Labels and sets of them: pixels with their axes and their physical size."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.geometry import PIXEL, clean_unit

Pixels: TypeAlias = NDArray[Any]
Box: TypeAlias = tuple[slice, ...]

AXES = ("YX", "ZYX", "YXC", "ZYXC")
# Fingerprints read small images whole and large ones in this many blocks of this size,
# so that opening a terabyte does not mean reading it.
_SAMPLES, _SAMPLE_EDGE, _WHOLE_BYTES = 64, 64, 64 * 2**20
_HASHED = 2**18  # bytes of a small one at a time, or a section
_SQUARE = 1024  # px: sections that are looked through whole are read in squares of this side


@dataclass(frozen=True, eq=False)
class Raster:
    """Pixels on a grid, read block by block and never turned into one numpy array.

    Parameters
    ----------
    data
        Anything with ``shape``, ``dtype`` and slicing (numpy, memmap, Zarr, Dask), or a list of
        pyramid levels, finest first. Axes are spatial first and channels last in memory.
    axes
        One of ``YX``, ``ZYX``, ``YXC``, ``ZYXC``; by default ``YX`` or ``ZYX``.
    spacing, origin
        Pixel size and position of the first pixel's centre, one value per spatial axis, in `unit`.
    unit
        A unit of length, or ``pixel`` where the size is unknown.
    name, source
        What it is called, and the path (``PATH`` or ``PATH::KEY``) it was read from, if any.

    Raises
    ------
    ValueError
        Shapes, axes or spacing don't fit together.
    """

    data: Any
    axes: str = ""
    spacing: tuple[float, ...] = ()
    unit: str = PIXEL
    origin: tuple[float, ...] = ()
    name: str = "image"
    source: str = ""

    def __post_init__(self) -> None:
        levels = tuple(self.data) if isinstance(self.data, list | tuple) else (self.data,)
        ndim = len(levels[0].shape)
        axes = self.axes or {2: "YX", 3: "ZYX", 4: "ZYXC"}.get(ndim, "?")
        if axes not in AXES or len(axes) != ndim:
            raise ValueError(
                f"'{self.name}' has {ndim} axes; say which they are, as one of {', '.join(AXES)}."
            )
        space = len(axes.removesuffix("C"))
        setters = {
            "data": levels,
            "axes": axes,
            "spacing": tuple(float(s) for s in self.spacing) or (1.0,) * space,
            "origin": tuple(float(o) for o in self.origin) or (0.0,) * space,
            "unit": clean_unit(self.unit),
        }
        for key, value in setters.items():
            object.__setattr__(self, key, value)
        if len(self.spacing) != space or len(self.origin) != space:
            raise ValueError(f"'{self.name}' needs {space} pixel sizes, one per axis {axes}.")
        if not all(np.isfinite(s) and s > 0 for s in self.spacing):
            raise ValueError(f"The pixel size of '{self.name}' must be above zero.")
        if 0 in levels[0].shape:
            raise ValueError(f"'{self.name}' is empty (shape {levels[0].shape}).")

    @property
    def levels(self) -> tuple[Any, ...]:
        """Pyramid levels, finest first; one where there is no pyramid."""
        return self.data  # type: ignore[no-any-return]

    @property
    def shape(self) -> tuple[int, ...]:
        """Size in pixels per spatial axis, ``(Z, Y, X)`` or ``(Y, X)``."""
        return tuple(int(n) for n in self.levels[0].shape[: len(self.spacing)])

    @property
    def channels(self) -> int:
        """How many channels; 1 where there is no channel axis."""
        return int(self.levels[0].shape[-1]) if self.axes.endswith("C") else 1

    @property
    def sections(self) -> int:
        """How many sections; 1 for a flat image."""
        return self.shape[0] if self.axes.startswith("Z") else 1

    @property
    def plane(self) -> tuple[int, int]:
        """Height and width of a section in pixels."""
        return self.shape[-2], self.shape[-1]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the pixels."""
        kind: np.dtype[Any] = np.dtype(self.levels[0].dtype)
        return kind

    @property
    def has_scale(self) -> bool:
        """Whether the physical pixel size is known."""
        return self.unit != PIXEL

    def read(self, box: Box = (), level: int = 0) -> Pixels:
        """The pixels of a box of spatial slices, channels last if there are any, as numpy."""
        return np.asarray(self.levels[level][box])

    def section(self, z: int, box: Box = (), level: int = 0) -> Pixels:
        """Section `z`, or a box ``(y, x)`` of it, always with channels: ``(Y, X, C)``."""
        index = (z, *box) if self.axes.startswith("Z") else box
        pixels = self.read(index, level)  # type: ignore[arg-type]
        return pixels if self.axes.endswith("C") else pixels[..., None]

    def squares(self, sections: Iterable[int] | None = None) -> Iterator[tuple[int, Box]]:
        """Section and box ``(y, x)`` of squares that cover all of it, or some of its sections."""
        for z in range(self.sections) if sections is None else sections:
            for top in range(0, self.plane[0], _SQUARE):
                for left in range(0, self.plane[1], _SQUARE):
                    spans = zip((top, left), self.plane, strict=True)
                    yield z, tuple(slice(a, min(a + _SQUARE, n)) for a, n in spans)

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits of shape, type and pixels (sampled above 64 MB)."""
        pixels = self.levels[0]
        digest = hashlib.blake2b(digest_size=8)
        digest.update(f"{tuple(pixels.shape)}{np.dtype(pixels.dtype).str}".encode())
        for box in _sample_boxes(tuple(pixels.shape), np.dtype(pixels.dtype).itemsize):
            digest.update(np.ascontiguousarray(pixels[box]).tobytes())
        return digest.hexdigest()

    def replace(self, **changes: Any) -> Self:
        """The same with some fields changed."""
        return replace(self, **changes)


@dataclass(frozen=True, eq=False)
class Image(Raster):
    """Measured or computed pixels; `classes` says what the channels of a probability map are."""

    classes: ClassTable | None = None


@dataclass(frozen=True, eq=False)
class Labels(Raster):
    """A class or an object number for each pixel; 0 is unlabelled.

    Parameters
    ----------
    classes
        What the values mean.
    exclusive
        False where classes overlap: the last axis then holds one mask per class, with
        0 unlabelled, 1 absent, 2 present.
    meaning
        ``classes``, or ``objects``: each value is one object, 0 is what lies between them. Where
        objects of different classes overlap, the last axis holds the objects of each class.
    object_classes
        The class of each object, indexed by its value (0 where unknown, and at index 0); empty
        for classes.
    """

    name: str = "labels"
    classes: ClassTable = field(default_factory=lambda: ClassTable(()))
    exclusive: bool = True
    meaning: Literal["classes", "objects"] = "classes"
    object_classes: Sequence[int] | NDArray[Any] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dtype.kind not in "uib":
            raise ValueError(f"'{self.name}' holds {self.dtype} values; labels are whole numbers.")
        if self.exclusive == self.axes.endswith("C"):
            raise ValueError("Overlapping classes have one mask each, on the last axis.")
        if not self.exclusive and self.channels != len(self.classes):
            raise ValueError(f"{self.channels} masks but {len(self.classes)} class names.")
        kinds = np.asarray(self.object_classes, np.uint8)
        if kinds.size and kinds.max() > len(self.classes):
            raise ValueError(f"'{self.name}' has objects of a class that has no name.")
        object.__setattr__(self, "object_classes", kinds)


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images of any sizes, each with a name and perhaps a class (``""`` where there is none).

    `images` may make them when they are asked for: go through them once, or by number.
    `image_groups` says which of them show the same thing (a specimen, a tile, a patient): they
    are never kept aside apart from each other.
    """

    images: Sequence[Image]
    image_classes: tuple[str, ...] = ()
    name: str = "images"
    image_groups: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.images:
            raise ValueError(f"'{self.name}' holds no image that can be read.")
        if self.image_classes and len(self.image_classes) != len(self.images):
            raise ValueError("Each image has one class, or none of them has one.")
        if self.image_groups and len(self.image_groups) != len(self.images):
            raise ValueError("Each image belongs to one group, or none of them does.")

    def __len__(self) -> int:
        return len(self.images)

    def __iter__(self) -> Iterator[Image]:
        return iter(self.images)


@dataclass(frozen=True, eq=False)
class LabelsSet:
    """Labels of the images of an ImageSet, in the same order."""

    labels: tuple[Labels, ...]
    name: str = "labels"

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[Labels]:
        return iter(self.labels)


def each_image(source: Image | ImageSet) -> Sequence[Image]:
    """The images of a source, whether it is one or many."""
    return [source] if isinstance(source, Image) else source.images


def each_labels(source: Labels | LabelsSet) -> Sequence[Labels]:
    """The labels of a source, whether it is one or many."""
    return [source] if isinstance(source, Labels) else source.labels


def _sample_boxes(shape: tuple[int, ...], itemsize: int) -> Iterator[Box]:
    """Blocks to hash: all of a small array in order, an even spread over a large one."""
    size = math.prod(shape) * itemsize
    if size <= _WHOLE_BYTES:
        step = max(1, int(_HASHED // (size / shape[0])))
        yield from ((slice(start, start + step),) for start in range(0, shape[0], step))
        return
    rng = np.random.default_rng(0)  # a fixed seed: the same places for the same shape
    for _ in range(_SAMPLES):
        # One section each: compressed stacks are decoded section by section.
        edges = [1 if axis == 0 and len(shape) > 2 else _SAMPLE_EDGE for axis in range(len(shape))]
        room = [max(1, n - e + 1) for n, e in zip(shape, edges, strict=True)]
        starts = [int(rng.integers(0, n)) for n in room]
        yield tuple(slice(s, s + e) for s, e in zip(starts, edges, strict=True))
