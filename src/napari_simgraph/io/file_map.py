"""Memory maps that go to another process as the place in their file, not as pixels."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any, Literal, SupportsIndex

import numpy as np
from numpy.typing import DTypeLike, NDArray

from napari_simgraph.io.faults import Told


class FileMap(np.memmap):
    """A read-only memory map; its views are sent to other processes as places in the file."""

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        """Path, offset, shape and strides; computed arrays go as their values."""
        mapped = getattr(self, "_mmap", None)
        if mapped is None:
            return np.asarray(self).__reduce_ex__(protocol)
        start = np.frombuffer(mapped, np.uint8).__array_interface__["data"][0]
        page = _map_start(int(self.offset))
        at = self.__array_interface__["data"][0] - start + page
        return _again, (str(self.filename), self.dtype, at, self.shape, self.strides)

    def __array_wrap__(
        self, array: NDArray[Any], context: Any = None, return_scalar: bool = False
    ) -> Any:
        """What is computed from a map is a plain array."""
        plain = np.asarray(array)
        return plain[()] if return_scalar else plain


def file_map(
    path: Path,
    dtype: DTypeLike,
    offset: int,
    shape: Sequence[int],
    order: Literal["C", "F"] = "C",
) -> FileMap:
    """The array that stands in a file from this byte on.

    Raises
    ------
    ValueError
        The file ends before it.
    """
    kind, lengths = np.dtype(dtype), tuple(int(n) for n in shape)
    if offset + prod(lengths) * kind.itemsize > path.stat().st_size:
        raise Told(f"{path} is cut off: copy it again from where it came from.")
    return FileMap(path, kind, "r", offset, lengths, order)


def as_file_map(array: np.memmap[Any, Any]) -> FileMap:
    """A memory map of numpy as one that is sent as a place in its file."""
    return array.view(FileMap)


def _map_start(offset: int) -> int:
    """Where in the file numpy began to map it: systems map whole pages."""
    import mmap

    return offset - offset % mmap.ALLOCATIONGRANULARITY


def _again(
    path: str, dtype: np.dtype[Any], at: int, shape: tuple[int, ...], strides: tuple[int, ...]
) -> FileMap:
    """The same place of the file, mapped anew."""
    pairs = list(zip(shape, strides, strict=True))
    low = at + sum(min(0, (n - 1) * s) for n, s in pairs if n)
    high = at + sum(max(0, (n - 1) * s) for n, s in pairs if n) + dtype.itemsize
    whole = FileMap(path, np.dtype(np.uint8), "r", low, (high - low,))
    again = np.ndarray.__new__(FileMap, shape, dtype, whole, at - low, strides)
    vars(again).update(vars(whole))
    return again
