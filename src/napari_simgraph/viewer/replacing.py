"""A new result in the layer of the one before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari.layers import Labels as LabelsLayer
from napari.layers import Layer

from napari_simgraph.viewer.state import place_of, set_place


def replace_data(layer: Layer, new: Layer) -> bool:
    """Whether a layer took the data of a new one; its look stays unless the classes differ."""
    if type(layer.data) is not type(new.data) and getattr(layer, "multiscale", False):
        return False
    if layer.ndim != new.ndim or not same_kind(layer, new):
        return False
    layer.data = new.data
    set_place(layer, place_of(new))
    if isinstance(layer, LabelsLayer):
        layer.editable = False
        if not layer.features.equals(new.features):
            layer.colormap = new.colormap
            layer.features = new.features
    layer.metadata["simgraph"] = new.metadata["simgraph"]
    return True


def same_kind(one: Layer, other: Layer) -> bool:
    """Whether both are Labels layers or neither is."""
    return isinstance(one, LabelsLayer) == isinstance(other, LabelsLayer)


def mark_of(told: Mapping[str, Any]) -> tuple[str, ...]:
    """What only one layer may have."""
    if "result" in told:
        return (str(told["result"]), str(told.get("thing", "")))
    return (str(told["id"]),) if "id" in told else ()
