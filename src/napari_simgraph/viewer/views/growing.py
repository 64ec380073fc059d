"""Results on the canvas while they grow: what a job writes, as layers that are not kept."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from napari.layers import Layer
from numpy.typing import DTypeLike, NDArray

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.job import Region, Tick
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Box, Image, Labels
from napari_simgraph.viewer.layers import make_layers

_REFRESH_S = 0.5  # while parts come in; each time costs a slice of the layer
# A section of a larger result is not read anew each time: a coarse picture of it is kept, of at
# most so many pixels in all, and of each part that comes a few pixels are read.
_LARGE, _COARSE = 4096, 2**25
_NONE = ClassTable(())
_PART = 2**24  # pixels; a larger part is one that came in smaller parts before


class Thing(NamedTuple):
    """What grows: what its layer says it is, and what its values mean.

    `classes` without any stands for objects, None for a map; `channel` is the one that is shown.
    """

    name: str
    classes: ClassTable | None = None
    channel: int | None = None


def things_of(model: Model, kinds: Sequence[str]) -> dict[str, Thing]:
    """What is shown while a model segments: classes and objects, or how sure its wall is."""
    known = {"classes": Thing("classes", model.classes), "instances": Thing("objects", _NONE)}
    if "classes" not in kinds:
        wall = model.classes.names.index(model.boundary) if model.boundary else 0
        known["probability"] = Thing(f"sure {model.classes.names[wall]}", channel=wall)
    return known


class _Window:
    """An array that is read anew at each look; not numpy, so nobody takes it for painted."""

    step = 1

    def __init__(self, array: Any, channel: int | None) -> None:
        self._array, self._last = array, () if channel is None else (channel,)
        self.shape = tuple(array.shape[: len(array.shape) - len(self._last)])
        self.dtype, self.ndim = np.dtype(array.dtype), len(self.shape)
        self.size = int(np.prod(self.shape))

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, key: Any) -> NDArray[Any]:
        given = key if isinstance(key, tuple) else (key,)
        rest = (slice(None),) * (self.ndim - len(given)) if Ellipsis not in given else ()
        return np.asarray(self._array[(*given, *rest, *self._last)])

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[...], dtype)

    def take(self, box: Box) -> None:
        """Parts are read when they are looked at."""

    @property
    def pixels(self) -> Any:
        """What the layer shows."""
        return self


class _Coarse(_Window):
    """The same seen from afar: every so many pixels of each part that came."""

    def __init__(self, array: Any, channel: int | None) -> None:
        super().__init__(array, channel)
        *deep, height, width = self.shape
        self.step = 2
        while np.prod([*deep, height // self.step, width // self.step], dtype=float) > _COARSE:
            self.step *= 2
        plane = (-(-n // self.step) for n in (height, width))
        self._pixels = np.zeros((*deep, *plane), self.dtype)

    def take(self, box: Box) -> None:
        """Read some pixels of a part."""
        if np.prod([span.stop - span.start for span in box], dtype=float) > _PART:
            return
        steps = [1] * (self.ndim - 2) + [self.step] * 2
        first = [-(-span.start // step) for span, step in zip(box, steps, strict=True)]
        read = tuple(
            slice(at * step, span.stop, step)
            for at, span, step in zip(first, box, steps, strict=True)
        )
        found = self[read]
        place = (slice(at, at + n) for at, n in zip(first, found.shape, strict=True))
        self._pixels[tuple(place)] = found

    @property
    def pixels(self) -> Any:
        """What the layer shows."""
        return self._pixels


class Preview:
    """The layers of growing arrays; put in at the first part, taken out at the end.

    Parameters
    ----------
    viewer, source, image
        Where they are shown: over a layer, on the grid of the image in it.
    room
        Where the job writes, see `FolderRoom.look`.
    things
        What to show, by the names of the arrays; others are left out.
    """

    def __init__(
        self, viewer: Any, source: Layer, image: Image, room: Any, things: Mapping[str, Thing]
    ) -> None:
        self._viewer, self._source, self._image = viewer, source, image
        self._room, self._things = room, things
        self._grown: dict[str, _Window] = {}
        self._layers: dict[str, Layer] = {}
        self._shown: dict[str, float] = {}

    def heard(self, tick: Tick) -> None:
        """Show what is written by now, if a part was; twice a second at most."""
        if not isinstance(tick, Region) or tick.array not in self._things:
            return
        grown = self._array(tick.array)
        if grown is None or self._source not in self._viewer.layers:
            return
        grown.take(tick.box[: grown.ndim])
        if time.monotonic() - self._shown.get(tick.array, 0.0) > _REFRESH_S:
            self._show(tick.array, grown)
            self._shown[tick.array] = time.monotonic()

    def close(self) -> None:
        """Take the layers out; the result itself takes their place."""
        for layer in self._layers.values():
            if layer in self._viewer.layers:
                layer.locked = False
                self._viewer.layers.remove(layer)
        self._layers.clear()

    def _array(self, name: str) -> _Window | None:
        """The array of this name as it is shown; None where it has other pixels than the image."""
        if name not in self._grown:
            array, channel = self._room.look(name), self._things[name].channel
            shape = () if array is None else tuple(array.shape)
            if shape[: len(shape) - (channel is not None)] != self._image.shape:
                return None
            kind = _Coarse if max(self._image.plane) > _LARGE else _Window
            self._grown[name] = kind(array, channel)
        return self._grown[name]

    def _show(self, name: str, grown: _Window) -> None:
        if name in self._layers:
            self._layers[name].refresh()
            return
        thing = self._things[name]
        layer = make_layers(self._noun(thing, grown), thing.name, self._source)[0]
        # it is nobody's result, nor a picture to be kept
        layer.metadata["simgraph"] = {"fleeting": True}
        self._layers[name] = layer
        active = self._viewer.layers.selection.active
        self._viewer.layers.insert(self._viewer.layers.index(self._source) + 1, layer)
        self._viewer.layers.selection.active = active

    def _noun(self, thing: Thing, grown: _Window) -> Image | Labels:
        *deep, height, width = self._image.spacing
        spacing = (*deep, height * grown.step, width * grown.step)
        place: dict[str, Any] = {"spacing": spacing, "unit": self._image.unit}
        place["origin"] = self._image.origin
        if thing.classes is None:
            return Image(grown.pixels, **place)
        if len(thing.classes):
            return Labels(grown.pixels, classes=thing.classes, **place)
        return Labels(grown.pixels, meaning="objects", **place)
