"""A verb whose blocks are computed by many machines, as a job like any other.

The job itself runs here, as always: it plans, and does with each block what it would have done with
its own. Workers compute what takes long (a network on tiles and patches) and write it into a folder
that all see. So the result is the same to the bit for any number of workers, in any order; a worker
that is killed costs its blocks; and a run that broke off finds the blocks that are there.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, TypeVar

from napari_simgraph.core.job import Job, Note, Progress, Signal
from napari_simgraph.core.room import Room
from napari_simgraph.io.folder_room import FolderRoom
from napari_simgraph.io.run_table import RunTable
from napari_simgraph.learn.aside import Aside, Halt
from napari_simgraph.learn.crew import Manned
from napari_simgraph.scale.folder import FolderRun, run_folder

if TYPE_CHECKING:
    from napari_simgraph.scale.dask_crew import DaskCrew

R = TypeVar("R")
SHARING = ("segmentation", "embedding", "anomaly", "signature")
_CONNECT_SECONDS = 10.0  # workers that import torch answer late
_BLOCKS = ".blocks"  # among the results of a folder
# Dask gives a worker up that is not back 15 seconds after it ended, while it still starts: on a
# busy machine that takes longer.
_LOST, _AWAITED = "distributed.deploy.lost-worker-timeout", "10 minutes"
DASHBOARD = "Dashboard: "  # before the address of a page that shows what workers do
NO_DASK = "Clusters need Dask: pip install 'napari-simgraph[cluster]'."
NO_ANSWER = "No cluster answers at {}: start one with 'dask scheduler', and look at its address."
NO_ADDRESS = "A cluster is tcp://HOST:PORT, or how many workers to start here; not '{}'."
TOO_MANY = "This machine has {} cores: start no more workers than that."


def shares(capability: str, verb: str) -> bool:
    """Whether a cluster can do a part of a verb."""
    return verb == "apply" and capability in SHARING


def is_address(text: str) -> bool:
    """Whether a text may be the address of a cluster, or a number of workers."""
    return "://" in text or (text.isdigit() and int(text) > 0)


def on_cluster(
    cluster: str,
    verb: Callable[..., Job[R]],
    /,
    *nouns: Any,
    blocks: str | Path | None = None,
    **named: Any,
) -> Job[R]:
    """What `verb` gives, its blocks computed by the workers of a Dask cluster.

    Parameters
    ----------
    cluster
        The address of a scheduler, ``tcp://host:8786``, or how many workers to start on this
        machine: ``4``.
    verb, nouns, named
        An ``apply`` of segmentation, embedding, anomaly or signature, and what it takes.
    blocks
        A folder for blocks; all machines see it under this path. Kept where the run breaks off.
        By default within the folder of the room.

    Raises
    ------
    ValueError
        No cluster answers there, or its workers are not fit for the work.
    CrewError
        The cluster went away.
    """
    room = named["room"]
    if blocks is None:
        blocks = (
            room.folder / "blocks" if isinstance(room, FolderRoom) else mkdtemp(prefix="simgraph-")
        )

    def make(crew: DaskCrew) -> Job[R]:
        return verb(*nouns, **named | {"room": Manned(room, crew)})

    return with_crew(cluster, Path(blocks), make)


def folder_on_cluster(cluster: str, run: FolderRun) -> Job[RunTable]:
    """The table of a run over a folder, the blocks of each of its images computed by workers.

    They get the model once for all images.
    """

    def make(crew: DaskCrew) -> Job[RunTable]:
        return run_folder(replace(run, call=partial(_manned, run.call, crew)))

    return with_crew(cluster, run.target / _BLOCKS, make)


def _manned(
    call: Callable[..., Job[R]], crew: DaskCrew, *nouns: Any, room: Room, **named: Any
) -> Job[R]:
    """The verb on one image of several; the next one has blocks of its own."""
    halt = Halt()
    result = yield from _heard(call(*nouns, room=Manned(room, crew), **named), halt)
    if not halt.stopped:
        crew.clean()
    return result


def with_crew(cluster: str, blocks: Path, make: Callable[[DaskCrew], Job[R]]) -> Job[R]:
    """What the job gives that `make` makes for a crew; see `on_cluster`."""
    link, aside = _Link(cluster), Aside()
    crew: DaskCrew | None = None
    try:
        yield from aside.wait(link.open, partial(Progress, text="looking for the cluster"))
        aside.halt.hear((yield Note(DASHBOARD + link.dashboard)))
        crew = link.crew(blocks)
        result = yield from _heard(make(crew), aside.halt)
        if not aside.halt.stopped:
            crew.clean()
        return result
    finally:
        aside.close()
        if crew is not None:
            crew.close()
        link.close()


def _heard(job: Job[R], halt: Halt) -> Job[R]:
    """The same job; remembers whether it was stopped."""
    signal: Signal | None = None
    try:
        tick = next(job)
        while True:
            signal = yield tick
            halt.hear(signal)
            tick = job.send(signal)
    except StopIteration as end:
        result: R = end.value
        return result
    finally:
        job.close()


class _Link:
    """The way to a cluster: one that runs somewhere, or one of our own on this machine."""

    def __init__(self, cluster: str) -> None:
        self._cluster = cluster.strip()
        self._own: Any = None
        self._client: Any = None
        if not is_address(self._cluster):
            raise ValueError(NO_ADDRESS.format(cluster))

    @property
    def dashboard(self) -> str:
        """Where a browser shows what the workers do."""
        return str(self._client.dashboard_link)

    def open(self) -> None:
        """Connect; start workers first, if some of our own are wanted."""
        try:
            from distributed import Client
        except ImportError:
            raise ValueError(NO_DASK) from None
        address: Any = self._cluster
        if self._cluster.isdigit():
            address = self._own = _local(int(self._cluster))
        try:
            self._client = Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:  # a timeout is an OSError
            raise ValueError(NO_ANSWER.format(self._cluster)) from error

    def crew(self, blocks: Path) -> DaskCrew:
        """Its workers, as a crew."""
        from napari_simgraph.scale.dask_crew import DaskCrew

        return DaskCrew(self._client, blocks)

    def close(self) -> None:
        """Let go; workers of our own end, those that take too long with this process."""
        for one in (self._client, self._own):
            with suppress(TimeoutError):  # of a busy machine, which costs no result
                if one is not None:
                    one.close()


def _local(count: int) -> Any:
    """So many workers on this machine; together they use all its cores."""
    import dask
    from distributed import LocalCluster

    from napari_simgraph.learn.device import cores

    if count > cores():
        raise ValueError(TOO_MANY.format(cores()))
    threads = max(1, cores() // count)
    dask.config.set({_LOST: _AWAITED})
    return LocalCluster(
        n_workers=count, threads_per_worker=threads, dashboard_address="127.0.0.1:0"
    )
