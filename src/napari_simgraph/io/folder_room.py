"""FolderRoom: storage of a job in a folder, which outlives the process."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from napari_simgraph.core.job import plain
from napari_simgraph.core.room import Checkpoint
from napari_simgraph.io.faults import BROKEN
from napari_simgraph.io.lazy import Lazy
from napari_simgraph.io.plain_json import parsed
from napari_simgraph.io.safe import fresh, remove, synced

# Arrays below this stay in memory, which is faster, until all of them together are so many times
# as large: of a folder of pictures each has results of its own.
LARGE_BYTES = 64 * 2**20
_TOGETHER = 2
# A chunk of about 8 MB: large enough for disks, small enough to view one section of.
_CHUNK_EDGE, _CHUNK_SECTIONS = 512, 8
_SMALL = "room/"  # before the names of small arrays in a checkpoint
_GENERATIONS = ("checkpoint-a.safetensors", "checkpoint-b.safetensors")


class FolderRoom:
    """A Room that keeps large arrays and checkpoints in a folder.

    Parameters
    ----------
    folder
        Made where it isn't there; the same folder again goes on where a job stood.
    large
        Arrays of this many bytes or more are Zarr on disk, smaller ones numpy until there are
        twice as many bytes of them.
    mapped
        Smaller arrays are maps of files in the folder, so that other processes see them grow;
        else they are in memory.
    """

    def __init__(
        self, folder: str | Path, large: int = LARGE_BYTES, *, mapped: bool = False
    ) -> None:
        self.folder, self._large, self._mapped = Path(folder), large, mapped
        self.folder.mkdir(parents=True, exist_ok=True)
        self._small: dict[str, NDArray[Any]] = {}
        self._sizes: dict[str, int] = {}  # in bytes, of those that are not Zarr
        self._number: int | None = None  # of the newest checkpoint; read when it is needed

    def __reduce__(self) -> tuple[Any, ...]:
        # to another process, which has no use for what is in memory here
        return partial(FolderRoom, mapped=self._mapped), (self.folder.absolute(), self._large)

    def array(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype: DTypeLike,
        chunks: tuple[int, ...] | None = None,
    ) -> Any:
        """See `Room.array`; without `chunks`, blocks of a few sections of 512 x 512."""
        kind = np.dtype(dtype)
        if self._is_small(name, int(np.prod(shape, dtype=np.int64)) * kind.itemsize):
            return (self._in_file if self._mapped else self._in_memory)(name, tuple(shape), kind)
        return self._on_disk(self.folder / f"{_safe_name(name)}.zarr", shape, kind, chunks)

    def look(self, name: str) -> Any | None:
        """The array of this name as it is on disk, for reading only; None where there is none.

        For whoever watches the job from outside.
        """
        stem = self.folder / _safe_name(name)
        if stem.with_name(f"{stem.name}.npy").is_file():
            return NpyFile(stem.with_name(f"{stem.name}.npy"))
        if (self.folder / f"{stem.name}.zarr" / "zarr.json").is_file():
            import zarr

            return zarr.open_array(self.folder / f"{stem.name}.zarr", mode="r")
        return None

    def _is_small(self, name: str, size: int) -> bool:
        """Whether an array is kept out of Zarr; one that was asked for before stays where it is."""
        if size >= self._large:
            return False
        together = sum(self._sizes.values()) + size
        known = name in self._sizes or name in self._kept
        there = (self.folder / f"{_safe_name(name)}.zarr" / "zarr.json").is_file()
        if not known and (there or together > _TOGETHER * self._large):
            return False
        self._sizes[name] = size
        return True

    def _in_memory(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        known = self._small.get(name, self._kept.pop(name, None))
        if known is None or known.shape != shape or known.dtype != dtype:
            known = np.zeros(shape, dtype)
        self._small[name] = known
        return known

    def _in_file(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        path = self.folder / f"{_safe_name(name)}.npy"
        with contextlib.suppress(*BROKEN):  # not there, or broken off at its beginning
            known: NDArray[Any] = np.load(path, mmap_mode="r+", allow_pickle=False)
            if known.shape == shape and known.dtype == dtype:
                return known
        with fresh(path) as temporary:  # all of it is written: a map of a full disk ends a process
            np.save(temporary, np.zeros(shape, dtype))
        return np.load(path, mmap_mode="r+", allow_pickle=False)  # type: ignore[no-any-return]

    def _on_disk(
        self,
        path: Path,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        chunks: tuple[int, ...] | None,
    ) -> Any:
        import zarr

        if (path / "zarr.json").is_file():
            known = zarr.open_array(path, mode="r+")
            if known.shape == tuple(shape) and known.dtype == dtype:
                return known
        remove(path)
        blocks = tuple(min(c, n) for c, n in zip(chunks or _chunks(shape), shape, strict=True))
        return zarr.create_array(path, shape=shape, chunks=blocks, dtype=dtype, fill_value=0)

    def checkpoint(self, state: Checkpoint) -> None:
        """See `Room.checkpoint`; the last two are kept, so one that breaks off does no harm.

        The small arrays go with it: a job that goes on finds them as they were.
        """
        from safetensors.numpy import save

        if self._number is None:
            self._number = next((number for number, _ in self._found()), 0)
        self._number = number = self._number + 1
        target = self.folder / _GENERATIONS[number % 2]
        small = {_SMALL + key: value for key, value in (self._kept | self._small).items()}
        arrays = {k: np.array(v, order="C") for k, v in {**state.arrays, **small}.items()}
        info = json.dumps({"number": number, "info": plain(state.info)})
        with fresh(target) as temporary:
            synced(temporary, save(arrays, {"simgraph": info, "digest": _digest(arrays)}))

    def restore(self) -> Checkpoint | None:
        """See `Room.restore`; a broken checkpoint is passed over for the one before."""
        found = self._found()
        if not found:
            return None
        state = found[0][1]
        named = {k: v for k, v in state.arrays.items() if not k.startswith(_SMALL)}
        return Checkpoint(named, state.info)

    @cached_property
    def _kept(self) -> dict[str, NDArray[Any]]:
        """The small arrays that were kept with the newest checkpoint and not asked for yet."""
        arrays = next((state.arrays for _, state in self._found()), {})
        return {k.removeprefix(_SMALL): v for k, v in arrays.items() if k.startswith(_SMALL)}

    def _found(self) -> list[tuple[int, Checkpoint]]:
        """Whole checkpoints with their number, newest first."""
        loaded = (_load(self.folder / name) for name in _GENERATIONS)
        return sorted((item for item in loaded if item), key=lambda item: -item[0])

    def clean(self) -> None:
        """Take the folder away with all that is in it."""
        self.close()
        remove(self.folder)

    def close(self) -> None:
        """Let go of what is in memory; the folder stays, for a job that goes on."""
        self._small.clear()
        self._sizes.clear()


class NpyFile(Lazy):
    """The array in an .npy file, opened anew at each look, so that nothing keeps it in use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        super().__init__(array.shape, array.dtype)

    def _block(self, box: tuple[slice, ...]) -> NDArray[Any]:
        return np.array(np.load(self._path, mmap_mode="r", allow_pickle=False)[box])


def _load(path: Path) -> tuple[int, Checkpoint] | None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            told = file.metadata() or {}
            arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        content = parsed(told["simgraph"])
        if told["digest"] != _digest(arrays):
            return None
        return int(content["number"]), Checkpoint(arrays, dict(content["info"]))
    except (SafetensorError, *BROKEN):
        return None


def _digest(arrays: dict[str, NDArray[Any]]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for key in sorted(arrays):
        digest.update(key.encode())
        digest.update(np.ascontiguousarray(arrays[key]).data.cast("B") if arrays[key].size else b"")
    return digest.hexdigest()


def _chunks(shape: Sequence[int]) -> tuple[int, ...]:
    """Planes of 512 x 512 by a few sections; one by one along what comes before."""
    lead = len(shape) - 3
    tail = (_CHUNK_SECTIONS, _CHUNK_EDGE, _CHUNK_EDGE)[-len(shape) :]
    return (1,) * max(lead, 0) + tail


def _safe_name(name: str) -> str:
    """A file name on every system."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name) or "array"
