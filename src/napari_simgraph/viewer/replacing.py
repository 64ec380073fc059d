"""A new result in the layer of the one before, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from napari.layers import Labels as LabelsLayer
from napari.layers import Layer

from napari_simgraph.analysis.corrected import Corrected
from napari_simgraph.core.raster import Image, Labels
from napari_simgraph.viewer.layers import LayerData
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.state import place_of, set_place


class Made(NamedTuple):
    """What `Session.add_result` did.

    `layers` from below; `hidden` are the names of older overlays that were hidden, since at most
    two filled ones can be told apart; `replaced` whether an earlier result was replaced.
    """

    layers: list[Layer]
    hidden: list[str]
    replaced: bool


def replace_data(layer: Layer, new: LayerData) -> bool:
    """Whether a layer took new data; its look stays unless the classes differ.

    No layer is made for it: with a large stack that alone takes napari a fifth of a second.
    """
    data, told, kind = new
    levels = data if isinstance(data, list) else [data]
    same = isinstance(layer, LabelsLayer) == (kind == "labels")
    same &= isinstance(data, list) == bool(getattr(layer, "multiscale", False))
    if not same or layer.ndim != len(told["scale"]) or len(levels[0].shape) != _axes(layer):
        return False
    layer.data = data
    before = place_of(layer)
    after = {name: told[name] for name in before if name in told}
    set_place(layer, {name: after[name] for name in after if not _equal(before[name], after[name])})
    if isinstance(layer, LabelsLayer):
        layer.editable = False
        _set_classes(layer, told)
    return True


def as_corrected(noun: Image | Labels, layers: Sequence[Layer]) -> Image | Labels:
    """A result with what a person corrected in its layer."""
    data = layers[0].data if len(layers) == 1 else None
    return noun.replace(data=data) if isinstance(data, Corrected) else noun


def leave_old(viewer: Any, noun: Image | Labels, old: Sequence[Layer]) -> None:
    """What becomes of layers that a newer result has no use for."""
    for layer in old:
        if isinstance(layer, LabelsLayer) == isinstance(noun, Labels):  # a class that is gone
            viewer.layers.remove(layer)
        else:  # the user turned it into something else
            layer.metadata["simgraph"] = {}


def _set_classes(layer: LabelsLayer, told: Mapping[str, Any]) -> None:
    """Colours and names of other classes than the layer had."""
    wanted = list(told.get("features", {}).get("class", []))
    if wanted and ("class" not in layer.features or list(layer.features["class"]) != wanted):
        layer.colormap = told["colormap"]
        layer.features = told["features"]


def _axes(layer: Layer) -> int:
    """Axes of the pixels, colour included."""
    return int(layer.ndim) + bool(getattr(layer, "rgb", False))


def _equal(one: Any, other: Any) -> bool:
    plain = [np.asarray(value).tolist() for value in (one, other)]
    return bool(plain[0] == plain[1])


def mark_of(told: Mapping[str, Any]) -> tuple[str, ...]:
    """What only one layer may have."""
    if "result" in told:
        return (str(told["result"]), str(told.get("thing", "")))
    return (str(told["id"]),) if "id" in told else ()


def forget_if_copy(viewer: Any, layer: Layer) -> None:
    """Take our ids from a layer that the user duplicated: the first one keeps them."""
    told = about(layer)
    mark = mark_of(told)
    if mark and any(
        mark_of(about(other)) == mark and other.unique_id != layer.unique_id
        for other in viewer.layers
    ):
        rest = {k: v for k, v in told.items() if k in ("source", "index", "command", "time")}
        layer.metadata["simgraph"] = rest
