"""Pictures of the Similar dock for its tutorial, and for looking it over.

``python docs/similar_screenshots.py [--review] [--out DIR]`` under a display of
1280 x 800 or more, such as ``xvfb-run -s "-screen 0 1280x800x24"``. All are of the drawn sample
larva, and of the digits; with ``--review`` every state in both themes, at 300 px and with large
letters.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from shooting import area_of, main, sizes, themes

from napari_simgraph.viewer.driving import Driver
from napari_simgraph.viewer.views.bottom import shown_page

SECTION, MITOCHONDRION, MEMBRANE = 8, (240, 55), (92, 140)
PATCH, STRIDE = 32, 16
DIGIT = (400, 400)
STEPS, DIGIT_STEPS = 150, 200  # mitochondria and ten kinds of digits lie apart
SMALL = {"width": 8, "depth": 3, "batch": 64, "minutes": 0}  # a network that learns in a minute
LONGEST_S = 1500.0


def learned(window: Driver, shots: bool = False) -> Any:
    """The dock with the larva, learned."""
    dock = window.open("Similar")
    if shots:
        themes(window, "similar_empty")
    window.sample("larva")
    for name in ("larva · strokes", "larva · truth"):
        window.viewer.layers[name].visible = False
    window.viewer.layers.selection.active = window.viewer.layers["larva"]
    known = dock.input.form.value()
    settings = replace(known, steps=STEPS, patch=PATCH, stride=STRIDE, **SMALL)
    dock.input.form.set_value(settings)
    window.wait(0.5)
    if shots:
        themes(window, "similar_ready")
    window.press(dock)
    window.wait(until=lambda: dock.task is None or dock.task.curves.get("retrieval"))
    if shots:
        themes(window, "similar_running")
        window.wait(until=lambda: dock.task is None or dock.run.early.said)
        click(window, dock, "larva", MITOCHONDRION)
        themes(window, "similar_early")
    window.wait(until=lambda: dock.task is None, at_most=LONGEST_S)
    window.viewer.dims.set_current_step(0, SECTION)
    return dock


def click(window: Driver, dock: Any, name: str, place: Any, held: tuple[str, ...] = ()) -> None:
    """Click a pixel of a layer, and wait for the pictures of what is like it."""
    layer, chosen = window.viewer.layers[name], dock.session.selection
    at = (SECTION, *place) if layer.ndim > 2 else place
    dock.session.canvas.picker.pick(layer.data_to_world(at), held)
    page = shown_page(window.viewer, "Thumbnails")
    wanted = lambda: all(page.thumbs.picture(h.table, h.row) for h in chosen.hits)  # noqa: E731
    window.wait(until=wanted)
    window.wait(0.5)


def digits(window: Driver) -> Any:
    """The contact sheet, learned."""
    window.viewer.layers.clear()
    dock = window.open("Similar")
    window.sample("digits")
    known = dock.input.form.value()
    settings = replace(known, steps=DIGIT_STEPS, patch=28, stride=28, **SMALL)
    dock.input.form.set_value(settings)
    window.press(dock)
    window.wait(until=lambda: dock.task is None, at_most=LONGEST_S)
    return dock


def coloured(window: Driver, dock: Any) -> None:
    """Digits coloured by class, with their links."""
    click(window, dock, "digits", DIGIT)
    for menu, index in ((dock.whole.colors, 1), (dock.whole.links, 1)):
        menu.setCurrentIndex(index)
        menu.activated.emit(index)
    window.wait(1.0)


def reported(window: Driver, dock: Any) -> None:
    """The report of what is in front, in view."""
    dock.report.fold.open()
    dock.report.measure()
    window.wait(until=lambda: dock.report.task is None, at_most=LONGEST_S)
    window.wait(0.5)
    area_of(dock).ensureWidgetVisible(dock.report)


def tutorial(window: Driver) -> None:
    """The pictures of the tutorial."""
    dock = learned(window)
    click(window, dock, "larva", MITOCHONDRION)
    window.shoot("similar_clicked")
    click(window, dock, "larva", MEMBRANE, ("Control",))
    window.viewer.theme = "light"
    window.shoot("similar_not_like_light")
    window.viewer.theme = "dark"
    dock = digits(window)
    coloured(window, dock)
    window.shoot("similar_digits")
    reported(window, dock)
    window.shoot("similar_report")


def review(window: Driver) -> None:
    """Each state of the dock."""
    dock = learned(window, shots=True)
    themes(window, "similar_done")
    click(window, dock, "larva", MITOCHONDRION)
    themes(window, "similar_clicked")
    click(window, dock, "larva", MEMBRANE, ("Control",))
    themes(window, "similar_not_like")
    dock.settings.open()
    themes(window, "similar_settings")
    dock.settings.open(False)
    sizes(window, dock, "similar")
    dock = digits(window)
    coloured(window, dock)
    themes(window, "similar_digits")
    reported(window, dock)
    themes(window, "similar_report")


if __name__ == "__main__":
    main(__doc__, tutorial, review)
