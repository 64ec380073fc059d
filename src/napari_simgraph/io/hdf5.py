"""HDF5 files, as of ilastik and CREMI: read chunk by chunk, opened anew for each reading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.geometry import PIXEL, known_unit
from napari_simgraph.io.chunked import At, Chunked, Held
from napari_simgraph.io.faults import Told, check_file, telling
from napari_simgraph.io.file_map import file_map
from napari_simgraph.io.hdf5_links import check_inside
from napari_simgraph.io.keys import wanted_key
from napari_simgraph.io.lazy import Mapped, View
from napari_simgraph.io.memory import check_memory
from napari_simgraph.io.plain_json import parsed
from napari_simgraph.io.raw import Raw
from napari_simgraph.io.sidecar import INFO_KEY, said_in

if TYPE_CHECKING:
    import h5py

SUFFIXES = (".h5", ".hdf5", ".hdf")
NOTHING = 2**64 - 1  # what CREMI writes where there is no cleft
# Datasets without chunks that can't be mapped are read in pieces of this size.
_PIECE_BYTES = 4 * 2**20
AXISTAGS, ELEMENT_SIZE = "axistags", "element_size_um"


def read_hdf5(path: Path, key: str = "") -> Raw:
    """One dataset of an HDF5 file, with what its attributes say about axes and pixel size.

    Parameters
    ----------
    path
        The file.
    key
        The dataset; not needed where just one could be a picture.

    Raises
    ------
    KeyNeeded
        Several could be a picture, and no key says which.
    ValueError
        The file is broken, or the dataset is none.
    """
    check_file(path)
    with telling(path, "HDF5"), opened_file(path) as file:
        check_inside(file, path)
        found = pictures(file)
        name = wanted_key(path, key, list(found))
        dataset = found[name]
        if 0 in dataset.shape:
            raise Told(f"{path}::{name} holds no pixels (shape {dataset.shape}).")
        called = path.stem if len(found) == 1 else name.rpartition("/")[2]
        source = f"{path}::{name}"
        array = _array(dataset, path)
        if array.dtype == np.uint64:
            array = Mapped(array, _without_nothing, np.uint64)
        raw = Raw((array,), **_told(dataset), name=called, source=source)
        return said_in(_our_info(dataset), raw)


@contextmanager
def opened_file(path: Path) -> Iterator[h5py.File]:
    """The file, open for reading only; without a lock, so that others may have it open."""
    import h5py

    with h5py.File(path, "r", locking=False) as file:
        yield file


def pictures(file: h5py.File) -> dict[str, h5py.Dataset]:
    """All datasets that could be a picture, by their path in the file."""
    import h5py

    found: dict[str, Any] = {}

    def look(name: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset) and node.ndim >= 2 and node.dtype.kind in "buif":
            found[name] = node

    file.visititems(look)
    return found


class H5Chunks(Chunked):
    """A dataset in chunks (or pieces), read by opening the file each time.

    No handle stays open, so that a file may be moved or written by its own program, and a copy in
    another process or thread needs nothing but the path.
    """

    def __init__(self, path: Path, dataset: h5py.Dataset) -> None:
        self._path, self._key, self._held = path, str(dataset.name), Held()
        chunk = dataset.chunks or _pieces(dataset.shape, dataset.dtype.itemsize)
        check_memory(prod(chunk) * dataset.dtype.itemsize, path)
        super().__init__(dataset.shape, dataset.dtype, chunk)

    def load(self, ats: Sequence[At]) -> Iterable[NDArray[Any]]:
        """These chunks; the library lets one thread in at a time."""
        with telling(self._path, "HDF5"), opened_file(self._path) as file:
            dataset = file[self._key]
            return [dataset[self.box_of(at)] for at in ats]


def _array(dataset: h5py.Dataset, path: Path) -> Any:
    """The pixels: mapped where they lie in the file as they are, else by chunk."""
    offset = dataset.id.get_offset() if dataset.chunks is None else None
    outside = dataset.external is not None or dataset.dtype.kind == "b"
    if offset is None or outside or not dataset.size:
        return H5Chunks(path, dataset)
    mapped = file_map(path, dataset.dtype, offset, dataset.shape)
    return mapped if mapped.dtype.isnative else View(mapped, range(mapped.ndim))


def _without_nothing(values: NDArray[Any]) -> NDArray[Any]:
    """Numbers of objects, 0 where there is none."""
    return np.where(values == NOTHING, 0, values)


def _pieces(shape: Sequence[int], itemsize: int) -> tuple[int, ...]:
    """Whole planes, or as many rows of one as fit a piece."""
    row = shape[-1] * itemsize
    rows = max(1, min(shape[-2], _PIECE_BYTES // max(1, row)))
    return (*(1 for _ in shape[:-2]), rows, shape[-1])


def _our_info(dataset: h5py.Dataset) -> dict[str, Any]:
    """What we wrote beside the pixels."""
    try:
        found = parsed(str(dataset.attrs.get(INFO_KEY, "")))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _told(dataset: h5py.Dataset) -> dict[str, Any]:
    """Axes, spacing, origin and unit from the attributes of ilastik, CREMI and Fiji's plugin."""
    attributes = dict(dataset.attrs)
    axes = _axes(attributes, dataset.ndim)
    space = [letter for letter in (axes or "ZYX"[-dataset.ndim :]) if letter in "ZYX"]
    values, unit = _resolution(attributes, axes)
    told: dict[str, Any] = {"axes": axes}
    if len(values) == len(space):
        told |= {"spacing": dict(zip(space, values, strict=True)), "unit": unit}
        offset = _floats(attributes.get("offset", ()))
        if len(offset) == len(space):
            told["origin"] = dict(zip(space, offset, strict=True))
    return told


def _axes(attributes: Mapping[str, Any], ndim: int) -> str:
    """Our letters from ilastik's axistags; "" where there are none."""
    try:
        tags = parsed(str(attributes.get(AXISTAGS, "")))["axes"]
        letters = "".join(str(tag["key"]) for tag in tags).upper()
    except (ValueError, LookupError, TypeError):
        return ""
    known = set(letters) <= set("TZYXC") and len(set(letters)) == len(letters) == ndim
    return letters if known else ""


def _resolution(attributes: Mapping[str, Any], axes: str) -> tuple[list[float], str]:
    """Pixel size in the order of the dataset, and its unit."""
    if ELEMENT_SIZE in attributes:  # z, y, x of Fiji's HDF5 plugin
        return _floats(attributes[ELEMENT_SIZE])[-sum(a in "ZYX" for a in axes or "ZYX") :], "um"
    if "resolution" in attributes:  # CREMI and n5: z, y, x
        unit = known_unit(str(attributes.get("units", attributes.get("unit", "nm"))))
        return _floats(attributes["resolution"]), "nm" if unit == PIXEL else unit
    return [], PIXEL


def _floats(values: Any) -> list[float]:
    try:
        return [float(v) for v in np.ravel(values)]
    except (TypeError, ValueError):
        return []
