"""Results on the canvas while they grow: what a job writes, as a layer that is not kept."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Layer
from numpy.typing import DTypeLike, NDArray

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.raster import Image, Labels
from napari_simgraph.viewer.layers import make_layers


class _Window:
    """An array that is read anew at each look; not numpy, so nobody takes it for painted."""

    def __init__(self, array: Any) -> None:
        self._array = array
        self.shape, self.dtype, self.ndim = array.shape, np.dtype(array.dtype), len(array.shape)
        self.size = int(np.prod(self.shape))

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, key: Any) -> NDArray[Any]:
        return np.asarray(self._array[key])

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self._array[...], dtype)


class Preview:
    """The layer of a growing array of classes; put in at the first part, taken out at the end."""

    def __init__(self, viewer: Any, source: Layer, image: Image, classes: ClassTable) -> None:
        self._viewer, self._source, self._image, self._classes = viewer, source, image, classes
        self._layer: Layer | None = None

    def show(self, array: Any) -> None:
        """Show what is written by now; arrays that are not one value per pixel are left out."""
        if tuple(array.shape) != self._image.shape or self._source not in self._viewer.layers:
            return
        if self._layer is None:
            noun = Labels(
                _Window(array),
                spacing=self._image.spacing,
                origin=self._image.origin,
                unit=self._image.unit,
                classes=self._classes,
            )
            self._layer = make_layers(noun, "classes", self._source)[0]
            self._layer.metadata.clear()  # it is nobody's result
            active = self._viewer.layers.selection.active
            place = self._viewer.layers.index(self._source) + 1
            self._viewer.layers.insert(place, self._layer)
            self._viewer.layers.selection.active = active
        else:
            self._layer.refresh()

    def close(self) -> None:
        """Take the layer out; the result itself takes its place."""
        layer, self._layer = self._layer, None
        if layer is not None and layer in self._viewer.layers:
            layer.locked = False
            self._viewer.layers.remove(layer)
