"""Layers and view as plain JSON, for the workspace, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Layer
from napari.utils.colormaps import AVAILABLE_COLORMAPS, DirectLabelColormap

from napari_simgraph.core.job import plain

_PLACE = ("scale", "translate", "rotate", "shear")
_LOOK = ("name", "visible", "opacity", "blending")
_IMAGE_LOOK = ("contrast_limits", "gamma", "interpolation2d", "rendering")
_LABELS_LOOK = ("contour", "selected_label", "brush_size")


def place_of(layer: Layer) -> dict[str, Any]:
    """Where a layer lies in the world."""
    found = {name: np.asarray(getattr(layer, name)).tolist() for name in _PLACE}
    found["affine"] = np.asarray(layer.affine.affine_matrix).tolist()
    found["units"] = [str(unit) for unit in layer.units]
    found["axis_labels"] = list(layer.axis_labels)
    return found


def set_place(layer: Layer, place: dict[str, Any]) -> None:
    """Put a layer where `place_of` said; what doesn't fit is left as it is."""
    for name, value in place.items():
        put(layer, name, _tuples(value))


def look_of(layer: Layer) -> dict[str, Any]:
    """Name, visibility, opacity and colours of a layer."""
    names = _LOOK + (_IMAGE_LOOK if isinstance(layer, ImageLayer) else _LABELS_LOOK)
    look = {name: _simple(getattr(layer, name)) for name in names}
    if isinstance(layer, ImageLayer):
        # Ramps of ours are made again with the layer; only napari's own go by name.
        known = layer.colormap.name in AVAILABLE_COLORMAPS and not layer.rgb
        return look | ({"colormap": layer.colormap.name} if known else {})
    if isinstance(layer.colormap, DirectLabelColormap):
        colors = layer.colormap.color_dict.items()
        look["colors"] = {str(key): np.asarray(c).tolist() for key, c in colors if key is not None}
    # Of objects the table is kept: a class each, a hundred thousand times, would slow every save.
    if "class" in layer.features and isinstance(layer.colormap, DirectLabelColormap):
        look["features"] = {
            name: plain(list(layer.features[name]))
            for name in ("index", "class")
            if name in layer.features
        }
    return look


def set_look(layer: Layer, look: dict[str, Any]) -> None:
    """Give a layer the look that `look_of` told of; what doesn't fit is left as it is."""
    for name, value in look.items():
        if name == "colors":
            put(layer, "colormap", _direct(value))
        else:
            put(layer, name, value)


def view_of(viewer: Any) -> dict[str, Any]:
    """Camera, section and order of axes."""
    camera, dims = viewer.scene.camera, viewer.dims
    return {
        "camera": {name: _simple(getattr(camera, name)) for name in ("center", "zoom", "angles")},
        "dims": {name: plain(getattr(dims, name)) for name in ("ndisplay", "order", "point")},
    }


def set_view(viewer: Any, view: dict[str, Any]) -> None:
    """Go where `view_of` was."""
    for name, value in view.get("dims", {}).items():
        put(viewer.dims, name, _tuples(value))
    for name, value in view.get("camera", {}).items():
        put(viewer.scene.camera, name, _tuples(value))


def put(target: Any, name: str, value: Any) -> None:
    """Set what an older or damaged file asks for, if napari takes it."""
    try:
        setattr(target, name, value)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        return


def _direct(colors: dict[str, Any]) -> DirectLabelColormap:
    clear = np.zeros(4)
    return DirectLabelColormap(
        color_dict={None: clear} | {int(k): np.asarray(c) for k, c in colors.items()}
    )


def _simple(value: Any) -> Any:
    """Enumerations as their text, arrays as lists."""
    if isinstance(value, str | bool | int | float):
        return value if type(value) in (str, bool, int, float) else str(value)
    return (
        np.asarray(value).tolist() if isinstance(value, tuple | list | np.ndarray) else str(value)
    )


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) and not _nested(value) else value


def _nested(value: list[Any]) -> bool:
    return any(isinstance(item, list) for item in value)
