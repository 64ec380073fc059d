"""The part of ``make demo`` that points out areas: groups by themselves, then a few clicks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_simgraph.viewer.demo import Demo

STEPS = 40  # a few seconds
SECTION = 8
# y, x of mitochondria, and of places that are none, in that section
LIKE, UNLIKE = ((240, 48), (39, 79), (263, 106)), ((110, 120), (60, 20), (230, 260))


def find_areas(demo: Demo) -> None:
    """Suggest areas in the larva, then click three mitochondria and three places that are none."""
    dock = demo.open("Areas")
    layer = demo.viewer.layers["larva"]
    known = dock.input.form.value()
    dock.input.form.set_value(replace(known, minutes=0, steps=STEPS))
    demo.press(dock)
    demo.wait(until=lambda: dock.task is None)
    demo.wait(until=lambda: bool(dock.suggest.cards))
    covering = [one for one in demo.viewer.layers if " · " in one.name and one.visible]
    for made in covering:
        made.visible = False
    demo.shoot("areas_suggested")
    demo.viewer.dims.set_current_step(0, SECTION)
    pick = dock.session.canvas.picker.pick
    for places, held in ((LIKE, "Shift"), (UNLIKE, "Control")):
        for place in places:
            pick(layer.data_to_world((SECTION, *place)), (held,))
    demo.wait(until=lambda: bool(dock.looking.areas) and not dock.looking.lane.waits)
    dock.hands.show_area(dock.looking.areas[0])
    demo.shoot("areas")
    dock.write(str(demo.out / "areas.geojson"), False)
    demo.wait(until=lambda: (demo.out / "areas.geojson").exists())
    dock.looking.clear()
    for made in covering:
        made.visible = True
