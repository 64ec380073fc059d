"""The part of ``make demo`` that learns classes of digits, looks at hard cases, draws some."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_simgraph.viewer.demo_drawing import draw_digits

if TYPE_CHECKING:
    from napari_simgraph.viewer.demo import Demo

STEPS, WIDTH, DEPTH = 40, 8, 3  # a few seconds: nine of ten digits are told apart


def learn_classes(demo: Demo) -> None:
    """Learn the classes of the contact sheet of digits; the larva is hidden meanwhile."""
    covering = [layer for layer in demo.viewer.layers if layer.visible]
    for layer in covering:
        layer.visible = False
    demo.viewer.open_sample("napari-simgraph", "digits")
    sheet = demo.viewer.layers["digits"]
    demo.viewer.reset_view()
    dock = demo.open("Classes")
    chosen = dock.session.selection
    before = chosen.table, chosen.key
    dock.input.folder.setChecked(True)
    form = dock.learn.form
    form.set_value(replace(form.value(), minutes=0, steps=STEPS, width=WIDTH, depth=DEPTH))
    demo.press(dock)
    demo.wait(until=lambda: dock.task is None)
    dock.tabs.setCurrentIndex(1)
    dock.label.show_hard()
    demo.wait(2.0)
    demo.shoot("classes")
    draw_digits(demo, dock)
    demo.viewer.layers.remove(sheet)
    chosen.show_table(*before)  # the points of the digits go with their table
    for layer in covering:
        layer.visible = layer in demo.viewer.layers
    demo.viewer.reset_view()
