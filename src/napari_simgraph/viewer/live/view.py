"""What of an image is on screen, and going to a place of it."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from napari.layers import Layer
from qtpy.QtCore import QObject, QTimer, Signal

from napari_simgraph.core.live import Field
from napari_simgraph.viewer.views.strokes import shape_of

_STILL_MS = 120  # while one pans or turns sections, no answer is asked for
_RIM = 0.1  # of the view: what lies in it can't be judged without what is around it
_CAMERA = ("center", "zoom", "angles")
_DIMS = ("point", "ndisplay", "order")


class FieldWatch(QObject):
    """Says which part of an image is on screen, once the view has come to rest.

    `moved` brings a Field whenever it differs from the one before.
    """

    moved = Signal(object)

    def __init__(self, viewer: Any, image: Layer) -> None:
        super().__init__()
        self._viewer, self._image = viewer, image
        self.field: Field | None = None
        self._still = QTimer(self)
        self._still.setSingleShot(True)
        self._still.setInterval(_STILL_MS)
        self._still.timeout.connect(self.look)
        for event in self._events():
            event.connect(self._start)

    def close(self) -> None:
        """Stop following the viewer."""
        self._still.stop()
        for event in self._events():
            event.disconnect(self._start)

    def look(self) -> None:
        """Say what is on screen now, if that is new."""
        field = field_of(self._viewer, self._image)
        if field is not None and field != self.field:
            self.field = field
            self.moved.emit(field)

    def _start(self, event: Any = None) -> None:
        self._still.start()

    def _events(self) -> list[Any]:
        camera, dims = self._viewer.scene.camera.events, self._viewer.dims.events
        seen = [getattr(camera, name) for name in _CAMERA]
        seen += [getattr(dims, name) for name in _DIMS]
        return [*seen, self._viewer.canvas.events.size]


def field_of(viewer: Any, image: Layer) -> Field | None:
    """The part of an image that is on screen; None in 3-D, turned to the side, or outside."""
    dims = viewer.dims
    if dims.ndisplay != 2 or tuple(dims.displayed) != (dims.ndim - 2, dims.ndim - 1):
        return None
    middle = np.asarray(viewer.scene.camera.center)[-2:]
    half = np.asarray(viewer.canvas.size) / max(1e-9, viewer.scene.camera.zoom) / 2
    corners = []
    for signs in product((-1, 1), repeat=2):
        world = np.asarray(dims.point, float)
        world[-2:] = middle + half * signs
        corners.append(image.world_to_data(world[-image.ndim :]))
    low, high = np.floor(np.min(corners, 0)), np.ceil(np.max(corners, 0))
    z = round(float(corners[0][0])) if image.ndim == 3 else 0
    shape = shape_of(image)
    top, left = (int(max(0, edge)) for edge in low[-2:])
    bottom, right = (int(min(n, edge + 1)) for edge, n in zip(high[-2:], shape[-2:], strict=True))
    inside = top < bottom and left < right and (image.ndim == 2 or 0 <= z < shape[0])
    return Field(z, top, left, bottom, right) if inside else None


def go_to(viewer: Any, image: Layer, place: tuple[int, int, int]) -> None:
    """Turn to the section of a place ``(z, y, x)`` in image pixels, and bring it into view."""
    seen = field_of(viewer, image)
    world = image.data_to_world(place[-image.ndim :])
    viewer.dims.point = (*viewer.dims.point[: -len(world)], *world)
    if seen is None or not _well_inside(seen, place, shape_of(image)[-2:]):
        viewer.scene.camera.center = (0.0, *world[-2:])


def _well_inside(field: Field, place: tuple[int, int, int], plane: tuple[int, ...]) -> bool:
    """Whether a place is in view with what is around it, as far as the image goes."""
    edges = ((field.top, field.bottom), (field.left, field.right))
    for (low, high), at, size in zip(edges, place[1:], plane, strict=True):
        rim = _RIM * (high - low)
        if not low + rim * (low > 0) <= at <= high - rim * (high < size):
            return False
    return True
