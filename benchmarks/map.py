"""The map with 100 000 patches: what pan, lasso, recolour and choosing cost, a frame each.

    xvfb-run -a -s "-screen 0 1280x800x24" python benchmarks/map.py --patches 100000

Prints one JSON object; milliseconds of wall time, median and 95th percentile over ``--rounds``.
The map is the size that it has in the bottom dock of a window of 1280 x 800. The redraw of the
widget by Qt is counted; that of the canvas, which shows the chosen patches, is not.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np
from qtpy.QtCore import QPointF
from qtpy.QtGui import QPolygonF
from qtpy.QtWidgets import QApplication

from napari_simgraph.viewer.map_picture import Shades
from napari_simgraph.viewer.theme import Colors
from napari_simgraph.viewer.views.map_view import MapView

LOOK = Colors(True, "#f0f1f2", "#262930", "#414851", "#5a626c", "#6a7380", "#3d5ac4")
SIZE = (655, 139)
GROUPS = 11


def islands(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Places on a map in groups, as a UMAP has them, and the group of each."""
    rng = np.random.default_rng(seed)
    middles = rng.normal(0, 6, (GROUPS, 2))
    group = rng.integers(0, GROUPS, count)
    places = middles[group] + rng.normal(0, 1, (count, 2))
    return places.astype(np.float32), group


def timed(act, rounds: int) -> dict[str, float]:
    """Milliseconds of an act with the redraw that follows it."""
    took = []
    for number in range(rounds):
        begun = time.perf_counter()
        act(number)
        QApplication.processEvents()
        took.append(1000 * (time.perf_counter() - begun))
    low, high = np.percentile(took, (50, 95))
    return {"median_ms": round(float(low), 1), "p95_ms": round(float(high), 1)}


def lasso(view: MapView) -> np.ndarray:
    """The patches in an ellipse of 200 corners around the middle."""
    turn = np.linspace(0, 2 * np.pi, 200)
    wide, high = view.width() / 2, view.height() / 2
    corners = [QPointF(wide + wide * 0.6 * np.cos(t), high + high * 0.6 * np.sin(t)) for t in turn]
    return view.within(QPolygonF(corners))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patches", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=40)
    asked = parser.parse_args()
    app = QApplication.instance() or QApplication([])
    view = MapView()
    view.resize(*SIZE)
    view.renew_colors(LOOK)
    view.show()
    places, group = islands(asked.patches)
    palette = np.random.default_rng(1).integers(0, 255, (GROUPS, 3)).astype(np.uint8)
    view.show_places(places)
    view.show_colors(Shades(group, palette))
    app.processEvents()
    told: dict[str, object] = {"patches": asked.patches, "as_density": view.as_density}
    told["pan"] = timed(lambda n: view.go(view.window.moved(3 * (-1) ** n, 1)), asked.rounds)
    told["recolour"] = timed(
        lambda n: view.show_colors(Shades(group, np.roll(palette, n, 0))), asked.rounds
    )
    told["lasso"] = timed(lambda n: lasso(view), asked.rounds)
    rows = lasso(view)
    strong = np.zeros(len(places), bool)
    strong[rows] = True
    told["lassoed"] = len(rows)
    told["choose"] = timed(lambda n: view.show_chosen(strong if n % 2 else None, {}), asked.rounds)
    middle = QPointF(view.width() / 2, view.height() / 2)
    told["hover"] = timed(lambda n: view.row_at(middle), asked.rounds)
    while view.as_density:
        view.go(view.window.zoomed(1.2, *np.array(SIZE) / 2))
    told["dots"] = view.in_view
    told["pan_dots"] = timed(lambda n: view.go(view.window.moved(3 * (-1) ** n, 1)), asked.rounds)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
