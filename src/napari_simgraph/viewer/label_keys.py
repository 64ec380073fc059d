"""Number keys on a layer of patches: label those that are chosen, and go to the next."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Layer, Points

from napari_simgraph.core.groups import class_names
from napari_simgraph.core.patches import Rows
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.stacking import about

KEYS = 9  # 1 to 9 label, 0 clears


class PatchKeys:
    """Binds the keys to the layers of patches that there are, and to those that come."""

    def __init__(self, session: Session) -> None:
        self._session = session
        for layer in session.viewer.layers:
            self._bind(layer)
        session.viewer.layers.events.inserted.connect(self._inserted)

    def close(self) -> None:
        """Bind no more."""
        self._session.viewer.layers.events.inserted.disconnect(self._inserted)

    def _inserted(self, event: Any) -> None:
        self._bind(event.value)

    def _bind(self, layer: Layer) -> None:
        if about(layer).get("thing") == "patches" and isinstance(layer, Points):
            bind_keys(self._session, layer)


def bind_keys(session: Session, layer: Layer) -> None:
    """Keys 1 to 9 put the patches chosen in a layer of ours into a class, 0 into none.

    On this layer alone they take the place of napari's own: there 1 would delete points.
    """
    for number in range(KEYS + 1):
        layer.bind_key(
            str(number), lambda made, n=number: label_in_layer(session, made, n), overwrite=True
        )
    layer.bind_key("Control-Z", lambda made: session.edits.undo(), overwrite=True)


def label_in_layer(session: Session, layer: Layer, number: int) -> str:
    """Label the points that are chosen in a layer, else the chosen patches; what was done."""
    chosen = session.selection
    if chosen.table is None:
        return ""
    ids = np.asarray(layer.features["patch_id"]).astype(np.uint64)
    points = sorted(layer.selected_data)
    rows = np.flatnonzero(np.isin(chosen.table.patch_id, ids[points])) if points else chosen.rows
    if not len(rows):
        said = "Choose patches first: click one, or encircle some on the map."
    else:
        said = session.edits.label(rows, class_of_key(chosen.table, number))
    if points:
        following = min(points[-1] + 1, len(ids) - 1)
        layer.selected_data = {following}
        _go(session, np.flatnonzero(chosen.table.patch_id == ids[following]))
    session.viewer.status = said
    return said


def class_of_key(table: EmbeddingTable, number: int) -> str:
    """The class that a number key stands for; ``class 3`` where there is none yet, "" for 0."""
    names = class_names(table)
    if number == 0:
        return ""
    return names[number - 1] if number <= len(names) else f"class {number}"


def _go(session: Session, rows: Rows) -> None:
    if len(rows):
        session.selection.go(session.selection.example(int(rows[0])).place)
