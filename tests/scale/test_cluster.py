"""Blocks that Dask workers compute: the same to the bit, whoever computes them and whoever ends."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile

from napari_simgraph import Image, MemoryRoom, Model, run
from napari_simgraph.capabilities import segmentation
from napari_simgraph.cli import main
from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.job import Device, Note, Region
from napari_simgraph.io.folder_room import FolderRoom
from napari_simgraph.io.models import save_model
from napari_simgraph.io.read import read
from napari_simgraph.learn.crew import CrewError
from napari_simgraph.learn.state import pack
from napari_simgraph.nets import build
from napari_simgraph.scale import cluster as clusters
from napari_simgraph.scale.cluster import on_cluster

dask = pytest.importorskip("dask")
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
    with dask.config.set({clusters._LOST: clusters._AWAITED}):
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

    A block tells of its start in a file and, from `free` on, waits for the file ``go``; not while
    one before `free` has yet to start: the threads of a worker take their turns in any order.
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
            starts = (self.folder / "begun").read_text().splitlines()
            early = set(range(self.free)) - {int(line.split()[1]) for line in starts}
            while block[0] >= self.free and not early and not (self.folder / "go").exists():
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


def test_workers_that_know_the_network_at_one_size_look_at_two(cluster, model, image, tmp_path):
    config, address = settings(average="sizes", output="probability"), cluster.scheduler_address
    here = segmentation.Apply(**config.to_json() | {"threads": 1})
    alone = run(segmentation.apply(model, image, config=here, room=MemoryRoom()))
    for average in ("none", "sizes"):
        room, how = FolderRoom(tmp_path / average), replace(config, average=average)
        made = run(on_cluster(address, segmentation.apply, model, image, config=how, room=room))
        same_map = np.array_equal(made.probability.read(), alone.probability.read())
        assert same_map == (average == "sizes")


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


def test_a_run_goes_through_although_a_worker_is_killed(
    cluster, client, model, image, alone, tmp_path
):
    room, blocks = FolderRoom(tmp_path / "room"), tmp_path / "blocks"
    alive = list(client.run(os.getpid).values())

    def kill_one(tick):
        if alive and any(blocks.glob("*/*.npy")):
            os.kill(alive.pop(), signal.SIGKILL)
            alive.clear()

    told = {"config": settings(), "room": room, "blocks": blocks}
    job = on_cluster(cluster.scheduler_address, segmentation.apply, model, image, **told)
    assert same(run(job, kill_one), alone)
    assert not alive, "none was killed"


def test_a_worker_that_takes_long_to_come_back_is_awaited():
    with dask.config.set({clusters._LOST: "100ms"}):  # no worker starts as quickly
        made = clusters._local(1)
        with made, distributed.Client(made, set_as_default=False) as client:
            (killed,) = client.run(os.getpid).values()
            os.kill(killed, signal.SIGKILL)
            client.wait_for_workers(1, timeout=120)  # it may still be counted
            end = time.monotonic() + 120
            while client.run(os.getpid, on_error="ignore") == {} and time.monotonic() < end:
                time.sleep(0.2)
            (back,) = client.run(os.getpid).values()
    assert back != killed


def test_a_run_that_broke_off_does_no_block_twice(cluster, model, image, alone, tmp_path):
    blocks = tmp_path / "blocks"
    told = {"config": settings(output="probability", boundaries="raw"), "blocks": blocks}

    def job(number):
        room = FolderRoom(tmp_path / f"room {number}")
        return on_cluster(
            cluster.scheduler_address, segmentation.apply, model, image, room=room, **told
        )

    broken = job(1)
    while not isinstance(next(broken), Region):
        pass
    broken.close()  # the first section is there
    marked = next(blocks.glob("*/0-0-0.npy"))
    sure = np.load(marked)
    sure[:] = 0
    np.save(marked, sure)  # so that it is known again
    found = run(job(2)).probability
    whole = run(segmentation.apply(model, image, config=told["config"], room=MemoryRoom()))
    changed = (np.asarray(found.levels[0]) != np.asarray(whole.probability.levels[0])).any(-1)
    height, width = sure.shape[1:]
    expected = np.zeros_like(changed)
    expected[0, :height, :width] = True
    assert np.array_equal(changed, expected)
    assert not blocks.exists()


def test_what_is_wrong_over_there_is_said_in_one_sentence(crew, tmp_path):
    class Broken:
        key = "broken"

        def ready(self, place, keep):
            raise MemoryError

    crew.begin(Broken(), [(0,)])
    with pytest.raises(CrewError, match="too little memory for a block"):
        wait_for(crew, (0,))


def test_impatience_does_not_spoil_the_connection(crew, client, tmp_path):
    work = working()(tmp_path, free=200)
    crew.begin(work, [(number,) for number in range(200)])
    for number in range(200):
        while not crew.wait((number,), 0.0005):
            pass
    assert client.gather(client.submit(abs, -1)) == 1


@pytest.fixture
def words(model, image, tmp_path, monkeypatch):
    """A command that finds the classes of a picture, in a folder of its own."""
    monkeypatch.chdir(tmp_path)  # workers stand elsewhere
    save_model(model, tmp_path / "tiny")
    tifffile.imwrite("noise.tif", image.read(), photometric="minisblack")
    named = ["--model", "tiny", "--image", "noise.tif", "--axes", "ZYX", "--device", "cpu"]
    how = ["--average", "flips", "--output", "probability"]
    return ["segmentation", "apply", *named, *how, "--out", "many.tif"]


def test_on_the_command_line(cluster, words, alone, tmp_path, capsys):
    assert main([*words, "--cluster", cluster.scheduler_address]) == 0
    assert "Dashboard: http://" in capsys.readouterr().err
    assert np.array_equal(read("many.tif").image.read(), pixels(alone)[1])
    assert not (tmp_path / "many.tif.blocks").exists()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("tcp://127.0.0.1:9", "No cluster answers at tcp://127.0.0.1:9: start one"),
        ("somewhere", "not 'somewhere'"),
        ("0", "not '0'"),
        ("99999", "start no more workers"),
    ],
)
def test_no_cluster_is_one_clear_sentence(words, monkeypatch, capsys, address, said):
    monkeypatch.setattr(clusters, "_CONNECT_SECONDS", 0.5)
    assert main([*words, "--progress", "none", "--cluster", address]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]


def test_without_dask_it_says_what_to_install(words, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main([*words, "--cluster", "tcp://127.0.0.1:9"]) == 2
    assert "pip install 'napari-simgraph[cluster]'" in capsys.readouterr().err


def test_a_verb_that_no_cluster_can_help_says_so_and_does_its_work(tmp_path, capsys):
    from napari_simgraph.io.write_table import write_table
    from toy import toy_table

    write_table(toy_table(), tmp_path / "t.h5ad", {})
    words = ["similarity", "apply", "--table", str(tmp_path / "t.h5ad")]
    words += ["--out", str(tmp_path / "g.h5ad"), "--cluster", "tcp://127.0.0.1:9"]
    assert main(words) == 0
    assert "--cluster does not count here" in capsys.readouterr().err
