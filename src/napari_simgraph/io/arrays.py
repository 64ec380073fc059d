"""NumPy files: .npy memory-mapped, .npz by key; objects and pickles are refused."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.io.faults import Told, check_file, telling
from napari_simgraph.io.file_map import as_file_map
from napari_simgraph.io.outgoing import Outgoing
from napari_simgraph.io.raw import Raw
from napari_simgraph.io.safe import fresh, synced
from napari_simgraph.io.sidecar import INFO_KEY, info_path, read_info, said_in


def read_array(path: Path, key: str = "") -> Raw:
    """The array in an .npy file, or one of an .npz file.

    Raises
    ------
    ValueError
        The file is broken, holds objects, or holds several arrays and no key says which.
    """
    check_file(path)
    if path.suffix.casefold() == ".npz":
        return _from_npz(path, key)
    if key:
        raise Told(f"{path} holds one array: leave out '::{key}'.")
    with telling(path, "NumPy array"):
        _refuse_objects(_header(path.open("rb")), path)
        array = as_file_map(np.load(path, mmap_mode="r", allow_pickle=False))
    return said_in(read_info(info_path(path)), Raw((array,), name=path.stem, source=str(path)))


def _from_npz(path: Path, key: str) -> Raw:
    with telling(path, "NumPy archive"), zipfile.ZipFile(path) as archive:
        names = [n.removesuffix(".npy") for n in archive.namelist() if n.endswith(".npy")]
        keys = [name for name in names if name != INFO_KEY]
        wanted = key or (keys[0] if len(keys) == 1 else "")
        if wanted not in keys:
            ways = ", ".join(f"{path.name}::{name}" for name in keys) or "nothing"
            raise Told(f"{path} holds several arrays: say which of {ways}.")
        with archive.open(f"{wanted}.npy") as file:
            _refuse_objects(_header(file), path)
        array = np.load(path, allow_pickle=False)[wanted]
        info = _npz_info(archive) if INFO_KEY in names else {}
    raw = Raw((array,), name=wanted if len(keys) > 1 else path.stem, source=f"{path}::{wanted}")
    return said_in(info.get(wanted, {}), raw)


def _npz_info(archive: zipfile.ZipFile) -> dict[str, Any]:
    with archive.open(f"{INFO_KEY}.npy") as file:
        content = file.read()
    text = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    found = json.loads(text.tobytes().decode())
    return found if isinstance(found, dict) else {}


def _header(file: IO[bytes]) -> np.dtype[Any]:
    """The type of the values in an .npy file."""
    with file:
        version = np.lib.format.read_magic(file)
        if version == (1, 0):
            return np.lib.format.read_array_header_1_0(file)[2]
        return np.lib.format.read_array_header_2_0(file)[2]


def _refuse_objects(dtype: np.dtype[Any], path: Path) -> None:
    if dtype.hasobject:
        raise Told(f"{path} holds Python objects, which could run code: save plain numbers.")


def write_array(going: Outgoing, target: Path) -> list[Path]:
    """The files written: an .npy with its description beside it, or an .npz that holds both."""
    if target.suffix.casefold() == ".npz":
        with fresh(target) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            add_to_npz(archive, "image" if going.info["noun"] == "Image" else "labels", going)
        return [target]
    with fresh(target) as temporary, temporary.open("wb") as file:
        _stream(file, going)
    with fresh(info_path(target)) as temporary:
        synced(temporary, json.dumps(dict(going.info), indent=1).encode())
    return [target, info_path(target)]


def add_to_npz(archive: zipfile.ZipFile, key: str, going: Outgoing) -> None:
    """Write one array and its description into an archive, plane by plane."""
    with archive.open(f"{key}.npy", "w", force_zip64=True) as file:
        _stream(file, going)
    with archive.open(f"{INFO_KEY}.npy", "w") as file:
        text = json.dumps({key: dict(going.info)}).encode()
        np.lib.format.write_array(file, _bytes(text), allow_pickle=False)


def _bytes(text: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(text, np.uint8)


def _stream(file: IO[bytes], going: Outgoing) -> None:
    """An .npy file: the header, then the planes."""
    header = {
        "descr": np.lib.format.dtype_to_descr(going.dtype),
        "fortran_order": False,
        "shape": going.shape,
    }
    np.lib.format.write_array_header_2_0(file, header)
    for plane in going.planes():
        file.write(plane.tobytes())
