"""The part of ``make demo`` that counts and measures what was segmented."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_simgraph.viewer.demo import Demo

CLASS = "mitochondrion"


def measure_objects(demo: Demo) -> None:
    """Measure the segmented classes, go to the largest mitochondrion, write the table."""
    dock = demo.open("Objects")
    (layer, *_) = dock.session.result_layers(demo.viewer.layers["larva"], "classes")
    dock.input.menu.choose(layer)
    demo.wait(0.5)
    dock.footer.main.click()
    demo.wait(until=lambda: dock.task is None)
    dock.panel.kind.setCurrentText(CLASS)
    if dock.panel.model.rowCount():
        dock.panel.rows.selectRow(0)
    demo.shoot("objects")
    dock.save(str(demo.out / "objects.csv"))
