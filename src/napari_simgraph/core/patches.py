"""PatchGrid: where patches lie in images; every table and graph has its rows on one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_simgraph.core.geometry import PIXEL
from napari_simgraph.core.raster import Image, ImageSet, each_image

Rows = NDArray[np.intp]
COLUMNS = ("image", "level", "z", "y", "x", "size")


@dataclass(frozen=True)
class Source:
    """What a grid keeps of an image, so that it can be used while the image is not open.

    `shape`, `spacing` and `origin` have one value per spatial axis; `path` is where it was read.
    """

    name: str
    fingerprint: str
    shape: tuple[int, ...]
    spacing: tuple[float, ...]
    origin: tuple[float, ...]
    unit: str = PIXEL
    image_class: str = ""
    path: str = ""

    @classmethod
    def of(cls, image: Image, image_class: str = "") -> Self:
        """The source of an image."""
        place = (image.shape, image.spacing, image.origin, image.unit)
        return cls(image.name, image.fingerprint, *place, image_class, image.source)

    @property
    def sections(self) -> int:
        """How many sections."""
        return self.shape[0] if len(self.shape) == 3 else 1


class Layout(NamedTuple):
    """A regular grid over one image: pyramid level, its plane, side and distance of patches.

    All in pixels of that level. The grid lies in the middle of the plane, so less than a stride
    is left over, half of it at either border; a plane smaller than a patch is one patch. Others
    lay theirs out as they like: `corner` is the first pixel of their first patch.
    """

    level: int
    plane: tuple[int, int]
    size: int
    stride: int
    corner: tuple[int, int] | None = None

    @property
    def counts(self) -> tuple[int, int]:
        """Patches down and across; with a corner all that begin within the plane."""
        if self.corner is not None:
            ends = zip(self.plane, self.corner, strict=True)
            down, across = (max(0, n - start - 1) // self.stride + 1 for n, start in ends)
        else:
            down, across = (max(0, n - self.size) // self.stride + 1 for n in self.plane)
        return down, across

    @property
    def first(self) -> tuple[int, int]:
        """Row and column of the first patch's first pixel; below 0 in smaller planes."""
        if self.corner is not None:
            return self.corner
        return tuple(  # type: ignore[return-value]
            (n - self.size - (count - 1) * self.stride) // 2
            for n, count in zip(self.plane, self.counts, strict=True)
        )


@dataclass(frozen=True, eq=False)
class PatchGrid:
    """Patches, one a row: image, pyramid level, section z, first pixel y and x, side `size`.

    Parameters
    ----------
    sources
        The images; the column `image` counts them from 0.
    image, level, z, y, x, size
        The rows. y, x and size in pixels of the level; rows that were left out (background) are
        simply absent.
    layouts
        The regular grid of each image where there is one, else empty.

    Raises
    ------
    ValueError
        Columns differ in length, or rows lie in images that are not there.
    """

    sources: tuple[Source, ...]
    image: NDArray[np.int32]
    level: NDArray[np.uint8]
    z: NDArray[np.int32]
    y: NDArray[np.int32]
    x: NDArray[np.int32]
    size: NDArray[np.int32]
    layouts: tuple[Layout, ...] = field(default=())

    def __post_init__(self) -> None:
        for name in COLUMNS:
            kind = np.uint8 if name == "level" else np.int32
            object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name), kind))
        if len({getattr(self, name).shape for name in COLUMNS}) != 1 or self.image.ndim != 1:
            raise ValueError("The columns of a patch grid have one value per patch each.")
        if len(self) and not 0 <= self.image.min() <= self.image.max() < len(self.sources):
            raise ValueError("Some patches lie in images that the table doesn't know.")
        if self.layouts and len(self.layouts) != len(self.sources):
            raise ValueError("Each image has a regular grid, or none of them has one.")

    def __len__(self) -> int:
        return len(self.image)

    @cached_property
    def patch_id(self) -> NDArray[np.uint64]:
        """64-bit hash of image fingerprint, level, position and size: the same anywhere."""
        prints = np.array([_number(one.fingerprint) for one in self.sources], np.uint64)
        hashed = _mix(prints)[self.image] if len(self) else np.zeros(0, np.uint64)
        for name in COLUMNS[1:]:
            # by way of int64: what lies before the first pixel is negative
            hashed = _mix(hashed ^ getattr(self, name).astype(np.int64).view(np.uint64))
        return hashed

    def take(self, rows: ArrayLike) -> Self:
        """The grid of some rows, by numbers or by a mask; the layouts stay as they are."""
        chosen = np.asarray(rows)
        return replace(self, **{name: getattr(self, name)[chosen] for name in COLUMNS})

    def centres(self) -> NDArray[np.float64]:
        """Centres ``(N, 3)`` as z, y, x in world units of each image."""
        scale, origin, factor = (self._per_image(part) for part in (_scale, _origin, self._factor))
        places = np.stack([self.z, self.y, self.x], 1).astype(np.float64)
        places[:, 1:] += self.size[:, None] / 2  # the centre, measured from the first pixel's edge
        places[:, 1:] = places[:, 1:] * factor[self.image] - 0.5
        return origin[self.image] + places * scale[self.image]

    def covering(self, image: int, z: int, y: float, x: float) -> Rows:
        """Rows whose patch covers a place (in pixels of the finest level), nearest centre first."""
        down, right = self._factor(self.sources[image], image)
        rows = np.flatnonzero((self.image == image) & (self.z == z))
        dy = (y + 0.5) / down - self.y[rows]
        dx = (x + 0.5) / right - self.x[rows]
        side = self.size[rows]
        inside = (dy >= 0) & (dx >= 0) & (dy < side) & (dx < side)
        away = np.hypot(dy - side / 2, dx - side / 2)[inside]
        return rows[inside][np.argsort(away, kind="stable")]

    def finest(self, image: int) -> tuple[float, float]:
        """Pixels of an image's finest level, down and across, to one of its patches' level."""
        return self._factor(self.sources[image], image)

    def find_source(self, wanted: str | int) -> int:
        """The number of an image by its number, name or fingerprint.

        Raises
        ------
        ValueError
            There is no such image.
        """
        for number, one in enumerate(self.sources):
            if str(wanted) in (one.name, one.fingerprint):
                return number
        if str(wanted).isdigit() and int(wanted) < len(self.sources):
            return int(wanted)
        raise ValueError(f"The table has no image '{wanted}'; it has {self._names()}.")

    def overlapping(self, left: Rows, right: Rows, sections: int = 0) -> NDArray[np.bool_]:
        """Whether patches overlap, pair by pair; `sections` apart still counts as overlapping."""
        same = (self.image[left] == self.image[right]) & (self.level[left] == self.level[right])
        near = np.abs(self.z[left] - self.z[right]) <= sections
        for name in ("y", "x"):
            start, other = getattr(self, name)[left], getattr(self, name)[right]
            near &= (start < other + self.size[right]) & (other < start + self.size[left])
        overlap: NDArray[np.bool_] = same & near
        return overlap

    def _names(self) -> str:
        some = ", ".join(one.name for one in self.sources[:3])
        return some if len(self.sources) < 4 else f"{some} and {len(self.sources) - 3} more"

    def _per_image(self, of: Any) -> NDArray[np.float64]:
        return np.array([of(one, number) for number, one in enumerate(self.sources)], np.float64)

    def _factor(self, source: Source, number: int) -> tuple[float, float]:
        """Finest pixels per pixel of the level that the image's patches lie on."""
        if not self.layouts:
            return 1.0, 1.0
        plane = self.layouts[number].plane
        return source.shape[-2] / plane[0], source.shape[-1] / plane[1]


def grid_over(images: Image | ImageSet, size: int, stride: int) -> PatchGrid:
    """All patches of the finest level, regularly spaced.

    Parameters
    ----------
    images
        Where patches lie.
    size, stride
        Side and distance in pixels.
    """
    layouts = [Layout(0, one.plane, size, stride) for one in each_image(images)]
    return laid_out(images, layouts)


def laid_out(images: Image | ImageSet, layouts: Sequence[Layout]) -> PatchGrid:
    """All patches of one layout per image."""
    classes = images.image_classes if isinstance(images, ImageSet) else ()
    several = each_image(images)
    sources = tuple(
        Source.of(one, classes[number] if classes else "") for number, one in enumerate(several)
    )
    columns = dict(zip(COLUMNS, _all_rows(sources, layouts).T, strict=True))
    return PatchGrid(sources, layouts=tuple(layouts), **columns)


def _all_rows(sources: Sequence[Source], layouts: Sequence[Layout]) -> NDArray[np.int32]:
    """The columns of all patches, ``(N, 6)``; small pictures of one size are laid out once."""
    made: dict[tuple[int, Layout], NDArray[np.int32]] = {}
    parts = []
    for source, layout in zip(sources, layouts, strict=True):
        key = (source.sections, layout)
        if key not in made:
            made[key] = _rows(*key)
        parts.append(made[key])
    rows = np.concatenate(parts)
    rows[:, 0] = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return rows


def _rows(sections: int, layout: Layout) -> NDArray[np.int32]:
    """The columns of all patches of the first image, ``(N, 6)``."""
    down, across = layout.counts
    z, i, j = (part.ravel() for part in np.mgrid[:sections, :down, :across])
    top, left = layout.first
    rows = np.empty((len(z), len(COLUMNS)), np.int32)
    rows[:, 0], rows[:, 1], rows[:, 2] = 0, layout.level, z
    rows[:, 3], rows[:, 4] = top + i * layout.stride, left + j * layout.stride
    rows[:, 5] = layout.size
    return rows


def _scale(source: Source, number: int) -> tuple[float, ...]:
    return (*((1.0,) * (3 - len(source.spacing))), *source.spacing)


def _origin(source: Source, number: int) -> tuple[float, ...]:
    return (*((0.0,) * (3 - len(source.origin))), *source.origin)


def _number(fingerprint: str) -> int:
    return int(fingerprint, 16) & (2**64 - 1)


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64 (Steele et al. 2014): each input bit changes half of the output bits."""
    with np.errstate(over="ignore"):  # it is arithmetic modulo 2 to the 64
        mixed = values + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        result: NDArray[np.uint64] = mixed ^ (mixed >> np.uint64(31))
    return result
