"""Chosen patches as a layer of their own: points with all that is known of each."""

from __future__ import annotations

import numpy as np
from napari.layers import Points

from napari_simgraph.core.groups import CLASSES, GROUPS
from napari_simgraph.core.patches import Rows
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.viewer.cells import Cells
from napari_simgraph.viewer.ground import Ground
from napari_simgraph.viewer.label_keys import bind_keys
from napari_simgraph.viewer.looks import layer_name
from napari_simgraph.viewer.map_colors import NOTHING, coloring
from napari_simgraph.viewer.patch_edits import say_patches
from napari_simgraph.viewer.patch_points import MOST_POINTS, discs, rows_in
from napari_simgraph.viewer.session import Session

_LONGEST = 12  # letters of a name beside that of the image


def add_chosen(session: Session, ground: Ground, rows: Rows, said: str = "") -> str:
    """Show patches as a new layer; what was shown, as a sentence."""
    table = session.selection.table
    if table is None or not ground.open:
        return "The image of these patches is not open."
    thing = said if 0 < len(said) <= _LONGEST else "picked"
    if len(rows) > MOST_POINTS:
        colors = np.full((len(rows), 4), 255, np.uint8)
        shades = coloring(table, _column(table)).shades
        colors[:, :3] = shades.palette[shades.number[rows]]
        Cells(session.viewer, thing).show(ground, rows, colors)
        return f"{say_patches(len(rows))} are too many for points: shown as tinted cells."
    many = 0
    for number, layer in enumerate(ground.layers):
        mine = np.intersect1d(rows, rows_in(ground, number))
        if layer is not None and len(mine):
            made = _points(table, ground, number, mine, thing)
            session.viewer.layers.append(made)
            bind_keys(session, made)
            many += len(mine)
    return f"New layer of {say_patches(many)}; keys 1 to 9 label those chosen in it."


def _column(table: EmbeddingTable) -> str:
    there = [name for name in (GROUPS, CLASSES) if name in table.columns]
    return there[0] if there else NOTHING


def _points(table: EmbeddingTable, ground: Ground, number: int, rows: Rows, thing: str) -> Points:
    """A disc for each patch, in the colours of the map."""
    source, shades = ground.layers[number], coloring(table, _column(table)).shades
    assert source is not None  # asked for where it is open
    return Points(
        **discs(table, ground, number, rows),
        name=layer_name(source.name, thing),
        face_color=shades.palette[shades.number[rows]] / 255,
        metadata={"simgraph": {"thing": thing, "fleeting": True}},
    )
