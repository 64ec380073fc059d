"""NumPy archives: one array by its key, mapped where it lies in the file uncompressed."""

from __future__ import annotations

import re
import zipfile
from math import prod
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.io.chunked import Held
from napari_simgraph.io.faults import Told, telling
from napari_simgraph.io.file_map import file_map
from napari_simgraph.io.keys import wanted_key
from napari_simgraph.io.lazy import Lazy
from napari_simgraph.io.memory import check_memory
from napari_simgraph.io.plain_json import parsed
from napari_simgraph.io.raw import Raw
from napari_simgraph.io.sidecar import INFO_KEY, said_in

_LOCAL_HEADER = 30  # bytes of a zip entry before its name and extra field
# Names that data sets give to pictures and to what they show: x_train and y_train, images, labels.
_PARTNERS = ((r"^x(?=$|_)", "y"), (r"^X(?=$|_)", "y"), ("images?", "labels"), ("data", "labels"))


class Header(NamedTuple):
    """What an .npy file says at its beginning."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]


def read_npz(path: Path, key: str = "") -> Raw:
    """One array of an .npz file; with its classes where they stand beside it (x_train, y_train).

    Raises
    ------
    KeyNeeded
        It holds several arrays and no key says which.
    ValueError
        The file is broken or holds Python objects.
    """
    with telling(path, "NumPy archive"), zipfile.ZipFile(path) as archive:
        names = [n.removesuffix(".npy") for n in archive.namelist() if n.endswith(".npy")]
        heads = {name: _head(archive, name) for name in names if name != INFO_KEY}
        pictures = [name for name, head in heads.items() if len(head.shape) > 1] or list(heads)
        wanted = key if key in heads else wanted_key(path, key, pictures)
        refuse_objects(heads[wanted].dtype, path)
        array = _array(archive, path, wanted, heads[wanted])
        info = _info(archive, path) if INFO_KEY in names else {}
        classes = _classes(archive, path, wanted, heads)
    name = wanted if len(pictures) > 1 else path.stem
    raw = Raw((array,), name=name, source=f"{path}::{wanted}", image_classes=classes)
    raw = said_in(info.get(wanted, {}), raw)
    colour = len(array.shape) == 4 and array.shape[-1] in (1, 3, 4)
    known = {3: "NYX", 4: "NYXC" if colour else ""}.get(len(array.shape), "")
    return Raw(**{**vars(raw), "axes": known}) if classes and not raw.axes else raw


def arrays_in(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of an archive by name, read at once.

    Raises
    ------
    ValueError
        The file is broken, holds Python objects, or is larger than the memory.
    """
    with telling(path, "NumPy archive"), zipfile.ZipFile(path) as archive:
        check_memory(sum(entry.file_size for entry in archive.infolist()), path)
        names = [n.removesuffix(".npy") for n in archive.namelist() if n.endswith(".npy")]
        return {name: _whole(archive, path, name) for name in names}


def npy_header(file: IO[bytes]) -> Header:
    """Shape, order and type of the values in an .npy file."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        return Header(*np.lib.format.read_array_header_1_0(file))
    return Header(*np.lib.format.read_array_header_2_0(file))


def refuse_objects(dtype: np.dtype[Any], path: Path) -> None:
    """Nothing, for plain numbers.

    Raises
    ------
    ValueError
        Pickled Python objects, which are never loaded.
    """
    if dtype.hasobject:
        raise Told(f"{path} holds Python objects, which could run code: save plain numbers.")


class NpzArray(Lazy):
    """A compressed array of an archive, unpacked as a whole when first read."""

    def __init__(self, path: Path, key: str, head: Header) -> None:
        self._path, self._key, self._held = path, key, Held()
        super().__init__(head.shape, head.dtype)

    def _block(self, box: tuple[slice, ...]) -> NDArray[Any]:
        with self._held.lock:
            if self._held.thing is None:
                with telling(self._path, "NumPy archive"), _loaded(self._path) as archive:
                    self._held.thing = archive[self._key]
        block: NDArray[Any] = self._held.thing[box]
        return block


def _loaded(path: Path) -> Any:
    return np.load(path, allow_pickle=False)


def _head(archive: zipfile.ZipFile, name: str) -> Header:
    with archive.open(f"{name}.npy") as file:
        return npy_header(file)


def _array(archive: zipfile.ZipFile, path: Path, key: str, head: Header) -> Any:
    """The array as it lies in the file, or unpacked later."""
    entry = archive.getinfo(f"{key}.npy")
    _check(archive, path, key)
    plain = entry.compress_type == zipfile.ZIP_STORED and not head.fortran
    if not plain or not head.dtype.isnative or not np.prod(head.shape):
        return NpzArray(path, key, head)
    with path.open("rb") as file:
        file.seek(entry.header_offset + _LOCAL_HEADER - 4)
        lengths = np.frombuffer(file.read(4), "<u2")
        file.seek(int(lengths.sum()), 1)
        npy_header(file)
        start = file.tell()
    return file_map(path, head.dtype, start, head.shape)


def _check(archive: zipfile.ZipFile, path: Path, name: str) -> None:
    """Nothing, where an array of the archive is as large as its head says, and fits into memory."""
    entry = archive.getinfo(f"{name}.npy")
    with archive.open(entry) as file:
        head = npy_header(file)
        count = prod(head.shape) * head.dtype.itemsize
        if file.tell() + count != entry.file_size:
            raise Told(f"{path} is broken: '{name}' is not as large as its head says.")
    check_memory(count if entry.compress_type != zipfile.ZIP_STORED else 0, path)


def _whole(archive: zipfile.ZipFile, path: Path, name: str) -> NDArray[Any]:
    """A small array of the archive."""
    _check(archive, path, name)
    with archive.open(f"{name}.npy") as file:
        values: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    return values


def _info(archive: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    """What we wrote beside the arrays."""
    found = parsed(_whole(archive, path, INFO_KEY).tobytes())
    return found if isinstance(found, dict) else {}


def _classes(
    archive: zipfile.ZipFile, path: Path, key: str, heads: dict[str, Header]
) -> tuple[str, ...]:
    """The class of each picture, where a list as long stands beside them under a fitting name."""
    for ours, theirs in _PARTNERS:
        partner = re.sub(ours, theirs, key)
        head = heads.get(partner)
        if partner == key or head is None or head.dtype.kind not in "uiU":
            continue
        if head.shape[:1] == heads[key].shape[:1] and head.shape[1:] in ((), (1,)):
            values = _whole(archive, path, partner)
            return tuple(str(value) for value in values.ravel().tolist())
    return ()
