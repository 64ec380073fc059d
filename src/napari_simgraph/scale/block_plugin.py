"""What a Dask worker does: it makes a work ready once, and then computes its blocks one by one.

Imported by workers and by whoever sends them work; Dask itself is an extra.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple, TypeVar

from distributed import WorkerPlugin, get_worker

from napari_simgraph.core.shortage import is_out_of_memory
from napari_simgraph.learn.allocation import give_freed_blocks_back, keep_freed_blocks
from napari_simgraph.learn.crew import Block, CrewError, Do
from napari_simgraph.learn.device import Place, pick
from napari_simgraph.scale.blocks import Blocks

R = TypeVar("R")
_KEPT = 2  # networks, and works: the one in use and the one before
UNSEEN = "The workers can't see {}: put the result into a folder that all machines share."
MEMORY = "A worker has too little memory for a block: give it more, or start fewer on its machine."
UNLIKE = "A worker computes on another kind of device than the others: choose --device cpu."


class Seat(NamedTuple):
    """Where a worker computes, and by which version of this program."""

    place: Place
    version: str


class BlockPlugin(WorkerPlugin):  # type: ignore[misc]
    """Lives in each worker as long as the crew does; workers that join later get it, too.

    Parameters
    ----------
    name
        By which tasks find it.
    folder
        Where works and their blocks lie.
    how
        Device, threads (0 for those of the worker) and precision.
    """

    def __init__(self, name: str, folder: Path, how: tuple[str, int, str]) -> None:
        self.name, self._folder, self._how = name, folder, how

    def setup(self, worker: Any) -> None:
        """Begin in a worker, with empty hands.

        Dask has its workers give each freed block back to the system: what a network needs for
        one layer would be fetched anew for each tile.
        """
        keep_freed_blocks()
        self._lock = Lock()  # a worker's tasks run side by side, but a block takes all its threads
        self._ready: dict[str, Do] = {}
        self._tools: dict[str, Any] = {}

    def teardown(self, worker: Any) -> None:
        """Let go: the worker is there for others, too."""
        self._ready.clear()
        self._tools.clear()
        give_freed_blocks_back()

    def compute(self, key: str, block: Block, like: str) -> None:
        """Write a block of a work; `like` is where the others compute, see `kind`."""
        blocks = Blocks(self._folder / key)
        with self._lock:
            try:
                do = self._ready.get(key)
                if do is None:
                    do = self._ready[key] = self._made_ready(blocks, like)
                    _forget(self._ready)
                values = do(block)
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                raise CrewError(MEMORY) from None
        blocks.write(block, values)

    def _made_ready(self, blocks: Blocks, like: str) -> Do:
        place = seat(*self._how).place
        if kind(place) != like:
            raise ValueError(UNLIKE)
        try:
            work = blocks.work()
        except FileNotFoundError:
            raise ValueError(UNSEEN.format(blocks.folder.parent)) from None
        return work.ready(place, self._keep)

    def _keep(self, key: str, make: Callable[[], R]) -> R:
        if key not in self._tools:
            self._tools[key] = make()
            _forget(self._tools)
        tool: R = self._tools[key]
        return tool


def compute_block(name: str, key: str, block: Block, like: str) -> None:
    """Write a block, in a task of a worker."""
    get_worker().plugins[name].compute(key, block, like)


def seat(device: str, threads: int, precision: str) -> Seat:
    """Where this worker computes, asked in a task of it.

    Dask starts workers with one OpenMP thread each, whatever they have; so their own number counts.
    """
    own = threads or get_worker().state.nthreads
    return Seat(pick(device, own, precision), version("napari-simgraph"))


def kind(place: Place) -> str:
    """What a result depends on: the type of the device and the precision."""
    return f"{place.device.type} {place.half or 'float32'}"


def _forget(known: dict[str, Any]) -> None:
    while len(known) > _KEPT:
        del known[next(iter(known))]
