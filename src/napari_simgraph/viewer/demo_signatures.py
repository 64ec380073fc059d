"""The part of ``make demo`` that looks into the network which learned the digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_simgraph.viewer.demo import Demo

GROUPS = "10"  # as many as there are digits; to suggest a number takes longer


def look_inside(demo: Demo) -> None:
    """Record what the network of the digits sees, and click the neuron that tells most."""
    from napari_simgraph.viewer.views.bottom import show_page

    covering = [layer for layer in demo.viewer.layers if layer.visible]
    for layer in covering:
        layer.visible = False
    demo.viewer.open_sample("napari-simgraph", "digits")
    sheet = demo.viewer.layers["digits"]
    demo.viewer.reset_view()
    dock = demo.open("Signatures")
    dock.input.image.menu.choose(sheet)
    dock.input.model.choose(dock.session.models("classification")[0])
    dock.input.groups.setCurrentText(GROUPS)
    demo.wait(until=lambda: dock.input.layers.count())
    demo.press(dock)
    demo.wait(until=lambda: dock.run.task is None)
    page = show_page(demo.viewer, "Browser")
    page.heat.grab()  # neurons are put in order when they are painted
    dock.book.look(neuron=int(page.heat.neurons[0]))
    demo.wait(until=lambda: page.neuron.told is not None)
    demo.wait(1.0)
    demo.shoot("signatures")
    dock.session.selection.clear()
    demo.viewer.layers.remove(sheet)
    for layer in covering:
        layer.visible = layer in demo.viewer.layers
    demo.viewer.reset_view()
