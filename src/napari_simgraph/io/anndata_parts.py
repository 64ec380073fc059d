"""The parts of an AnnData file: looked at before any of them is read."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.patches import Layout, Source
from napari_simgraph.io.hdf5_links import check_inside
from napari_simgraph.io.memory import check_memory
from napari_simgraph.io.zarr_arrays import check_array

_DEEP = 8  # groups in each other; a folder may hold links to itself
_LARGEST_PATCH = 2**16  # px
_IN_CELLS = "X"  # of Zarr: signatures are read block by block


@contextmanager
def opened(file: Path) -> Iterator[Any]:
    """The root group of an AnnData file, open for reading.

    Raises
    ------
    ValueError
        It leads to other files, is packed by what could run code, or larger than the memory.
    """
    if file.suffix.casefold() == ".h5ad":
        with opened_hdf5(file) as root:
            yield root
        return
    import zarr

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # files of others in the folder are no concern of ours
        group = zarr.open_group(file, mode="r")
        check_memory(sum(_sizes_zarr(group, file)), file)
        yield group


@contextmanager
def opened_hdf5(file: Path) -> Iterator[Any]:
    """An HDF5 file of which all may be read, open for reading.

    Raises
    ------
    ValueError
        It leads to other files, or is larger than the memory.
    """
    import h5py

    with h5py.File(file, "r") as root:
        check_inside(root, file)
        check_memory(sum(_sizes_hdf5(root)), file)
        yield root


def whole_numbers(values: NDArray[Any], low: int = -(2**31), high: int = 2**31 - 1) -> NDArray[Any]:
    """The values themselves, where they are whole numbers between these.

    Raises
    ------
    ValueError
        They aren't.
    """
    plain = values.dtype.kind in "iu" and values.ndim == 1
    if not plain or (len(values) and not low <= values.min() <= values.max() <= high):
        raise ValueError("These are no positions of patches.")
    return values


def check_places(sources: tuple[Source, ...], layouts: tuple[Layout, ...]) -> None:
    """Nothing, where images and regular grids can be as they are told.

    Raises
    ------
    ValueError
        They can't.
    """
    for one in sources:
        lengths = [*one.shape, *one.spacing]
        fine = all(0 < n < np.inf for n in lengths) and np.isfinite(one.origin).all()
        counted = len(one.shape) == len(one.spacing) == len(one.origin) in (2, 3)
        if not fine or not counted or not re.fullmatch("[0-9a-f]{1,16}", one.fingerprint):
            raise ValueError("This is no image.")
    for grid in layouts:
        if min(*grid.plane, grid.size, grid.stride) < 1 or grid.size > _LARGEST_PATCH:
            raise ValueError("This is no grid.")


def _sizes_hdf5(root: Any) -> list[int]:
    """Bytes of each array."""
    import h5py

    found: list[int] = []

    def look(_: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset):
            count = max(prod(node.shape or ()), prod(node.chunks or ()))
            found.append(count * node.dtype.itemsize)

    root.visititems(look)
    return found


def _sizes_zarr(group: Any, file: Path) -> Iterator[int]:
    import zarr

    for name, node in group.members(max_depth=_DEEP):
        if isinstance(node, zarr.Array):
            check_array(node, file)
            yield prod(node.shape) * np.dtype(node.dtype).itemsize if name != _IN_CELLS else 0
