"""Noun to layer and layer to noun, nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import dask.array as da
import numpy as np
from napari.layers import Labels as LabelsLayer
from napari.layers import Layer

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.geometry import PIXEL, clean_unit, to_unit
from napari_simgraph.core.raster import Image, Labels, Raster
from napari_simgraph.viewer.looks import RAMPS, labels_looks, layer_name, ramp_look

LayerData: TypeAlias = tuple[Any, dict[str, Any], str]

_COPY_BYTES = 2 * 2**30  # painted arrays up to here are copied; larger ones are read as they lie


def to_layer_data(
    noun: Image | Labels, thing: str = "", source_layer: Layer | None = None
) -> list[LayerData]:
    """Layer data tuples that show a noun in the place of the layer it was made from.

    Parameters
    ----------
    noun
        What to show. A probability map and overlapping classes give one layer per class.
    thing
        What it is, as the layer's name says it: ``classes``, ``objects``, ``not sure`` …; empty
        for a picture that was read.
    source_layer
        The layer it was made from: gives position, units and the first half of the name. A flat
        result of a stack takes the last two axes.
    """
    shared = _geometry(noun, source_layer)
    image = source_layer.name if source_layer is not None else noun.name
    parts = _labels(noun, thing) if isinstance(noun, Labels) else _images(noun, thing)
    return [
        (
            _layer_pixels(data),
            {"name": layer_name(image, said), **shared, **look} | _marked(said),
            kind,
        )
        for data, said, look, kind in parts
    ]


def make_layers(
    noun: Image | Labels, thing: str = "", source_layer: Layer | None = None
) -> list[Layer]:
    """The layers of `to_layer_data`; results are locked and can't be painted on."""
    return [make_layer(data) for data in to_layer_data(noun, thing, source_layer)]


def make_layer(data: LayerData) -> Layer:
    """A layer of `to_layer_data`; one that shows a thing is locked and can't be painted on."""
    layer = Layer.create(*data)
    if "metadata" in data[1]:
        layer.locked = True
        if isinstance(layer, LabelsLayer):
            layer.editable = False
            layer.contour = 0 if "features" in data[1] else 2
    return layer


def image_of(layer: Layer, first: int | None = None) -> Image:
    """What an Image layer shows, with the pixel size that it has at this moment.

    Parameters
    ----------
    layer
        Grey or RGB, flat or a stack, of one or many levels; lazy arrays stay lazy.
    first
        Where there are four axes: the place on the first one to use.

    Raises
    ------
    ValueError
        The layer is empty or has too many axes.
    """
    axes = ("ZYX"[-_space(layer, first) :] if _space(layer, first) <= 3 else "") + (
        "C" if getattr(layer, "rgb", False) else ""
    )
    if not axes.startswith(("Z", "Y")):
        names = ", ".join("tczyx"[-layer.ndim :] if layer.ndim > 4 else "tzyx")
        raise ValueError(f"This layer has {layer.ndim} axes ({names}). Choose which to use.")
    return Image(**_fields(layer, first), axes=axes)


def labels_of(
    layer: Layer, classes: ClassTable, zero_is_background: bool = False, first: int | None = None
) -> Labels:
    """What is painted in a layer, as a copy that later strokes don't change.

    Parameters
    ----------
    layer
        A Labels layer, or an Image layer of whole numbers.
    classes
        What the values mean; where 0 is background, its first class is the background.
    zero_is_background
        Every pixel counts and 0 is the first class; else 0 is unlabelled.
    first
        See `image_of`.

    Raises
    ------
    ValueError
        The layer holds no whole numbers, is empty or has too many axes.
    """
    fields = _fields(layer, first)
    pixels = fields.pop("data")[0]
    if np.dtype(pixels.dtype).kind not in "uib":
        raise ValueError(f"'{layer.name}' holds no labels: choose a layer that you painted on.")
    pixels = _values(_copy(pixels), len(classes), zero_is_background)
    return Labels(**fields, data=pixels, classes=classes)


def overlapping_labels_of(layers: Sequence[Layer], classes: ClassTable) -> Labels:
    """Labels with one mask per class from one layer per class, in the order of the classes.

    A layer's 0 is unlabelled, 1 absent and 2 present, as in the layers that we make. A layer with
    other values, or with 1 alone, is a full mask: 0 is absent, the rest present.
    """
    fields = _fields(layers[0], None)
    masks = [_mask(_copy(_fields(layer, None)["data"][0])) for layer in layers]
    if len({mask.shape for mask in masks}) > 1:
        raise ValueError("The masks have different shapes: choose masks drawn on one image.")
    fields |= {"data": np.stack(masks, -1), "axes": "ZYXC"[-masks[0].ndim - 1 :]}
    return Labels(**fields, classes=classes, exclusive=False)


def _labels(noun: Labels, thing: str) -> list[tuple[list[Any], str, dict[str, Any], str]]:
    levels, looks = list(noun.levels), labels_looks(noun, thing)
    if noun.exclusive:
        return [(levels, *looks[0], "labels")]
    return [(_channel(levels, i), *look, "labels") for i, look in enumerate(looks)]


def _images(noun: Image, thing: str) -> list[tuple[list[Any], str, dict[str, Any], str]]:
    levels = list(noun.levels)
    if noun.classes is not None and noun.axes.endswith("C"):
        return [
            (_channel(levels, i), f"sure {row.name}", ramp_look(row.color), "image")
            for i, row in enumerate(noun.classes)
        ]
    if noun.axes.endswith("C") and noun.channels not in (3, 4):
        rows = range(noun.channels)
        return [(_channel(levels, i), f"{thing} {i + 1}".strip(), {}, "image") for i in rows]
    look = ramp_look(RAMPS[thing]) if thing in RAMPS else {}
    look = look | ({"rgb": True} if noun.axes.endswith("C") else {})
    return [(levels, thing, look, "image")]


def _geometry(noun: Raster, source: Layer | None) -> dict[str, Any]:
    """Position, size and units of the layer: the source's own where the pixels are the same."""
    n = len(noun.shape)
    if source is None:
        names, units = ("z", "y", "x")[-n:], (noun.unit,) * n
        place = {"scale": noun.spacing, "translate": noun.origin}
        return {**place, "axis_labels": names, "units": units}
    rotate, shear = np.asarray(source.rotate)[-n:, -n:], shear_of(source)[-n:, -n:]
    scale, translate = np.asarray(source.scale)[-n:], np.asarray(source.translate)[-n:]
    if noun.shape != _shape(source)[-n:]:
        factor = _unit_factor(noun.unit, _unit(source))
        shift = np.asarray(noun.origin) * factor - translate
        scale, translate = np.asarray(noun.spacing) * factor, translate + rotate @ shear @ shift
    return {
        "scale": tuple(scale),
        "translate": tuple(translate),
        "rotate": rotate,
        "shear": shear,
        "affine": np.asarray(source.affine.affine_matrix)[-n - 1 :, -n - 1 :],
        "axis_labels": tuple(source.axis_labels)[-n:],
        "units": tuple(str(unit) for unit in source.units)[-n:],
    }


def _fields(layer: Layer, first: int | None) -> dict[str, Any]:
    """What Image and Labels have in common, read from a layer."""
    levels = list(layer.data) if getattr(layer, "multiscale", False) else [layer.data]
    scale, translate = np.abs(np.asarray(layer.scale)), np.asarray(layer.translate)
    unit, factors = _unit(layer), _factors(layer)
    if first is not None:
        levels = [level[first] for level in levels]
    n = _space(layer, first)
    if 0 in levels[0].shape:
        raise ValueError(f"'{layer.name}' is empty: choose a layer with pixels.")
    return {
        "data": levels,
        "spacing": tuple((scale * factors)[-n:]),
        "origin": tuple((translate * factors)[-n:]),
        "unit": unit,
        "name": layer.name,
        "source": str(layer.metadata.get("simgraph", {}).get("source", "") or _path(layer)),
    }


def _space(layer: Layer, first: int | None) -> int:
    return int(layer.ndim) - (first is not None)


def _shape(layer: Layer) -> tuple[int, ...]:
    """Size per spatial axis of a layer of pixels."""
    finest = layer.data[0] if getattr(layer, "multiscale", False) else layer.data
    return tuple(int(size) for size in finest.shape[: layer.ndim])


def _path(layer: Layer) -> str:
    return str(layer.source.path or "")


def _unit(layer: Layer) -> str:
    """The unit of a layer's last axis; ``pixel`` where its axes mix lengths with other things."""
    units = {_clean(unit) for unit in layer.units[-3:]}
    return PIXEL if PIXEL in units else _clean(layer.units[-1])


def _factors(layer: Layer) -> Any:
    """What turns each axis's unit into that of the last axis."""
    unit = _unit(layer)
    return np.array([_unit_factor(_clean(u), unit) for u in layer.units])


def _unit_factor(unit: str, wanted: str) -> float:
    return 1.0 if PIXEL in (unit, wanted) else to_unit(1.0, unit, wanted)


def _clean(unit: Any) -> str:
    """Seconds, inches and the like count as unknown: results take the layer's own units anyway."""
    try:
        return clean_unit(str(unit))
    except ValueError:
        return PIXEL


def shear_of(layer: Layer) -> Any:
    """A layer's shear as a matrix; napari gives its upper triangle for some layers."""
    shear = np.asarray(layer.shear)
    if shear.ndim == 2:
        return shear
    full = np.eye(int(layer.ndim))
    full[np.triu_indices(int(layer.ndim), k=1)] = shear
    return full


def _channel(levels: list[Any], index: int) -> list[Any]:
    """One channel of each level; lazily where the pixels aren't in memory."""
    return [
        (level if isinstance(level, np.ndarray) else da.asarray(level))[..., index]
        for level in levels
    ]


def _marked(thing: str) -> dict[str, Any]:
    return {"metadata": {"simgraph": {"thing": thing}}} if thing else {}


def _layer_pixels(levels: list[Any]) -> Any:
    return levels if len(levels) > 1 else levels[0]


def _copy(pixels: Any) -> Any:
    small = np.prod(pixels.shape, dtype=float) * np.dtype(pixels.dtype).itemsize <= _COPY_BYTES
    if not small or len(pixels.shape) < 3:
        return np.array(pixels) if small else pixels
    copy = np.zeros(pixels.shape, pixels.dtype)  # what nobody painted on takes no memory
    for z in range(len(copy)):
        if (section := np.asarray(pixels[z])).any():
            copy[z] = section
    return copy


def _values(pixels: Any, count: int, zero_is_background: bool) -> Any:
    """Values as classes from 1: masks of 0 and 255 take the classes in order of their values."""
    if not isinstance(pixels, np.ndarray) or not pixels.size:
        return pixels
    pixels = pixels.view(np.uint8) if pixels.dtype == bool else pixels
    shift = int(zero_is_background)
    if int(pixels.max()) + shift > count:
        found = np.unique(pixels)
        used = found if zero_is_background else found[found != 0]
        if len(used) == count:
            wide = np.searchsorted(used, pixels).astype(np.uint16) + 1
            return np.where(np.isin(pixels, used), wide, 0).astype(np.uint16)
    return pixels + pixels.dtype.type(1) if zero_is_background else pixels


def _mask(pixels: Any) -> Any:
    """A mask of one class as 0 unlabelled, 1 absent, 2 present."""
    ours = int(pixels.max()) == 2
    return np.asarray(pixels if ours else np.where(pixels > 0, 2, 1), np.uint8)
