"""Blocks that Dask workers compute: the same to the bit, whoever computes them and whoever ends."""

from __future__ import annotations

import os
import signal
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from napari_simgraph import Image, MemoryRoom, Model, run
from napari_simgraph.capabilities import segmentation
from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.job import Device, Note
from napari_simgraph.io.folder_room import FolderRoom
from napari_simgraph.learn.state import pack
from napari_simgraph.nets import build
from napari_simgraph.scale import cluster as clusters
from napari_simgraph.scale.cluster import on_cluster

distributed = pytest.importorskip("distributed")
# it says so of any disk that a loaded machine is slow to write to
pytestmark = pytest.mark.filterwarnings("ignore:Creating scratch directories")

WORKERS, THREADS = 2, 2
NETWORK = {
    "name": "unet",
    "options": {"in_channels": 1, "out_channels": 3, "width": 4, "depth": 2, "residual": False},
}
HOW = SimpleNamespace(device="cpu", threads=0, precision="full")


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """A loaded machine may take long to connect."""
    monkeypatch.setattr(clusters, "_CONNECT_SECONDS", 120.0)


@pytest.fixture(scope="module")
def started():
    """Two worker processes for all tests: their start takes most of the time."""
    made = distributed.LocalCluster(
        n_workers=WORKERS, threads_per_worker=THREADS, dashboard_address="127.0.0.1:0"
    )
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(started):
    made = distributed.Client(started, set_as_default=False)
    yield made
    made.close()


@pytest.fixture
def cluster(started, client):
    """With all its workers: one that was killed comes back."""
    client.wait_for_workers(WORKERS, timeout=120)
    return started


@pytest.fixture
def crew(client, cluster, tmp_path):
    from napari_simgraph.scale.dask_crew import DaskCrew

    made = DaskCrew(client, tmp_path / "blocks")
    assert made.gather(HOW)
    yield made
    made.close()


@pytest.fixture(scope="module")
def model():
    """A U-Net that has learned nothing: what it finds is nonsense, but always the same."""
    arrays = pack(build("unet", seed=0, **NETWORK["options"]))
    rule = {"rule": "clipped mean and spread", "low": 0.5, "high": 99.5, "blocks": 4, "edge": 64}
    told = {"classes": ClassTable.of(["cell", "organelle", "membrane"]), "boundary": "membrane"}
    told |= {"channels": 1, "normalisation": rule, "settings": {"boundary_weight": 5.0}}
    return Model("segmentation", arrays, NETWORK, name="tiny", **told)


@pytest.fixture(scope="module")
def image():
    """Sections of two tiles across."""
    rng = np.random.default_rng(0)
    return Image(rng.integers(0, 255, (3, 64, 800), dtype=np.uint8), name="noise")


@pytest.fixture(scope="module")
def alone(model, image):
    """What one process makes of them, with one thread."""
    return run(segmentation.apply(model, image, config=settings(threads=1), room=MemoryRoom()))


def settings(**changes):
    return segmentation.Apply(**{"output": "all", "average": "flips", "device": "cpu"} | changes)


def pixels(made):
    return [np.asarray(noun.levels[0]) for noun in made]


def same(made, other):
    return all(np.array_equal(a, b) for a, b in zip(pixels(made), pixels(other), strict=True))


def working():
    """A work whose blocks may have to wait; a function, so that workers need not know this file.

    A block tells of its start in a file and, from `free` on, waits for the file ``go``.
    """

    class Slow:
        def __init__(self, folder, free):
            self.folder, self.free, self.key = folder, free, "slow"

        def ready(self, place, keep):
            return lambda block: self.compute(block, place, keep)

        def compute(self, block, place, keep):
            import os
            import time

            import numpy as np

            with open(self.folder / "begun", "a") as file:
                file.write(f"{os.getpid()} {block[0]}\n")
            keep("network", self.load)
            while block[0] >= self.free and not (self.folder / "go").exists():
                time.sleep(0.01)
            omp = int(os.environ["OMP_NUM_THREADS"])
            return np.array([block[0], place.threads, omp], np.float32)

        def load(self):
            import os

            with open(self.folder / "loaded", "a") as file:
                file.write(f"{os.getpid()}\n")

    return Slow


def begun(folder):
    """Process and block of each start so far."""
    lines = (folder / "begun").read_text().splitlines() if (folder / "begun").exists() else []
    return [tuple(map(int, line.split())) for line in lines]


def wait_for(crew, block):
    while not crew.wait(block, 0.05):
        pass
    return crew.read(block)


def test_what_workers_make_is_the_same_to_the_bit(cluster, model, image, alone, tmp_path):
    ticks = []
    room, address = FolderRoom(tmp_path / "room"), cluster.scheduler_address
    job = on_cluster(address, segmentation.apply, model, image, config=settings(), room=room)
    made = run(job, ticks.append)
    assert same(made, alone)
    assert [tick.name for tick in ticks if isinstance(tick, Device)] == [
        "cluster, 2 workers (CPU, 2 cores)"
    ]
    said = [tick.text for tick in ticks if isinstance(tick, Note)]
    assert said[0].startswith("Dashboard: http://127.0.0.1:")
    assert not (room.folder / "blocks").exists()


def test_networks_are_loaded_once_in_each_worker_and_take_all_its_threads(crew, tmp_path):
    blocks = [(number,) for number in range(12)]
    for key in ("first", "second"):  # as with two images
        work = working()(tmp_path, free=12)
        work.key = key
        crew.begin(work, blocks)
        found = np.array([wait_for(crew, block) for block in reversed(blocks)])
        assert found[::-1, 0].tolist() == list(range(12))
        assert set(found[:, 1]) == {THREADS}  # although Dask tells OpenMP to take one
        assert set(found[:, 2]) == {1}
    loaded = Counter((tmp_path / "loaded").read_text().split())
    assert set(loaded) == {str(process) for process, _ in begun(tmp_path)}
    assert set(loaded.values()) == {1}


def test_a_killed_worker_costs_only_what_it_had_in_hand(crew, tmp_path):
    blocks = [(number,) for number in range(10)]
    crew.begin(working()(tmp_path, free=5), blocks)
    first = [wait_for(crew, block) for block in blocks[:5]]
    while len({process for process, block in begun(tmp_path) if block >= 5}) < WORKERS:
        crew.wait(blocks[5], 0.05)
    victim = next(process for process, block in begun(tmp_path) if block >= 5)
    os.kill(victim, signal.SIGKILL)
    (tmp_path / "go").touch()
    found = [*first, *(wait_for(crew, block) for block in blocks[5:])]
    assert [int(one[0]) for one in found] == list(range(10))
    starts = Counter(block for _, block in begun(tmp_path))
    assert all(starts[number] == 1 for number in range(5)), starts
