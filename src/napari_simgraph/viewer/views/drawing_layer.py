"""What was drawn as one Image layer: pictures in a grid beside the images."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Layer
from numpy.typing import NDArray

from napari_simgraph.core.geometry import PIXEL
from napari_simgraph.core.model import Model
from napari_simgraph.viewer.looks import layer_name
from napari_simgraph.viewer.records import now
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.views.objects_chosen import look_at

_GAP = 1  # px between two pictures
_BESIDE = 0.05  # share of the images' width between them and what was drawn
DRAWN = "drawn"


class DrawnLayer:
    """The layer of a viewer that shows what was drawn; made when there is something to show.

    Parameters
    ----------
    viewer
        Where it is shown.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._id: Any = None

    @property
    def layer(self) -> Layer | None:
        """The layer, None as long as there is none, or once a person deleted it."""
        return next((one for one in self._viewer.layers if one.unique_id == self._id), None)

    def show(
        self,
        pictures: NDArray[Any],
        model: Model,
        thing: str,
        told: dict[str, Any],
        columns: int = 0,
    ) -> Layer:
        """Show pictures ``(n, P, P, C)`` in a grid, in the place of those before.

        Parameters
        ----------
        pictures
            What was drawn.
        model
            What drew it.
        thing
            What it is: the name of a class, ``walk`` …
        told
            What made it, kept with the layer.
        columns
            Of the grid; 0 for as many as rows.
        """
        pixels = grid_of(pictures, columns)
        known = {**told, "thing": DRAWN, "fleeting": True, "model": model.name, "time": now()}
        layer = self.layer
        if layer is not None and layer.rgb != (pixels.ndim == 3):
            self._viewer.layers.remove(layer)
            layer = None
        if layer is None:
            layer = self._add(pixels, model)
        elif layer.data.shape == pixels.shape and layer.data.dtype == pixels.dtype:
            layer.data[...] = pixels
            layer.refresh(extent=False, thumbnail=False)
        else:
            layer.data = pixels
        layer.name = layer_name(DRAWN, thing)
        layer.metadata["simgraph"] = known
        return layer

    def _add(self, pixels: NDArray[Any], model: Model) -> Layer:
        place = self._place(pixels.shape[:2], model)
        rgb = pixels.ndim == 3
        look = {} if rgb else {"contrast_limits": _limits(model)}
        layer = ImageLayer(pixels, rgb=rgb, name=DRAWN, **place, **look)
        layer.locked = True
        active = self._viewer.layers.selection.active
        self._viewer.layers.append(layer)
        if active is not None:
            self._viewer.layers.selection.active = active
        self._id = layer.unique_id
        low, high = layer.extent.world[:, -2:]
        look_at(self._viewer, (low + high) / 2, high - low)
        return layer

    def _place(self, shape: tuple[int, ...], model: Model) -> dict[str, Any]:
        """Right of the images, at the pixel size of the model where they have one, too."""
        others = [one for one in self._viewer.layers if isinstance(one, ImageLayer)]
        if not others:
            return {}
        first = others[0]
        known = model.unit != PIXEL and str(first.units[-1]) != PIXEL
        scale = np.abs(np.asarray(first.scale))[-2:]
        if known:
            names = {"units": tuple(str(one) for one in first.units)[-2:]}
        else:  # as large as the images, so that it can be seen beside them
            extent = np.ptp(first.extent.world[:, -2:], axis=0)
            scale = np.full(2, extent[0] / max(shape[0], 1))
            names = {"units": tuple(str(one) for one in first.units)[-2:]}
        ends = np.max([one.extent.world[1, -2:] for one in others], axis=0)
        starts = np.min([one.extent.world[0, -2:] for one in others], axis=0)
        x = ends[1] + _BESIDE * (ends[1] - starts[1])
        labels = tuple(first.axis_labels)[-2:]
        return {"scale": scale, "translate": (starts[0], x), "axis_labels": labels, **names}


def grid_of(pictures: NDArray[Any], columns: int = 0) -> NDArray[Any]:
    """Pictures ``(n, P, P, C)`` side by side, ``(Y, X)`` or, in colours, ``(Y, X, 3)``."""
    count, side = len(pictures), pictures.shape[1]
    columns = columns or max(1, int(np.ceil(np.sqrt(count))))
    rows = -(-count // columns)
    step = side + _GAP
    shape = (rows * step - _GAP, columns * step - _GAP, pictures.shape[-1])
    sheet = np.full(shape, pictures.min(), pictures.dtype)
    for number, picture in enumerate(pictures):
        top, left = (number // columns) * step, (number % columns) * step
        sheet[top : top + side, left : left + side] = picture
    return sheet if sheet.shape[-1] == 3 else sheet[..., 0]


def is_drawn(layer: Layer) -> bool:
    """Whether a layer shows what was drawn."""
    return bool(about(layer).get("thing") == DRAWN)


def _limits(model: Model) -> tuple[float, float]:
    rule = model.normalisation
    return float(rule["low"][0]), float(rule["high"][0])
