"""Painted pixels on disk: after a stroke only the blocks that changed are written."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import DTypeLike

from napari_simgraph.core.raster import Box
from napari_simgraph.io.faults import BROKEN
from napari_simgraph.io.kept import block_shape, blocks, pixel_array
from napari_simgraph.io.memory import check_memory
from napari_simgraph.io.safe import commit, settle, standing
from napari_simgraph.io.zarr_arrays import check_array, open_pixels


class PaintedPixels:
    """A Zarr copy of an array that is painted on.

    What lies at the path is whole at every moment: an array of another shape or type stays until
    all of the new one is written.

    Parameters
    ----------
    path
        Where it lies; begun anew where there is none of this shape and type.
    """

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: DTypeLike) -> None:
        self.shape, self.dtype = shape, np.dtype(dtype)
        self._path, self._array = path, _found(path, shape, self.dtype)
        self._sums: dict[tuple[int, ...], int] = {}

    def write(self, pixels: Any, boxes: Iterable[Box] | None = None) -> int:
        """How many blocks had changed and were written.

        Parameters
        ----------
        pixels
            The array as it is now.
        boxes
            Where it may have changed; by default everywhere.
        """
        if self._array is None:
            return self._begin(pixels)
        touched = blocks(self.shape) if boxes is None else self._touching(boxes)
        return sum(self._write_block(self._array, pixels, box) for box in touched)

    def _begin(self, pixels: Any) -> int:
        """All blocks, beside what stands there; then in its place."""
        made = self._path.with_name(f"{self._path.name}.part")
        array = pixel_array(made, self.shape, self.dtype)
        every = blocks(self.shape)
        written = sum(self._write_block(array, pixels, box, known=False) for box in every)
        commit(made, self._path)
        self._array = zarr.open_array(self._path, mode="r+")
        return written

    def _write_block(self, array: Any, pixels: Any, box: Box, known: bool = True) -> bool:
        block = np.ascontiguousarray(pixels[box])
        corner, total = tuple(s.start for s in box), zlib.crc32(block.data)
        before = self._sums.get(corner)
        if before is None:
            stored = array[box] if known else np.zeros_like(block)
            before = zlib.crc32(np.ascontiguousarray(stored).data)
        if total != before:
            array[box] = block
        self._sums[corner] = total
        return total != before

    def _touching(self, boxes: Iterable[Box]) -> list[Box]:
        steps = block_shape(self.shape)
        found: set[tuple[tuple[int, int], ...]] = set()
        for box in boxes:
            spans = [
                range(s.start // step, (min(s.stop, n) - 1) // step + 1)
                for s, step, n in zip(box, steps, self.shape, strict=True)
            ]
            for corner in product(*spans):
                pairs = zip(corner, steps, strict=True)
                found.add(tuple((i * step, (i + 1) * step) for i, step in pairs))
        return [tuple(slice(a, b) for a, b in edges) for edges in sorted(found)]


def _found(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any | None:
    """The array at a path; None where there is none of this shape and type."""
    settle(path)
    try:
        found = zarr.open_array(path, mode="r+")
        check_array(found, path)
    except BROKEN:
        return None
    return found if found.shape == shape and found.dtype == dtype else None


def open_painted(path: Path) -> Any:
    """The pixels as numpy, free to be painted on.

    Raises
    ------
    ValueError
        They are gone or damaged.
    """
    try:
        pixels = open_pixels(standing(path))
        check_memory(pixels.nbytes, path)
        return np.array(pixels)
    except BROKEN as error:
        raise ValueError(f"The strokes '{path.name}' can't be read: files are damaged.") from error
