"""A crew of Dask workers: hands out blocks, a few ahead, and sees to it that each gets done.

What Dask gives is taken as it is: it hands the blocks of a lost worker to others. A block comes
back as a file, so nothing large goes through the scheduler, and what is written stays written.
"""

from __future__ import annotations

import time
from asyncio import CancelledError as AsyncCancelled
from collections import deque
from collections.abc import Sequence
from concurrent.futures import CancelledError
from importlib.metadata import version
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

from distributed import Client, Future, KilledWorker

from napari_simgraph.core.job import Device
from napari_simgraph.io.safe import remove
from napari_simgraph.learn.crew import Block, CrewError, Values, Work, key_of
from napari_simgraph.learn.device import Place
from napari_simgraph.scale.block_plugin import BlockPlugin, Seat, compute_block, kind, seat
from napari_simgraph.scale.blocks import Blocks

_AHEAD = 4  # blocks to a thread of a worker: nobody waits for work, and cancelling is quick
_COUNT_SECONDS = 2.0  # between two looks at who is there
_VISIBLE_SECONDS = 60.0  # until a shared file system shows a file of another machine
_CANCELLED = (CancelledError, AsyncCancelled)  # Dask knows both
_AGAIN = 2  # times a block is tried again: shared file systems hiccup
GONE = "The cluster went away. Run the same again: it goes on where it stood."
KILLED = "Worker after worker ended over the same block, most likely since memory ran out."
LOST = "A block was written, but is not in {}: use a folder that all machines share."
OTHERS = "The cluster has another environment: install the same napari-simgraph there."
VERSIONS = "Workers have napari-simgraph {}, here is {}: install the same."
MIXED = "Workers compute on devices of several kinds ({}): choose --device cpu --precision full."


class DaskCrew:
    """See `learn.crew.Crew`; ``close`` it at the end.

    Parameters
    ----------
    client
        Connected with the scheduler.
    folder
        For works and blocks; all machines see it under this path.
    """

    place: Place

    def __init__(self, client: Client, folder: Path) -> None:
        self._client, self._folder = client, folder.absolute()
        self._plugin: BlockPlugin | None = None
        self._key, self._blocks = "", Blocks(self._folder)
        self._left: deque[tuple[int, Block]] = deque()
        self._running: dict[Block, Future] = {}
        self._count = self._done = self._threads = self._workers = 0
        self._counted = -_COUNT_SECONDS
        self._bell = Event()  # rings when a block has ended, whichever

    @property
    def device(self) -> Device:
        """See `Crew.device`."""
        self._look()
        several = f"{self._workers} worker{'s' * (self._workers != 1)}"
        return Device(f"cluster, {several} ({self.place.name})")

    def gather(self, config: Any) -> bool:
        """See `Crew.gather`; asked again, for the next image, it is as it was."""
        if self._plugin is not None:
            return True
        there = list(self._client.nthreads())
        if not there:
            return False
        how = (config.device, config.threads, config.precision)
        asked = {"pure": False, "allow_other_workers": False}
        try:
            futures = [self._client.submit(seat, *how, workers=[one], **asked) for one in there]
            seats: list[Seat] = self._client.gather(futures)
        except (ImportError, RuntimeError) as error:
            raise ValueError(OTHERS) from error
        except (KilledWorker, *_CANCELLED):
            return False
        self._agree(seats)
        self._plugin = BlockPlugin(f"simgraph-{uuid4().hex}", self._folder, how)
        self._client.register_plugin(self._plugin)
        return True

    def begin(self, work: Work, blocks: Sequence[Block]) -> None:
        """See `Crew.begin`."""
        self._drop()
        self._key = key_of(work.key, kind(self.place))
        self._blocks = Blocks(self._folder / self._key)
        self._blocks.keep_work(work)
        self._left = deque(enumerate(self._blocks.missing(blocks)))
        self._count, self._done = len(blocks), len(blocks) - len(self._left)
        self._fill()

    def wait(self, block: Block, seconds: float) -> bool:
        """See `Crew.wait`."""
        self._fill()
        future = self._running.get(block)
        if future is not None:
            # not `Future.result`: a fetch that is broken off may spoil the client for good
            self._bell.clear()
            if not future.done():
                self._bell.wait(seconds)
            if not future.done():  # it just takes longer
                return self._still_there()
            self._settle(block)
        return self._blocks.has(block) or self._shows(block, seconds)

    def read(self, block: Block) -> Values:
        """See `Crew.read`."""
        return self._blocks.read(block)

    def said(self) -> str:
        """See `Crew.said`."""
        return f"{self._done} of {self._count} blocks"

    def clean(self) -> None:
        """Take all blocks away."""
        self._drop()
        remove(self._folder)

    def close(self) -> None:
        """Let the workers go; blocks stay."""
        self._drop()
        if self._plugin is not None and self._client.status == "running":
            self._client.unregister_worker_plugin(self._plugin.name)

    def _agree(self, seats: Sequence[Seat]) -> None:
        own = version("napari-simgraph")
        others = {one.version for one in seats} - {own}
        if others:
            raise ValueError(VERSIONS.format(", ".join(sorted(others)), own))
        kinds = {kind(one.place): one.place for one in seats}
        if len(kinds) > 1:
            raise ValueError(MIXED.format(", ".join(sorted(kinds))))
        self.place = next(iter(kinds.values()))

    def _look(self) -> None:
        """Count workers and their threads, now and then: they come and go."""
        if time.monotonic() - self._counted > _COUNT_SECONDS:
            try:
                found = self._client.nthreads()
            except OSError:
                raise CrewError(GONE) from None
            self._workers, self._threads = len(found), sum(found.values())
            self._counted = time.monotonic()

    def _fill(self) -> None:
        """Take what is done off the list, and hand out so much that nobody waits."""
        self._look()
        for block in [one for one, future in self._running.items() if future.done()]:
            self._settle(block)
        name = self._plugin.name if self._plugin else ""
        while self._left and len(self._running) < _AHEAD * max(1, self._threads):
            number, block = self._left.popleft()
            told = (name, self._key, block, kind(self.place))
            options = {"pure": False, "retries": _AGAIN, "priority": -number}
            future = self._running[block] = self._client.submit(compute_block, *told, **options)
            future.add_done_callback(lambda _: self._bell.set())

    def _settle(self, block: Block) -> None:
        """Take a block that ended off the list.

        Raises
        ------
        Exception
            What it ended with, if it was not done.
        """
        future = self._running.pop(block)
        if future.status == "finished":
            self._done += 1
            return
        try:
            future.result()
        except KilledWorker:
            raise CrewError(KILLED) from None
        except _CANCELLED:
            raise CrewError(GONE) from None

    def _still_there(self) -> bool:
        if self._client.status != "running":
            raise CrewError(GONE)
        return False

    def _shows(self, block: Block, seconds: float) -> bool:
        """Whether a block that was written comes into sight; False for one that is still waited."""
        if any(block == waiting for _, waiting in self._left):
            time.sleep(seconds)
            return False
        until = time.monotonic() + _VISIBLE_SECONDS
        while not self._blocks.has(block):
            if time.monotonic() > until:
                raise CrewError(LOST.format(self._folder))
            time.sleep(seconds)
        return True

    def _drop(self) -> None:
        """Take back what is not done yet."""
        self._left.clear()
        if self._running and self._client.status == "running":
            self._client.cancel(list(self._running.values()))
        self._running.clear()
