"""Pictures of the tab Correct for its tutorial, and for looking it over.

``python docs/correct_screenshots.py [--review] [--out DIR]`` under a display of 1280 x 800 or more,
such as ``xvfb-run -s "-screen 0 1280x800x24"``. All are of the drawn sample larva, with objects
made from its true classes in which walls are faint here and there; with ``--review`` every state in
both themes, at 300 px and with large letters.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage
from shooting import folded, main, sizes, themes

from napari_simgraph.analysis.instances import Instances
from napari_simgraph.analysis.parting import Parting
from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.raster import Image, Labels
from napari_simgraph.viewer.driving import Driver

CORRECT = 1
CLASSES = ("membrane", "cytoplasm", "mitochondrion", "synapse")
BLUR, FAINT, CUT = 1.2, 0.2, 0.35  # px; walls at their faintest; how sure they have to be


def opened(window: Driver) -> Any:
    """The page with objects that have mistakes."""
    dock = window.open("Segment")
    window.sample("larva")
    window.viewer.layers["larva · strokes"].visible = False
    layer = window.viewer.layers["larva"]
    image = dock.session.image(layer)
    sure = probabilities(np.asarray(window.viewer.layers["larva · truth"].data))
    classes = ClassTable.of(CLASSES)
    numbers = np.zeros(image.shape, np.uint32)
    maker = Instances(
        numbers, image.plane, Parting(classes, boundary=1, threshold=CUT, smallest=30), True
    )
    for z in range(image.sections):
        for step in maker.steps(z, lambda rows, columns, z=z: sure[z, rows, columns]):
            step()
    space = {"spacing": image.spacing, "unit": image.unit}
    made = {"capability": "segmentation", "command": "", "figures": {}}
    chances = Image(sure, "ZYXC", classes=classes, **space)
    dock.session.add_result(chances, layer, "sure", made)
    for one in dock.session.result_layers(layer, "sure"):
        one.visible = False
    objects = Labels(numbers, meaning="objects", classes=classes, **space)
    objects = objects.replace(object_classes=maker.kinds)
    dock.session.add_result(objects, layer, "objects", made)
    dock.tabs.setCurrentIndex(CORRECT)
    window.wait(1.0)
    return dock


def probabilities(truth: Any) -> Any:
    """What a fair model might say: true classes, blurred, with walls that fade in places."""
    rng = np.random.default_rng(3)
    fading = ndimage.gaussian_filter(rng.normal(size=truth.shape), (1, 14, 14))
    fading = (fading - fading.min()) / np.ptp(fading)
    wall = (truth == 1) * (FAINT + (1 - FAINT) * np.clip(3 * fading - 0.4, 0, 1))
    rest = [(truth == n).astype(float) for n in range(2, len(CLASSES) + 1)]
    sure = np.stack([wall, *rest], -1)
    sure = ndimage.gaussian_filter(sure, (0, BLUR / 2, BLUR / 2, 0)) + 0.01
    return (sure / np.maximum(sure.sum(-1, keepdims=True), 1.0)).astype(np.float32)


def searched(window: Driver, dock: Any) -> None:
    """Find places and go to the first that looks merged."""
    dock.correct.places.find.click()
    window.wait(until=lambda: dock.correct.finding.task is None)
    page = dock.correct
    while page.places.current is None or page.places.current.kind != "looks merged":
        page.places.go_next()
        window.wait(0.2)


def split(window: Driver, dock: Any, shoot: str = "") -> None:
    """Draw a line across what looks merged, and cut."""
    hand, spot = dock.correct.hand, dock.correct.places.current
    dock.correct.tools.buttons["split"].click()
    mask = np.asarray(hand.layer.data[spot.z] == spot.objects[0])
    y, x = spot.y, spot.x
    best = min(
        np.linspace(0, np.pi, 12, endpoint=False), key=lambda turn: crossing(mask, y, x, turn)
    )
    reach = crossing(mask, y, x, best) / 2 + 6
    ends = [(y + s * reach * np.sin(best), x + s * reach * np.cos(best)) for s in (-1, 1)]
    hand.modes.draw(list(np.linspace(*ends, 20)))
    window.wait(0.3)
    if shoot:
        window.shoot(shoot)
    hand.modes.enter()
    window.wait(0.5)


def crossing(mask: Any, y: float, x: float, turn: float) -> float:
    """How long a line through a place is inside a mask."""
    t = np.arange(-200, 201)
    rows, columns = np.round(y + t * np.sin(turn)), np.round(x + t * np.cos(turn))
    rows = np.clip(rows, 0, mask.shape[0] - 1).astype(int)
    columns = np.clip(columns, 0, mask.shape[1] - 1).astype(int)
    inside = mask[rows, columns]
    middle = 200
    low = middle - np.argmin(inside[middle::-1])
    high = middle + np.argmin(inside[middle:])
    return float(high - low)


def tutorial(window: Driver) -> None:
    """The pictures of the tutorial."""
    dock = opened(window)
    searched(window, dock)
    split(window, dock, "correct_split")
    window.shoot("correct_done")
    dock.correct.places.right.click()
    window.viewer.theme = "light"
    window.wait(0.5)
    window.shoot("correct_places_light")


def review(window: Driver) -> None:
    """Every state."""
    dock = window.open("Segment")
    dock.tabs.setCurrentIndex(CORRECT)
    themes(window, "correct_empty")
    dock = opened(window)
    themes(window, "correct_ready")
    searched(window, dock)
    themes(window, "correct_place")
    dock.correct.tools.buttons["merge"].click()
    themes(window, "correct_merge")
    dock.correct.hand.modes.leave()
    split(window, dock, "correct_split")
    themes(window, "correct_done")
    dock.correct.tools.undo.click()
    window.wait(1.0)
    themes(window, "correct_undone")
    dock.correct.tools.redo.click()
    dock.correct.since.show_button.click()
    themes(window, "correct_changes")
    folded(window, dock, "correct")
    sizes(window, dock, "correct")


if __name__ == "__main__":
    main(__doc__, tutorial, review)
