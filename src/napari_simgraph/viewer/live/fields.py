"""Painting fields: the parts of a large image that are painted on, each a layer of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.layers import Labels as LabelsLayer
from napari.layers import Layer

from napari_simgraph.viewer.layers import shear_of
from napari_simgraph.viewer.live.view import field_of
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.views.strokes import Field, add_strokes, shape_of

LARGEST = 4096  # px per side of a plane that is painted as a whole; above, layers slow napari down
EDGE = 2048  # px per side of a field


def needs_fields(image: Layer) -> bool:
    """Whether an image is too large for one painted layer."""
    return max(shape_of(image)[-2:]) > LARGEST


def corner_of(layer: Layer) -> tuple[int, int]:
    """The pixel of the image ``(y, x)`` that a painted layer begins at."""
    found = about(layer).get("corner") or (0, 0)
    return int(found[0]), int(found[1])


def lies_on(layer: Layer, image: Layer) -> bool:
    """Whether a painted layer has the shape of an image, or is a field of it."""
    shape, whole = shape_of(layer), shape_of(image)
    if "corner" not in about(layer) or len(shape) != len(whole):
        return shape == whole
    corner = corner_of(layer)
    inside = all(c + n <= full for c, n, full in zip(corner, shape[-2:], whole[-2:], strict=True))
    ours = about(layer).get("image") == about(image).get("id")
    return inside and ours and shape[:-2] == whole[:-2]


def strokes_here(viewer: Any, image: Layer) -> LabelsLayer:
    """A new painted layer on an image; on a large one a field around the middle of the view.

    Where that middle lies in a field already, it is that one.
    """
    if not needs_fields(image):
        return add_strokes(viewer, image)
    seen = field_of(viewer, image)
    sizes = shape_of(image)[-2:]
    middle = ((seen.top + seen.bottom) // 2, (seen.left + seen.right) // 2) if seen else sizes
    for layer in viewer.layers:
        if "corner" in about(layer) and lies_on(layer, image):
            inside = zip(middle, corner_of(layer), shape_of(layer)[-2:], strict=True)
            if all(start <= at < start + n for at, start, n in inside):
                return layer
    edges = tuple(min(EDGE, n) for n in sizes)
    corner = tuple(
        max(0, min(at - edge // 2, n - edge))
        for at, edge, n in zip(middle, edges, sizes, strict=True)
    )
    place = Field((corner[0], corner[1]), (edges[0], edges[1]), shifted(image, corner))
    return add_strokes(viewer, image, place)


def shifted(image: Layer, corner: Sequence[int]) -> Any:
    """Where a layer that begins at a pixel of the image has to lie."""
    matrix = np.asarray(image.rotate) @ shear_of(image)
    step = np.zeros(image.ndim)
    step[-2:] = np.asarray(image.scale)[-2:] * np.asarray(corner)
    return np.asarray(image.translate) + matrix @ step
