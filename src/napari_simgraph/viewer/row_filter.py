"""Patches isolated by any column: the values it has, and the patches of a value; no Qt."""

from __future__ import annotations

import numpy as np

from napari_simgraph.core.patches import Rows
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.viewer.map_colors import SECTION, coloring

_TENTHS = {"lowest tenth": (0, 10), "highest tenth": (90, 100)}  # of amounts, in percent


def values_of(table: EmbeddingTable, column: str) -> list[str]:
    """The values by which patches can be isolated: names, or the ends of an amount."""
    return list(coloring(table, column).names) or list(_TENTHS)


def rows_where(table: EmbeddingTable, column: str, value: str) -> Rows:
    """The patches whose column says this; see `map_colors.choices` for the columns."""
    found = coloring(table, column)
    if found.names:
        return np.flatnonzero(found.shades.number == found.names.index(value))
    amounts = table.grid.z if column == SECTION else np.asarray(table.columns[column])
    low, high = np.nanpercentile(amounts, _TENTHS[value])
    return np.flatnonzero((amounts >= low) & (amounts <= high))
