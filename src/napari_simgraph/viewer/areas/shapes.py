"""Outlines of areas as a Shapes layer over each image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.layers import Layer, Shapes
from numpy.typing import NDArray

from napari_simgraph.analysis.areas import Area, as_marks
from napari_simgraph.viewer.ground import Ground
from napari_simgraph.viewer.looks import layer_name
from napari_simgraph.viewer.records import identify
from napari_simgraph.viewer.stacking import about, put_in, take_out
from napari_simgraph.viewer.state import place_of

MOST = 500  # outlines: napari draws and recolours so many fluently
ON_GREY, ON_COLOUR, TURNED_DOWN = "#FF00FF", "#000000", "#8A8F98"
_WIDTH, _CHOSEN = 0.004, 2.0  # of the image's longer side; how much thicker the chosen one is


class AreaShapes:
    """Draws areas; locked, since they are made anew with each answer."""

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer

    @property
    def layers(self) -> list[Layer]:
        """Our layers, as far as they are in the viewer."""
        return [one for one in self._viewer.layers if about(one).get("thing") == "areas"]

    def show(self, ground: Ground, areas: Sequence[Area], down: int) -> None:
        """Outline areas by rank; the last `down` of them were turned down and are grey."""
        kept = []
        for source, number in _sources(ground):
            rings: list[NDArray[np.float64]] = []
            of: list[Area] = []
            for area in areas:
                image = int(ground.grid.image[area.rows[0]])
                if number in (None, image) and len(rings) < MOST:
                    rings += (found := _rings(ground, area, image, source.ndim))
                    of += [area] * len(found)
            layer = self._layer(source)
            kept.append(layer)
            _draw(layer, rings, of, _colors(source, of, areas[len(areas) - down :]))
        take_out(self._viewer.layers, [one for one in self.layers if one not in kept])

    def choose(self, number: int) -> None:
        """Draw one area thicker, 0 for none."""
        for layer in self.layers:
            if len(layer.data):
                thick = np.asarray(layer.features["area"]) == number
                width = float(layer.metadata["simgraph"]["width"])
                layer.edge_width = np.where(thick, _CHOSEN * width, width).tolist()
                layer.refresh()  # napari draws other widths only with the next section

    def hide(self) -> None:
        """Take our layers out."""
        take_out(self._viewer.layers, self.layers)

    def _layer(self, source: Layer) -> Layer:
        image = identify(source, "i")
        mine = [one for one in self.layers if about(one).get("image") == image]
        if mine:
            return mine[0]
        told = {"thing": "areas", "fleeting": True, "image": image, "width": _width(source)}
        layer = Shapes(
            ndim=source.ndim,
            name=layer_name(source.name, "areas"),
            face_color="transparent",
            metadata={"simgraph": told},
            **place_of(source),
        )
        put_in(self._viewer.layers, layer, source)
        layer.editable = False
        return layer


def _sources(ground: Ground) -> list[tuple[Layer, int | None]]:
    if ground.sheet is not None:
        return [(layer, None) for layer in ground.open]
    return [(layer, n) for n, layer in enumerate(ground.layers) if layer is not None]


def _rings(ground: Ground, area: Area, image: int, ndim: int) -> list[NDArray[np.float64]]:
    """Outlines and holes in pixels of the layer, with their section before."""
    found = []
    start = np.zeros(2) if ground.sheet is None else np.array(ground.sheet.place(image, 0, 0))
    for mark in as_marks([area], ground.grid, ""):
        for part in mark.parts:
            place = np.column_stack([np.full(len(part), mark.z), part + start])
            found.append(place[:, -ndim:])
    return found


def _draw(
    layer: Layer, rings: list[NDArray[np.float64]], areas: list[Area], colors: list[str]
) -> None:
    if len(layer.data):
        layer.remove(list(range(len(layer.data))))
    if rings:
        width = float(layer.metadata["simgraph"]["width"])
        layer.add_polygons(rings, edge_width=width, edge_color=colors, face_color="transparent")
    layer.features = {
        "area": np.array([one.number for one in areas], np.int64),
        "score": np.array([one.mean for one in areas], np.float64),
    }


def _colors(source: Layer, areas: list[Area], down: Sequence[Area]) -> list[str]:
    """Those that were turned down are grey."""
    plain = ON_COLOUR if getattr(source, "rgb", False) else ON_GREY
    grey = {one.number for one in down}
    return [TURNED_DOWN if one.number in grey else plain for one in areas]


def _width(source: Layer) -> float:
    data = source.data[0] if getattr(source, "multiscale", False) else source.data
    return float(max(1.0, _WIDTH * max(data.shape[: source.ndim][-2:])))
