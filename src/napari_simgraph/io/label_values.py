"""The values in label files: which there are, and how they become classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.raster import Image
from napari_simgraph.io.faults import Told
from napari_simgraph.io.lazy import Lazy, Mapped, arrange

# More different values than anyone draws classes: object numbers, or a picture by mistake.
MAX_VALUES = 64
# Labels up to this size are turned once and kept in memory (one byte a pixel); training reads
# them in small patches, again and again.
_IN_MEMORY = 64 * 2**20
_AT_ONCE = 2**22  # pixels of them that are turned at a time
# Whole numbers beyond this are turned by search, not by a table with an entry for each.
_TABLE_ENTRIES = 2**16


class LookUp:
    """Turns the values of a file into classes; values it doesn't know become 0."""

    def __init__(self, classes: Mapping[int, int]) -> None:
        self._known = np.array(sorted(classes), np.int64)
        self._class = np.array([classes[v] for v in sorted(classes)], np.uint8)

    def __call__(self, pixels: NDArray[Any]) -> NDArray[np.uint8]:
        """The classes of these pixels."""
        if pixels.dtype.kind in "bu" and pixels.dtype.itemsize <= 2:
            table = np.zeros(_TABLE_ENTRIES if pixels.dtype.itemsize == 2 else 256, np.uint8)
            fits = self._known < len(table)
            table[self._known[fits]] = self._class[fits]
            index = pixels.astype(np.uint16) if pixels.dtype.kind == "b" else pixels
            classes: NDArray[np.uint8] = table[index]
            return classes
        at = np.searchsorted(self._known, pixels).clip(0, len(self._known) - 1)
        return np.where(self._known[at] == pixels, self._class[at], 0).astype(np.uint8)


def changed(array: Any, look_up: LookUp) -> Any:
    """The array with its values turned into classes: in memory when small, else on reading."""
    lazy = Mapped(array, look_up, np.uint8)
    return _held(lazy) if lazy.size <= _IN_MEMORY else lazy


def _held(lazy: Lazy) -> NDArray[Any]:
    """All of a lazy array, some rows or a section at a time: what it is made of may be larger."""
    whole = np.empty(lazy.shape, lazy.dtype)
    step = max(1, lazy.shape[0] * _AT_ONCE // max(1, lazy.size))
    for start in range(0, lazy.shape[0], step):
        rows = slice(start, start + step)
        whole[rows] = lazy[rows]
    return whole


def values_of(images: Sequence[Image], path: str) -> list[int]:
    """The different values in label images, in order; stops where there are too many.

    Raises
    ------
    ValueError
        Values are negative or no whole numbers.
    """
    found: set[int] = set()
    for image in images:
        for z, box in image.squares():
            found |= _values(image.section(z, box), path)
            if len(found) > MAX_VALUES:
                return sorted(found)
    return sorted(found)


def _values(pixels: NDArray[Any], path: str) -> set[int]:
    if pixels.dtype.kind == "b":
        pixels = pixels.astype(np.uint8)
    if pixels.dtype.kind == "u" and pixels.dtype.itemsize <= 2:
        return {int(v) for v in np.flatnonzero(np.bincount(pixels.ravel()))}
    unique = np.unique(pixels)
    if unique.dtype.kind == "f" and not np.array_equal(unique, np.round(unique)):
        raise Told(f"{path} holds fractions; labels are whole numbers, one per class.")
    if unique[0] < 0:
        raise Told(f"{path} holds values below 0; labels count from 1, 0 is unlabelled.")
    return {int(v) for v in unique}


def grey(image: Image) -> Image:
    """A label image without a channel axis; three equal channels are one.

    Raises
    ------
    ValueError
        The channels differ: the file is a coloured picture.
    """
    if not image.axes.endswith("C"):
        return image
    for z, box in image.squares():
        pixels = image.section(z, box)
        if not (pixels == pixels[..., :1]).all():
            raise Told(f"{image.source or image.name} is in colour; labels have one value a pixel.")
    axis = len(image.axes) - 1
    levels = [arrange(level, range(axis), {axis: 0}) for level in image.levels]
    return image.replace(data=levels, axes=image.axes[:-1], classes=None)


class MaskStack(Lazy):
    """Masks of overlapping classes on a last axis: 0 unlabelled, 1 absent, 2 present."""

    def __init__(self, masks: Sequence[Any], scribbles: bool) -> None:
        self._masks, self._scribbles = list(masks), scribbles
        super().__init__((*masks[0].shape, len(masks)), np.uint8)

    def _block(self, box: tuple[slice, ...]) -> NDArray[np.uint8]:
        read = [np.asarray(mask[box[:-1]]) for mask in self._masks[box[-1]]]
        blocks = [m if self._scribbles else 1 + (m != 0) for m in read]
        return np.stack(blocks, -1).astype(np.uint8)


def stacked_masks(masks: Sequence[Any], scribbles: bool) -> Any:
    """One array of the masks of overlapping classes: in memory when small, else on reading."""
    stack = MaskStack(masks, scribbles)
    return _held(stack) if stack.size <= _IN_MEMORY else stack
