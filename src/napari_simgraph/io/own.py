"""Bring your own embedding: features of other programs (DINOv2, UNI …) as an EmbeddingTable."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.raster import Image, ImageSet
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.io.anndata_parts import opened
from napari_simgraph.io.anndata_read import values_of
from napari_simgraph.io.anndata_write import KEY
from napari_simgraph.io.faults import BROKEN, Told, check_file, telling
from napari_simgraph.io.own_files import (
    PLACES,
    Read,
    read_array,
    read_csv,
    read_foreign,
    read_hdf5,
    read_npz,
    read_places,
)
from napari_simgraph.io.own_places import lattice, placed
from napari_simgraph.io.read import split_key

_READERS = {
    ".npy": read_array,
    ".npz": read_npz,
    ".csv": read_csv,
    ".h5": read_hdf5,
    ".hdf5": read_hdf5,
}
_OURS = ("patch_id", "image_number", "level", "centre_z", "centre_y", "centre_x")  # made anew


@dataclass(frozen=True)
class OwnOptions:
    """Where the rows lie, as far as their file doesn't say.

    Parameters
    ----------
    positions
        A CSV file with one line a row: ``image, z, y, x, size``. Without it: the file of the same
        name beside the features, if there is one.
    patch, stride
        Side and distance of the patches of a lattice, in pixels; a stride of 0 is the side.
    """

    positions: str = ""
    patch: int = 0
    stride: int = 0


def is_own(path: str | Path) -> bool:
    """Whether a path names features of another program."""
    file, _ = split_key(path)
    suffix = file.suffix.casefold()
    if suffix != ".h5ad":
        return suffix in _READERS
    try:
        with opened(file) as root:
            return KEY not in root.get("uns", {})
    except BROKEN:
        return False  # reading it says what is wrong


def read_own(
    path: str | Path, images: Image | ImageSet, options: OwnOptions | None = None
) -> EmbeddingTable:
    """A table of features that another program computed.

    Parameters
    ----------
    path
        ``.npy`` ``(N, D)``, ``.npz``, ``.csv``, ``.h5`` (CLAM, Trident) or ``.h5ad``;
        ``PATH::KEY`` names one of several arrays.
    images
        What the rows lie in.
    options
        Positions, or the lattice.

    Raises
    ------
    ValueError
        Features and positions don't fit together or the images, or can't be compared.
    """
    asked = options or OwnOptions()
    file, key = split_key(path)
    check_file(file)
    found = _read(file, key)
    beside = Path(asked.positions) if asked.positions else file.with_suffix(".csv")
    columns = dict(found.columns)
    if beside != file and (asked.positions or beside.is_file()):
        check_file(beside)
        columns |= read_places(beside)
        count = len(next(iter(columns.values())))
        if any(len(one) != len(found.values) for one in columns.values()):
            raise Told(
                f"{file.name} has {len(found.values):,} rows, {beside.name} {count:,} lines."
            )
    _check(found.values, file)
    if columns.keys() & {"y", "x", "centre_y", "centre_x"}:
        grid = placed(images, columns, asked.patch)
    else:
        grid = lattice(images, len(found.values), asked.patch, asked.stride)
    rest = {n: v for n, v in columns.items() if n not in (*PLACES, *_OURS) and n}
    made = {"features": file.name, "patch": asked.patch, "stride": asked.stride}
    name = f"{images.name} · {file.stem}"
    return EmbeddingTable(grid, found.values, columns=rest, name=name, made=made)


def _read(file: Path, key: str) -> Read:
    suffix = file.suffix.casefold()
    if suffix == ".h5ad":
        with telling(file, "table"), opened(file) as root:
            return read_foreign(root, values_of, key, file)
    if suffix not in _READERS:
        known = ", ".join(_READERS)
        raise Told(f"{file}: own features are read from {known} or .h5ad.")
    return _READERS[suffix](file, key)


def _check(values: NDArray[np.float32], file: Path) -> None:
    """Every row can be compared with every other."""
    with np.errstate(over="ignore"):
        length = np.square(values, dtype=np.float64).sum(1)
    for bad, said in ((~np.isfinite(length), "no numbers (NaN)"), (length == 0, "only zeros")):
        if bad.any():
            some = f"{int(bad.sum()):,} of {len(values):,} rows"
            first = int(bad.argmax())
            raise Told(f"{file.name}: {some} hold {said}, first row {first}: take them out.")
