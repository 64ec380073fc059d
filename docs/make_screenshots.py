"""Pictures of the docks for README and tutorials, and for looking them over.

``python docs/make_screenshots.py [--out DIR] [--review]`` under a display of at least 1280 x 800,
such as ``xvfb-run -s "-screen 0 1280x800x24"``. Without ``--review`` it makes the pictures of the
README; with it, every state of every dock in both themes, at 380 and 300 px, and at 150 % font.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import napari
from napari.layers import Layer
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QDockWidget, QMainWindow

from napari_simgraph.capabilities.segmentation import Train
from napari_simgraph.viewer.sample_data import larva
from napari_simgraph.viewer.views.segment import RUN, TEACH, SegmentDock

WIDTH, HEIGHT = 1280, 800
LEARN_MINUTES = 1.5  # enough for a segmentation that can be recognised


class Studio:
    """A napari window of one size that is photographed into a folder."""

    def __init__(self, out: Path) -> None:
        out.mkdir(parents=True, exist_ok=True)
        self.out = out
        self.viewer = napari.Viewer()
        self.viewer.window.resize(WIDTH, HEIGHT)
        self.wait(0.5)

    def wait(self, seconds: float = 0.4, until: Callable[[], bool] | None = None) -> None:
        """Let napari work for a while, or until something is true (at most `seconds`)."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not (until and until()):
            QApplication.processEvents()
            time.sleep(0.01)

    def shot(self, name: str) -> Path:
        """Save a picture of the whole window."""
        self.wait()
        path = self.out / f"{name}.png"
        window(self.viewer).grab().save(str(path))
        return path

    def dock(self, kind: type, name: str) -> object:
        """Open a dock of ours."""
        made = kind(self.viewer)
        self.viewer.window.add_dock_widget(made, name=name, area="right")
        self.wait()
        return made

    def close(self) -> None:
        """Close napari."""
        self.viewer.close()


def window(viewer: napari.Viewer) -> QMainWindow:
    """The window of the viewer; the only one there is."""
    return next(w for w in QApplication.topLevelWidgets() if isinstance(w, QMainWindow))


def open_larva(viewer: napari.Viewer) -> None:
    """The sample stack with strokes on it, as *File ▸ Open Sample* opens it."""
    for data in larva():
        viewer.add_layer(Layer.create(*data))
    viewer.dims.set_current_step(0, viewer.dims.nsteps[0] // 2)


def readme(studio: Studio) -> None:
    """The pictures of the README: learning, and what came out."""
    dock = studio.dock(SegmentDock, "Segment")
    open_larva(studio.viewer)
    learn(studio, dock, LEARN_MINUTES)
    studio.wait(60, lambda: bool(dock.teach.task and dock.teach.task.progress.done > 0.4))
    studio.shot("segment_learning")
    studio.wait(300, lambda: dock.teach.task is None)
    segment(studio, dock)
    studio.shot("segment_done")


def learn(studio: Studio, dock: SegmentDock, minutes: float) -> None:
    """Press Learn."""
    dock.tabs.setCurrentIndex(TEACH)
    dock.teach.form.set_value(Train(minutes=minutes))
    studio.wait(5, dock.footer.main.isEnabled)
    dock.footer.main.click()


def segment(studio: Studio, dock: SegmentDock) -> None:
    """Press Segment and wait."""
    dock.tabs.setCurrentIndex(RUN)
    dock.footer.main.click()
    studio.wait(300, lambda: dock.run.task is None)


def review(studio: Studio) -> None:
    """Every state in both themes, narrow and with large letters."""
    dock = studio.dock(SegmentDock, "Segment")
    viewer = studio.viewer
    both_themes(studio, "empty")
    open_larva(viewer)
    studio.wait(1)
    both_themes(studio, "ready")
    dock.settings.open()
    dock.keys.open()
    both_themes(studio, "unfolded")
    dock.settings.open(False)
    dock.keys.open(False)
    learn(studio, dock, LEARN_MINUTES)
    studio.wait(60, lambda: bool(dock.teach.task and dock.teach.task.progress.done > 0.5))
    both_themes(studio, "running")
    studio.wait(300, lambda: dock.teach.task is None)
    both_themes(studio, "learned")
    dock.tabs.setCurrentIndex(RUN)
    both_themes(studio, "run_ready")
    dock.footer.main.click()
    studio.wait(60, lambda: bool(dock.run.task and dock.run.task.progress.done > 0.3))
    both_themes(studio, "run_running")
    studio.wait(300, lambda: dock.run.task is None)
    both_themes(studio, "run_done")
    dock.teach.fail("These labels have another shape (512 x 512) than the image (1024 x 1024).")
    dock.tabs.setCurrentIndex(TEACH)
    both_themes(studio, "error")
    narrow(studio, dock)


def both_themes(studio: Studio, name: str) -> None:
    """One picture in the dark theme and one in the light theme."""
    for theme in ("light", "dark"):
        studio.viewer.theme = theme
        studio.shot(f"{name}_{theme}")


def narrow(studio: Studio, dock: SegmentDock) -> None:
    """At 300 px, and with letters half as large again."""
    holder = dock.parentWidget()
    while not isinstance(holder, QDockWidget):
        holder = holder.parentWidget()
    main = window(studio.viewer)
    for tab in (TEACH, RUN):
        dock.tabs.setCurrentIndex(tab)
        main.resizeDocks([holder], [300], Qt.Orientation.Horizontal)
        studio.shot(f"narrow_{tab}")
    main.resizeDocks([holder], [380], Qt.Orientation.Horizontal)
    napari.settings.get_settings().appearance.font_size = 14
    for tab in (TEACH, RUN):
        dock.tabs.setCurrentIndex(tab)
        studio.shot(f"large_letters_{tab}")
    napari.settings.get_settings().appearance.font_size = 9


def main() -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "images")
    parser.add_argument("--review", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("SIMGRAPH_WORKSPACES", folder)
        studio = Studio(asked.out)
        (review if asked.review else readme)(studio)
        studio.close()


if __name__ == "__main__":
    main()
