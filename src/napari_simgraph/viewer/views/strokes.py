"""Painted layers: a new one on an image, and the look of the classes on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import dask.array as da
import numpy as np
from napari.components.overlays import BrushCircleOverlay
from napari.layers import Labels as LabelsLayer
from napari.layers import Layer
from napari.utils.colormaps import DirectLabelColormap

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.raster import Labels
from napari_simgraph.viewer.looks import CLEAR, layer_name
from napari_simgraph.viewer.records import identify
from napari_simgraph.viewer.stacking import about, insert_index

BRUSH = 5  # px: a membrane of an EM stack at 4 nm is about as wide
# What every layer on an image takes over from it.
PLACE = ("scale", "translate", "rotate", "shear", "affine", "units", "axis_labels")
_OPACITY = 0.9


class Field(NamedTuple):
    """A part of a large image that is painted on: its first pixel, size, and place in the world."""

    corner: tuple[int, int]
    shape: tuple[int, int]
    translate: Any


def add_strokes(viewer: Any, image: Layer, field: Field | None = None) -> LabelsLayer:
    """An empty editable Labels layer that lies on the image or a field of it, just above it."""
    shape = shape_of(image)
    told: dict[str, Any] = {"thing": "strokes"}
    if field is not None:
        shape = (*shape[:-2], *field.shape)
        told |= {"corner": field.corner, "image": identify(image, "i")}
    placed = {key: getattr(image, key) for key in PLACE}
    if field is not None:
        placed["translate"] = field.translate
    made = LabelsLayer(
        np.zeros(shape, np.uint8),
        name=layer_name(image.name, "strokes"),
        **placed,
        metadata={"simgraph": told},
    )
    viewer.layers.insert(insert_index(list(viewer.layers), made, image), made)
    return made


def bare_brush(viewer: Any) -> None:
    """Take away the box behind napari's brush circle.

    It has no size, and is drawn as soon as a layer is added with the brush in hand, as answers
    are: with Mesa's software OpenGL napari ended when all layers were removed afterwards.
    """
    for overlay in viewer.canvas.overlays.values():
        if isinstance(overlay, BrushCircleOverlay):
            overlay.box = False


def dress(layer: LabelsLayer, table: ClassTable, numbers: Sequence[int]) -> None:
    """Give a painted layer the names and colours of the classes that its values stand for."""
    colors: dict[int | None, Any] = {None: CLEAR, 0: CLEAR}
    colors |= {n: row.color for n, row in zip(numbers, table, strict=True)}
    layer.colormap = DirectLabelColormap(color_dict=colors)
    layer.features = {"index": [0, *numbers], "class": ["–", *table.names]}
    if about(layer).get("thing") == "strokes":
        layer.opacity = _OPACITY


def read_classes(layer: LabelsLayer) -> tuple[ClassTable, tuple[int, ...]] | None:
    """The classes that a layer dressed by us carries, with their values; None if it has none."""
    if "class" not in layer.features or "index" not in layer.features:
        return None
    rows = zip(layer.features["index"], layer.features["class"], strict=True)
    named = sorted((int(index), str(name)) for index, name in rows if index > 0)
    shades = [_hex(layer.get_color(value)) for value, _ in named]
    try:
        table = ClassTable.of([name for _, name in named], shades)
    except ValueError:  # the column means something else
        return None
    return table, tuple(value for value, _ in named)


def renumbered(labels: Labels, numbers: Sequence[int], table: ClassTable) -> Labels:
    """Labels of classes 1, 2, 3 … from pixels that hold these numbers; others are unlabelled."""
    turned = np.zeros(max(numbers) + 1, np.uint8)
    turned[list(numbers)] = np.arange(1, len(numbers) + 1)
    pixels = labels.levels[0]
    if isinstance(pixels, np.ndarray):
        pixels = turned[pixels]
    else:
        pixels = da.map_blocks(lambda block: turned[block], da.asarray(pixels), dtype=np.uint8)
    return labels.replace(data=pixels, classes=table)


def shape_of(layer: Layer) -> tuple[int, ...]:
    """Shape of a layer's axes without colours."""
    data = layer.data[0] if getattr(layer, "multiscale", False) else layer.data
    return tuple(int(n) for n in data.shape[: layer.ndim])


def _hex(color: Any) -> str:
    """A colour of napari's as ``#RRGGBB``."""
    if color is None:
        return "#808080"
    return "#" + "".join(f"{round(255 * float(c)):02X}" for c in color[:3])
