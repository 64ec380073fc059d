"""The overlay "· chosen": what was asked for and what is like it, drawn over the images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from napari.layers import Layer, Points, Vectors
from numpy.typing import NDArray
from qtpy.QtCore import QTimer

from napari_simgraph.core.patches import Rows
from napari_simgraph.viewer.ground import Ground
from napari_simgraph.viewer.looks import layer_name
from napari_simgraph.viewer.selection import Place, Selection, place_of_row
from napari_simgraph.viewer.sketch import COLORS, Mark, lines_of
from napari_simgraph.viewer.stacking import take_out
from napari_simgraph.viewer.state import place_of

MANY = 2000  # squares; above that they are told apart no more, and a map of cells is drawn
_WIDTH_PX, _SHARE = 1.6, 1 / 40  # of a line: on screen, and of a patch; the larger counts
_LETTERS = 10
_ZOOM_MS = 60  # after the last turn of the wheel lines get their width
_PATIENCE_MS = 150  # a question is drawn with its answer, or by itself if that takes longer
_THUMBNAIL_LINES = 64  # of 1,024: drawing them into the layer list took a third of the time


class Overlay:
    """Draws a selection; its layers are put in with the first choice.

    Parameters
    ----------
    viewer, selection
        Where, and what.
    ground
        Gives the ground of the table in front, None while there is none.
    """

    def __init__(
        self, viewer: Any, selection: Selection, ground: Callable[[], Ground | None]
    ) -> None:
        self._viewer, self._selection, self._ground = viewer, selection, ground
        self.links = True
        self._lines: Vectors | None = None
        self._words: Points | None = None
        self._texts: list[str] = []
        self._timer = _after(_ZOOM_MS, self._redraw)
        self._patience = _after(_PATIENCE_MS, self._renew)
        self._source: Layer | None = None  # whose pixels our layers count in
        for signal in (selection.answered, selection.hovered):
            signal.connect(self._renew)
        selection.chosen.connect(self._asked)
        selection.table_changed.connect(self._prepare)
        viewer.dims.events.current_step.connect(self._redraw)
        viewer.scene.camera.events.zoom.connect(self._zoomed)

    @property
    def layers(self) -> list[Layer]:
        """Our layers, as far as they are in the viewer."""
        own = (self._lines, self._words)
        return [layer for layer in own if layer is not None and layer in self._viewer.layers]

    def marks(self) -> list[Mark]:
        """What is to be drawn in the section in view, in pixels of the ground's first layer."""
        chosen, ground = self._selection, self._ground()
        if ground is None or not ground.open or chosen.table is None:
            return []
        found = [] if chosen.like else self._rows(ground, chosen.rows)
        hits = [hit for hit in chosen.hits if hit.table == chosen.key]
        places = [place_of_row(chosen.table, hit.row) for hit in hits]
        if chosen.like:
            found += _gathered([self._mark("hit", p, str(i + 1)) for i, p in enumerate(places)])
        found += [self._mark("unlike", one.place) for one in chosen.unlike]
        found += [self._mark("query", one.place) for one in chosen.like]
        if chosen.hover >= 0:
            found.append(self._mark("hover", place_of_row(chosen.table, chosen.hover)))
        return [mark for mark in found if mark is not None]

    def show_links(self, shown: bool) -> None:
        """Draw lines from what was asked for to what was found, or not."""
        self.links = shown
        self._redraw()

    def close(self) -> None:
        """Take the layers out and draw no more."""
        chosen = self._selection
        for signal in (chosen.answered, chosen.hovered):
            signal.disconnect(self._renew)
        chosen.chosen.disconnect(self._asked)
        chosen.table_changed.disconnect(self._prepare)
        self._viewer.dims.events.current_step.disconnect(self._redraw)
        self._viewer.scene.camera.events.zoom.disconnect(self._zoomed)
        self._timer.stop()
        self._patience.stop()
        self._take_out()

    def _take_out(self) -> None:
        take_out(self._viewer.layers, self.layers)
        self._lines = self._words = self._source = None

    def _mark(self, kind: str, place: Place, text: str = "") -> Mark | None:
        """A place as a mark: where it lies in another section it becomes a ring."""
        ground = self._ground()
        image = -1 if ground is None else ground.number(place.image)
        if ground is None or image < 0:
            return None
        layer = ground.layer(image)
        if layer is None or not layer.visible:
            return None
        data = ground.data(image, place.z, place.y, place.x)
        y, x = moved(layer, ground.open[0], data[None, -2:])[0]
        here = layer.ndim < 3 or round(_section(self._viewer, layer)) == place.z
        if not here and kind == "hover":
            return None
        side = place.size
        return Mark(kind, y, x, side, text) if here else Mark("ring", y, x, side, f"z {place.z}")

    def _rows(self, ground: Ground, rows: Rows) -> list[Mark | None]:
        """Chosen patches of the section in view, as far as they are not too many."""
        if not len(rows) or len(rows) > MANY:
            return []
        centres, sides = ground.centres(rows), ground.sides(rows)
        found: list[Mark | None] = []
        for number, layer in enumerate(ground.layers):
            if layer is None or not layer.visible:
                continue
            mine = np.ones(len(rows), bool) if ground.sheet else ground.grid.image[rows] == number
            if layer.ndim > 2:
                mine &= centres[:, 0] == round(_section(self._viewer, layer))
            places = moved(layer, ground.open[0], centres[mine, 1:])
            pairs = zip(places, sides[mine], strict=True)
            found += [Mark("rows", y, x, side) for (y, x), side in pairs]
        return found

    def _asked(self) -> None:
        if self._selection.like:
            self._patience.start()
        else:
            self._renew()

    def _renew(self, *_: object) -> None:
        self._patience.stop()
        marks, ground = self.marks(), self._ground()
        if ground is None or not ground.open:
            self._take_out()  # the table is gone, or its image closed
            return
        if not (marks or self.layers):
            return
        lines, words = self._made()
        width = self._width(lines, marks)
        drawn = lines_of(marks, width, self.links)
        _put(lines, drawn.segments)
        if drawn.colors:
            lines.edge_color = drawn.colors
        if lines.edge_width != width:  # each setting draws anew
            lines.edge_width = width
        said = [mark for mark in marks if mark.text]
        corner = [(mark.y - mark.side / 2, mark.x - mark.side / 2) for mark in said]
        places = np.array(corner, float).reshape(-1, 2)
        if not np.array_equal(words.data, places):  # as they are until the answer comes
            _put(words, places)
        texts = [mark.text for mark in said]
        if texts != self._texts:
            words.features = {"text": np.array(texts, object)}
            self._texts = texts

    def _prepare(self) -> None:
        """Put our layers in before the first click, which then need not wait for it."""
        ground = self._ground()
        if ground is not None and ground.open:
            self._made()

    def _made(self) -> tuple[Vectors, Points]:
        """Our two layers; new ones where the user deleted them, or over another image."""
        ground = self._ground()
        assert ground is not None  # something is to be drawn
        source, there = ground.open[0], self.layers
        if len(there) == 2 and self._source == source:
            assert self._lines is not None
            assert self._words is not None
            return self._lines, self._words
        self._take_out()
        self._source = source
        place = flat(place_of(source))
        none = np.zeros((0, 2, 2))
        look = {"edge_color": COLORS["hit"], "vector_style": "line", "opacity": 1.0}
        lines = Vectors(none, ndim=2, name=layer_name(source.name, "chosen"), **look, **place)
        lines._max_vectors_thumbnail = _THUMBNAIL_LINES
        letters = {"string": "{text}", "size": _LETTERS, "color": COLORS["hit"]}
        words = Points(
            np.zeros((0, 2)),
            ndim=2,
            name=layer_name(source.name, "ranks"),
            size=1,
            face_color="transparent",
            border_width=0,
            features={"text": np.zeros(0, object)},
            text=letters | {"anchor": "upper_left", "translation": (0, 0)},
            **place,
        )
        active = self._viewer.layers.selection.active
        for layer in (lines, words):
            layer.metadata["simgraph"] = {"thing": "chosen", "fleeting": True}
            self._viewer.layers.append(layer)
            layer.locked = True
        self._viewer.layers.selection.active = active
        self._lines, self._words, self._texts = lines, words, []
        return lines, words

    def _width(self, lines: Vectors, marks: list[Mark]) -> float:
        """Of a line in pixels of the image: never thinner than can be seen."""
        scale = float(np.abs(np.asarray(lines.scale))[-1])
        seen = _WIDTH_PX / max(float(self._viewer.scene.camera.zoom) * scale, 1e-12)
        return max(seen, max((mark.side for mark in marks), default=0.0) * _SHARE)

    def _zoomed(self, event: Any = None) -> None:
        if self.layers:
            self._timer.start()

    def _redraw(self, event: Any = None) -> None:
        """Draw anew what is there; layers that somebody takes out come back with a choice only."""
        if len(self.layers) == 2:
            self._renew()


def _after(milliseconds: int, do: Callable[[], None]) -> QTimer:
    """A timer that calls once, so long after its last start."""
    timer = QTimer()
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(do)
    return timer


def _gathered(marks: list[Mark | None]) -> list[Mark | None]:
    """Hits as they are; rings in one place as one with their number."""
    found: list[Mark | None] = [mark for mark in marks if mark is not None and mark.kind != "ring"]
    rings = [mark for mark in marks if mark is not None and mark.kind == "ring"]
    while rings:
        first = rings[0]
        near = [m for m in rings if max(abs(m.y - first.y), abs(m.x - first.x)) < first.side]
        rings = [mark for mark in rings if mark not in near]
        found.append(first if len(near) == 1 else first._replace(text=f"{len(near)}"))
    return found


def _section(viewer: Any, layer: Layer) -> float:
    """The section of a layer that is in view."""
    return float(layer.world_to_data(viewer.dims.point[-layer.ndim :])[-3])


def flat(place: dict[str, Any]) -> dict[str, Any]:
    """The last two axes of where a layer lies, see `state.place_of`."""
    flat = {name: place[name][-2:] for name in ("scale", "translate", "units", "axis_labels")}
    flat["rotate"] = np.asarray(place["rotate"])[-2:, -2:]
    flat["affine"] = np.asarray(place["affine"])[-3:, -3:]
    return flat


def moved(layer: Layer, target: Layer, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places ``(N, 2)`` of one layer in pixels of another."""
    if layer.unique_id == target.unique_id or not len(places):
        return places
    there = [_matrix(one) for one in (layer, target)]
    (own, start), (other, origin) = there
    world = places @ own.T + start
    moved: NDArray[np.float64] = (world - origin) @ np.linalg.inv(other).T
    return moved


def _matrix(layer: Layer) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What takes the last two axes of a layer's pixels to the world."""
    zero = np.zeros(layer.ndim)
    corners = [zero.copy() for _ in range(3)]
    corners[1][-2], corners[2][-1] = 1, 1
    start, down, right = (np.asarray(layer.data_to_world(one))[-2:] for one in corners)
    return np.stack([down - start, right - start], 1), start


def _put(layer: Vectors | Points, data: NDArray[np.float64]) -> None:
    """Other data; what is set next looks at its slice, which napari leaves as it was if hidden."""
    layer.data = data
    if not layer.visible:
        layer.set_view_slice()
