"""The part of ``make demo`` in which a network draws a digit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_simgraph.viewer.demo import Demo

STEPS, BATCH, RATE = 100, 64, 1e-2  # some seconds: digits can be read
KIND, FAR = "3", 2.0
LONGEST_S = 60.0


def draw_digits(demo: Demo, dock: Any) -> None:
    """Learn to draw the digits of the Classes dock, draw one kind, and move a slider."""
    from napari_simgraph.viewer.views.classes import GENERATE

    dock.tabs.setCurrentIndex(GENERATE)
    page, live = dock.drawing, dock.drawing.live
    known = page.form.value()
    page.form.set_value(replace(known, minutes=0, steps=STEPS, batch=BATCH, rate=RATE))
    demo.press(dock)
    demo.wait(until=lambda: page.task is None)
    live.wanted.kind.setCurrentIndex(live.wanted.kind.findText(KIND))
    live.directions.sliders[0].setValue(FAR)
    answered = lambda: live.lane.seconds >= 0 and not live.lane.waits  # noqa: E731
    demo.wait(until=answered, at_most=LONGEST_S)
    demo.wait(0.5)
    demo.shoot("drawn")
    live.lane.leave()
    drawn = live.drawn.layer
    assert drawn is not None  # it was just shown
    drawn.locked = False
    demo.viewer.layers.remove(drawn)
