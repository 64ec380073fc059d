"""From a press in the image to what is like it, with a million patches in the table.

    python benchmarks/click.py [--patches 1000000] [--clicks 60] [--busy] [--out FILE]

Opens a napari window with a stack, a table of patches with random points of 128 numbers, and the
Similar dock, and clicks at random places of the section in view, as a mouse would: press and
release go through napari's own callbacks. With ``--busy`` a U-Net trains meanwhile, as the
Segment dock starts it. Prints JSON, in milliseconds, 50th and 95th of a hundred and the worst:

overlay     from the press until the layers of the overlay hold what was found
thumbnails  from the press until all pictures of the answer are read
redraw      what the window takes after that to show it; with OpenGL in software this is most
longest     how long the event loop was held at most while the answer was looked for
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from napari_simgraph.capabilities import segmentation
from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.patches import grid_over
from napari_simgraph.core.raster import Image, Labels
from napari_simgraph.core.tables import EmbeddingTable

SIDE, STRIDE, SECTIONS, NUMBERS = 64, 32, 25, 128
EDGE = 1024  # of the stack that the U-Net trains on
WARM = 5  # clicks that are not counted: the first ones load what later ones have


def stack(patches: int) -> Image:
    """A stack with about so many patches; one tile of noise that is repeated without a copy."""
    across = max(2, round((patches / SECTIONS) ** 0.5))
    edge = SIDE + STRIDE * (across - 1)
    tile = np.random.default_rng(0).integers(0, 255, (edge, edge), np.uint8)
    return Image(np.broadcast_to(tile, (SECTIONS, edge, edge)), spacing=(50, 4, 4), unit="nm")


def table_of(image: Image) -> EmbeddingTable:
    """Random points: the worst case for leaving anything out."""
    grid = grid_over(image, SIDE, STRIDE)
    values = np.random.default_rng(1).standard_normal((len(grid), NUMBERS), dtype=np.float32)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    return EmbeddingTable(grid, values, name="bench")


class Window:
    """The window, and clicks in it."""

    def __init__(self, image: Image, table: EmbeddingTable) -> None:
        from napari_simgraph.viewer.driving import Driver
        from napari_simgraph.viewer.layers import to_layer_data
        from napari_simgraph.viewer.records import identify

        self.driver = Driver(Path(tempfile.mkdtemp()))
        self.viewer = self.driver.viewer
        self.dock = self.driver.open("Similar")
        self.layer = self.viewer.add_layer(_layer(to_layer_data(image)[0]))
        self.session = self.dock.session
        self.session.tables.add("bench", table, {"layers": [identify(self.layer, "i")]})
        self.session.selection.show_table(table, "bench")
        self.session.keeper.do(int).result()  # what it writes is not what is measured
        self.session.selection.answered.connect(self._answered)
        self.answered = 0.0
        self.driver.wait(2.0)

    def train(self) -> Any:
        """Train a U-Net until it is cancelled."""
        rng = np.random.default_rng(0)
        pixels = rng.integers(0, 255, (8, EDGE, EDGE), np.uint8)
        image = Image(pixels, spacing=(50, 4, 4), unit="nm", name="noise")
        classes = ClassTable.of(["a", "b"])
        labels = Labels((1 + (pixels > 128)).astype(np.uint8), classes=classes)
        from napari_simgraph.viewer.jobs import gui_threads

        config = segmentation.Train(minutes=0, steps=10**6, threads=gui_threads())
        jobs, room = self.session.jobs, self.session.room("bench")
        task = jobs.submit(
            "Train", lambda: jobs.apart(segmentation.train, image, labels, config=config, room=room)
        )
        self.driver.wait(until=lambda: task.progress.done > 0, at_most=300)
        return task

    def click(self, y: float, x: float) -> dict[str, float]:
        """One click: the milliseconds of each part."""
        from qtpy.QtWidgets import QApplication

        event = _Press(self.layer.data_to_world((self.z, y, x)))
        self.answered, longest = 0.0, 0.0
        start = time.perf_counter()
        running = [call(self.viewer, event) for call in self.viewer.mouse_drag_callbacks]
        running = [one for one in running if next(one, "rests") != "rests"]
        event.type = "mouse_release"
        for one in running:
            next(one, None)
        longest = time.perf_counter() - start
        while not self.answered:
            now = time.perf_counter()
            QApplication.processEvents()
            longest = max(longest, time.perf_counter() - now)
            time.sleep(0.0005)
        overlay = self.answered - start
        thumbs, hits = self._thumbs(), self.session.selection.hits
        while not all(thumbs.picture(hit.table, hit.row) for hit in hits):
            QApplication.processEvents()
            time.sleep(0.0005)
        thumbnails = time.perf_counter() - start
        now = time.perf_counter()
        self.viewer.screenshot(canvas_only=True, flash=False)
        redraw = time.perf_counter() - now
        parts = {"overlay": overlay, "thumbnails": thumbnails, "redraw": redraw}
        return {name: 1e3 * took for name, took in (parts | {"longest": longest}).items()}

    @property
    def z(self) -> int:
        """The section in view."""
        return int(self.viewer.dims.current_step[0])

    def _thumbs(self) -> Any:
        from napari_simgraph.viewer.views.bottom import shown_page

        return shown_page(self.viewer, "Thumbnails").thumbs

    def _answered(self) -> None:
        # the overlay was connected before, so that it has drawn by now
        self.answered = time.perf_counter()


class _Press:
    """A mouse event of napari's, as its callbacks get it."""

    def __init__(self, position: Any) -> None:
        self.position, self.modifiers, self.button = position, (), 1
        self.pos, self.type = np.array([10.0, 10.0]), "mouse_press"


def _layer(data: Any) -> Any:
    from napari.layers import Layer

    return Layer.create(*data)


def measure(window: Window, clicks: int) -> dict[str, dict[str, float]]:
    """Percentiles of each part."""
    rng, height = np.random.default_rng(2), window.layer.data.shape[-1]
    took: list[dict[str, float]] = []
    for number in range(clicks + WARM):
        y, x = rng.uniform(SIDE, height - SIDE, 2)
        found = window.click(y, x)
        if number >= WARM:
            took.append(found)
        window.driver.wait(0.1)
    summed = {}
    for name in took[0]:
        values = np.array([one[name] for one in took])
        half, most = np.percentile(values, (50, 95))
        summed[name] = {
            "p50": round(half, 1),
            "p95": round(most, 1),
            "worst": round(values.max(), 1),
        }
    return summed


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--patches", type=int, default=1_000_000)
    parser.add_argument("--clicks", type=int, default=60)
    parser.add_argument("--busy", action="store_true", help="Also while a U-Net trains.")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SIMGRAPH_WORKSPACES"] = folder
        image = stack(asked.patches)
        window = Window(image, table_of(image))
        told: dict[str, Any] = {"patches": len(window.session.selection.table)}
        told["idle"] = measure(window, asked.clicks)
        if asked.busy:
            task = window.train()
            told["training"] = measure(window, asked.clicks)
            task.cancel()
            window.driver.wait(until=lambda: task.state.over, at_most=60)
        window.session.jobs.close()
        window.driver.close()
    text = json.dumps(told, indent=1)
    print(text)
    if asked.out:
        asked.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
