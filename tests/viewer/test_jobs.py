"""Jobs in threads: every ending is told once, every message arrives, nothing hangs."""

from __future__ import annotations

import errno
import gc
import subprocess
import sys
import textwrap
import threading
import time
import weakref

import pytest
from qtpy.QtCore import QCoreApplication, QEvent, QObject
from watching import Watch

from napari_simgraph.core.job import Device, Note, Progress, Region
from napari_simgraph.core.job import Signal as JobSignal
from napari_simgraph.viewer.jobs import JobRunner, State, gui_threads
from napari_simgraph.viewer.log import log_file

pytestmark = pytest.mark.usefixtures("own_log")


class OutOfMemoryError(RuntimeError):
    """Named as torch names its own."""


def counting(n=10_000, wait=0.002, result="all"):
    """A well-behaved job: ticks, stops on STOP."""
    for i in range(n):
        time.sleep(wait)
        if (yield Progress(i / n, f"{i} of {n}", values={"loss": float(i)})) is JobSignal.STOP:
            return f"kept {i}"
    return result


def failing(error):
    yield Progress(0.1)
    raise error


def wait_end(qtbot, *watches, seconds=5.0):
    qtbot.waitUntil(lambda: all(w.endings for w in watches), timeout=int(1000 * seconds))


def wait_state(qtbot, task, state):
    qtbot.waitUntil(lambda: task.state is state, timeout=3000)


MEMORY = "Too little memory even for one tile. Use a smaller network or close other programs."
LOST = "It stopped unexpectedly. Your strokes are safe."


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), LOST),
        (OutOfMemoryError("CUDA: tried to allocate 2 GiB"), MEMORY),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory"), MEMORY),
        (NotImplementedError("aten::foo on MPS"), LOST),
        (MemoryError(), MEMORY),
        (
            ValueError("A second class is needed: paint one more."),
            "A second class is needed: paint one more.",
        ),
        (UnicodeDecodeError("utf8", b"x", 0, 1, "bad"), LOST),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "The disk is full: mend that and start it again; what was there before is kept.",
        ),
        (
            OSError(errno.EROFS, "Read-only file system"),
            "The disk may only be read: mend that and start it again; "
            "what was there before is kept.",
        ),
        (FileNotFoundError(errno.ENOENT, "no", "/data/vnc.tif"), "vnc.tif is no longer there."),
        (KeyboardInterrupt(), LOST),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_error_becomes_a_sentence_and_the_queue_goes_on(qtbot, runner, error, sentence):
    told = []
    runner.notify = lambda said, warning: told.append((said, warning))
    failed = Watch(runner.submit("Learn", lambda: failing(error)))
    after = Watch(runner.submit("Next", lambda: counting(3)))
    wait_end(qtbot, failed, after)
    assert failed.ending.state is State.FAILED
    assert failed.ending.sentence == sentence
    assert failed.ending.error is error
    assert type(error).__name__ in failed.ending.trace
    assert type(error).__name__ in log_file().read_text()
    assert after.ending.state is State.DONE
    assert after.ending.result == "all"
    assert told == [(f"Learn: {sentence}", True), ("Next: Done in 0 s.", False)]


def test_what_fails_before_the_job_is_made_is_told_too(qtbot, runner, tmp_path):
    def make():
        raise RuntimeError("no such network")

    watch = Watch(runner.submit("Learn", make, log=tmp_path / "run" / "log.txt"))
    wait_end(qtbot, watch)
    assert watch.ending.state is State.FAILED
    assert "no such network" in (tmp_path / "run" / "log.txt").read_text()


def test_an_error_holds_no_arrays(qtbot, runner):
    watch = Watch(runner.submit("Learn", lambda: failing(RuntimeError("x"))))
    wait_end(qtbot, watch)
    assert watch.ending.error.__traceback__ is None


def test_all_is_told_in_the_gui_thread_and_run_in_another(qtbot, runner):
    seen = []

    def job():
        seen.append(threading.get_ident())
        try:
            while True:
                yield Progress()
                time.sleep(0.01)
        finally:
            seen.append(threading.get_ident())

    watch = Watch(runner.submit("Learn", job))
    qtbot.waitUntil(lambda: bool(watch.ticks))
    watch.task.cancel()
    wait_end(qtbot, watch)
    assert seen[0] == seen[1] != threading.get_ident()
    assert watch.threads == {threading.get_ident()}


def test_messages_between_two_ticks_all_arrive_in_order(qtbot, runner):
    gate, got = threading.Event(), []

    def job():
        yield Progress()
        gate.wait(5)
        for _ in range(5):
            message = yield Progress()
            if message is not None:
                got.append(message)

    watch = Watch(runner.submit("Learn", job))
    qtbot.waitUntil(lambda: watch.task.state is State.RUNNING)
    for message in ("one", "two", "three"):
        watch.task.send(message)
    gate.set()
    wait_end(qtbot, watch)
    assert got == ["two", "three"] or got == ["one", "two", "three"]
    assert watch.ending.state is State.DONE


def test_notes_devices_and_regions_are_never_dropped_and_progress_is_thinned(qtbot, runner):
    def job():
        yield Device("CPU, 2 cores")
        for i in range(600):
            yield Progress(i / 600, values={"loss": float(i)})
            yield Note(f"note {i}")
            yield Region("classes", (slice(i, i + 1),))

    watch = Watch(runner.submit("Learn", job))
    began = time.monotonic()
    wait_end(qtbot, watch)
    took = time.monotonic() - began
    assert watch.task.device == Device("CPU, 2 cores")
    assert watch.task.notes == [f"note {i}" for i in range(600)]
    assert len([t for t in watch.ticks if isinstance(t, Region)]) == 600
    assert len([t for t in watch.ticks if isinstance(t, Progress)]) <= 10 * took + 2
    assert [value for _, value in watch.task.curves["loss"]] == [float(i) for i in range(600)]
    assert watch.task.progress.done == pytest.approx(599 / 600)


def test_a_long_curve_is_thinned_and_keeps_its_ends(qtbot, runner):
    def job():
        for i in range(9000):
            yield Progress(values={"loss": float(i)})

    watch = Watch(runner.submit("Learn", job))
    wait_end(qtbot, watch)
    values = [value for _, value in watch.task.curves["loss"]]
    assert 1000 <= len(values) <= 2000
    assert values == sorted(values)
    assert values[-1] == 8999


def test_pause_holds_ticks_and_resume_goes_on(qtbot, runner):
    steps = []

    def job():
        for i in range(10_000):
            steps.append(i)
            time.sleep(0.002)
            yield Progress(i / 10_000)

    task = runner.submit("Learn", job)
    qtbot.waitUntil(lambda: len(steps) > 5)
    task.pause()
    qtbot.wait(50)
    held, seconds = len(steps), task.seconds
    qtbot.wait(200)
    assert task.state is State.PAUSED
    assert len(steps) == held
    assert task.seconds == pytest.approx(seconds, abs=0.06)
    task.resume()
    qtbot.waitUntil(lambda: len(steps) > held)
    assert task.state is State.RUNNING


@pytest.mark.parametrize("where", ["running", "paused", "waiting", "stopping"])
def test_cancel_takes_less_than_a_second(qtbot, runner, where):
    if where == "waiting":
        runner.submit("Long", counting)
    watch = Watch(runner.submit("Learn", lambda: deaf() if where == "stopping" else counting()))
    if where != "waiting":
        wait_state(qtbot, watch.task, State.RUNNING)
    if where == "paused":
        watch.task.pause()
        qtbot.wait(60)
    if where == "stopping":
        watch.task.stop()
    watch.task.cancel()
    wait_end(qtbot, watch, seconds=1.0)
    watch.task.cancel()
    qtbot.wait(80)
    assert watch.ending.state is State.CANCELLED
    assert watch.ending.result is None
    assert not watch.ending.left


def deaf():
    """A job that takes no notice of STOP."""
    while True:
        time.sleep(0.01)
        yield Progress()


def test_stop_keeps_what_there_is_even_from_a_pause(qtbot, runner):
    watch = Watch(runner.submit("Learn", counting))
    wait_state(qtbot, watch.task, State.RUNNING)
    watch.task.pause()
    watch.task.stop()
    wait_end(qtbot, watch)
    assert watch.ending.state is State.STOPPED
    assert watch.ending.result.startswith("kept")
    assert watch.task.ending.result is None


def test_one_at_a_time_in_order_and_first_moves_ahead(qtbot, runner):
    order, at_once = [], []

    def job(name):
        order.append(name)
        at_once.append(name)
        assert len(at_once) == 1
        yield from counting(5)
        at_once.remove(name)

    tasks = [runner.submit(name, lambda name=name: job(name)) for name in "abc"]
    runner.first(tasks[2])
    assert [task.title for task in runner.tasks] == ["c", "a", "b"]
    wait_end(qtbot, *[Watch(task) for task in tasks])
    assert order == ["c", "a", "b"]
    assert all(task.state is State.DONE for task in runner.tasks)
    runner.drop(tasks[0])
    assert [task.title for task in runner.tasks] == ["c", "b"]


def test_dropping_a_waiting_task_cancels_it(qtbot, runner):
    runner.submit("Long", counting)
    waiting = Watch(runner.submit("Next", counting))
    runner.drop(waiting.task)
    assert waiting.ending.state is State.CANCELLED
    assert [task.title for task in runner.tasks] == ["Long"]


def test_the_long_job_holds_while_the_live_one_answers(qtbot, runner):
    steps, answers = [], []

    def long():
        while True:
            steps.append(time.monotonic())
            time.sleep(0.005)
            yield Progress()

    def live():
        while True:
            stroke = yield Progress(1.0)  # nothing to do until the next stroke
            began = time.monotonic()
            while time.monotonic() < began + 0.3:
                time.sleep(0.01)
                yield Progress(0.5)
            answers.append((stroke, began, time.monotonic()))

    runner.submit("Learn", long)
    task = runner.submit("Live", live, lane="live")
    qtbot.waitUntil(lambda: len(steps) > 20)
    task.send("stroke")
    qtbot.waitUntil(lambda: bool(answers))
    stroke, began, ended = answers[0]
    assert stroke == "stroke"
    assert not [t for t in steps if began + 0.1 < t < ended]
    qtbot.waitUntil(lambda: steps[-1] > ended)


def test_a_resting_live_job_takes_no_processor_and_cancels_at_once(qtbot, runner):
    rounds = []

    def live():
        while True:
            rounds.append(1)
            yield Progress(1.0)

    watch = Watch(runner.submit("Live", live, lane="live"))
    qtbot.wait(200)
    assert len(rounds) == 1
    watch.task.cancel()
    wait_end(qtbot, watch, seconds=1.0)


def test_close_keeps_what_was_learned_and_never_hangs(qtbot, qapp):
    runner = JobRunner()
    running, waiting = (Watch(runner.submit(name, counting)) for name in ("a", "b"))
    wait_state(qtbot, running.task, State.RUNNING)
    began = time.monotonic()
    runner.close()
    assert time.monotonic() - began < 1.0
    assert running.ending.state is State.STOPPED
    assert running.ending.result.startswith("kept")
    assert waiting.ending.state is State.CANCELLED


def test_close_closes_a_job_that_takes_no_notice(qtbot, qapp):
    runner = JobRunner()
    watch = Watch(runner.submit("a", deaf))
    wait_state(qtbot, watch.task, State.RUNNING)
    began = time.monotonic()
    runner.close(0.4)
    assert time.monotonic() - began < 1.0
    assert watch.ending.state is State.CANCELLED
    assert watch.ending.left  # it may go on when the window is back


def test_close_leaves_a_thread_that_is_stuck_and_tells_once(qtbot, qapp):
    gate = threading.Event()

    def stuck():
        yield Progress()
        gate.wait(10)

    runner = JobRunner()
    watch = Watch(runner.submit("a", stuck))
    wait_state(qtbot, watch.task, State.RUNNING)
    qtbot.wait(50)
    runner.close(0.3)
    gate.set()
    qtbot.wait(100)
    assert watch.ending.state is State.CANCELLED
    assert watch.ending.left


@pytest.mark.parametrize("how", ["dropped", "parent"])
def test_a_job_ends_when_its_runner_is_gone(qtbot, qapp, how):
    closed, begun = threading.Event(), threading.Event()

    def job():
        try:
            while True:
                begun.set()
                time.sleep(0.01)
                yield Progress()
        finally:
            closed.set()

    parent = QObject()
    runner = JobRunner(parent if how == "parent" else None)
    runner.submit("Learn", job)
    qtbot.waitUntil(begun.is_set)
    if how == "parent":
        delete_in_qt(parent)
    else:
        del runner
        gc.collect()
    qtbot.waitUntil(closed.is_set, timeout=1000)


def delete_in_qt(thing):
    """Delete the Qt object under its Python face, as a closing window does."""
    thing.deleteLater()
    QCoreApplication.sendPostedEvents(thing, QEvent.Type.DeferredDelete)


def test_an_ended_task_keeps_no_result(qtbot, runner):
    class Big:
        pass

    def job():
        yield Progress()
        return Big()

    seen = []
    task = runner.submit("Learn", job)
    task.ended.connect(lambda ending: seen.append(weakref.ref(ending.result)))
    qtbot.waitUntil(lambda: bool(seen))
    gc.collect()
    assert seen[0]() is None
    assert task.ending.state is State.DONE


def test_gui_threads_leave_a_core_to_the_window():
    assert gui_threads() >= 1


LEAVE = """
import os, sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import napari
from qtpy.QtCore import QTimer
from napari_simgraph.core.job import Progress, Signal
from napari_simgraph.viewer.jobs import JobRunner

folder, kind = Path(sys.argv[1]), sys.argv[2]

def training():
    import torch
    torch.set_num_threads(1)
    net = torch.nn.Conv2d(8, 8, 3)
    torch.optim.AdamW(net.parameters())  # imports triton, which clashes with Mesa's LLVM
    steps = 0
    try:
        while True:
            net(torch.rand(1, 8, 256, 256)).sum().backward()
            steps += 1
            if kind == "stuck":
                ThreadPoolExecutor(1).submit(time.sleep, 60)  # Python would wait for this one
                (folder / "begun").write_text("")
                while True:
                    net(torch.rand(1, 8, 256, 256)).sum().backward()
            if (yield Progress(-1.0, f"step {steps}")) is Signal.STOP:
                return steps
    finally:
        (folder / "checkpoint").write_text(str(steps))

viewer = napari.Viewer()
runner = JobRunner()
task = runner.submit("Learn", training)

def close():
    begun = (folder / "begun").exists() if kind == "stuck" else task.progress.text
    if not begun:
        return
    timer.stop()
    (folder / "closed").write_text(str(time.time()))
    if kind == "window":
        viewer.close()
    else:
        QTimer.singleShot(0, viewer.window._qt_window.close)

timer = QTimer()
timer.timeout.connect(close)
timer.start(100)
napari.run()
"""


@pytest.mark.parametrize("kind", ["window", "stuck"])
def test_closing_napari_in_mid_training_ends_the_process(tmp_path, kind):
    script = tmp_path / "leave.py"
    script.write_text(textwrap.dedent(LEAVE))
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", str(script), str(tmp_path), kind],
        timeout=100,
        capture_output=True,
        text=True,
        check=False,
    )
    took = time.time() - float((tmp_path / "closed").read_text())
    assert ended.returncode == 0, ended.stderr
    assert took < 8
    if kind == "window":
        assert int((tmp_path / "checkpoint").read_text()) > 0
