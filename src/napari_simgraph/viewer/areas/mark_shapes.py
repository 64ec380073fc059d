"""Marks of a file as a Shapes layer over each image, in the colours of their classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Layer, Shapes
from numpy.typing import NDArray

from napari_simgraph.core.classes import default_colors
from napari_simgraph.core.marks import Mark, Marks
from napari_simgraph.viewer.ground import Ground
from napari_simgraph.viewer.looks import layer_name
from napari_simgraph.viewer.records import identify
from napari_simgraph.viewer.stacking import about, put_in, take_out
from napari_simgraph.viewer.state import place_of

THING = "marks"
NORMAL_COLOR = "#56B4E9"
_ROLES = {"normal": NORMAL_COLOR, "query+": "#56B4E9", "query-": "#FFFFFF", "exclude": "#888888"}
_DOT = 4.0  # px: radius of a point, seen at the zoom of single patches
_WIDTH = 2.0
_CORNERS = np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]])


class MarkShapes:
    """Draws marks; locked, since the file is what says them."""

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer

    @property
    def layers(self) -> list[Layer]:
        """Our layers, as far as they are in the viewer."""
        return [one for one in self._viewer.layers if about(one).get("thing") == THING]

    def show(self, ground: Ground | None, marks: Marks | None) -> None:
        """Draw these on the images that are open; nothing where there are none."""
        self.hide()
        if ground is None or marks is None:
            return
        names = list(dict.fromkeys(one.name for one in marks if one.role == "class"))
        colors = _ROLES | dict(zip(names, default_colors(names), strict=True))
        of: dict[int, list[Mark]] = {}
        for one in marks:
            number = ground.grid.find_source(one.image) if one.image else 0
            of.setdefault(0 if ground.sheet is not None else number, []).append(one)
        for number, some in of.items():
            source = ground.layer(number)
            if source is not None:
                self._put(ground, source, some, colors)

    def hide(self) -> None:
        """Take our layers out."""
        take_out(self._viewer.layers, self.layers)

    def _put(
        self, ground: Ground, source: Layer, marks: list[Mark], colors: dict[str, str]
    ) -> None:
        layer = Shapes(
            ndim=source.ndim,
            name=layer_name(source.name, THING),
            face_color="transparent",
            metadata={
                "simgraph": {"thing": THING, "fleeting": True, "image": identify(source, "i")}
            },
            **place_of(source),
        )
        drawn = [(one, kind, places) for one in marks for kind, places in _shapes(ground, one)]
        layer.add(
            [places[:, -source.ndim :] for *_, places in drawn],
            shape_type=[kind for _, kind, _ in drawn],
            edge_color=[colors[_means(one)] for one, *_ in drawn],
            edge_width=_WIDTH,
        )
        layer.features = {"class": [_means(one) for one, *_ in drawn]}
        put_in(self._viewer.layers, layer, source)
        layer.editable = False


def _means(one: Mark) -> str:
    return one.name if one.role == "class" else one.role


def _shapes(ground: Ground, one: Mark) -> list[tuple[str, NDArray[np.float64]]]:
    """Kinds and places of napari's shapes, in pixels of the layer with their section before."""
    number = ground.grid.find_source(one.image) if one.image else 0
    start = np.zeros(2) if ground.sheet is None else np.array(ground.sheet.place(number, 0, 0))
    if one.kind == "point":
        found = [("ellipse", place + _DOT * _CORNERS) for place in one.parts[0]]
    elif one.kind == "stroke":
        found = [("path", one.parts[0])]
    else:
        found = [("polygon", part) for part in one.parts]
    return [(kind, np.column_stack([np.full(len(p), one.z), p + start])) for kind, p in found]
