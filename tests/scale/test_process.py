"""A job in a process of its own keeps every promise of a job in a thread."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import deque
from functools import partial
from pathlib import Path

import dask.array as da
import numpy as np
import psutil
import pytest
import zarr

from napari_simgraph import Image, Labels, MemoryRoom, Model, run
from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.job import Device, Note, Progress, Region, Signal
from napari_simgraph.core.room import Checkpoint
from napari_simgraph.io.folder_room import FolderRoom
from napari_simgraph.scale.process import Ended, Processes


@pytest.fixture(scope="module")
def kept():
    """One process for all tests that leave it alive: its start takes most of their time."""
    made = Processes()
    yield made
    made.close()


@pytest.fixture
def processes():
    made = Processes()
    yield made
    made.close()


@pytest.fixture
def room(tmp_path):
    return FolderRoom(tmp_path / "room", mapped=True)


# The verbs of these tests stand inside functions: so they go as they are, not as a name of a
# module that the other process would have to find.


def where():
    def verb(room):
        yield Progress(0.5)
        return os.getpid()

    return verb


def counting():
    def verb(folder, room):
        try:
            for i in range(10_000):
                with open(folder / "steps", "a") as steps:
                    steps.write(".")
                time.sleep(0.005)
                if (yield Progress(i / 10_000, f"step {i}")) is Signal.STOP:
                    return f"kept {i}"
        finally:
            (folder / "closed").write_text(str(os.getpid()))

    return verb


def stuck():
    def verb(room):
        yield Progress(0.1, str(os.getpid()))
        time.sleep(60)

    return verb


def drive(job, on_tick=None):
    ticks = []

    def note(tick):
        ticks.append(tick)
        return on_tick(tick) if on_tick else None

    return run(job, note), ticks


def test_it_is_another_process_and_the_next_job_finds_it_warm(kept, room):
    first, _ = drive(kept.job(where(), room=room))
    began = time.monotonic()
    second, _ = drive(kept.job(where(), room=room))
    assert first == second != os.getpid()
    assert time.monotonic() - began < 0.5


def test_it_can_be_got_ready_before_a_job_comes(processes, room, tmp_path):
    began = set(psutil.Process().children())
    processes.warm(partial(Path.mkdir, tmp_path / "no" / "such"))  # what fails there harms nothing
    processes.warm(os.abort)  # one waits already: that one stays
    pid, _ = drive(processes.job(where(), room=room))
    assert {child.pid for child in set(psutil.Process().children()) - began} == {pid}
    processes.close()
    processes.warm(os.getpid)
    assert not set(psutil.Process().children()) - began


def test_what_it_is_got_ready_with_is_called_before_the_job(processes, room, tmp_path):
    def verb(folder, room):
        yield Progress(0.5)
        return (folder / "made").exists()

    processes.warm(partial(Path.mkdir, tmp_path / "made"))
    assert drive(processes.job(verb, tmp_path, room=room))[0]


def test_a_process_that_ended_while_it_waited_is_replaced(processes, room):
    pid, _ = drive(processes.job(where(), room=room))
    psutil.Process(pid).kill()
    assert drive(processes.job(where(), room=room))[0] not in (pid, os.getpid())


def test_all_ticks_arrive_in_order_and_messages_go_back(kept, room):
    def verb(room):
        got = [(yield Device("CPU, 2 cores")), (yield Note("ready"))]
        for i in range(40):
            got.append((yield Progress(i / 40, values={"loss": float(i)})))
            got.append((yield Region("classes", (slice(i, i + 1),))))
            time.sleep(0.002)
        return [message for message in got if message is not None]

    sent = iter(["one", "two", "three"])
    result, ticks = drive(kept.job(verb, room=room), lambda _: next(sent, None))
    assert result == ["one", "two", "three"]
    assert [type(t) for t in ticks if not isinstance(t, Progress)][:3] == [Device, Note, Region]
    assert [t.values["loss"] for t in ticks if getattr(t, "values", None)] == list(range(40))
    assert [t.box[0].start for t in ticks if isinstance(t, Region)] == list(range(40))


def test_messages_sent_before_it_has_begun_arrive_too(processes, room):
    def verb(room):
        got = []
        while len(got) < 3:
            time.sleep(0.01)
            message = yield Progress(0.5)
            got += [message] if message else []
        return got

    sent = iter(["one", "two", Signal.STOP])
    result, ticks = drive(processes.job(verb, room=room), lambda _: next(sent, None))
    assert result == ["one", "two", Signal.STOP]
    assert ticks[0].text == "getting ready"


def answering():
    """A live verb: rests, and answers each message after a while."""

    def verb(room):
        yield Progress(-1.0, "before")
        while True:
            message = yield Progress(1.0)
            while message is not None and message is not Signal.STOP:
                time.sleep(0.15)  # longer than a tick of ours: so it is told to be busy meanwhile
                message = yield Note(str(message))
            if message is Signal.STOP:
                return "kept"

    return verb


def test_a_live_job_rests_between_messages_and_loses_none(kept, room):
    job, said, waiting = kept.live(answering(), room=room), [], deque(range(6))
    tick, rests = next(job), 0
    while len(said) < 6:
        resting = isinstance(tick, Progress) and tick.done >= 1
        rests += resting
        said += [tick.text] if isinstance(tick, Note) else []
        # As the window does: at rest nothing is asked of it until there is a message.
        burst = resting or (len(said) in (2, 3) and waiting)
        tick = job.send(waiting.popleft() if burst and waiting else None)
    assert said == [str(n) for n in range(6)]
    assert 2 <= rests <= 6  # it was never taken to be at rest while a message lay before it
    while not (isinstance(tick, Progress) and tick.done >= 1):
        tick = job.send(None)
    with pytest.raises(StopIteration) as end:
        job.send(Signal.STOP)
    assert end.value.value == "kept"


def test_stop_keeps_what_there_is(kept, room, tmp_path):
    result, _ = drive(
        kept.job(counting(), tmp_path, room=room),
        lambda tick: Signal.STOP if tick.done > 0.001 else None,
    )
    assert result.startswith("kept ")
    assert (tmp_path / "closed").exists()


def test_it_ticks_while_the_child_is_silent(kept, room):
    def verb(room):
        yield Progress(0.25, "thinking", values={"loss": 1.0})
        time.sleep(0.6)
        yield Progress(1.0)

    _, ticks = drive(kept.job(verb, room=room))
    silent = [t for t in ticks if t.done == 0.25]
    assert len(silent) >= 4
    assert sum(bool(t.values) for t in silent) == 1  # a figure is told once


def test_paused_it_holds_within_half_a_second(kept, room, tmp_path):
    job = kept.job(counting(), tmp_path, room=room)
    while next(job).done <= 0:
        pass
    time.sleep(0.5)
    held = (tmp_path / "steps").stat().st_size
    time.sleep(0.3)
    assert (tmp_path / "steps").stat().st_size == held
    for _ in range(held + 20):
        next(job)
    assert (tmp_path / "steps").stat().st_size > held
    job.close()


def test_close_runs_finally_over_there_and_the_process_stays(kept, room, tmp_path):
    pid, _ = drive(kept.job(where(), room=room))
    job = kept.job(counting(), tmp_path, room=room)
    while next(job).done <= 0:
        pass
    began = time.monotonic()
    job.close()
    assert time.monotonic() - began < 0.7
    assert (tmp_path / "closed").read_text() == str(pid)
    assert drive(kept.job(where(), room=room))[0] == pid


def test_close_ends_a_process_that_is_stuck(processes, room):
    job = processes.job(stuck(), room=room)
    while (tick := next(job)).done < 0:
        pass
    child = psutil.Process(int(tick.text))
    time.sleep(0.2)  # it is in its long call now
    began = time.monotonic()
    job.close()
    assert time.monotonic() - began < 1.0
    assert not child.is_running()
    assert not (room.folder / "sent").exists()


ERRORS = [  # made over there, as errors are
    lambda: ValueError("Paint a second class: with one class there is nothing to tell apart."),
    lambda: RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
    lambda: NotImplementedError("aten::foo on MPS"),
    lambda: MemoryError("Too little memory even for one patch."),
    lambda: UnicodeDecodeError("utf8", b"x", 0, 1, "bad"),
    lambda: OSError(errno.ENOSPC, "No space left on device", "/data/x.tif"),
    lambda: KeyboardInterrupt(),
]


@pytest.mark.parametrize("make", ERRORS, ids=lambda make: type(make()).__name__)
def test_errors_are_the_same_here_and_bring_their_trace(kept, room, make):
    def verb(make, room):
        yield Progress()
        raise make()

    error = make()
    with pytest.raises(type(error)) as caught:
        drive(kept.job(verb, make, room=room))
    assert type(caught.value) is type(error)
    assert caught.value.args == error.args
    assert "in verb" in str(caught.value.__cause__)


def test_errors_of_libraries_that_are_not_loaded_here_keep_name_and_kin(kept, room):
    def verb(room):
        class OutOfMemoryError(RuntimeError):
            __module__ = "torch"

        yield Progress()
        raise OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    with pytest.raises(RuntimeError, match="CUDA out of memory") as caught:
        drive(kept.job(verb, room=room))
    assert type(caught.value).__name__ == "OutOfMemoryError"


def test_errors_that_cannot_be_sent_become_text(kept, room):
    def verb(room):
        class Strange(UnicodeDecodeError):
            def __init__(self):
                super().__init__("utf8", b"x", 0, 1, "bad")

        yield Progress()
        raise Strange

    with pytest.raises(RuntimeError, match="Strange: 'utf8' codec can't decode"):
        drive(kept.job(verb, room=room))


def test_killed_by_the_system_it_says_so_in_one_sentence(processes, room):
    def verb(room):
        room.checkpoint(Checkpoint({"w": np.arange(3)}, {"step": 7}))
        yield Progress()
        os.kill(os.getpid(), signal.SIGKILL)
        yield Progress()

    with pytest.raises(Ended, match="most likely since memory ran out") as caught:
        drive(processes.job(verb, room=room))
    assert len(str(caught.value)) < 90
    assert FolderRoom(room.folder).restore().info == {"step": 7}
    assert drive(processes.job(where(), room=room))[0] != os.getpid()


def test_a_crash_ends_the_job_with_the_last_words_of_the_process(processes, room):
    def verb(room):
        yield Progress()
        print("about to fall")
        sys.stdout.flush()
        os.abort()

    with pytest.raises(Ended) as caught:
        drive(processes.job(verb, room=room))
    assert str(caught.value) == ""
    assert "about to fall" in caught.value.__notes__[0]
    assert "Fatal Python error: Aborted" in caught.value.__notes__[0]


def test_prints_do_not_disturb_what_is_said(kept, room):
    def verb(room):
        print("hello")
        os.write(1, b"from C")
        yield Progress()
        return "fine"

    assert drive(kept.job(verb, room=room))[0] == "fine"


def as_verb():
    def verb(image, *, room):
        yield Progress()
        level = image.levels[0]
        writeable = getattr(getattr(level, "flags", None), "writeable", None)
        return type(level).__name__, writeable, int(np.asarray(image.read()).sum())

    return verb


def test_large_arrays_go_as_files_that_are_gone_afterwards(kept, room):
    pixels = np.random.default_rng(0).integers(0, 255, (4, 800, 700), np.uint8)
    sent = []

    def on_tick(tick):
        sent.extend(path.name for path in (room.folder / "sent").glob("*.npy"))

    for given in (pixels, pixels[:, ::-1], np.asfortranarray(pixels)):
        result, _ = drive(kept.job(as_verb(), Image(given), room=room), on_tick)
        assert result == ("memmap", False, int(pixels.sum()))
    assert set(sent) == {"0.npy"}
    assert not (room.folder / "sent").exists()


def test_lazy_arrays_go_as_what_they_are(kept, room, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (4, 800, 700), np.uint8)
    stored = zarr.create_array(tmp_path / "a.zarr", data=pixels, chunks=(1, 256, 256))
    np.save(tmp_path / "a.npy", pixels)
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    dask = da.from_zarr(stored).map_blocks(lambda block: block)
    sent = []
    for name, level in {"Array": stored, "dask": dask, "FileMap": mapped}.items():
        job = kept.job(as_verb(), Image(level), room=room)
        result, _ = drive(job, lambda _: sent.extend((room.folder / "sent").glob("*")))
        assert (result[0], result[2]) == (name.replace("dask", "Array"), int(pixels.sum()))
    assert not sent


def test_what_is_too_large_for_a_copy_is_done_here(kept, room, monkeypatch):
    monkeypatch.setattr("napari_simgraph.scale.parcel.MOST_BYTES", 2**20)
    result, _ = drive(kept.job(as_verb(), Image(np.ones((1100, 1000), np.uint8)), room=room))
    assert result == ("ndarray", True, 1_100_000)


def test_what_cannot_be_sent_is_done_here(kept, room):
    class Locked:
        shape, dtype, ndim = (4, 5), np.dtype(np.uint8), 2

        def __init__(self):
            self.lock = threading.Lock()

        def __getitem__(self, key):
            return np.ones((4, 5), np.uint8)[key]

    def verb(image, *, room):
        message = None
        while message is None:
            message = yield Progress()
        return os.getpid(), message, int(image.read().sum())

    result, _ = drive(kept.job(verb, Image(Locked()), room=room), lambda _: "hello")
    assert result == (os.getpid(), "hello", 20)
    result, _ = drive(kept.job(where(), room=MemoryRoom()))
    assert result == os.getpid()


def test_results_grow_in_files_and_come_back_whole(kept, room):
    def verb(room):
        small = room.array("classes", (3, 40, 50), np.uint8)
        large = room.array("probability", (30, 1000, 1000, 1), np.float32, (1, 512, 512, 1))
        for z in range(3):
            small[z], large[z] = z + 1, z + 1
            yield Region("classes", (slice(z, z + 1), slice(0, 40), slice(0, 50)))
        table = ClassTable.of(["a", "b", "c"])
        weights = {"w": np.arange(300_000.0), "b": np.ones(3)}
        return (
            Labels(small, classes=table),
            Image(large[:3], "ZYXC"),
            large,
            Model("x", weights, {}),
        )

    seen = []

    def on_tick(tick):
        if isinstance(tick, Region):
            seen.append(int(room.look(tick.array)[tick.box].max()))

    (labels, image, large, model), _ = drive(kept.job(verb, room=room), on_tick)
    assert seen == [1, 2, 3]
    assert type(labels.levels[0]) is np.ndarray
    assert labels.read((slice(None), 0, 0)).tolist() == [1, 2, 3]
    labels.levels[0][0] = 9  # nobody else holds it
    assert isinstance(large, zarr.Array)
    assert float(large[2, 0, 0, 0]) == 3
    assert float(image.read((2, 0, 0)).max()) == 3
    assert model.arrays["w"].sum() == np.arange(300_000.0).sum()
    assert not (room.folder / "sent").exists()
    assert room.look("nothing") is None


ORPHAN = """
import os, sys, time
from pathlib import Path
import numpy as np
from napari_simgraph import run
from napari_simgraph.core.job import Progress, Signal
from napari_simgraph.core.room import Checkpoint
from napari_simgraph.io.folder_room import FolderRoom
from napari_simgraph.scale.process import Processes

def main():
    def training(pixels, room):
        for step in range(100_000):
            time.sleep(0.01)
            if (yield Progress(step / 100_000, str(os.getpid()))) is Signal.STOP:
                break
        room.checkpoint(Checkpoint({}, {"step": step}))
        yield Progress(1.0)
        time.sleep(60)

    room = FolderRoom(Path(sys.argv[1]) / "room", mapped=True)
    paused = sys.argv[2] == "paused"
    for tick in Processes().job(training, np.zeros(2_000_000), room=room):
        if tick.done > 0.0002:
            print(tick.text, flush=True)
            time.sleep(600 if paused else 0)

main()
"""


@pytest.mark.parametrize("how", ["running", "paused"])
def test_the_child_of_a_killed_window_keeps_a_checkpoint_and_ends(tmp_path, how):
    window = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(ORPHAN), str(tmp_path), how],
        stdout=subprocess.PIPE,
        text=True,
    )
    child = psutil.Process(int(window.stdout.readline()))
    time.sleep(0.4)
    window.kill()
    window.wait()
    window.stdout.close()
    gone, _ = psutil.wait_procs([child], timeout=3)
    assert gone
    room = FolderRoom(tmp_path / "room")
    assert room.restore().info["step"] > 0
    assert not (tmp_path / "room" / "sent").exists()


def test_an_idle_process_ends_when_it_is_let_go(room):
    made = Processes()
    pid, _ = drive(made.job(where(), room=room))
    child = psutil.Process(pid)
    made.close()
    assert not child.is_running()


def with_no_room_left(folder):
    def verb(room):
        import numpy as np

        yield Progress(0.5)
        folder.mkdir(exist_ok=True)
        (folder / "sent").write_text("nothing can be put in here")  # as on a full disk
        made = np.arange(2**20, dtype=np.float32)
        yield Progress(1.0)
        return made

    return verb


def test_a_result_that_the_disk_has_no_room_for_is_handed_over_all_the_same(kept, room):
    made = run(kept.job(with_no_room_left(room.folder), room=room))
    np.testing.assert_array_equal(made, np.arange(2**20, dtype=np.float32))
