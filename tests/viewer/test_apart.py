"""Jobs of a window that compute in a process of their own: the promises of `test_jobs.py` hold."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import psutil
import pytest
from acting import action, click, learn, sentence, taught
from watching import Watch

from napari_simgraph.core.job import Note, Progress, Region
from napari_simgraph.core.job import Signal as JobSignal
from napari_simgraph.io.folder_room import FolderRoom
from napari_simgraph.viewer.jobs import State


@pytest.fixture(autouse=True)
def jobs_in_threads(own_log):
    """Not here."""


@pytest.fixture
def room(tmp_path):
    return FolderRoom(tmp_path / "room", mapped=True)


def watch_apart(runner, title, verb, *nouns, **named):
    """A verb in a process of its own, watched."""
    return Watch(runner.submit(title, lambda: runner.apart(verb, *nouns, **named)))


def wait_end(qtbot, *watches, seconds=20.0):
    qtbot.waitUntil(lambda: all(w.endings for w in watches), timeout=int(1000 * seconds))


def counting():
    def verb(room):
        for i in range(10_000):
            time.sleep(0.002)
            heard = [(yield Progress(i / 10_000, str(os.getpid()), values={"loss": float(i)}))]
            heard.append((yield Note(f"note {i}")))
            if JobSignal.STOP in heard:
                return f"kept {i}"

    return verb


def begun(qtbot, watch):
    """The process of a job that runs."""
    qtbot.waitUntil(lambda: watch.task.progress.done > 0, timeout=20_000)
    return psutil.Process(int(watch.task.progress.text))


def test_every_error_reaches_the_person_and_the_queue_goes_on(qtbot, runner, room):
    def failing(error, room):
        yield Progress(0.1)
        raise error

    def killed(room):
        yield Progress(0.1)
        os.kill(os.getpid(), signal.SIGKILL)
        yield Progress(0.2)

    errors = {
        "Paint one more class.": ValueError("Paint one more class."),
        "It stopped unexpectedly. Your strokes are safe.": RuntimeError("mat1 and mat2"),
        "It stopped unexpectedly. Your strokes are  safe.": NotImplementedError("aten::foo"),
        "Too little memory even for one tile. Use a smaller network or close other programs.": (
            MemoryError("x")
        ),
    }
    watches = [watch_apart(runner, "Learn", failing, error, room=room) for error in errors.values()]
    watches.append(watch_apart(runner, "Learn", killed, room=room))
    last = watch_apart(runner, "Next", lambda room: (yield Progress(0.5)), room=room)
    wait_end(qtbot, *watches, last)
    said = [*(" ".join(key.split()) for key in errors)]
    said.append(
        "It was ended by the system, most likely since memory ran out. Close other programs."
    )
    assert [w.ending.sentence for w in watches] == said
    assert {w.ending.state for w in watches} == {State.FAILED}
    for watch, error in zip(watches, errors.values(), strict=False):
        assert type(watch.ending.error) is type(error)
        assert "in failing" in watch.ending.trace
    assert "ended with code -9" in watches[-1].ending.trace
    assert last.ending.state is State.DONE
    assert last.threads == {threading.get_ident()}


def test_notes_and_curves_are_never_dropped_and_stop_keeps(qtbot, runner, room):
    watch = watch_apart(runner, "Learn", counting(), room=room)
    begun(qtbot, watch)
    qtbot.wait(300)
    watch.task.pause()
    qtbot.wait(600)
    held = len(watch.task.notes)
    qtbot.wait(200)
    assert len(watch.task.notes) == held
    watch.task.stop()
    wait_end(qtbot, watch)
    assert watch.ending.state is State.STOPPED
    count = int(watch.ending.result.removeprefix("kept "))
    assert watch.task.notes == [f"note {i}" for i in range(count + 1)]
    assert [value for _, value in watch.task.curves["loss"]] == [float(i) for i in range(count + 1)]


def test_messages_all_arrive_in_order(qtbot, runner, room):
    def verb(room):
        got = []
        while len(got) < 3:
            time.sleep(0.05)
            message = yield Progress(0.5)
            got += [message] if message else []
        return got

    watch = watch_apart(runner, "Learn", verb, room=room)
    qtbot.waitUntil(lambda: watch.task.progress.done > 0, timeout=20_000)
    for message in ("one", "two", "three"):
        watch.task.send(message)
    wait_end(qtbot, watch)
    assert watch.ending.result == ["one", "two", "three"]


@pytest.mark.parametrize("how", ["running", "paused", "stuck", "getting ready"])
def test_cancel_takes_less_than_a_second_whatever_it_does(qtbot, runner, room, how):
    def stuck(room):
        yield Progress(0.1, str(os.getpid()))
        time.sleep(60)

    watch = watch_apart(runner, "Learn", stuck if how == "stuck" else counting(), room=room)
    if how != "getting ready":  # its process is starting, or has just begun
        process = begun(qtbot, watch)
        if how == "paused":
            watch.task.pause()
        qtbot.wait(300)
    watch.task.cancel()
    wait_end(qtbot, watch, seconds=1.0)
    assert watch.ending.state is State.CANCELLED
    assert how != "stuck" or not process.is_running()


def test_a_process_does_not_outlive_its_runner(qtbot, runner, room):
    watch = watch_apart(runner, "Learn", counting(), room=room)
    process = begun(qtbot, watch)
    runner.close()
    assert watch.ending.state is State.STOPPED
    assert watch.ending.result.startswith("kept")
    assert not process.is_running()


def test_segment_is_taught_and_run_in_a_process_while_the_picture_grows(dock, viewer, qtbot):
    before = psutil.Process().children()  # of other tests
    taught(dock, viewer, qtbot)
    learn(dock, qtbot)
    children = [child for child in psutil.Process().children() if child not in before]
    click(qtbot, action(dock, "Run on all"))
    click(qtbot, dock.run.sure)
    click(qtbot, dock.footer.main)
    grown = []
    dock.run.task.ticked.connect(
        lambda tick: (
            grown.append(int(dock.run._room.look(tick.array)[tick.box].max()))
            if isinstance(tick, Region) and tick.array == "classes"
            else None
        )
    )
    qtbot.waitUntil(lambda: dock.run.task is None and "Made" in sentence(dock), timeout=240_000)
    assert len(grown) == 3
    assert min(grown) >= 1
    now = [child for child in psutil.Process().children() if child not in before]
    assert now == children  # the second job went to the same process
    made = viewer.layers["larva · classes"]
    assert type(made.data) is np.ndarray
    assert made.data.all()
    assert not list(dock.session.workspace.folder.glob("runs/*/sent"))
    assert not list(dock.session.workspace.folder.glob("runs/*/*.npy"))
    dock.session.jobs.close()
    # the job's own thread ends it, a moment after the window has let go
    qtbot.waitUntil(lambda: not any(child.is_running() for child in children), timeout=5000)


WATCHED = """
import sys
from napari_simgraph.viewer.apart import keep_triton_apart
for name in ("torch", "triton"):
    assert name not in sys.modules
keep_triton_apart()
keep_triton_apart()
assert len([f for f in sys.meta_path if type(f).__name__ == "_BeforeTorch"]) == 1
assert "triton" not in sys.modules
import torch
assert not [f for f in sys.meta_path if type(f).__name__ == "_BeforeTorch"]
from importlib.util import find_spec
if hasattr(__import__("os"), "RTLD_DEEPBIND") and find_spec("triton"):
    order = list(sys.modules)
    assert order.index("triton") < order.index("torch.nn")
"""


def test_triton_is_imported_apart_as_soon_as_torch_is_and_not_before():
    done = subprocess.run(
        [sys.executable, "-c", WATCHED], capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
