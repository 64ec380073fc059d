"""Room: a job's only way to storage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import DTypeLike, NDArray


@dataclass(frozen=True)
class Checkpoint:
    """What a job needs to go on where it stood: named arrays and plain JSON."""

    arrays: Mapping[str, NDArray[Any]]
    info: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Room(Protocol):
    """What a job may ask of storage; jobs open no path themselves."""

    def array(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype: DTypeLike,
        chunks: tuple[int, ...] | None = None,
    ) -> Any:
        """An array of zeros to write into block by block: numpy when small, Zarr when large.

        Asked for again under the same name, shape and type by a resumed job, it is the same
        array with what was written.
        """
        ...

    def checkpoint(self, state: Checkpoint) -> None:
        """Keep `state`, replacing the one before only when it is safely written."""
        ...

    def restore(self) -> Checkpoint | None:
        """The last checkpoint, or None where the job starts afresh."""
        ...


class Inner:
    """A Room inside another one; whoever derives from it says what is different there.

    Parameters
    ----------
    room
        Where everything is kept in the end.
    """

    def __init__(self, room: Room) -> None:
        self._room = room

    def array(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype: DTypeLike,
        chunks: tuple[int, ...] | None = None,
    ) -> Any:
        """See `Room.array`."""
        return self._room.array(name, shape, dtype, chunks)

    def checkpoint(self, state: Checkpoint) -> None:
        """See `Room.checkpoint`."""
        self._room.checkpoint(state)

    def restore(self) -> Checkpoint | None:
        """See `Room.restore`."""
        return self._room.restore()


class MemoryRoom:
    """A Room that keeps everything in memory: for tests and for use from Python."""

    def __init__(self) -> None:
        self.arrays: dict[str, NDArray[Any]] = {}
        self.state: Checkpoint | None = None

    def array(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype: DTypeLike,
        chunks: tuple[int, ...] | None = None,
    ) -> NDArray[Any]:
        """See `Room.array`; `chunks` is not used."""
        known = self.arrays.get(name)
        if known is None or known.shape != shape or known.dtype != np.dtype(dtype):
            known = self.arrays[name] = np.zeros(shape, dtype)
        return known

    def checkpoint(self, state: Checkpoint) -> None:
        """See `Room.checkpoint`."""
        copies = {name: np.array(values) for name, values in state.arrays.items()}
        self.state = Checkpoint(copies, dict(state.info))

    def restore(self) -> Checkpoint | None:
        """See `Room.restore`."""
        return self.state
