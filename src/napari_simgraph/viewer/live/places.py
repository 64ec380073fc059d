"""Where to look next: the least sure places, one after the other, ringed on the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Points as PointsLayer
from qtpy.QtCore import QObject, Signal

from napari_simgraph.core.live import Place, Seek
from napari_simgraph.viewer.live.view import go_to
from napari_simgraph.viewer.looks import layer_name
from napari_simgraph.viewer.views.strokes import PLACE

if TYPE_CHECKING:
    from napari_simgraph.viewer.live.teaching import Teaching

_RING = 40  # px across, of the image: what one stroke mends lies in it


class Places(QObject):
    """Goes to the least sure place that was not seen yet, and back.

    `changed` says that there is another place, or none left.
    """

    changed = Signal()

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = viewer
        self._teaching: Teaching | None = None
        self._seen: list[tuple[int, int, int]] = []
        self._at = -1
        self._ring: PointsLayer | None = None
        self._none_left = self._asked = False

    @property
    def said(self) -> str:
        """How many places were seen."""
        if self._none_left:
            return "none left"
        return f"{len(self._seen)} seen" if self._seen else ""

    def follow(self, teaching: Teaching | None) -> None:
        """Look for places in the answers of this session."""
        self._take_ring_away()
        self._teaching, self._seen, self._at = teaching, [], -1
        self._none_left = self._asked = False
        if teaching is not None:
            teaching.lane.placed.connect(self._placed)

    def forward(self) -> None:
        """Go to the next place: one that was left before, else the least sure one."""
        if self._at + 1 < len(self._seen):
            self._go(self._at + 1)
        elif self._teaching is not None and not self._asked:
            self._asked = True
            self._teaching.lane.send(Seek(tuple(self._seen)))

    def back(self) -> None:
        """Go to the place before."""
        if self._at > 0:
            self._go(self._at - 1)

    def _placed(self, place: Place) -> None:
        self._asked, self._none_left = False, place.unsure < 0
        if not self._none_left:
            self._seen.append((place.z, place.y, place.x))
            self._go(len(self._seen) - 1)
        elif self._teaching is not None:
            self._teaching.say_place(None)
        self.changed.emit()

    def _go(self, number: int) -> None:
        teaching = self._teaching
        if teaching is None:
            return
        self._at = number
        place = self._seen[number]
        go_to(self._viewer, teaching.image, place)
        self._draw(place)
        teaching.say_place(place)
        self.changed.emit()

    def _draw(self, place: tuple[int, int, int]) -> None:
        assert self._teaching is not None
        image = self._teaching.image
        where = np.asarray([place[-image.ndim :]], float)
        if self._ring is not None and self._ring in self._viewer.layers:
            self._ring.data = where
            return
        placed = {name: getattr(image, name) for name in PLACE}
        ring = PointsLayer(
            where,
            name=layer_name(image.name, "place"),
            symbol="disc",
            size=_RING,
            face_color="transparent",
            border_color="white",
            border_width=0.06,
            metadata={"simgraph": {"thing": "place"}},
            **placed,
        )
        ring.editable = False
        active = self._viewer.layers.selection.active
        self._viewer.layers.append(ring)
        self._viewer.layers.selection.active = active
        self._ring = ring

    def _take_ring_away(self) -> None:
        if self._ring is not None and self._ring in self._viewer.layers:
            self._viewer.layers.remove(self._ring)
        self._ring = None
