"""The part of ``make demo`` that learns what is normal, and finds what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from napari_simgraph.viewer.demo import Demo

STEPS = 30  # a few seconds: enough to see a map
QUICK: dict[str, Any] = {"width": 16, "patch": 64, "batch": 4, "tile": 8}


def find_anomalies(demo: Demo) -> None:
    """Learn what is normal in the larva, look for what is not in three sections with dirt."""
    from napari_simgraph.capabilities.anomaly import Train

    larva = demo.viewer.layers["larva"]
    place = {"scale": larva.scale, "units": larva.units, "axis_labels": larva.axis_labels}
    some = np.array(larva.data[6:9])
    some[1, 60:72, 100:118] = some.min()  # dirt
    layer = demo.viewer.add_image(some, name="dirty", **place)
    dock = demo.open("Anomalies")
    dock.input.form.set_value(Train(minutes=0, steps=STEPS, **QUICK))
    for of in (larva, layer):  # learned from the first, looked for in the second
        dock.input.image.menu.choose(of)
        demo.press(dock)
        demo.wait(until=lambda: dock.task is None)
    demo.wait(until=lambda: dock.found.count.text())
    dock.found.walk()
    demo.shoot("anomalies")
    dock.save(str(demo.out / "anomaly_scores.csv"))
    for made in [one for one in demo.viewer.layers if one.name.startswith("dirty")]:
        made.locked = False
        demo.viewer.layers.remove(made)
