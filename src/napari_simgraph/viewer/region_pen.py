"""Regions that a person draws over images: a Shapes layer for each kind, read as marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from napari.layers import Layer
from napari.layers import Shapes as ShapesLayer
from numpy.typing import NDArray
from qtpy.QtCore import QObject, Signal

from napari_simgraph.core.marks import Mark, Role
from napari_simgraph.viewer.banner import Banner
from napari_simgraph.viewer.looks import layer_name
from napari_simgraph.viewer.records import identify
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.state import place_of

_CLOSED = ("polygon", "rectangle", "ellipse")
_DRAWS = "add_polygon"
_BANNER = "{}: click corners, double-click ends · Z leaves"


class RegionPen(QObject):
    """Lets regions be drawn and reads them; `changed` says that some came, went or were moved.

    Parameters
    ----------
    viewer
        Where it draws.
    colors
        Of the edges, by the kind of region.
    """

    changed = Signal()

    def __init__(self, viewer: Any, colors: Mapping[str, str]) -> None:
        super().__init__()
        self._viewer, self._colors = viewer, colors
        self._banner = Banner(viewer)
        viewer.layers.selection.events.active.connect(self._activated)
        viewer.layers.events.removed.connect(self._removed)

    def layer(self, image: Layer | None, kind: str) -> ShapesLayer | None:
        """The layer of regions of a kind over an image, None where none was drawn."""
        if image is None:
            return None
        key = f"{about(image).get('id', '')} {kind}"
        layers = self._viewer.layers
        return next((one for one in layers if about(one).get("regions") == key), None)

    def begin(self, image: Layer, kind: str) -> None:
        """Let a region of a kind be drawn next."""
        layer = self.layer(image, kind) or self._made(image, kind)
        self._viewer.layers.selection.active = layer
        layer.mode = _DRAWS
        self._banner.show(_BANNER.format(kind.capitalize()))

    def put(self, image: Layer, kind: str, outlines: Sequence[NDArray[np.float64]]) -> None:
        """Draw regions of before, in pixels of an image with their section first."""
        active = self._viewer.layers.selection.active
        layer = self.layer(image, kind) or self._made(image, kind)
        layer.add_polygons([one[:, -image.ndim :] for one in outlines])
        self._viewer.layers.selection.active = active

    def marks(self, image: Layer | None, kind: str, role: Role, name: str = "") -> list[Mark]:
        """What is drawn of a kind, in pixels of an image."""
        layer, found = self.layer(image, kind), []
        if layer is None or image is None:
            return []
        for shape, corners in zip(layer.shape_type, layer.data, strict=True):
            if shape not in _CLOSED:
                continue
            world = [layer.data_to_world(corner) for corner in np.asarray(corners, float)]
            places = [image.world_to_data(np.asarray(one)[-image.ndim :]) for one in world]
            z = round(float(np.mean(places, 0)[0])) if image.ndim > 2 else 0
            outline = np.asarray(places, float)[:, -2:]
            found.append(Mark("polygon", (outline,), z, role=role, name=name))
        return found

    def close(self) -> None:
        """Stop following the viewer."""
        self._banner.hide()
        self._viewer.layers.selection.events.active.disconnect(self._activated)
        self._viewer.layers.events.removed.disconnect(self._removed)

    def _made(self, image: Layer, kind: str) -> ShapesLayer:
        identity = identify(image, "i")
        layer = ShapesLayer(
            ndim=image.ndim,
            name=layer_name(image.name, kind),
            edge_color=self._colors[kind],
            face_color="transparent",
            edge_width=2,
            metadata={"simgraph": {"regions": f"{identity} {kind}", "thing": "regions"}},
            **place_of(image),
        )
        self._viewer.add_layer(layer)
        layer.events.data.connect(self._drawn)
        layer.events.mode.connect(self._left)
        return layer

    def _drawn(self, event: Any) -> None:
        self.changed.emit()

    def _left(self, event: Any) -> None:
        if str(event.source.mode) != _DRAWS:
            self._banner.hide()

    def _activated(self, event: Any) -> None:
        """Another layer is in hand: nothing is drawn any more."""
        for layer in self._viewer.layers:
            if layer != event.value and self._is_ours(layer) and str(layer.mode) == _DRAWS:
                layer.mode = "pan_zoom"

    def _removed(self, event: Any) -> None:
        if self._is_ours(event.value):
            self._banner.hide()
            self.changed.emit()

    def _is_ours(self, layer: Layer) -> bool:
        return str(about(layer).get("regions", "")).partition(" ")[2] in self._colors
