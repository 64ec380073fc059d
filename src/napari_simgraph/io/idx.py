"""IDX files, plain and as .gz: the pictures of MNIST and its kin, with their classes."""

from __future__ import annotations

import gzip
import re
import struct
from math import prod
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.io.chunked import Held
from napari_simgraph.io.faults import Told, check_file, telling
from napari_simgraph.io.file_map import file_map
from napari_simgraph.io.lazy import Lazy, View
from napari_simgraph.io.memory import check_memory
from napari_simgraph.io.raw import Raw
from napari_simgraph.io.read import IDX_NAME

# http://yann.lecun.com/exdb/mnist: the third byte says the type, all numbers are big-endian.
_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
_LONGER = "{} holds more than its head says: it is broken."
_NAME_BYTES = 64  # that the name of a class takes in memory


class Header(NamedTuple):
    """Shape, type, and where the values begin."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    start: int


def read_idx(path: Path, key: str = "") -> Raw:
    """The pictures in an IDX file, each an image, with classes of the labels file beside it.

    Raises
    ------
    ValueError
        The file is broken, cut off, or holds labels and no pictures.
    """
    check_file(path)
    if key:
        raise Told(f"{path} holds one array: leave out '::{key}'.")
    with telling(path, "IDX"):
        head = _header(path)
        if len(head.shape) < 2:
            raise Told(f"{path} holds {head.shape} numbers, no pictures: open the images file.")
        array = IdxArray(path, head) if path.suffix.casefold() == ".gz" else _mapped(path, head)
        axes = {3: "NYX", 4: "NYXC" if head.shape[-1] in (1, 3, 4) else ""}
        name = IDX_NAME.sub("", path.name).rstrip("-.") or path.stem
        classes, notes = _classes(path, head.shape[0])
    known = axes.get(len(head.shape), "")
    return Raw(
        (array,), known, name=name, source=str(path), image_classes=classes, notes=tuple(notes)
    )


class IdxArray(Lazy):
    """The values of an IDX file that is packed with gzip, unpacked when first read."""

    def __init__(self, path: Path, head: Header) -> None:
        self._path, self._head, self._held = path, head, Held()
        check_memory(prod(head.shape) * head.dtype.itemsize, path)
        super().__init__(head.shape, head.dtype)

    def _block(self, box: tuple[slice, ...]) -> NDArray[Any]:
        with self._held.lock:
            if self._held.thing is None:
                with telling(self._path, "IDX"):
                    self._held.thing = _unpacked(self._path, self._head)
        block: NDArray[Any] = self._held.thing[box]
        return block


def _open(path: Path) -> IO[bytes]:
    return gzip.open(path) if path.suffix.casefold() == ".gz" else path.open("rb")  # type: ignore[return-value]


def _header(path: Path) -> Header:
    with _open(path) as file:
        start = file.read(4)
        if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in _TYPES or not start[3]:
            raise Told(f"{path} can't be read as IDX: it is broken or something else.")
        sizes = struct.unpack(f">{start[3]}I", file.read(4 * start[3]))
    return Header(tuple(sizes), np.dtype(_TYPES[start[2]]), 4 + 4 * len(sizes))


def _mapped(path: Path, head: Header) -> Any:
    if path.stat().st_size > head.start + prod(head.shape) * head.dtype.itemsize:
        raise Told(_LONGER.format(path))
    mapped = file_map(path, head.dtype, head.start, head.shape)
    return mapped if mapped.dtype.isnative else View(mapped, range(mapped.ndim))


def _unpacked(path: Path, head: Header) -> NDArray[Any]:
    """All values of a packed file, of which no more is unpacked than its head says."""
    count = prod(head.shape)
    with _open(path) as file:
        file.read(head.start)
        content = file.read(count * head.dtype.itemsize)
        if file.read(1):  # also: at its end the file is held against its checksum
            raise Told(_LONGER.format(path))
    if len(content) < count * head.dtype.itemsize:
        raise Told(f"{path} is cut off: copy it again from where it came from.")
    return np.frombuffer(content, head.dtype, count).reshape(head.shape)


def _classes(path: Path, count: int) -> tuple[tuple[str, ...], list[str]]:
    """The class of each picture from the labels file beside it, and what was said about it."""
    named = re.sub(r"idx\d", "idx1", path.name.replace("images", "labels"))
    for name in (named, named + ".gz", named.removesuffix(".gz")):
        beside = path.with_name(name)
        if beside.name == path.name or not beside.is_file():
            continue
        with telling(beside, "IDX"):
            head = _header(beside)
            if head.shape != (count,):
                return (), [f"{name} has {head.shape[0]} labels for {count} images: left out."]
            check_memory(count * _NAME_BYTES, beside)
            values = _unpacked(beside, head)
        return tuple(str(v) for v in values.tolist()), [f"Classes are those of {name}."]
    return (), []
