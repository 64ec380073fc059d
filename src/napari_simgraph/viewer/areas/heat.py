"""The heat map: one number a patch, as a layer at patch resolution over each image."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Layer
from numpy.typing import NDArray

from napari_simgraph.viewer.cells import placed_cells
from napari_simgraph.viewer.ground import Ground
from napari_simgraph.viewer.looks import RAMPS, layer_name, ramp_look
from napari_simgraph.viewer.records import identify
from napari_simgraph.viewer.stacking import about, hide_oldest, put_in, take_out
from napari_simgraph.viewer.state import place_of, set_place

INTEREST, UNSURE = "interest", "not sure"


class Heat:
    """Draws scores over the images of a ground; put in when first shown, then changed in place.

    Drawn anew from the scores whenever a dock needs it, so the workspace keeps the scores alone.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer

    @property
    def layers(self) -> list[Layer]:
        """Our layers, as far as they are in the viewer."""
        return [one for one in self._viewer.layers if about(one).get("heat")]

    def show(self, ground: Ground, values: NDArray[np.float32], thing: str = INTEREST) -> None:
        """Show numbers from 0 to 1, one a patch; those that are not known stay clear."""
        kept: list[Layer] = []
        values = np.nan_to_num(values.astype(np.float32))
        for number, source in _sources(ground):
            rows = np.arange(len(values))
            if number is not None:
                rows = np.flatnonzero(ground.grid.image == number)
            if len(rows):
                picture, place = placed_cells(ground, source, rows, values[rows])
                kept.append(self._put(source, picture, place, thing))
        take_out(self._viewer.layers, [layer for layer in self.layers if layer not in kept])

    def hide(self) -> None:
        """Take our layers out."""
        take_out(self._viewer.layers, self.layers)

    def _put(
        self, source: Layer, picture: NDArray[np.float32], place: dict[str, Any], thing: str
    ) -> Layer:
        """The layer over an image, with this picture."""
        image = identify(source, "i")
        mine = [one for one in self.layers if about(one).get("image") == image]
        for layer in mine:
            if about(layer)["thing"] == thing and layer.ndim == picture.ndim:
                _replace(layer, picture, place)
                return layer
        told = {"thing": thing, "fleeting": True, "heat": True, "image": image}
        layer = ImageLayer(
            picture, name=layer_name(source.name, thing), **ramp_look(RAMPS[thing]), **place
        )
        layer.metadata["simgraph"] = told
        put_in(self._viewer.layers, layer, source)
        hide_oldest(self._viewer.layers, [layer])
        return layer


def _sources(ground: Ground) -> list[tuple[int | None, Layer]]:
    """Layers that are open, with the number of the image that each shows; None for a sheet."""
    if ground.sheet is not None:
        return [(None, layer) for layer in ground.open]
    return [(n, layer) for n, layer in enumerate(ground.layers) if layer is not None]


def _replace(layer: Layer, picture: NDArray[np.float32], place: dict[str, Any]) -> None:
    layer.data = picture
    before = place_of(layer)
    moved = {k: v for k, v in place.items() if not _equal(before[k], v)}
    set_place(layer, moved)


def _equal(one: Any, other: Any) -> bool:
    return bool(np.asarray(one).tolist() == np.asarray(other).tolist())
