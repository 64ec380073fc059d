"""Parcels: nouns on their way to another process; large arrays go as files, lazy ones as places."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import cloudpickle
import numpy as np
from numpy.typing import NDArray

from napari_simgraph.io.file_map import as_file_map

# Arrays from here on go as files: a pipe would copy them twice, and whoever reads a file reads
# only what is asked for.
LARGE_BYTES = 2**20
# Beyond this a copy takes minutes and fills disks: what holds such an array is not sent.
MOST_BYTES = 4 * 2**30
_PIECE_BYTES = 16 * 2**20  # written at a time: a tenth of a second on a slow disk


class Interrupted(Exception):
    """Packing was asked to end."""


def pack(value: Any, folder: Path | None, interrupted: Callable[[], bool] = lambda: False) -> bytes:
    """What `unpack` turns into an equal value; its large arrays are files in `folder`.

    Parameters
    ----------
    value
        Nouns, settings, functions … Zarr, memory maps and lazy arrays go as where they lie.
    folder
        Made where it isn't there; whoever unpacks needs the same. None: all is in the parcel.
    interrupted
        Asked between pieces of a large array whether to give up.

    Raises
    ------
    Exception
        Of many kinds: something in it can't be sent, or is too large for a copy.
    """
    out = io.BytesIO()
    _Packer(out, folder, interrupted).dump(value)
    return out.getvalue()


def unpack(parcel: bytes, folder: Path, mapped: bool = False) -> Any:
    """What was packed; with `mapped`, large arrays are read-only maps of their files."""
    return _Unpacker(io.BytesIO(parcel), folder, mapped).load()


class _Packer(cloudpickle.Pickler):  # type: ignore[misc]
    """Also takes functions that no module has; puts large arrays into files."""

    def __init__(
        self, out: IO[bytes], folder: Path | None, interrupted: Callable[[], bool]
    ) -> None:
        super().__init__(out, protocol=5)
        self._folder, self._interrupted = folder, interrupted
        self._written: dict[int, tuple[str, NDArray[Any]]] = {}

    def persistent_id(self, value: Any) -> str | None:
        """The file that holds an array; None for what is pickled as usual."""
        if type(value) not in (np.ndarray, np.memmap) or value.dtype.hasobject:
            return None  # other kinds of arrays know themselves how they are sent
        small = type(value) is np.ndarray and value.nbytes < LARGE_BYTES
        if small or self._folder is None or self._lies_in_file(value):
            return None
        if value.nbytes > MOST_BYTES:
            raise pickle.PicklingError("An array is too large to be copied.")
        if id(value) not in self._written:
            self._folder.mkdir(parents=True, exist_ok=True)
            name = f"{len(list(self._folder.glob('*.npy')))}.npy"
            _write(self._folder / name, value, self._interrupted)
            self._written[id(value)] = (name, value)  # held, so that no other gets its id
        return self._written[id(value)][0]

    def reducer_override(self, value: Any) -> Any:
        """Memory maps of files go as places in them."""
        if type(value) is np.memmap and self._lies_in_file(value):
            return as_file_map(value).__reduce_ex__(5)
        return super().reducer_override(value)

    def _lies_in_file(self, array: NDArray[Any]) -> bool:
        """Whether an array is a read-only map of a file that stays."""
        if type(array) is not np.memmap or array.mode != "r" or not array.filename:
            return False
        return getattr(array, "_mmap", None) is not None and (
            Path(array.filename).parent != self._folder
        )


class _Unpacker(pickle.Unpickler):
    def __init__(self, source: IO[bytes], folder: Path, mapped: bool) -> None:
        super().__init__(source)
        self._folder, self._mapped = folder, mapped

    def persistent_load(self, name: Any) -> NDArray[Any]:
        """The array of a file."""
        array: NDArray[Any] = np.load(
            self._folder / str(name), mmap_mode="r" if self._mapped else None, allow_pickle=False
        )
        return array


def _write(path: Path, array: NDArray[Any], interrupted: Callable[[], bool]) -> None:
    """An .npy file, written piece by piece through the file: a full disk is an OSError then."""
    header = {
        "descr": np.lib.format.dtype_to_descr(array.dtype),
        "fortran_order": False,
        "shape": array.shape,
    }
    rows = max(1, _PIECE_BYTES * len(array) // array.nbytes)
    with path.open("wb") as file:
        np.lib.format.write_array_header_2_0(file, header)
        for start in range(0, len(array), rows):
            if interrupted():
                raise Interrupted
            file.write(np.ascontiguousarray(array[start : start + rows]).data.cast("B"))
