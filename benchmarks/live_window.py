"""How soon a stroke is answered on the canvas, and how smoothly napari goes on meanwhile.

    python benchmarks/live_window.py [--strokes 40] [--seconds 30] [--look 5] [--seed 0]

Opens a napari window with the ISBI 2012 stack (else a made one) and the Segment dock, starts live
learning and paints strokes of 8 dabs, 30 ms apart, along places that the labels say are of one
class, in the field on screen (the whole section of 512 x 512).

* `first_answer_s`: from the end of the second stroke to the first overlay, and `start_to_answer_s`
  from the click on Start, after which two strokes are painted at once. A person has looked at the
  page for `--look` seconds before: meanwhile a process loads torch.
* `stroke_to_overlay`: from the end of a stroke to the overlay that has learned of it, the next
  stroke comes 0.3 s later. All strokes, and those that each kind of model answered.
* `loop`: delay of the event loop, see `responsiveness.py`: while strokes are answered, and while a
  script pans at 10 Hz and paints every 2 s, as long as `--seconds` says.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from typing import Any

import numpy as np
from responsiveness import DAB_MS, DABS, PAINT_MS, PAN_MS, SIZE, TIMER_MS, stack, told, waits

BETWEEN_S = 0.3
PATIENCE_S = 120.0
SECTION = 5


class LiveWindow:
    """A window in which a script teaches live."""

    def __init__(self, seed: int) -> None:
        import napari
        from qtpy.QtCore import Qt, QTimer

        from napari_simgraph.viewer.views.segment import SegmentDock

        raw, self.truth = stack()
        self.rng = np.random.default_rng(seed)
        self.viewer = napari.Viewer(show=False)
        self.viewer.add_image(raw, name="isbi2012", scale=(50, 4, 4), units="nm")
        self.dock = SegmentDock(self.viewer)
        self.viewer.window.add_dock_widget(self.dock, name="Segment", area="right")
        self.viewer.window.resize(*SIZE)
        self.viewer.show()
        self.viewer.dims.set_current_step(0, SECTION)
        self.delays: list[float] = []
        self.last, self.pans = 0.0, 0
        self.clock = QTimer()
        self.clock.setTimerType(Qt.TimerType.PreciseTimer)
        self.clock.setInterval(TIMER_MS)
        self.clock.timeout.connect(self.note)
        self.panning = QTimer()
        self.panning.setInterval(PAN_MS)
        self.panning.timeout.connect(self.pan)

    def note(self) -> None:
        now = time.perf_counter()
        if self.last:
            self.delays.append(max(0.0, 1000 * (now - self.last) - TIMER_MS))
        self.last = now

    def pan(self) -> None:
        self.pans += 1
        y, x = 1024 + 200 * np.cos(self.pans / 7), 1024 + 200 * np.sin(self.pans / 5)
        self.viewer.scene.camera.center = (0, y, x)

    def wait(self, until: Any, at_most: float = PATIENCE_S) -> bool:
        """Let the window live until something is true; whether it became so."""
        from qtpy.QtCore import QEventLoop, QTimer

        end, loop, poll = time.perf_counter() + at_most, QEventLoop(), QTimer()
        poll.timeout.connect(lambda: loop.quit() if until() or time.perf_counter() > end else None)
        poll.start(5)
        loop.exec()
        return bool(until())

    def pause(self, seconds: float) -> None:
        end = time.perf_counter() + seconds
        self.wait(lambda: time.perf_counter() >= end)

    def measured(self, act: Any) -> dict[str, float]:
        """Delays of the event loop while `act` goes on."""
        self.delays, self.last = [], 0.0
        self.clock.start()
        act()
        self.clock.stop()
        return told(waits(self.delays))

    def stroke(self) -> float:
        """Paint one stroke where the labels have one class; when it ended."""
        value = int(self.rng.integers(1, 3))
        plane = self.truth[SECTION]
        places = np.argwhere(plane == value)
        y, x = places[self.rng.integers(len(places))]
        painting = self.dock.teach.painting
        painting.paint(value)
        layer = painting.layer
        layer.brush_size = 3
        with layer.block_history():
            for _ in range(DABS):
                layer.paint((SECTION, int(y), int(x)), value)
                near = [(y + dy, x + dx) for dy in (-2, 0, 2) for dx in (-2, 0, 2) if dy or dx]
                good = [
                    (a, b)
                    for a, b in near
                    if 0 <= a < plane.shape[0] and 0 <= b < plane.shape[1] and plane[a, b] == value
                ]
                if good:
                    y, x = good[self.rng.integers(len(good))]
                self.pause(DAB_MS / 1000)
        return time.perf_counter()

    def answered(self, since: float) -> tuple[float, str]:
        """Seconds until the overlay knows the last stroke, and who answered."""
        teaching = self.dock.teach.live.teaching
        if not self.wait(lambda: bool(teaching.answer and not teaching.lane.waiting_since)):
            raise SystemExit(f"No answer: {self.dock.footer.sentence.text()}")
        return time.perf_counter() - since, teaching.answer.by


def quantiles(seconds: list[float]) -> dict[str, float]:
    p50, p95 = np.percentile(seconds, [50, 95]) if seconds else (np.nan, np.nan)
    return {"count": len(seconds), "p50_s": round(float(p50), 2), "p95_s": round(float(p95), 2)}


def teach(window: LiveWindow, options: argparse.Namespace) -> dict[str, Any]:
    window.pause(options.look)
    begun = time.perf_counter()
    window.dock.footer.main.click()
    teaching = window.dock.teach.live.teaching
    while len(teaching.tally.counts()) < 2:
        ended = window.stroke()
    first = window.answered(ended)[0]
    since_start = time.perf_counter() - begun
    answers: list[tuple[float, str]] = []

    def strokes() -> None:
        for _ in range(options.strokes):
            window.pause(BETWEEN_S)
            answers.append(window.answered(window.stroke()))

    def pan_and_paint() -> None:
        end = time.perf_counter() + options.seconds
        window.panning.start()
        while time.perf_counter() < end:
            window.stroke()
            window.pause(PAINT_MS / 1000)
        window.panning.stop()

    loop = {"strokes": window.measured(strokes), "pan_and_paint": window.measured(pan_and_paint)}
    by = {name: quantiles([s for s, b in answers if b == name]) for name in {b for _, b in answers}}
    return {
        "first_answer_s": round(first, 2),
        "start_to_answer_s": round(since_start, 2),
        "stroke_to_overlay": quantiles([s for s, _ in answers]) | {"by": by},
        "loop": loop,
        "steps": teaching.answer.steps,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--strokes", type=int, default=40, help="that are waited for")
    parser.add_argument("--seconds", type=float, default=30, help="of panning and painting")
    parser.add_argument("--look", type=float, default=5, help="seconds at the page before Start")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SIMGRAPH_WORKSPACES"] = folder
        window = LiveWindow(options.seed)
        report = teach(window, options)
        window.dock.session.jobs.close()
        window.viewer.close()
    goals = {"p50_s": 1.0, "p95_s": 2.5, "first_answer_s": 3.0, "loop_p99_ms": 100}
    machine = {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}
    print(json.dumps({**machine, **report, "goals": goals}, indent=2))


if __name__ == "__main__":
    main()
