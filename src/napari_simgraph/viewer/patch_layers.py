"""All patches of a table as layers: points coloured by a column, and their links."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from napari.layers import Layer, Points, Vectors
from numpy.typing import NDArray
from qtpy.QtCore import QTimer

from napari_simgraph.core.graph import SIMILARITY, SimilarityGraph
from napari_simgraph.core.patches import Rows
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.viewer.cells import Cells
from napari_simgraph.viewer.ground import Ground
from napari_simgraph.viewer.looks import layer_name
from napari_simgraph.viewer.map_colors import NOTHING, coloring
from napari_simgraph.viewer.marking import flat, moved
from napari_simgraph.viewer.patch_points import MOST_POINTS, discs, features_of, rows_in
from napari_simgraph.viewer.selection import Selection
from napari_simgraph.viewer.stacking import about, take_out
from napari_simgraph.viewer.state import place_of
from napari_simgraph.viewer.tables import Tables

MOST_LINKS = 200_000  # up to here napari draws and recolours fluently
Colors = NDArray[np.float32]  # (N, 4)
CHOSEN, SECTION, NONE = "chosen", "section", "none"
_GREY, _FAINT = (0.6, 0.6, 0.6, 0.5), 0.12  # of links between kinds; of patches that are held out
_LATER_MS = 120  # after the last section is turned to, links are drawn


class PatchLayers:
    """Points and links of the table in front.

    Attributes
    ----------
    said
        How much of them is seen: ``200,000 strongest of 1,204,311 links``; "" for all.
    """

    def __init__(
        self,
        viewer: Any,
        selection: Selection,
        tables: Tables,
        ground: Callable[[], Ground | None],
    ) -> None:
        self._viewer, self._selection, self._tables = viewer, selection, tables
        self._ground = ground
        self.color, self.links, self.said = NOTHING, CHOSEN, ""
        self._cells = Cells(viewer, "patches")
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(_LATER_MS)
        self._timer.timeout.connect(self._renew_links)
        self._soon = QTimer()
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self.renew)
        selection.table_changed.connect(self.renew)
        selection.restricted.connect(self.renew)
        viewer.dims.events.current_step.connect(self._turned)

    def show(self, *, color: str | None = None, links: str | None = None) -> None:
        """Colour by one of `map_colors.choices`, and show these links."""
        self.color = self.color if color is None else color
        self.links = self.links if links is None else links
        self.renew()

    def renew(self) -> None:
        """Draw what the table says now."""
        table, ground = self._selection.table, self._ground()
        if table is None or ground is None or not ground.open:
            take_out(self._viewer.layers, self.layers())
            return
        self.said, colors = "", self._colors(table)
        self._cells.hide()
        seen = [] if len(table) > MOST_POINTS else self._points(ground, colors)
        take_out(
            self._viewer.layers, [layer for layer in self.layers("patches") if layer not in seen]
        )
        if len(table) > MOST_POINTS and self._wanted:
            tint = (colors * 255).astype(np.uint8)
            self._cells.show(ground, np.arange(len(table)), tint)
            self.said = f"{len(table):,} patches are drawn as tinted cells."
        self._renew_links()

    def renew_soon(self) -> None:
        """The same once napari is done with what it does to its layers."""
        self._soon.start(0)

    @property
    def _wanted(self) -> bool:
        """Whether patches are to be seen without a click: they are coloured, or some count."""
        return self.color != NOTHING or self._selection.only is not None

    def layers(self, thing: str = "") -> list[Layer]:
        """Our layers, of one thing or all."""
        wanted = (thing,) if thing else ("patches", "links")
        ours = [one for one in self._viewer.layers if about(one).get("follows")]
        return [one for one in ours if about(one).get("thing") in wanted]

    def close(self) -> None:
        """Stop listening; the layers stay."""
        self._timer.stop()
        self._soon.stop()
        self._selection.table_changed.disconnect(self.renew)
        self._selection.restricted.disconnect(self.renew)
        self._viewer.dims.events.current_step.disconnect(self._turned)

    def _colors(self, table: EmbeddingTable) -> Colors:
        """The colour of each patch; those that are held out are faint."""
        colors = np.ones((len(table), 4), np.float32)
        shades = coloring(table, self.color).shades
        colors[:, :3] = shades.palette[shades.number] / 255
        only = self._selection.only
        if only is not None:
            out = np.ones(len(table), np.bool_)
            out[only] = False
            colors[out] = [*_GREY[:3], _FAINT]
        return colors

    def _points(self, ground: Ground, colors: Colors) -> list[Layer]:
        """A layer of points for each image that is open."""
        table, seen = self._selection.table, []
        assert table is not None  # it is drawn
        for number, source in enumerate(ground.layers):
            if source is None:
                continue
            rows, of = rows_in(ground, number), str(source.unique_id)
            before = [one for one in self.layers("patches") if about(one).get("of") == of]
            known = [one for one in before if about(one).get("table") == self._selection.key]
            if known and _still_there(known[0], table):
                layer = known[0]
                rows = np.asarray(layer.features["row"], np.intp)  # some may have been deleted
                layer.features = features_of(table, rows)
                layer.face_color = colors[rows]
                layer.visible = layer.visible or self._wanted
            else:
                take_out(self._viewer.layers, before)
                mark = {"thing": "patches", "fleeting": True, "follows": True, "of": of}
                layer = Points(
                    **discs(table, ground, number, rows),
                    name=layer_name(source.name, "patches"),
                    metadata={"simgraph": {**mark, "table": self._selection.key}},
                    visible=self._wanted,
                    face_color=colors[rows],
                )
                self._put_in(layer)
            seen.append(layer)
        return seen

    def _turned(self, event: Any = None) -> None:
        if self.links == SECTION:
            self._timer.start()

    def _renew_links(self) -> None:
        graph, ground = self._graph(), self._ground()
        if self.links != SECTION or graph is None or ground is None or not ground.open:
            take_out(self._viewer.layers, self.layers("links"))
            return
        begins, ends, total = _seen_edges(graph, self._in_view(ground))
        source = ground.open[0]
        places = np.zeros((len(graph), 2))
        for number, layer in enumerate(ground.layers):
            if layer is not None:
                rows = rows_in(ground, number)
                places[rows] = moved(layer, source, ground.centres(rows)[:, 1:])
        segments = np.stack([places[begins], places[ends] - places[begins]], 1)
        if len(begins) < total:
            self.said = f"{len(begins):,} strongest of {total:,} links are drawn."
        self._draw_links(source, segments, self._link_colors(graph.table, begins, ends))

    def _draw_links(self, source: Layer, segments: NDArray[Any], colors: Colors) -> None:
        layers = self.layers("links")
        if layers and len(segments):
            layers[0].data = segments
            layers[0].edge_color = colors
            layers[0].visible = True
            return
        take_out(self._viewer.layers, layers)
        if len(segments):
            side = float(np.median(np.abs(segments[:, 1]).sum(1)))
            layer = Vectors(
                segments,
                ndim=2,
                name=layer_name(source.name, "links"),
                vector_style="line",
                edge_width=max(0.5, side / 400),
                edge_color=colors,
                metadata={"simgraph": {"thing": "links", "fleeting": True, "follows": True}},
                **flat(place_of(source)),
            )
            self._put_in(layer)

    def _link_colors(self, table: EmbeddingTable, begins: Rows, ends: Rows) -> Colors:
        """Links within a kind have its colour, those between kinds are grey."""
        colors = self._colors(table)
        same = (colors[begins] == colors[ends]).all(1)
        grey = np.array(_GREY, np.float32)
        return np.where(same[:, None], colors[begins] * [1, 1, 1, 0.8], grey).astype(np.float32)

    def _in_view(self, ground: Ground) -> NDArray[np.bool_]:
        """The patches of the sections in view, of images that are open."""
        grid = ground.grid
        seen = np.zeros(len(grid), np.bool_)
        for number, layer in enumerate(ground.layers):
            if layer is None or not layer.visible:
                continue
            rows = rows_in(ground, number)
            if layer.ndim > 2:
                z = round(float(layer.world_to_data(self._viewer.dims.point[-layer.ndim :])[-3]))
                rows = rows[grid.z[rows] == z]
            seen[rows] = True
        if self._selection.only is not None:
            kept = np.zeros(len(grid), np.bool_)
            kept[self._selection.only] = True
            seen &= kept
        return seen

    def _graph(self) -> SimilarityGraph | None:
        key = self._selection.key
        return self._tables.graph(key) if self._selection.table is not None and key else None

    def _put_in(self, layer: Layer) -> None:
        layers = self._viewer.layers
        active = layers.selection.active
        overlay = [n for n, one in enumerate(layers) if about(one).get("thing") == "chosen"]
        layers.insert(min(overlay, default=len(layers)), layer)
        layer.locked = True
        layers.selection.active = active


def _still_there(layer: Layer, table: EmbeddingTable) -> bool:
    """Whether the points of a layer are patches of a table, in the same rows."""
    rows = np.asarray(layer.features.get("row", ()), np.intp)
    if not len(rows) or rows.max() >= len(table):
        return False
    shown = np.asarray(layer.features["patch_id"]).astype(np.uint64)
    return bool((shown == table.patch_id[rows]).all())


def _seen_edges(graph: SimilarityGraph, seen: NDArray[np.bool_]) -> tuple[Rows, Rows, int]:
    """Both ends of the strongest links between patches in view, and how many there are."""
    edges = graph.edges[SIMILARITY]
    begins, ends = edges.begins(), edges.ends
    both = np.flatnonzero((begins < ends) & seen[begins] & seen[ends])
    total = len(both)
    if total > MOST_LINKS:
        both = both[np.argpartition(-edges.weights[both], MOST_LINKS)[:MOST_LINKS]]
    return begins[both].astype(np.intp), ends[both].astype(np.intp), total
