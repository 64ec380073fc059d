"""Where a layer goes in the list, and how many filled ones may be seen at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from napari.layers import Image as ImageLayer
from napari.layers import Labels as LabelsLayer
from napari.layers import Layer

# From below, as in the layer list.
IMAGE, SCORES, CLASSES, OBJECTS, REGIONS, STROKES = 1, 3, 4, 5, 9, 10
_VISIBLE_FILLED = 2  # more colours over one image can't be told apart


def about(layer: Layer) -> dict[str, Any]:
    """What we know of a layer: ids, its thing, the command that makes it again."""
    found = layer.metadata.get("simgraph", {})
    return found if isinstance(found, dict) else {}


def is_made(layer: Layer) -> bool:
    """Whether we made a layer: a result, answers of live learning, or what is drawn anew."""
    return any(word in about(layer) for word in ("result", "answer", "fleeting"))


def rank(layer: Layer) -> int:
    """The height at which a layer is put in."""
    thing = about(layer).get("thing", "")
    if not thing:
        return STROKES if isinstance(layer, LabelsLayer) else IMAGE
    if isinstance(layer, ImageLayer):
        return SCORES
    if str(thing).startswith("objects"):  # and "objects 2", beside those that a person edited
        return OBJECTS
    return {"strokes": STROKES, "regions": REGIONS}.get(str(thing), CLASSES)


def insert_index(layers: Sequence[Layer], layer: Layer, source: Layer | None) -> int:
    """The place just above its neighbours below: the image and the layers made from it."""
    height, place = rank(layer), -1
    image = about(layer).get("image")
    for index, other in enumerate(layers):
        of_same_image = source is not None and other.unique_id == source.unique_id
        of_same_image |= bool(image) and about(other).get("image") == image
        if of_same_image and rank(other) <= height:
            place = index
    return place + 1 if place >= 0 else len(layers)


def put_in(layers: Any, layer: Layer, source: Layer) -> None:
    """Put a layer of ours above the image it belongs to, locked; what was active stays so.

    Parameters
    ----------
    layers
        Those of the viewer.
    layer
        Drawn by us, made anew when it has to be.
    source
        The image that it lies over.
    """
    active = layers.selection.active
    layers.insert(insert_index(list(layers), layer, source), layer)
    layer.locked = True
    layers.selection.active = active


def take_out(layers: Any, ours: Iterable[Layer]) -> None:
    """Take locked layers of ours out of those of the viewer."""
    for layer in list(ours):
        layer.locked = False
        layers.remove(layer)


def hide_oldest(layers: Iterable[Layer], just_made: Iterable[Layer]) -> list[str]:
    """The names of filled overlays that were hidden so that two are seen on an image.

    The newest of those that were just made stay.
    """
    just_made = list(just_made)
    images = {about(layer).get("image") for layer in just_made}
    new = {layer.unique_id: i for i, layer in enumerate(reversed(just_made))}
    seen = [
        layer
        for layer in layers
        if layer.visible and _is_filled(layer) and about(layer).get("image") in images
    ]
    seen.sort(key=lambda layer: (layer.unique_id in new, _age(layer, new)))
    hidden = seen[:-_VISIBLE_FILLED]
    for layer in hidden:
        layer.visible = False
    return [layer.name for layer in hidden]


def _is_filled(layer: Layer) -> bool:
    return rank(layer) in (SCORES, CLASSES)


def _age(layer: Layer, new: dict[Any, int]) -> Any:
    """By time of making; of layers made together the first one is the last to be hidden."""
    return (str(about(layer).get("time", "")), new.get(layer.unique_id, 0))
