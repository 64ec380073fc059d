"""Pictures of the Areas dock for its tutorial, and for looking it over.

``python docs/areas_screenshots.py [--review] [--out DIR]`` under a display of
1280 x 800 or more, such as ``xvfb-run -s "-screen 0 1280x800x24"``. All are of the drawn sample
larva, learned without labels first; with ``--review`` every state in both themes, at 300 px and
with large letters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from shooting import folded, main, sizes, themes
from similar_screenshots import learned

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.patch_pixels import pool
from napari_simgraph.io.samples import LARVA_CLASSES
from napari_simgraph.viewer.areas.opinion import RARE
from napari_simgraph.viewer.driving import Driver

SECTION = 8
LIKE = ((240, 48), (39, 79), (263, 106))  # mitochondria of that section
WHY = (54, 220)  # another one
UNLIKE = ((110, 120), (60, 20), (230, 260))
NORMAL = (
    ((90, 90), (90, 200), (150, 200), (150, 90)),
    ((190, 150), (190, 250), (250, 250), (250, 150)),
)  # of that section, without mitochondria
STEPS = 60  # a few seconds
ASKED, SHARE = 24, 0.15  # patches that are asked for; how much mitochondrion makes one interesting
LARVA = ClassTable.of(LARVA_CLASSES)
SUGGEST, CLICKS, REGIONS = 0, 1, 2


def opened(window: Driver, shots: bool = False) -> Any:
    """The dock beside patches that were learned."""
    if shots:
        window.open("Areas")
        themes(window, "areas_empty")
    learned(window)
    dock = window.open("Areas")
    dock.input.form.set_value(replace(dock.input.form.value(), minutes=0, steps=STEPS))
    return dock


def suggested(window: Driver, dock: Any) -> None:
    """Groups, found by themselves."""
    dock.tabs.setCurrentIndex(SUGGEST)
    window.press(dock)
    window.wait(until=lambda: dock.task is None)
    window.wait(until=lambda: bool(dock.suggest.cards))
    drawn(window, dock)


def clicked(window: Driver, dock: Any, like: Sequence[Any], unlike: Sequence[Any]) -> None:
    """Places of the section in view, judged by clicks."""
    layer, picker = window.viewer.layers["larva"], dock.session.canvas.picker
    for places, held in ((like, "Shift"), (unlike, "Control")):
        for place in places:
            picker.pick(layer.data_to_world((SECTION, *place)), (held,))
    drawn(window, dock)


def answered(window: Driver, dock: Any, count: int) -> None:
    """Say of so many asked patches what they are, as the truth has it."""
    labels = dock.session.labels(window.viewer.layers["larva · truth"], LARVA)
    share = pool(dock.looking.table.grid, labels)[:, LARVA.find("mitochondrion").value - 1]
    for _ in range(count):
        dock.hands.answer(bool(share[dock.looking.asked] >= SHARE))
        drawn(window, dock, 0.2)


def asked_why(window: Driver, dock: Any) -> None:
    """Why a patch of the section in view scores as it does."""
    window.viewer.dims.set_current_step(0, SECTION)
    dock.session.canvas.picker.pick(window.viewer.layers["larva"].data_to_world((SECTION, *WHY)))
    drawn(window, dock, 0.5)
    dock.hands.ask_why()
    drawn(window, dock)


def drawn(window: Driver, dock: Any, seconds: float = 1.5) -> None:
    """Wait for answers, outlines and pictures."""
    window.wait(0.3)
    window.wait(until=lambda: not dock.looking.lane.waits)
    window.wait(seconds)


def marked_normal(window: Driver, dock: Any) -> None:
    """Regions without mitochondria, and what is unlike them."""
    dock.looking.clear()
    window.viewer.dims.set_current_step(0, SECTION)
    dock.marks.draw()
    dock.tabs.setCurrentIndex(REGIONS)
    regions = window.viewer.layers.selection.active
    regions.add_polygons([np.array([(SECTION, *corner) for corner in one]) for one in NORMAL])
    regions.mode = "pan_zoom"
    window.viewer.layers.selection.active = window.viewer.layers["larva"]
    window.press(dock)
    window.wait(until=lambda: dock.task is None)
    drawn(window, dock)


def tutorial(window: Driver) -> None:
    """The pictures of the tutorial."""
    dock = opened(window)
    suggested(window, dock)
    window.shoot("areas_suggest")
    window.viewer.dims.set_current_step(0, SECTION)
    clicked(window, dock, LIKE, UNLIKE)
    answered(window, dock, ASKED)
    dock.hands.show_area(dock.looking.areas[0])
    drawn(window, dock)
    window.shoot("areas_clicks")
    asked_why(window, dock)
    window.viewer.theme = "light"
    window.shoot("areas_why_light")
    window.viewer.theme = "dark"
    marked_normal(window, dock)
    window.shoot("areas_normal")


def review(window: Driver) -> None:
    """Each state of the dock."""
    dock = opened(window, shots=True)
    themes(window, "areas_ready")
    window.press(dock)
    window.wait(0.5)
    themes(window, "areas_running")
    window.wait(until=lambda: dock.task is None)
    window.wait(until=lambda: bool(dock.suggest.cards))
    drawn(window, dock)
    themes(window, "areas_suggested")
    dock.looking.confirm(2)
    drawn(window, dock)
    themes(window, "areas_group")
    dock.looking.confirm(RARE)
    drawn(window, dock)
    window.shoot("areas_rare")
    dock.looking.clear()
    window.viewer.dims.set_current_step(0, SECTION)
    clicked(window, dock, LIKE[:1], ())
    window.shoot("areas_one_kind")
    clicked(window, dock, LIKE[1:], UNLIKE)
    themes(window, "areas_clicks")
    dock.hands.show_area(dock.looking.areas[0])
    drawn(window, dock)
    themes(window, "areas_row")
    dock.looking.turn_down(dock.looking.areas[1], True)
    drawn(window, dock)
    window.shoot("areas_turned_down")
    asked_why(window, dock)
    themes(window, "areas_why")
    dock.found.report_button.click()
    window.shoot("areas_report")
    for kind in ("not sure", "points"):
        dock.drawing.show(kind)
        drawn(window, dock)
        window.shoot(f"areas_show_{kind.replace(' ', '_')}")
    dock.drawing.show("interest")
    dock.tabs.setCurrentIndex(REGIONS)
    themes(window, "areas_regions")
    window.press(dock)
    window.wait(until=lambda: dock.task is None)
    drawn(window, dock)
    themes(window, "areas_painted")
    marked_normal(window, dock)
    themes(window, "areas_normal")
    folded(window, dock, "areas", themes)
    sizes(window, dock, "areas")


if __name__ == "__main__":
    main(__doc__, tutorial, review)
