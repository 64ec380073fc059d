"""Files as nouns: which reader a path goes to, and what comes back."""

from __future__ import annotations

import re
from pathlib import Path

from napari_simgraph.io.axes import AxesUnclear, reaxes
from napari_simgraph.io.faults import Told, check_file
from napari_simgraph.io.keys import KeyNeeded
from napari_simgraph.io.raw import Opened, Raw, ReadOptions, opened

__all__ = [
    "AxesUnclear",
    "KeyNeeded",
    "Opened",
    "ReadOptions",
    "can_read",
    "read",
    "read_values",
    "reaxes",
    "split_key",
]

# Which module reads a suffix; said here, so that none of them is loaded before it is needed.
_TIFF = (".tif", ".tiff", ".btf", ".tf8", ".tf2", ".lsm", ".svs", ".ndpi", ".scn", ".qptiff")
_PICTURES = (".png", ".jpg", ".jpeg")
_ARRAYS = (".npy", ".npz")
_HDF5 = (".h5", ".hdf5", ".hdf")
_MRC = (".mrc", ".mrcs", ".map", ".rec", ".st", ".ali")
IDX_NAME = re.compile(r"(\.idx|idx\d-(u?byte|short|int|float|double))(\.gz)?$", re.IGNORECASE)
_KNOWN = (*_TIFF, *_PICTURES, *_ARRAYS, *_HDF5, *_MRC)


def read(path: str | Path, *, options: ReadOptions | None = None) -> Opened:
    """The image or the images at a path, read lazily, with what was assumed.

    Parameters
    ----------
    path
        A file, a folder of pictures, an OME-Zarr, or ``PATH::KEY`` for a part of one.
    options
        What the person says about axes, pixel size, channel and level.

    Raises
    ------
    AxesUnclear
        Four axes or more, and nothing says what they are.
    ValueError
        The path can't be read, in one sentence that names it.
    """
    return _read(path, options or ReadOptions(), indices=False)


def read_values(path: str | Path, *, options: ReadOptions | None = None) -> Opened:
    """As `read`, but pictures with a palette give their values, not their colours.

    Raises
    ------
    ValueError
        The path can't be read, in one sentence that names it.
    """
    return _read(path, options or ReadOptions(), indices=True)


def _read(path: str | Path, options: ReadOptions, indices: bool) -> Opened:
    file, key = split_key(path)
    check_file(file)
    if file.is_dir() and not is_zarr(file):
        from napari_simgraph.io.folder import read_folder

        return read_folder(file, options, indices)
    raw = read_raw(file, key, indices)
    return opened(raw, options)


def read_raw(file: Path, key: str, indices: bool = False) -> Raw:
    """One file in its own axes.

    Raises
    ------
    ValueError
        The file can't be read.
    """
    if file.is_dir():
        from napari_simgraph.io.ome_zarr import read_zarr

        return read_zarr(file, key)
    suffix = file.suffix.casefold()
    if suffix in _TIFF:
        from napari_simgraph.io.tiff import read_tiff

        return read_tiff(file, key)
    if suffix in _PICTURES:
        from napari_simgraph.io.pictures import read_picture

        return read_picture(file, indices=indices)
    return _read_array(file, key, suffix)


def _read_array(file: Path, key: str, suffix: str) -> Raw:
    """A file of numbers."""
    if suffix in _ARRAYS:
        from napari_simgraph.io.arrays import read_array

        return read_array(file, key)
    if suffix in _HDF5:
        from napari_simgraph.io.hdf5 import read_hdf5

        return read_hdf5(file, key)
    if suffix in _MRC:
        from napari_simgraph.io.mrc import read_mrc

        return read_mrc(file, key)
    if is_idx(file):
        from napari_simgraph.io.idx import read_idx

        return read_idx(file, key)
    known = ", ".join((*_TIFF[:2], ".svs", ".ndpi", *_PICTURES, *_ARRAYS, ".h5", ".mrc", ".zarr"))
    raise Told(f"{file} is of a kind that can't be read; these can: {known}.")


def can_read(path: str | Path) -> bool:
    """Whether the name of a path (or the folder) is of a kind that `read` takes."""
    file, _ = split_key(path)
    return file.is_dir() or file.suffix.casefold() in _KNOWN or is_idx(file)


def is_idx(path: Path) -> bool:
    """Whether a file is named as IDX files are: ``train-images-idx3-ubyte.gz``, ``a.idx``."""
    return bool(IDX_NAME.search(path.name))


def split_key(path: str | Path) -> tuple[Path, str]:
    """The file and the key of ``PATH::KEY``; the key is "" where there is none."""
    file, _, key = str(path).partition("::")
    return Path(file).expanduser(), key


def is_zarr(folder: Path) -> bool:
    """Whether a folder is a Zarr array or group."""
    marks = ("zarr.json", ".zarray", ".zgroup", ".zattrs")
    return folder.suffix == ".zarr" or any((folder / mark).exists() for mark in marks)
