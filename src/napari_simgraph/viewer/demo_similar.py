"""The part of ``make demo`` that learns without labels what is alike, and clicks a place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_simgraph.viewer.demo import Demo

STEPS, PATCH, BATCH = 60, 32, 64  # a quarter of a minute: enough to tell membranes from the rest
AT = (8, 240, 48)  # section and pixel: a mitochondrion


def find_similar(demo: Demo) -> None:
    """Learn what is similar in the larva, click a place, write what is like it."""
    from napari_simgraph.viewer.views.bottom import shown_page
    from napari_simgraph.viewer.views.similar_job import Settings

    dock = demo.open("Similar")
    layer = demo.viewer.layers["larva"]
    dock.input.image.menu.choose(layer)
    quick: dict[str, Any] = {"width": 8, "depth": 3, "dimensions": 32, "stride": PATCH}
    dock.input.form.set_value(Settings(minutes=0, steps=STEPS, patch=PATCH, batch=BATCH, **quick))
    demo.press(dock)
    demo.wait(until=lambda: dock.task is None)
    covering = [one for one in demo.viewer.layers if " · " in one.name and one.visible]
    for made in covering:
        made.visible = made in dock.session.canvas.overlay.layers  # one sees what is clicked
    demo.viewer.dims.set_current_step(0, AT[0])
    dock.session.canvas.picker.pick(layer.data_to_world(AT))
    page = shown_page(demo.viewer, "Thumbnails")
    assert page is not None  # a click shows it
    chosen = dock.session.selection
    demo.wait(until=lambda: all(page.thumbs.picture(h.table, h.row) for h in chosen.hits))
    demo.shoot("similar")
    page.save(str(demo.out / "similar"))
    chosen.clear()
    for made in covering:
        made.visible = True
