"""How smoothly napari goes on while a U-Net trains beside it, and what that costs the training.

    python benchmarks/responsiveness.py [--seconds 6] [--rounds 10]

Opens a napari window with the ISBI 2012 stack (else a made one), a painted Labels layer and the
Jobs dock. A script pans at 10 Hz and paints a stroke every 2 s.

Delay of the event loop: a 10 ms timer, and for how long an event that arrives at any moment waits.
A stall of 200 ms counts as the 20 events that would have come in it (200, 190, 180 … ms), not as
one.

Training speed: the same training, with the same threads, three times: `alone` in a process without
a window; `apart`, as the Segment dock starts it; and `thread`, the plain way, in a thread of the
window. They take turns of a few seconds, the others being held, so that whatever else the machine
does meets all alike; the ratio of the medians. Linux and macOS only (SIGSTOP).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import tifffile

from napari_simgraph.capabilities import segmentation
from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.job import Progress, run
from napari_simgraph.core.raster import Image, Labels
from napari_simgraph.core.room import MemoryRoom
from napari_simgraph.learn.allocation import keep_freed_blocks

STEPS = 100_000  # never reached: the share done times this is the number of the step
WARM_STEPS = 8  # torch loads, picks its kernels, and the first batches are cut
SETTLE = 0.7  # seconds: a step in hand ends after a pause
TIMER_MS = 10
PAN_MS, PAINT_MS, DAB_MS, DABS = 100, 2000, 30, 8
SIZE = (1280, 800)


def stack() -> tuple[np.ndarray, np.ndarray]:
    """The ISBI 2012 stack and its labels (1 membrane, 2 cell), else noise of the same size."""
    here = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("SIMGRAPH_DATA", here)) / "isbi2012"
    if folder.is_dir():
        raw = tifffile.imread(folder / "train-volume.tif")
        return raw, np.where(tifffile.imread(folder / "train-labels.tif") > 0, 2, 1).astype("u1")
    rng = np.random.default_rng(0)
    raw = rng.integers(0, 255, (24, 512, 512), np.uint8)
    return raw, (1 + (raw > 128)).astype("u1")


def inputs(threads: int) -> tuple[Image, Labels, segmentation.Train]:
    """What the Segment dock would train with, longer than any measurement."""
    raw, truth = stack()
    image = Image(raw, "ZYX", (50, 4, 4), "nm", name="isbi2012")
    labels = Labels(truth, "ZYX", (50, 4, 4), "nm", classes=ClassTable.of(["membrane", "cell"]))
    return image, labels, segmentation.Train(minutes=0, steps=STEPS, threads=threads)


def training(image, labels, config, *, room, mark):
    """The training; time and number of its last step are kept in the file `mark`."""
    told, message = shared(mark), None
    job = segmentation.train(image, labels, config=config, room=room)
    try:
        while True:
            tick = job.send(message)
            step = round(tick.done * STEPS) if isinstance(tick, Progress) else 0
            if step > told[1]:
                told[:] = (time.perf_counter(), step)
            message = yield tick
    except StopIteration as end:
        return end.value
    finally:
        job.close()


def shared(file: Path) -> np.ndarray:
    """Two numbers that two processes see."""
    return np.memmap(file, np.float64, "r+" if file.exists() else "w+", shape=(2,))


class Turn:
    """Steps per second between the first and the last step that ends in a turn."""

    def __init__(self, mark: np.ndarray) -> None:
        self.mark, self.before, self.first = mark, float(mark[1]), np.zeros(2)

    def look(self) -> None:
        """Called now and then during the turn."""
        if not self.first[1] and self.mark[1] > self.before:
            self.first = self.mark.copy()

    def rate(self) -> float:
        took, steps = self.mark - self.first
        return float(steps / took) if self.first[1] and took else 0.0


class Alone:
    """The training without a window, in a process that is held but for its turns."""

    def __init__(self, threads: int, folder: Path) -> None:
        file = folder / "alone"
        self.mark = shared(file)
        command = [sys.executable, __file__, "--alone", str(file), "--threads", str(threads)]
        self.process = subprocess.Popen(command)
        while self.mark[1] < WARM_STEPS and self.process.poll() is None:
            time.sleep(0.1)
        self.process.send_signal(signal.SIGSTOP)

    def turn(self, seconds: float) -> float:
        turn, until = Turn(self.mark), time.perf_counter() + seconds
        self.process.send_signal(signal.SIGCONT)
        while time.perf_counter() < until:
            time.sleep(0.02)
            turn.look()
        self.process.send_signal(signal.SIGSTOP)
        return turn.rate()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


class Window:
    """A napari window with a script that pans and paints, and a timer that notes its lateness."""

    def __init__(self) -> None:
        import napari
        from qtpy.QtCore import Qt, QTimer

        from napari_simgraph.viewer.views.jobs import JobsDock

        raw, truth = stack()
        self.viewer = napari.Viewer(show=False)
        self.viewer.add_image(raw, name="isbi2012", scale=(50, 4, 4), units="nm")
        self.strokes = self.viewer.add_labels(
            np.zeros_like(truth), name="isbi2012 · strokes", scale=(50, 4, 4), units="nm"
        )
        self.strokes.brush_size = 5
        self.dock = JobsDock(self.viewer)
        self.viewer.window.add_dock_widget(self.dock, name="Jobs", area="right")
        self.viewer.window.resize(*SIZE)
        self.viewer.show()
        self.delays: list[float] = []
        self.last, self.pans, self.strokes_done = 0.0, 0, 0
        self.timers = [
            self._timer(QTimer, Qt.TimerType.PreciseTimer, ms, call)
            for ms, call in ((TIMER_MS, self.note), (PAN_MS, self.pan), (PAINT_MS, self.paint))
        ]

    def _timer(self, kind, precise, ms, call):
        timer = kind()
        timer.setTimerType(precise)
        timer.setInterval(ms)
        timer.timeout.connect(call)
        return timer

    def note(self) -> None:
        now = time.perf_counter()
        late = 1000 * (now - self.last) - TIMER_MS if self.last else 0.0
        self.last = now
        self.delays.append(max(0.0, late))

    def pan(self) -> None:
        self.pans += 1
        x = 1000 + 200 * np.sin(self.pans / 5)
        y = 1000 + 200 * np.cos(self.pans / 7)
        self.viewer.scene.camera.center = (0, y, x)

    def paint(self) -> None:
        from qtpy.QtCore import QTimer

        self.strokes_done += 1
        z = self.viewer.dims.current_step[0]
        y = 100 + 37 * self.strokes_done % 300
        for i in range(DABS):
            dab = (z, y, 100 + 6 * i)
            QTimer.singleShot(DAB_MS * i, lambda dab=dab: self.strokes.paint(dab, 1))

    def measure(self, over) -> np.ndarray:
        """Delays in ms while the script pans and paints, until `over()`."""
        from qtpy.QtCore import QEventLoop, QTimer

        self.delays, self.last = [], 0.0
        loop, poll = QEventLoop(), QTimer()
        poll.timeout.connect(lambda: loop.quit() if over() else None)
        poll.start(20)
        for timer in self.timers:
            timer.start()
        loop.exec()
        for timer in self.timers:
            timer.stop()
        return waits(self.delays)

    def quiet(self, seconds: float) -> np.ndarray:
        """The same for some seconds without training."""
        until = time.perf_counter() + seconds
        return self.measure(lambda: time.perf_counter() > until)

    def beside(self, way: str, threads: int, folder: Path) -> Beside:
        """A training beside the window, begun and held."""
        from napari_simgraph.viewer.jobs import JobRunner

        session, mark = self.dock.session, folder / way
        nouns, runner = inputs(threads), session.jobs
        if way == "apart":
            room = session.room("responsiveness")
            make = lambda: runner.apart(training, *nouns, room=room, mark=mark)  # noqa: E731
        else:  # a runner of its own: in the queue it would wait for the other
            runner = self.runner = JobRunner()
            make = lambda: training(*nouns, room=MemoryRoom(), mark=mark)  # noqa: E731
        return Beside(self, runner.submit(f"Learn {way}", make), shared(mark))


class Beside:
    """A training that runs beside the window in its turns."""

    def __init__(self, window: Window, task, mark: np.ndarray) -> None:
        self.window, self.task, self.mark = window, task, mark
        self.delays: list[np.ndarray] = []
        self.starting = window.measure(lambda: mark[1] >= WARM_STEPS or task.state.over)
        if task.ending:
            raise SystemExit(f"Training ended: {task.ending.sentence}{task.ending.trace}")
        self.hold()

    def turn(self, seconds: float) -> float:
        """Steps per second while it runs beside the script; the delays are kept."""
        turn, until = Turn(self.mark), time.perf_counter() + seconds

        def over() -> bool:
            turn.look()
            return time.perf_counter() > until

        self.task.resume()
        self.delays.append(self.window.measure(over))
        self.hold()
        return turn.rate()

    def hold(self) -> None:
        self.task.pause()
        time.sleep(SETTLE)

    def cancel(self) -> float:
        """Seconds from the click until it has ended."""
        self.task.resume()
        self.window.quiet(1)
        began = time.perf_counter()
        self.task.cancel()
        self.window.measure(lambda: self.task.state.over)
        return time.perf_counter() - began


def waits(delays: list[float]) -> np.ndarray:
    """What events that arrive every 10 ms wait: a stall holds up all that come in it."""
    whole = [np.arange(late, 0, -TIMER_MS) if late > TIMER_MS else [late] for late in delays]
    return np.concatenate(whole)


def told(delays: np.ndarray) -> dict[str, float]:
    """p50, p99 and the longest wait in ms."""
    p50, p99 = np.percentile(delays, [50, 99])
    return {
        "p50_ms": round(float(p50), 1),
        "p99_ms": round(float(p99), 1),
        "max_ms": round(float(delays.max()), 1),
    }


def compare(window: Window, alone: Alone, options) -> dict[str, object]:
    """All trainings in turns, and the delays of the window with and without."""
    seconds = options.seconds
    folder = Path(os.environ["SIMGRAPH_WORKSPACES"])
    beside = {way: window.beside(way, options.threads, folder) for way in ("apart", "thread")}
    quiet, speeds = [], {way: [] for way in ("alone", *beside)}
    for _ in range(options.rounds):
        quiet.append(window.quiet(seconds / 2))
        for way, one in {"alone": alone, **beside}.items():
            speeds[way].append(one.turn(seconds))
    medians = {way: statistics.median(rates) for way, rates in speeds.items()}
    slower = {way: round(1 - medians[way] / medians["alone"], 3) for way in beside}
    return {
        "delay_without_training": told(np.concatenate(quiet)),
        "delay_while_training": {w: told(np.concatenate(b.delays)) for w, b in beside.items()},
        "delay_while_starting": {way: told(one.starting) for way, one in beside.items()},
        "steps_per_second": {way: [round(r, 2) for r in rates] for way, rates in speeds.items()},
        "median_steps_per_second": {way: round(rate, 2) for way, rate in medians.items()},
        "training_slower_by": slower,
        "seconds_to_cancel": {way: round(one.cancel(), 2) for way, one in beside.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=6, help="of each turn")
    parser.add_argument("--rounds", type=int, default=10, help="turns of each kind")
    parser.add_argument("--threads", type=int, default=0, help="of torch; 0: cores less one")
    parser.add_argument("--alone", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    from napari_simgraph.viewer.jobs import gui_threads

    options.threads = options.threads or gui_threads()
    if options.alone:
        keep_freed_blocks()  # as the process of a job does: neither is to be ahead by that
        run(training(*inputs(options.threads), room=MemoryRoom(), mark=options.alone))
        return
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SIMGRAPH_WORKSPACES"] = folder
        alone = Alone(options.threads, Path(folder))
        try:
            window = Window()
            window.quiet(2)  # the first frames compile shaders
            report = compare(window, alone, options)
        finally:
            alone.close()
        window.runner.close()
        window.dock.session.jobs.close()
        window.viewer.close()
    load = round(os.getloadavg()[0], 1)
    machine = {"threads": options.threads, "cores": os.cpu_count(), "load": load}
    goals = {"delay_p99_ms": 100, "training_slower_by": 0.15}
    print(json.dumps({**machine, **report, "goals": goals}, indent=2))


if __name__ == "__main__":
    main()
