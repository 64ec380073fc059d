"""Pictures of the Anomalies dock for its tutorial, and for looking it over.

``python docs/anomalies_screenshots.py [--review] [--out DIR]`` under a display of 1280 x 800 or
more, such as ``xvfb-run -s "-screen 0 1280x800x24"``. All are of sections of the drawn sample larva
with dirt and a tear drawn into one of them; with ``--review`` every state in both themes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from shooting import main, sizes, themes

from napari_simgraph.viewer.driving import Driver

SECTION, SECTIONS = 3, 6
STEPS = 600
SMALL = {"width": 32, "batch": 4, "patch": 64, "minutes": 0}  # a network that learns in a minute
LONGEST_S = 2400.0


def damaged(pixels: Any) -> Any:
    """Sections of the larva, one of them with dirt and a tear."""
    some = np.array(pixels[:SECTIONS])
    y, x = np.mgrid[: some.shape[1], : some.shape[2]]
    some[SECTION][np.hypot(y - 90, 1.4 * (x - 150)) < 12] = 25
    some[SECTION][(np.abs(x - 60 - 6 * np.sin(y / 17)) < 4) & (y > 140) & (y < 230)] = 235
    return some


def opened(window: Driver, shots: bool = False) -> Any:
    """The dock with damaged sections."""
    dock = window.open("Anomalies")
    if shots:
        themes(window, "anomalies_empty")
    window.sample("larva")
    larva = window.viewer.layers["larva"]
    place = {"scale": larva.scale, "units": larva.units, "axis_labels": larva.axis_labels}
    some = damaged(larva.data)
    window.viewer.layers.clear()
    window.viewer.add_image(some, name="larva", **place)
    window.viewer.dims.set_current_step(0, SECTION)
    window.viewer.reset_view()
    dock.input.form.set_value(replace(dock.input.form.value(), steps=STEPS, **SMALL))
    window.wait(0.5)
    if shots:
        themes(window, "anomalies_ready")
    return dock


def looked(window: Driver, dock: Any, shots: bool = False) -> None:
    """Learned, and searched."""
    window.press(dock)
    window.wait(5.0)
    if shots:
        themes(window, "anomalies_running")
    window.wait(until=lambda: dock.task is None, at_most=LONGEST_S)
    if shots:
        themes(window, "anomalies_learned")
    window.press(dock)
    window.wait(until=lambda: dock.task is None, at_most=LONGEST_S)
    window.wait(until=lambda: dock.found.lines, at_most=60)
    dock.found.walk()
    window.wait(0.5)


def tutorial(window: Driver) -> None:
    """The pictures of the tutorial."""
    dock = opened(window)
    looked(window, dock)
    window.shoot("anomalies_found")
    dock.found.show_menu.setCurrentIndex(1)
    dock.found.show_menu.activated.emit(1)
    window.viewer.theme = "light"
    window.shoot("anomalies_expected_light")
    window.viewer.theme = "dark"


def review(window: Driver) -> None:
    """Each state of the dock."""
    dock = opened(window, shots=True)
    looked(window, dock, shots=True)
    themes(window, "anomalies_found")
    dock.settings.open()
    themes(window, "anomalies_settings")
    dock.settings.open(False)
    sizes(window, dock, "anomalies")


if __name__ == "__main__":
    main(__doc__, tutorial, review)
