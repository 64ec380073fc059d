"""Painted layers: a new one on an image, and the look of the classes on it."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Labels as LabelsLayer
from napari.layers import Layer

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.viewer.looks import class_look, layer_name
from napari_simgraph.viewer.stacking import about, insert_index

BRUSH = 5  # px: a membrane of an EM stack at 4 nm is about as wide
_OPACITY = 0.9


def add_strokes(viewer: Any, image: Layer) -> LabelsLayer:
    """An empty editable Labels layer that lies on the image, just above it."""
    made = LabelsLayer(
        np.zeros(shape_of(image), np.uint8),
        name=layer_name(image.name, "strokes"),
        scale=image.scale,
        translate=image.translate,
        rotate=image.rotate,
        shear=image.shear,
        affine=image.affine,
        units=image.units,
        axis_labels=image.axis_labels,
        metadata={"simgraph": {"thing": "strokes"}},
    )
    viewer.layers.insert(insert_index(list(viewer.layers), made, image), made)
    return made


def dress(layer: LabelsLayer, table: ClassTable) -> None:
    """Give a painted layer the names and colours of the classes."""
    look = class_look(table, _OPACITY)
    layer.colormap, layer.features = look["colormap"], look["features"]
    if about(layer).get("thing") == "strokes":
        layer.opacity = look["opacity"]


def read_classes(layer: LabelsLayer) -> ClassTable | None:
    """The classes that a layer dressed by us carries; None where it has none."""
    if "class" not in layer.features or "index" not in layer.features:
        return None
    rows = zip(layer.features["index"], layer.features["class"], strict=True)
    names = [str(name) for index, name in sorted(rows) if index > 0]
    shades = [_hex(layer.get_color(value)) for value in range(1, len(names) + 1)]
    try:
        return ClassTable.of(names, shades)
    except ValueError:  # the column means something else
        return None


def shape_of(layer: Layer) -> tuple[int, ...]:
    """Shape of a layer's axes without colours."""
    data = layer.data[0] if getattr(layer, "multiscale", False) else layer.data
    return tuple(int(n) for n in data.shape[: layer.ndim])


def _hex(color: Any) -> str:
    """A colour of napari's as ``#RRGGBB``."""
    if color is None:
        return "#808080"
    return "#" + "".join(f"{round(255 * float(c)):02X}" for c in color[:3])
