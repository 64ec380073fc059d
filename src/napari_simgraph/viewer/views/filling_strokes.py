"""Filling strokes in between two painted sections: one key, one step back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from napari.layers import Labels as LabelsLayer
from napari.layers import Layer

from napari_simgraph.analysis.acts import NOTHING_BETWEEN, gap, say_filled
from napari_simgraph.analysis.between import between
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.views.correct_modes import section_of

KEY = "D"


class StrokeKeys:
    """Binds D on layers of strokes; on other layers the key is somebody else's.

    Parameters
    ----------
    viewer
        Whose layers.
    say
        Called with what was done, or has to be done first.
    """

    def __init__(self, viewer: Any, say: Callable[[str], object]) -> None:
        self._viewer, self._say = viewer, say
        self._bound: list[Layer] = []
        for layer in viewer.layers:
            self._bind(layer)
        viewer.layers.events.inserted.connect(self._inserted)

    def close(self) -> None:
        """Give the key back."""
        self._viewer.layers.events.inserted.disconnect(self._inserted)
        for layer in self._bound:
            layer.bind_key(KEY, None)
        self._bound = []

    def _inserted(self, event: Any) -> None:
        self._bind(event.value)

    def _bind(self, layer: Layer) -> None:
        if about(layer).get("thing") == "strokes" and isinstance(layer, LabelsLayer):
            try:
                layer.bind_key(KEY, lambda _: self._say(fill_between(self._viewer, layer)) and None)
            except ValueError:  # another plugin has it
                return
            self._bound.append(layer)


def fill_between(viewer: Any, layer: LabelsLayer) -> str:
    """What was filled; the chosen class grows where nothing is painted, Ctrl+Z takes it back."""
    number, z = int(layer.selected_label), section_of(viewer, layer)
    there = [bool((section == number).any()) for section in layer.data] if layer.ndim == 3 else []
    span = gap(there, z)
    if span is None or not number:
        return "Paint on two sections first, then fill between."
    low, high = span
    data = layer.data
    masks = between(data[low] == number, data[high] == number, high - low - 1)
    places = [np.nonzero(mask & (data[n] == 0)) for n, mask in enumerate(masks, low + 1)]
    sections = [np.full(len(rows), n) for n, (rows, _) in enumerate(places, low + 1)]
    filled = [low + 1 + n for n, (rows, _) in enumerate(places) if len(rows)]
    if not filled:
        return NOTHING_BETWEEN
    rows, columns = (np.concatenate([place[i] for place in places]) for i in (0, 1))
    layer.data_setitem((np.concatenate(sections), rows, columns), number)
    layer.refresh()
    return f"{say_filled(filled)} Check them with Q and W."
