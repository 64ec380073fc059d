"""NumPy files: .npy memory-mapped, .npz by key; objects and pickles are refused."""

from __future__ import annotations

import json
import zipfile
from itertools import chain
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.io.faults import Told, check_file, telling
from napari_simgraph.io.file_map import file_map
from napari_simgraph.io.npz import npy_header, read_npz, refuse_objects
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
        return read_npz(path, key)
    if key:
        raise Told(f"{path} holds one array: leave out '::{key}'.")
    with telling(path, "NumPy array"):
        with path.open("rb") as file:
            head, start = npy_header(file), file.tell()
        refuse_objects(head.dtype, path)
        array = file_map(path, head.dtype, start, head.shape, "F" if head.fortran else "C")
    longer = path.stat().st_size > start + array.nbytes
    notes = ("It holds more than its head says: only that was read.",) if longer else ()
    raw = Raw((array,), name=path.stem, source=str(path), notes=notes)
    return said_in(read_info(info_path(path)), raw)


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
    """Write one array and its description into an archive, strip by strip."""
    with archive.open(f"{key}.npy", "w", force_zip64=True) as file:
        _stream(file, going)
    with archive.open(f"{INFO_KEY}.npy", "w") as file:
        text = json.dumps({key: dict(going.info)}).encode()
        np.lib.format.write_array(file, _bytes(text), allow_pickle=False)


def _bytes(text: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(text, np.uint8)


def _stream(file: IO[bytes], going: Outgoing) -> None:
    """An .npy file: the header, then the planes strip by strip."""
    header = {
        "descr": np.lib.format.dtype_to_descr(going.dtype),
        "fortran_order": False,
        "shape": going.shape,
    }
    np.lib.format.write_array_header_2_0(file, header)
    for strip in chain.from_iterable(going.strips()):
        file.write(strip.tobytes())
