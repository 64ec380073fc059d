"""Marks of clicks over each image: "+" on what is interesting, "x" on what is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from napari.layers import Layer, Points
from numpy.typing import NDArray

from napari_simgraph.core.patches import Rows
from napari_simgraph.viewer.ground import Ground
from napari_simgraph.viewer.looks import layer_name
from napari_simgraph.viewer.records import identify
from napari_simgraph.viewer.stacking import about, take_out
from napari_simgraph.viewer.state import place_of

_LIKE, _UNLIKE = ("cross", "#56B4E9"), ("x", "#FFFFFF")  # shape and colour, edged black
_SIZE, _EDGE = 0.35, 0.12  # of a patch; of a mark
THING = "clicks"


class ClickMarks:
    """Draws clicks; its layers are made anew with each, since they are few."""

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer

    @property
    def layers(self) -> list[Layer]:
        """Our layers, as far as they are in the viewer."""
        return [one for one in self._viewer.layers if about(one).get("thing") == THING]

    def show(self, ground: Ground, clicks: Mapping[int, bool]) -> None:
        """Mark the patches that were judged."""
        rows = np.array(list(clicks), np.intp)
        like = np.array(list(clicks.values()), np.bool_)
        kept = []
        for number, source in enumerate(ground.layers):
            if source is None or not len(rows):
                continue
            here = np.ones(len(rows), np.bool_)
            if ground.sheet is None:
                here = ground.grid.image[rows] == number
            if here.any():
                kept.append(self._put(ground, source, rows[here], like[here]))
        take_out(self._viewer.layers, [layer for layer in self.layers if layer not in kept])

    def hide(self) -> None:
        """Take our layers out."""
        take_out(self._viewer.layers, self.layers)

    def _put(self, ground: Ground, source: Layer, rows: Rows, like: NDArray[np.bool_]) -> Layer:
        image = identify(source, "i")
        mine = [one for one in self.layers if about(one).get("image") == image]
        layers = self._viewer.layers
        active, visible = layers.selection.active, not mine or mine[0].visible
        take_out(self._viewer.layers, mine)
        looks = [_LIKE if one else _UNLIKE for one in like.tolist()]
        layer = Points(
            ground.centres(rows)[:, -source.ndim :],
            ndim=source.ndim,
            name=layer_name(source.name, THING),
            symbol=[symbol for symbol, _ in looks],
            face_color=[color for _, color in looks],
            border_color="black",
            border_width=_EDGE,
            size=np.maximum(_SIZE * ground.sides(rows), 1),
            features={"interesting": like},
            metadata={"simgraph": {"thing": THING, "fleeting": True, "image": image}},
            visible=visible,
            **place_of(source),
        )
        layers.append(layer)
        layer.locked = True
        layers.selection.active = active
        return layer
