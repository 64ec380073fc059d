"""Pictures of the Objects dock for its tutorial, and for looking it over.

``python docs/objects_screenshots.py [--review] [--out DIR]`` under a display of 1280 x 800 or more,
such as ``xvfb-run -s "-screen 0 1280x800x24"``. All are of the drawn sample larva and its true
classes; with ``--review`` every state in both themes, at 300 px and with large letters.
"""

from __future__ import annotations

from typing import Any

from shooting import folded, main, sizes, themes

from napari_simgraph.viewer.driving import Driver

CLASS = "mitochondrion"
SMALLEST = 400  # of the 1000 steps of the size slider: specks go


def opened(window: Driver) -> Any:
    """The dock with the sample."""
    dock = window.open("Objects")
    window.sample("larva")
    window.viewer.layers["larva · strokes"].visible = False
    truth = window.viewer.layers["larva · truth"]
    truth.visible = True
    dock.input.menu.choose(truth)
    window.wait(0.5)
    return dock


def measured(window: Driver, dock: Any) -> None:
    """Press the main button, wait, and look at the picture below the objects."""
    window.press(dock)
    window.wait(until=lambda: dock.task is None)
    window.viewer.layers["larva · truth"].visible = False
    dock.panel.kind.setCurrentText(CLASS)
    dock.panel.rows.selectRow(1)
    window.wait(0.5)


def cleaned(window: Driver, dock: Any) -> None:
    """Take out what the filters hide."""
    dock.panel.size.setValue((SMALLEST, 1000))
    window.wait(until=dock.panel.others_button.isEnabled)
    window.wait(0.3)
    dock.panel.others_button.click()
    window.wait(until=lambda: dock.task is None and dock.editor.last)


def tutorial(window: Driver) -> None:
    """The pictures of the tutorial."""
    dock = opened(window)
    measured(window, dock)
    window.shoot("objects_chosen")
    cleaned(window, dock)
    window.viewer.theme = "light"
    window.shoot("objects_deleted_light")


def review(window: Driver) -> None:
    """Every state."""
    window.open("Objects")
    themes(window, "objects_empty")
    dock = opened(window)
    themes(window, "objects_ready")
    window.press(dock)
    window.wait(until=lambda: dock.task is None or dock.task.progress.done > 0.05)
    window.shoot("objects_running")
    window.wait(until=lambda: dock.task is None)
    themes(window, "objects_done")
    measured(window, dock)
    themes(window, "objects_chosen")
    cleaned(window, dock)
    themes(window, "objects_deleted")
    folded(window, dock, "objects")
    sizes(window, dock, "objects")


if __name__ == "__main__":
    main(__doc__, tutorial, review)
