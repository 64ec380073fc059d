"""Regions that are painted completely: drawn as shapes, told as truth."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Layer
from napari.layers import Shapes as ShapesLayer
from qtpy.QtCore import QObject, QTimer, Signal

from napari_simgraph.core.live import Region
from napari_simgraph.viewer.banner import Banner
from napari_simgraph.viewer.live.outlines import outline, region_of, same
from napari_simgraph.viewer.looks import layer_name
from napari_simgraph.viewer.records import identify
from napari_simgraph.viewer.stacking import about, insert_index
from napari_simgraph.viewer.views.strokes import PLACE, shape_of

if TYPE_CHECKING:
    from napari_simgraph.viewer.live.teaching import Teaching
    from napari_simgraph.viewer.views.painting import Painting

_EDGE = "#56B4E9"
_DRAG_MODES = ("add_rectangle", "add_ellipse", "add_line", "select", "direct", "pan_zoom")
_SOON_MS = 50  # several events of napari's tell of one shape
_BANNER = "Region: drag a rectangle; unpainted is {} · Esc leaves"


class Regions(QObject):
    """The Shapes layer of an image's complete regions, and the mode in which one is drawn.

    `drawing` says whether that mode lasts.
    """

    drawing = Signal(bool)

    def __init__(self, viewer: Any, painting: Painting) -> None:
        super().__init__()
        self._viewer, self._painting = viewer, painting
        self._banner = Banner(viewer)
        self._teaching: Teaching | None = None
        self._layer: ShapesLayer | None = None
        self._known: list[Region] = []
        self._count, self._rest, self._draws = 0, 0, False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON_MS)
        self._soon.timeout.connect(self._compare)

    def follow(self, teaching: Teaching | None) -> None:
        """Tell this session of regions from now on; those of before are drawn again."""
        self.leave()
        if self._layer is not None:
            self._layer.events.data.disconnect(self._changed)
        self._teaching, self._layer, self._known = teaching, None, []
        if teaching is None:
            return
        for event in teaching.told.history.events:
            if isinstance(event, Region):
                self._known = [one for one in self._known if not same(one, event)]
                self._known += [event] if event.kind == "complete" else []
        if self._known:
            self._make_layer()

    def begin(self) -> None:
        """Let a region be drawn next; pressed again, leave it."""
        if self._draws or self._teaching is None:
            self.leave()
            return
        layer = self._make_layer()
        self._draws = True
        self._viewer.layers.selection.active = layer
        layer.mode = "add_rectangle"
        classes = self._painting.classes
        self._rest = classes.numbers[classes.value - 1]
        self._banner.show(_BANNER.format(classes.table.names[classes.value - 1]))
        self.drawing.emit(True)

    def leave(self, *_: object) -> None:
        """End the mode, and paint on."""
        if not self._draws:
            self.drawing.emit(False)
            return
        self._draws = False
        self._banner.hide()
        if self._layer is not None:
            self._layer.mode = "pan_zoom"
        if self._painting.layer is not None:
            self._painting.paint(max(1, self._painting.classes.value))
        self.drawing.emit(False)

    def _make_layer(self) -> ShapesLayer:
        if self._layer is not None and self._layer in self._viewer.layers:
            return self._layer
        assert self._teaching is not None
        image = self._teaching.image
        key = identify(image, "i")
        named = [other for other in self._viewer.layers if _is_of(other, key)]
        layer = named[0] if named else self._new_layer(image, key)
        self._layer, self._count = layer, len(layer.data)
        layer.events.data.connect(self._changed)
        layer.bind_key("Escape", self.leave, overwrite=True)
        if named:
            self._soon.start()
        return layer

    def _new_layer(self, image: Layer, key: str) -> ShapesLayer:
        drawn = [outline(region, image.ndim) for region in self._known]
        placed = {name: getattr(image, name) for name in PLACE}
        layer = ShapesLayer(
            [points for points, _ in drawn] or None,
            shape_type=[kind for _, kind in drawn] or "rectangle",
            ndim=image.ndim,
            name=layer_name(image.name, "regions"),
            edge_color=_EDGE,
            edge_width=_width(image),
            face_color="transparent",
            metadata={"simgraph": {"thing": "regions", "image": key}},
            **placed,
        )
        active = self._viewer.layers.selection.active
        self._viewer.layers.insert(insert_index(list(self._viewer.layers), layer, image), layer)
        self._viewer.layers.selection.active = active
        return layer

    def _changed(self, event: Any) -> None:
        if event.action not in ("added", "removed", "changed"):
            return
        count, before = len(event.source.data), self._count
        self._count = count
        if count > before and event.source.mode not in _DRAG_MODES:
            return  # the first corner of a polygon: another event tells of its end
        self._soon.start()

    def _compare(self) -> None:
        layer, teaching = self._layer, self._teaching
        if layer is None or teaching is None:
            return
        shape = shape_of(teaching.image)
        pairs = zip(layer.data, layer.shape_type, strict=True)
        found = [region_of(np.asarray(points), kind, shape) for points, kind in pairs]
        drawn = [region for region in found if region is not None]
        gone = [one for one in self._known if not any(same(one, two) for two in drawn)]
        new = [one for one in drawn if not any(same(one, two) for two in self._known)]
        rest = gone[0].rest if len(gone) == len(new) == 1 else self._rest  # one that was moved
        new = [replace(one, rest=rest) for one in new]
        # What was opened may have lain below one that stays.
        stay = [one for one in self._known if one not in gone]
        again, self._known = stay if gone else [], [*stay, *new]
        teaching.mark([replace(one, kind="open") for one in gone] + again + new)
        if self._draws and new:
            self.leave()


def _is_of(layer: Layer, image: str) -> bool:
    return about(layer).get("thing") == "regions" and about(layer).get("image") == image


def _width(image: Layer) -> float:
    """Two pixels of the screen are no width of a shape: two thousandths of the image are."""
    return max(1.0, 0.002 * max(shape_of(image)[-2:]))
