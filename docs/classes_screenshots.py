"""Pictures of the Classes dock for its tutorial, and for looking it over.

``python docs/classes_screenshots.py [--review] [--out DIR]`` under a display of 1280 x 800 or
more, such as ``xvfb-run -s "-screen 0 1280x800x24"``. They are of the drawn samples: digits, with
a folder for each class, and the larva, whose patches are labelled by hand; with ``--review`` every
state in both themes, at 300 px and with large letters.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from shooting import area_of, folded, main, sizes, themes

from napari_simgraph.core.patch_pixels import pool
from napari_simgraph.viewer.driving import Driver
from napari_simgraph.viewer.ground import noun_of
from napari_simgraph.viewer.views.bottom import shown_page
from napari_simgraph.viewer.views.classes import LABEL, LEARN

SMALL = {"width": 8, "depth": 3, "minutes": 0}  # a network that learns in half a minute
DIGIT_STEPS, LARVA_STEPS = 60, 80
PATCH, STRIDE, SECTION = 32, 16, 8
LONGEST_S = 1500.0


def settings(dock: Any, **changes: Any) -> None:
    """Set the form of the tab Learn."""
    dock.learn.form.set_value(replace(dock.learn.form.value(), **SMALL, **changes))


def pictures(window: Driver) -> None:
    """Wait until all thumbnails are read."""
    page = shown_page(window.viewer, "Thumbnails")
    wanted = lambda: all(page.thumbs.picture(i.hit.table, i.hit.row) for i in page.model.items[:12])  # noqa: E731
    window.wait(until=wanted, at_most=LONGEST_S)
    window.wait(0.5)


def digits(window: Driver, shots: Any) -> Any:
    """The contact sheet of digits, learned from the classes of its folders."""
    dock = window.open("Classes")
    shots(window, "classes_empty")
    window.sample("digits")
    shots(window, "classes_folder")
    settings(dock, steps=DIGIT_STEPS)
    dock.tabs.setCurrentIndex(LEARN)
    shots(window, "classes_ready")
    window.press(dock)
    window.wait(until=lambda: dock.task is None or dock.task.curves.get("agreement"))
    dock.tabs.setCurrentIndex(LABEL)
    shots(window, "classes_running")
    window.wait(until=lambda: dock.task is None, at_most=LONGEST_S)
    dock.tabs.setCurrentIndex(LEARN)
    dock.label.show_hard()
    pictures(window)
    area_of(dock).ensureWidgetVisible(dock.learn.turn_button)
    shots(window, "classes_learned")
    return dock


def larva(window: Driver, shots: Any) -> Any:
    """Patches of the larva, labelled where the truth is clear, and the class map."""
    window.viewer.layers.clear()
    similar = window.open("Similar")
    window.sample("larva")
    for name in ("larva · strokes", "larva · truth"):
        window.viewer.layers[name].visible = False
    window.viewer.layers.selection.active = window.viewer.layers["larva"]
    how = {"patch": PATCH, "stride": STRIDE, "steps": 20, "batch": 64}
    form = similar.input.form
    form.set_value(replace(form.value(), **SMALL, **how))
    window.press(similar)
    window.wait(until=lambda: similar.task is None, at_most=LONGEST_S)
    dock = window.open("Classes")
    window.viewer.dims.set_current_step(0, SECTION)
    label_by_truth(window, dock)
    dock.tabs.setCurrentIndex(LABEL)
    shots(window, "classes_labelled")
    settings(dock, steps=LARVA_STEPS)
    window.press(dock)
    window.wait(until=lambda: dock.task is None, at_most=LONGEST_S)
    dock.tabs.setCurrentIndex(LEARN)
    dock.run.show_map()
    dock.label.show_wrong()
    pictures(window)
    window.viewer.dims.set_current_step(0, SECTION)
    shots(window, "classes_map")
    return dock


def label_by_truth(window: Driver, dock: Any) -> None:
    """Put patches into the class that fills most of them, in three sections."""
    from napari_simgraph.core.classes import ClassTable

    names = ["membrane", "cytoplasm", "mitochondrion", "synapse"]
    session = dock.session
    table = session.selection.table
    truth = session.labels(window.viewer.layers["larva · truth"], ClassTable.of(names))
    shares = np.nan_to_num(pool(table.grid, truth))
    there = np.isin(table.grid.z, (SECTION - 4, SECTION, SECTION + 4))
    mitochondria = there & (shares[:, 2] > 0.35)
    rest = there & (shares[:, 2] < 0.02)
    rng = np.random.default_rng(0)
    some = rng.permutation(np.flatnonzero(rest))[:150]
    session.edits.label(np.flatnonzero(mitochondria), "mitochondrion", "#D55E00")
    session.edits.label(some, "other", "#0072B2")
    assert noun_of(window.viewer.layers["larva"]) is not None


def tutorial(window: Driver) -> None:
    """What the tutorial shows, in the dark theme."""
    window.viewer.theme = "dark"
    wanted = ("classes_learned", "classes_labelled", "classes_map")
    shots = lambda win, name: win.shoot(name) if name in wanted else None  # noqa: E731
    digits(window, shots)
    larva(window, shots)


def review(window: Driver) -> None:
    """Every state in both themes."""
    dock = digits(window, themes)
    folded(window, dock, "classes")
    dock.tabs.setCurrentIndex(LABEL)
    sizes(window, dock, "classes")
    dock.tabs.setCurrentIndex(2)
    themes(window, "classes_generate")
    larva(window, themes)


if __name__ == "__main__":
    main(__doc__, tutorial, review)
