"""The chosen objects on the canvas: outlined, gone to, and picked by a click."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import numpy as np
from napari.layers import Labels as LabelsLayer
from napari.utils.colormaps import DirectLabelColormap
from numpy.typing import DTypeLike, NDArray

from napari_simgraph.core.objects import ObjectTable
from napari_simgraph.viewer.looks import layer_name
from napari_simgraph.viewer.state import place_of

Ids = NDArray[np.int64]
STILL_PX = 4.0  # a press that moves farther is a drag, never a click
_OUTLINE = 3  # pixels wide, so that it is seen beside the 2 of all objects
_CLEAR = (0.0, 0.0, 0.0, 0.0)
_SHARE = 0.6  # of the canvas that an object fills at most when one goes there
_MARGIN = 0.8  # of the canvas: an object that is gone to lies inside it
_FEW = 8  # objects up to here are compared one by one, faster than a table


class Outline:
    """1 where an object is chosen; read section by section as napari asks for it."""

    def __init__(self, numbers: Any, ids: Ids) -> None:
        self.numbers, self.ids = numbers, ids
        self.shape, self.dtype, self.ndim = numbers.shape, np.dtype(np.uint8), len(numbers.shape)
        self.size = int(np.prod(self.shape))

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, key: Any) -> NDArray[np.uint8]:
        numbers = np.asarray(self.numbers[key])
        if len(self.ids) > _FEW:
            return np.isin(numbers, self.ids).astype(np.uint8)
        found = np.zeros(numbers.shape, bool)
        for one in self.ids:
            found |= numbers == one
        return found.astype(np.uint8)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[...], dtype)


class Chosen:
    """The layer that outlines what is chosen; put in with the first choice."""

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._layer: LabelsLayer | None = None
        self._outline: Outline | None = None

    @property
    def layer(self) -> LabelsLayer | None:
        """The layer, while it is in the viewer."""
        there = self._layer is not None and self._layer in self._viewer.layers
        return self._layer if there else None

    def show(self, objects: LabelsLayer, ids: Ids) -> None:
        """Outline these objects of a layer, or none."""
        layer, numbers = self.layer, numbers_of(objects)
        known = self._outline
        if layer is not None and known is not None and known.numbers is numbers:
            known.ids = ids  # new data would cost napari a tenth of a second
            if layer.visible != (len(ids) > 0):
                layer.visible = len(ids) > 0  # draws it as well
            elif len(ids):
                layer.refresh()
            return
        self.clear()
        if not len(ids) or objects not in self._viewer.layers:
            return
        data = self._outline = Outline(numbers, ids)
        active = self._viewer.layers.selection.active
        layer = LabelsLayer(data, name=layer_name(objects.name.partition(" · ")[0], "chosen"))
        for name, value in place_of(objects).items():
            setattr(layer, name, value)
        colors = {None: _CLEAR, 0: _CLEAR, 1: "white"}
        layer.colormap = DirectLabelColormap(color_dict=colors)
        layer.contour, layer.opacity, layer.editable = _OUTLINE, 1.0, False
        self._layer = layer
        self._viewer.layers.append(layer)
        layer.locked = True
        self._viewer.layers.selection.active = active

    def clear(self) -> None:
        """Take the layer out."""
        layer, self._layer = self.layer, None
        if layer is not None:
            layer.locked = False
            self._viewer.layers.remove(layer)


def numbers_of(layer: LabelsLayer) -> Any:
    """The numbers in a layer, at their finest."""
    return layer.data[0] if layer.multiscale else layer.data


def go_to(viewer: Any, layer: LabelsLayer, table: ObjectTable, row: int) -> None:
    """Go to an object, section and camera, unless it is in view already."""
    deep = "section_first" in table and layer.ndim == 3
    names = (*(["section"] if deep else []), "y", "x")
    low = np.array([table[f"{name}_first"][row] for name in names], float)
    high = np.array([table[f"{name}_last"][row] for name in names], float)
    middle = (low + high) / 2
    if deep:
        seen = float(layer.world_to_data(viewer.dims.point[-layer.ndim :])[0])
        middle[0] = seen if low[0] <= round(seen) <= high[0] else round(table["z_index"][row])
    world = np.asarray(layer.data_to_world(middle))
    if deep:
        viewer.dims.set_point(range(viewer.dims.ndim)[-3], world[0])
    low[0], high[0] = (middle[0], middle[0]) if deep else (low[0], high[0])
    ends = [np.asarray(layer.data_to_world(end))[-2:] for end in (low, high)]
    look_at(viewer, world[-2:], np.abs(ends[1] - ends[0]))


def look_at(viewer: Any, middle: Any, size: Any) -> None:
    """Move the camera as little as brings a place of some size into view."""
    camera, canvas = viewer.scene.camera, np.asarray(viewer.canvas.size, float)
    centre = np.asarray(camera.center[-2:], float)
    if (np.abs(middle - centre) + size / 2 <= canvas / camera.zoom / 2).all():
        return
    fitting = float((_SHARE * canvas / np.maximum(size, 1e-9)).min())
    if fitting < camera.zoom:
        camera.zoom = fitting
    room = np.maximum((_MARGIN * canvas / camera.zoom - size) / 2, 0)
    camera.center = (*camera.center[:-2], *np.clip(centre, middle - room, middle + room))


class Picker:
    """Tells which object is clicked in the image.

    Parameters
    ----------
    viewer
        Whose canvas it listens to.
    find
        The layer of objects, or None while there is none.
    picked
        Called with the object's number, 0 beside all of them, and whether Shift was held.
    """

    def __init__(
        self,
        viewer: Any,
        find: Callable[[], LabelsLayer | None],
        picked: Callable[[int, bool], object],
    ) -> None:
        self._viewer, self._find, self._picked = viewer, find, picked
        viewer.mouse_drag_callbacks.append(self._pressed)

    def close(self) -> None:
        """Stop listening."""
        if self._pressed in self._viewer.mouse_drag_callbacks:
            self._viewer.mouse_drag_callbacks.remove(self._pressed)

    def under(self, position: Any) -> int:
        """The object at a place in the world; 0 for none."""
        layer = self._find()
        if layer is None:
            return 0
        value = layer.get_value(position, world=True)
        value = value[1] if isinstance(value, tuple) else value  # level and value of a pyramid
        return int(value or 0)

    def _pressed(self, viewer: Any, event: Any) -> Generator[None, None, None]:
        layer, active = self._find(), self._viewer.layers.selection.active
        resting = active is not None and str(active.mode) != "pan_zoom"
        flat = self._viewer.dims.ndisplay == 2
        if layer is None or not layer.visible or resting or not flat or event.button != 1:
            return
        start, position = np.asarray(event.pos, float), event.position
        far, shift = False, "Shift" in event.modifiers
        yield
        while event.type == "mouse_move":
            far = far or float(np.abs(np.asarray(event.pos, float) - start).max()) > STILL_PX
            yield
        if not far:
            self._picked(self.under(position), shift)
