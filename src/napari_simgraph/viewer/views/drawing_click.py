"""Clicks on pictures of a contact sheet before any table speaks of them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import numpy as np
from napari.layers import Layer

from napari_simgraph.viewer.sheets import spot_at
from napari_simgraph.viewer.views.objects_chosen import STILL_PX


class SheetClicks:
    """Says which picture was clicked, in pan/zoom mode; where patches are picked it is silent.

    Parameters
    ----------
    viewer
        Whose canvas it listens to.
    rests
        Whether somebody else listens, or nobody wants to know.
    chosen
        Called with the layer of the sheet and the number of the picture.
    """

    def __init__(
        self, viewer: Any, rests: Callable[[], bool], chosen: Callable[[Layer, int], object]
    ) -> None:
        self._viewer, self._rests, self._chosen = viewer, rests, chosen
        viewer.mouse_drag_callbacks.append(self._pressed)

    def close(self) -> None:
        """Stop listening."""
        if self._pressed in self._viewer.mouse_drag_callbacks:
            self._viewer.mouse_drag_callbacks.remove(self._pressed)

    def _pressed(self, viewer: Any, event: Any) -> Generator[None, None, None]:
        active = viewer.layers.selection.active
        painting = active is not None and str(active.mode) != "pan_zoom"
        if event.button != 1 or painting or self._rests():
            return
        start, position, far = np.asarray(event.pos, float), event.position, False
        yield
        while event.type == "mouse_move":
            far = far or float(np.abs(np.asarray(event.pos, float) - start).max()) > STILL_PX
            yield
        for layer in [] if far else reversed(viewer.layers):
            spot = spot_at(layer, position) if layer.visible else None
            if spot is not None:
                self._chosen(layer, spot.image)
                return
