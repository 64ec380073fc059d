"""Pictures of live learning for its tutorial, and for looking it over.

``python docs/live_screenshots.py [--review] [--out DIR]`` under a display of 1280 x 800 or more,
such as ``xvfb-run -s "-screen 0 1280x800x24"``. All are of the drawn sample larva, painted on where
its true classes say what is there; with ``--review`` every state in both themes, at 300 px and with
large letters.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.ndimage import label
from shooting import folded, main, sizes, themes

from napari_simgraph.viewer.driving import Driver

DABS, STEP = 9, 12  # of a stroke, and pixels of its class between two of them
LEAST = 60  # px of a piece of a class that is worth a stroke
LATER_S = 60  # the U-Net learns beside
UNSURE = 2  # in the menu Show


def opened(window: Driver) -> Any:
    """The dock with the sample, nothing painted on it."""
    dock = window.open("Segment")
    window.sample("larva")
    strokes = window.viewer.layers["larva · strokes"]
    strokes.data[...] = 0
    strokes.data = strokes.data
    window.viewer.layers["larva · truth"].visible = False
    window.wait(1.0)
    return dock


def stroke(window: Driver, dock: Any, value: int, number: int) -> None:
    """Paint in one of the larger pieces of a class in the section in view."""
    z = window.viewer.dims.current_step[0]
    pieces, _ = label(np.asarray(window.viewer.layers["larva · truth"].data[z]) == value)
    sizes = np.bincount(pieces.ravel())[1:]
    large = [i + 1 for i in np.argsort(sizes)[::-1] if sizes[i] > LEAST]
    places = np.argwhere(pieces == large[number % len(large)])
    painting = dock.teach.painting
    painting.paint(value)
    painting.layer.brush_size = 3
    start = round(len(places) * (0.5 + 0.37 * number)) % len(places)
    near = places[np.argsort(np.abs(places - places[start]).sum(1))][: STEP * DABS : STEP]
    with painting.layer.block_history():
        for y, x in near:
            painting.layer.paint((z, int(y), int(x)), value)


def answered(window: Driver, dock: Any) -> None:
    """Wait until the last stroke is answered."""
    teaching = dock.teach.live.teaching
    window.wait(0.3)
    window.wait(until=lambda: bool(teaching.answer and not teaching.lane.waiting_since))
    window.wait(0.5)


def begun(window: Driver, dock: Any) -> None:
    """Start, and a stroke of each of two classes."""
    window.press(dock)
    window.wait(1.0)
    stroke(window, dock, 1, 0)
    stroke(window, dock, 2, 0)
    answered(window, dock)


def corrected(window: Driver, dock: Any) -> None:
    """Strokes of all classes, and some time for the U-Net."""
    for number in range(3):
        for value in (3, 1, 2, 4):
            stroke(window, dock, value, number + 1)
    answered(window, dock)
    window.wait(LATER_S)


def place(window: Driver, dock: Any) -> None:
    """Go to the least sure place."""
    rows = dock.teach.live.rows
    seen = rows.places.said
    rows.next.click()
    window.wait(until=lambda: rows.places.said != seen)
    answered(window, dock)


def tutorial(window: Driver) -> None:
    """The pictures of the tutorial."""
    dock = opened(window)
    begun(window, dock)
    window.shoot("live_first")
    corrected(window, dock)
    window.shoot("live_learned")
    place(window, dock)
    window.viewer.theme = "light"
    window.shoot("live_place_light")


def region(window: Driver, dock: Any) -> None:
    """The mode, and a region that was drawn in it."""
    dock.teach.live.rows.region.click()
    window.wait(0.5)
    themes(window, "live_region_mode")
    z = window.viewer.dims.current_step[0]
    box = [[z, 60, 60], [z, 60, 140], [z, 120, 140], [z, 120, 60]]
    window.viewer.layers["larva · regions"].add_rectangles(box)
    answered(window, dock)
    themes(window, "live_region")


def review(window: Driver) -> None:
    """Every state."""
    dock = opened(window)
    themes(window, "live_ready")
    window.press(dock)
    window.wait(1.0)
    themes(window, "live_started")
    stroke(window, dock, 1, 0)
    window.wait(0.5)
    themes(window, "live_one_class")
    stroke(window, dock, 2, 0)
    answered(window, dock)
    themes(window, "live_first")
    corrected(window, dock)
    themes(window, "live_learned")
    dock.teach.live._turn_why()
    themes(window, "live_why")
    dock.teach.live._turn_why()
    rows = dock.teach.live.rows
    for number in (1, UNSURE):
        rows.show.setCurrentIndex(number)
        themes(window, f"live_shown_{number}")
    rows.show.setCurrentIndex(0)
    place(window, dock)
    themes(window, "live_place")
    region(window, dock)
    dock.teach.painting.classes.joining.emit(4, 3)
    answered(window, dock)
    themes(window, "live_joined")
    folded(window, dock, "live")
    window.open("Jobs")
    window.shoot("live_jobs")
    window.open("Segment")
    window.press(dock)
    window.wait(1.0)
    themes(window, "live_paused")
    sizes(window, dock, "live")
    window.press(dock)
    dock.teach.live.keep()
    window.wait(until=lambda: not dock.teach.live.busy)
    themes(window, "live_kept")


if __name__ == "__main__":
    main(__doc__, tutorial, review)
