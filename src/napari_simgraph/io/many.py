"""The images of a file with an axis of several: made when asked for, since there may be 70,000."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.raster import Image
from napari_simgraph.io.lazy import arrange

if TYPE_CHECKING:
    from napari_simgraph.io.raw import Raw


@dataclass(frozen=True)
class Along(Sequence[Image]):
    """One image for each position on the axes T and N of a file.

    Parameters
    ----------
    raw, letters
        The file, and a letter for each of its axes.
    channel
        The one channel to take; None for all.
    """

    raw: Raw
    letters: str
    channel: int | None = None

    @property
    def alike(self) -> bool:
        """All have one size and type; one of them tells of all."""
        return True

    @cached_property
    def several(self) -> tuple[int, ...]:
        """The axes of the file with several images."""
        return tuple(self.letters.index(letter) for letter in "TN" if letter in self.letters)

    def __len__(self) -> int:
        return int(np.prod(self._lengths, dtype=np.int64))

    def __iter__(self) -> Iterator[Image]:
        count = len(self)
        return (self._at(number, count) for number in range(count))

    @overload
    def __getitem__(self, index: int) -> Image: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Image, ...]: ...
    def __getitem__(self, index: int | slice) -> Image | tuple[Image, ...]:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        count = len(self)
        at = index + count if index < 0 else index
        if not 0 <= at < count:
            raise IndexError(f"there are {count} images, no {index}")
        return self._at(at, count)

    def stack(self, level: int = 0) -> Any:
        """All images as one array ``(N, Y, X)`` or ``(N, Y, X, C)``; None for other axes."""
        if len(self.several) != 1 or "Z" in self.letters:
            return None
        return arrange(self.raw.levels[level], [*self.several, *self._order()], self._fixed())

    def _at(self, number: int, count: int) -> Image:
        picks, rest = self._fixed(), number
        for axis, length in zip(reversed(self.several), reversed(self._lengths), strict=True):
            rest, picks[axis] = divmod(rest, length)
        name = self.raw.name if count == 1 else f"{self.raw.name}_{number:0{len(str(count - 1))}d}"
        levels = [arrange(level, self._order(), picks) for level in self.raw.levels]
        return Image(levels, name=name, **self._common)

    @cached_property
    def _lengths(self) -> list[int]:
        return [int(self.raw.shape[axis]) for axis in self.several]

    @cached_property
    def _common(self) -> dict[str, Any]:
        """What all images have in common."""
        raw, ours = self.raw, self._ours()
        classes = raw.info.get("classes") if raw.info.get("noun") == "Image" else None
        return {
            "axes": ours,
            "spacing": tuple(raw.spacing[a] for a in ours if a != "C"),
            "origin": tuple(raw.origin.get(a, 0.0) for a in ours if a != "C"),
            "unit": raw.unit,
            "source": raw.source,
            "classes": ClassTable.from_json(classes) if classes and self.channel is None else None,
        }

    def _ours(self) -> str:
        one = self.channel is not None
        return "".join(a for a in "ZYXC" if a in self.letters and not (a == "C" and one))

    def _order(self) -> list[int]:
        return [self.letters.index(letter) for letter in self._ours()]

    def _fixed(self) -> dict[int, int]:
        return {} if self.channel is None else {self.letters.index("C"): self.channel}
