"""What is painted on the images of patches, read as labels to learn areas of interest from."""

from __future__ import annotations

import numpy as np
from napari.layers import Layer

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.patches import PatchGrid
from napari_simgraph.core.raster import Labels, LabelsSet
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.views.strokes import read_classes, renumbered, shape_of

_MOST = 250  # values of a painted layer; more of them are numbers of objects


def painted_on(
    session: Session, layer: Layer | None, grid: PatchGrid, layers: list[Layer | None]
) -> Labels | LabelsSet:
    """What is painted in a layer, of each image of the patches.

    Raises
    ------
    ValueError
        Nothing is painted, or on another image.
    """
    if layer is None:
        raise ValueError("Paint some classes on the image first, in Segment or with napari.")
    shapes = [one.shape for one in grid.sources]
    fits = [n for n, shape in enumerate(shapes) if shape == shape_of(layer)]
    if not fits:
        size, own = (" x ".join(map(str, one)) for one in (shape_of(layer), shapes[0]))
        raise ValueError(
            f"These labels have another shape ({size}) than the image ({own}). "
            "Choose labels drawn on it."
        )
    number = _same_place(layer, layers, fits)
    labels = _labels(session, layer)
    if not labels.read().any():
        raise ValueError(f"Nothing is painted in '{layer.name}' yet.")
    if len(grid.sources) == 1:
        return labels
    return LabelsSet(
        tuple(
            labels if n == number else _nothing(one.shape, labels)
            for n, one in enumerate(grid.sources)
        )
    )


def refuse_painted(layer: Layer) -> str:
    """Why a layer is not offered, or ""."""
    told = about(layer)
    return "a result of ours" if "result" in told or "answer" in told else ""


def classes_of(layer: Layer) -> tuple[ClassTable, tuple[int, ...]]:
    """Names and values of what is painted; values where there are no names."""
    known = read_classes(layer)
    if known is not None:
        return known
    values = np.unique(np.asarray(layer.data))
    found = [int(value) for value in values if value > 0]
    if len(found) > _MOST:
        return ClassTable(()), ()
    return ClassTable.of(f"value {value}" for value in found), tuple(found)


def _labels(session: Session, layer: Layer) -> Labels:
    table, numbers = classes_of(layer)
    if not numbers:
        raise ValueError(f"'{layer.name}' holds no painted classes: choose another layer.")
    every = ClassTable.of(f"value {n}" for n in range(1, max(numbers) + 1))
    return renumbered(session.labels(layer, every), numbers, table)


def _same_place(layer: Layer, layers: list[Layer | None], fits: list[int]) -> int:
    """Of several images of this shape the one that the labels lie on."""
    for number in fits:
        image = layers[number] if number < len(layers) else None
        if image is not None and np.allclose(image.translate, layer.translate):
            return number
    return fits[0]


def _nothing(shape: tuple[int, ...], like: Labels) -> Labels:
    return like.replace(data=np.zeros(shape, np.uint8))
