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
from napari_simgraph.io.kept import block_shape, blocks, pixel_array


class PaintedPixels:
    """A Zarr copy of an array that is painted on.

    Parameters
    ----------
    path
        Where it lies; begun with zeros where there is none of this shape and type.
    """

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: DTypeLike) -> None:
        self.shape, self.dtype = shape, np.dtype(dtype)
        self._array = pixel_array(path, shape, dtype)
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
        touched = blocks(self.shape) if boxes is None else self._touching(boxes)
        return sum(self._write_block(pixels, box) for box in touched)

    def _write_block(self, pixels: Any, box: Box) -> bool:
        block = np.ascontiguousarray(pixels[box])
        corner, total = tuple(s.start for s in box), zlib.crc32(block.data)
        before = self._sums.get(corner)
        if before is None:
            before = zlib.crc32(np.ascontiguousarray(self._array[box]).data)
        if total != before:
            self._array[box] = block
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


def open_painted(path: Path) -> Any:
    """The pixels as numpy, free to be painted on.

    Raises
    ------
    ValueError
        They are gone or damaged.
    """
    try:
        return np.array(zarr.open_array(path, mode="r"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"The strokes '{path.name}' can't be read: files are damaged.") from error
