"""Pictures of the Objects dock for its tutorial, and for looking it over.

``python docs/objects_screenshots.py [--out DIR] [--review]`` under a display of 1280 x 800, such as
``xvfb-run -s "-screen 0 1280x800x24"``. All are of the drawn sample larva.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import napari
from make_screenshots import Studio, both_themes, window
from napari.layers import Layer
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget

from napari_simgraph.viewer.sample_data import larva
from napari_simgraph.viewer.views.objects import ObjectsDock


def opened(studio: Studio) -> ObjectsDock:
    """The dock with the sample and its true classes."""
    dock = studio.dock(ObjectsDock, "Objects")
    for data in larva():
        layer = studio.viewer.add_layer(Layer.create(*data))
        layer.visible = "strokes" not in layer.name
        if "truth" in layer.name:
            dock.input.menu.choose(layer)
    studio.viewer.dims.set_current_step(0, studio.viewer.dims.nsteps[0] // 2)
    return dock


def measured(studio: Studio, dock: ObjectsDock) -> None:
    """Press the main button and wait."""
    studio.wait(2, dock.footer.main.isEnabled)
    dock.footer.main.click()
    studio.wait(120, lambda: dock.task is None)
    for layer in studio.viewer.layers:
        if "truth" in layer.name:
            layer.visible = False


def mitochondria(studio: Studio, dock: ObjectsDock) -> None:
    """Show mitochondria alone and go to the second largest."""
    dock.panel.kind.setCurrentText("mitochondrion")
    dock.panel.rows.selectRow(1)
    studio.wait(0.5)


def tutorial(studio: Studio) -> None:
    """The pictures of the tutorial."""
    dock = opened(studio)
    measured(studio, dock)
    mitochondria(studio, dock)
    studio.shot("objects_chosen")
    dock.panel.size.setValue((400, 1000))
    studio.wait(0.5)
    dock.panel.others_button.click()
    studio.wait(60, lambda: dock.task is None)
    studio.viewer.theme = "light"
    studio.shot("objects_deleted_light")


def review(studio: Studio) -> None:
    """Every state in both themes, at 300 px and with large letters."""
    dock = opened(studio)
    both_themes(studio, "objects_ready")
    dock.footer.main.click()
    studio.wait(20, lambda: bool(dock.task and dock.task.progress.done > 0.05))
    studio.shot("objects_running_dark")
    studio.wait(120, lambda: dock.task is None)
    both_themes(studio, "objects_done")
    mitochondria(studio, dock)
    both_themes(studio, "objects_chosen")
    dock.panel.size.setValue((400, 1000))
    studio.wait(0.5)
    dock.panel.others_button.click()
    studio.wait(60, lambda: dock.task is None)
    both_themes(studio, "objects_deleted")
    dock.settings.open()
    dock.keys.open()
    studio.shot("objects_unfolded_dark")
    dock.settings.open(False)
    dock.keys.open(False)
    holder = dock.parentWidget()
    while not isinstance(holder, QDockWidget):
        holder = holder.parentWidget()
    window(studio.viewer).resizeDocks([holder], [300], Qt.Orientation.Horizontal)
    studio.shot("objects_narrow_dark")
    window(studio.viewer).resizeDocks([holder], [380], Qt.Orientation.Horizontal)
    napari.settings.get_settings().appearance.font_size = 14
    studio.shot("objects_large_letters_dark")
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
        (review if asked.review else tutorial)(studio)
        studio.close()


if __name__ == "__main__":
    main()
