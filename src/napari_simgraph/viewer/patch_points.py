"""Patches as points: discs with all that is known of each, for whoever shows them as a layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_simgraph.core.groups import GROUPS, names_of
from napari_simgraph.core.patches import Rows
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.viewer.ground import Ground
from napari_simgraph.viewer.state import place_of

MOST_POINTS = 50_000  # up to here napari draws and recolours fluently
_DISC = 0.25  # of a patch: the picture below can still be read


def discs(table: EmbeddingTable, ground: Ground, number: int, rows: Rows) -> dict[str, Any]:
    """Options of a Points layer that shows some patches over one of the ground's layers."""
    source = ground.layers[number]
    assert source is not None  # patches are drawn where their image is open
    return {
        "data": ground.centres(rows)[:, -source.ndim :],
        "ndim": source.ndim,
        "size": np.maximum(ground.sides(rows) * _DISC, 1),
        "border_width": 0,
        "features": features_of(table, rows),
        **place_of(source),
    }


def rows_in(ground: Ground, number: int) -> Rows:
    """The rows that a layer shows."""
    if ground.sheet is not None:
        return np.arange(len(ground.grid))
    return np.flatnonzero(ground.grid.image == number)


def features_of(table: EmbeddingTable, rows: Rows) -> dict[str, Any]:
    """What napari's status bar and table of features show of patches."""
    grid = table.grid
    names = np.array([one.name for one in grid.sources])
    told: dict[str, Any] = {"patch_id": table.patch_id[rows].astype(np.str_), "row": rows}
    told |= {"image": names[grid.image[rows]], "z": grid.z[rows]}
    told |= {name: np.asarray(values)[rows] for name, values in table.columns.items()}
    told["class"] = table.classes()[rows]
    if GROUPS in table.columns:
        told["group"] = names_of(table)[rows]
        del told[GROUPS]
    # napari keeps words as objects
    return {k: v.astype(object) if v.dtype.kind == "U" else v for k, v in told.items()}
