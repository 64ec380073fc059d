"""Setting what a pixel measures, and choosing among four axes, with the effect seen at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dask.array as da
import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Layer

from napari_simgraph.viewer.looks import layer_name
from napari_simgraph.viewer.stacking import about

SPACE = ("z", "y", "x")


def set_pixel_size(viewer: Any, layer: Layer, spacing: Sequence[float], unit: str) -> None:
    """Give a layer and everything that lies on it a pixel size, and show the scale bar.

    Parameters
    ----------
    viewer, layer
        The picture and where it is shown.
    spacing, unit
        Pixel size per axis of the layer.
    """
    step = viewer.dims.current_step
    old = np.asarray(layer.scale, float)
    ratio = np.asarray(spacing, float) / old
    for other in [each for each in viewer.layers if _lies_on(each, layer)]:
        n = other.ndim
        other.units = (unit,) * n
        other.translate = np.asarray(other.translate) * ratio[-n:]
        other.scale = np.asarray(other.scale) * ratio[-n:]
        if not set(other.axis_labels) & {"y", "x"}:
            other.axis_labels = SPACE[-n:]
    viewer.canvas.overlays.scale_bar.visible = True
    viewer.reset_view()
    viewer.dims.current_step = step  # the same section: its place in the world has changed


def _lies_on(layer: Layer, image: Layer) -> bool:
    """Whether a layer shares the image's axes: itself, what was painted on it or made from it."""
    n = min(layer.ndim, image.ndim)
    if layer.ndim > image.ndim or tuple(layer.units)[-n:] != tuple(image.units)[-n:]:
        return False
    if layer == image or about(layer).get("image", "") == about(image).get("id"):
        return True
    same = np.allclose(np.asarray(layer.scale)[-n:], np.asarray(image.scale)[-n:])
    return same and not isinstance(layer, ImageLayer)  # another picture has a size of its own


def take_axis(layer: ImageLayer, axis: int, index: int) -> ImageLayer:
    """A layer of one place on an axis of a 4-D or 5-D layer; its pixels stay where they are."""
    levels = list(layer.data) if layer.multiscale else [layer.data]
    place = (slice(None),) * axis + (index,)
    parts = [
        (level if isinstance(level, np.ndarray) else da.asarray(level))[place] for level in levels
    ]
    keep = [i for i in range(layer.ndim) if i != axis]
    names = axis_names(layer)
    return ImageLayer(
        parts if layer.multiscale else parts[0],
        multiscale=layer.multiscale,
        rgb=layer.rgb,
        name=layer_name(layer.name, f"{names[axis]} {index}"),
        scale=np.asarray(layer.scale)[keep],
        translate=np.asarray(layer.translate)[keep],
        units=tuple(str(layer.units[i]) for i in keep),
        axis_labels=SPACE[-len(keep) :] if len(keep) < 4 else tuple(names[i] for i in keep),
        contrast_limits=layer.contrast_limits,
        colormap=layer.colormap,
    )


def axis_names(layer: Layer) -> tuple[str, ...]:
    """The layer's own axis names, or ``t z y x`` where it has none."""
    own = tuple(str(name) for name in layer.axis_labels)
    if all(name.lstrip("-").isdigit() or name.startswith("axis") for name in own):
        return tuple("tczyx"[-layer.ndim :]) if layer.ndim > 4 else ("t", *SPACE)[-layer.ndim :]
    return own
