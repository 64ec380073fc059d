"""HDF5 files in the making: HDF5 crashes the process where a write fails, so it is never told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import RawIOBase
from pathlib import Path
from typing import IO, Any


@contextmanager
def created_hdf5(path: Path) -> Iterator[tuple[Any, Disk]]:
    """A new HDF5 file, open for writing, and the disk that it goes to.

    Raises
    ------
    OSError
        The disk refused something; told at the end, or by `Disk.check`.
    """
    import h5py

    with path.open("wb+", buffering=0) as raw:
        disk = Disk(raw)
        with h5py.File(disk, "w") as file:
            yield file, disk
        disk.check()


class Disk(RawIOBase):
    """A file that takes all that it is given; what the disk refuses is kept until HDF5 is done.

    Parameters
    ----------
    file
        Where to.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._refused: dict[int, bytes] = {}  # by place; HDF5 reads its own notes again
        self._error: OSError | None = None

    def check(self) -> None:
        """Nothing, as long as the disk took everything; asked between large writes.

        Raises
        ------
        OSError
            What the disk said.
        """
        if self._error is not None:
            raise self._error

    def write(self, content: Any) -> int:
        """How many bytes were taken: all."""
        place, size = self._file.tell(), len(content)
        if self._error is None:
            try:
                _write(self._file, memoryview(content))
                return size
            except OSError as error:
                self._error = error
        self._refused[place] = bytes(content)
        self._file.seek(place + size)
        return size

    def readinto(self, target: Any) -> int:
        """How many bytes were read; what lies beyond the end is nothing."""
        place = self._file.tell()
        content = self._refused.get(place, b"")[: len(target)] or self._file.read(len(target))
        target[: len(content)] = content
        target[len(content) :] = bytes(len(target) - len(content))
        return len(target)

    def truncate(self, size: int | None = None, /) -> int:
        """The new length."""
        try:
            return self._file.truncate(size)
        except OSError as error:
            self._error = self._error or error
            return self._file.tell() if size is None else size

    def seek(self, place: int, whence: int = 0) -> int:
        """Where it stands now."""
        return self._file.seek(place, whence)

    def tell(self) -> int:
        """Where it stands."""
        return self._file.tell()

    def flush(self) -> None:
        """Nothing waits: it is written at once."""


def _write(file: IO[bytes], content: memoryview) -> None:
    """All of it: the system may take less at a time."""
    while content:
        content = content[file.write(content) :]
