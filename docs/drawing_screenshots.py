"""Pictures of the tab Generate for its tutorial, and for looking it over.

``python docs/drawing_screenshots.py [--review] [--out DIR]`` under a display of 1280 x 800 or
more, such as ``xvfb-run -s "-screen 0 1280x800x24"``. They are of the drawn sample digits; with
``--review`` every state in both themes, at 300 px and with large letters.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from shooting import folded, main, sizes, themes

from napari_simgraph.viewer.driving import Driver
from napari_simgraph.viewer.views.classes import GENERATE

STEPS, SEARCH = 400, 40  # half a minute; a few seconds a size
SMALL = {"minutes": 0, "batch": 64, "rate": 5e-3}
KIND = "3"
LONGEST_S = 1500.0


def settings(page: Any, **changes: Any) -> None:
    """Set the form of the tab."""
    page.form.set_value(replace(page.form.value(), **SMALL, **changes))


def settled(window: Driver, page: Any) -> None:
    """Wait until all that was asked for is drawn."""
    lane = page.live.lane
    window.wait(until=lambda: lane.seconds >= 0 and not lane.waits, at_most=120)
    window.wait(0.5)


def learned(window: Driver, shots: Any) -> Any:
    """The contact sheet of digits, and a model that draws them."""
    dock = window.open("Classes")
    window.sample("digits")
    dock.tabs.setCurrentIndex(GENERATE)
    page = dock.drawing
    shots(window, "drawing_ready")
    settings(page, steps=STEPS)
    window.press(dock)
    window.wait(until=lambda: page.task is None or page.task.progress.done > 0.4)
    shots(window, "drawing_running")
    window.wait(until=lambda: page.task is None, at_most=LONGEST_S)
    settled(window, page)
    page.live.wanted.kind.setCurrentIndex(page.live.wanted.kind.findText(KIND))
    settled(window, page)
    shots(window, "drawing_drawn")
    return dock


def moved(window: Driver, page: Any) -> None:
    """The first direction, far from the middle."""
    page.live.directions.sliders[0].setValue(2.2)
    settled(window, page)


def tutorial(window: Driver) -> None:
    """The pictures of docs/drawing.md."""

    def one(window: Driver, name: str) -> None:
        if name == "drawing_drawn":
            window.shoot(name)

    dock = learned(window, one)
    moved(window, dock.drawing)
    window.shoot("drawing_moved")


def review(window: Driver) -> None:
    """All states, for looking them over."""
    dock = learned(window, themes)
    page = dock.drawing
    moved(window, page)
    page.live.directions.more.click()
    themes(window, "drawing_more")
    settings(page, steps=SEARCH)
    page.try_sizes.click()
    window.wait(until=lambda: page.task is None, at_most=LONGEST_S)
    themes(window, "drawing_sizes")
    folded(window, dock, "drawing")
    sizes(window, dock, "drawing")


if __name__ == "__main__":
    main(__doc__, tutorial, review)
