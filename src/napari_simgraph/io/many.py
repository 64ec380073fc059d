"""The images of a file with an axis of several: made when asked for, since there may be 70,000."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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

    @property
    def several(self) -> tuple[int, ...]:
        """The axes of the file with several images."""
        return tuple(self.letters.index(letter) for letter in "TN" if letter in self.letters)

    def __len__(self) -> int:
        return int(np.prod([self.raw.shape[axis] for axis in self.several], dtype=np.int64))

    @overload
    def __getitem__(self, index: int) -> Image: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Image, ...]: ...
    def __getitem__(self, index: int | slice) -> Image | tuple[Image, ...]:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        at = index + len(self) if index < 0 else index
        if not 0 <= at < len(self):
            raise IndexError(f"there are {len(self)} images, no {index}")
        lengths = [self.raw.shape[axis] for axis in self.several]
        place = np.unravel_index(at, lengths) if lengths else ()
        width = len(str(len(self) - 1))
        name = self.raw.name if len(self) == 1 else f"{self.raw.name}_{at:0{width}d}"
        return self._image([int(i) for i in place], name)

    def stack(self, level: int = 0) -> Any:
        """All images as one array ``(N, Y, X)`` or ``(N, Y, X, C)``; None for other axes."""
        if len(self.several) != 1 or "Z" in self.letters:
            return None
        return arrange(self.raw.levels[level], [*self.several, *self._order()], self._fixed())

    def _image(self, place: Sequence[int], name: str) -> Image:
        raw, ours = self.raw, self._ours()
        picks = self._fixed() | dict(zip(self.several, place, strict=True))
        classes = raw.info.get("classes") if raw.info.get("noun") == "Image" else None
        table = ClassTable.from_json(classes) if classes and self.channel is None else None
        return Image(
            [arrange(level, self._order(), picks) for level in raw.levels],
            axes=ours,
            spacing=tuple(raw.spacing[a] for a in ours if a != "C"),
            origin=tuple(raw.origin.get(a, 0.0) for a in ours if a != "C"),
            unit=raw.unit,
            name=name,
            source=raw.source,
            classes=table,
        )

    def _ours(self) -> str:
        one = self.channel is not None
        return "".join(a for a in "ZYXC" if a in self.letters and not (a == "C" and one))

    def _order(self) -> list[int]:
        return [self.letters.index(letter) for letter in self._ours()]

    def _fixed(self) -> dict[int, int]:
        return {} if self.channel is None else {self.letters.index("C"): self.channel}
