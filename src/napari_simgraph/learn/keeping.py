"""Keeping: pixels that a person painted stay as they are, whatever a model finds there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Labels, LabelsSet, each_labels
from napari_simgraph.learn.painting import Canvas
from napari_simgraph.learn.windows import Span


@dataclass(frozen=True)
class Keeping:
    """Painted pixels, and the class of the model that each of their values means (0 for none)."""

    labels: Labels
    classes: NDArray[np.uint8]

    def over(
        self, z: int, rows: Span, columns: Span, values: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Probabilities ``(K, Y, X)`` of a tile, certain where something is painted."""
        box = (slice(*rows), slice(*columns))
        painted = self.classes[self.labels.section(z, box)[..., 0]]
        if not painted.any():
            return values
        numbers = np.arange(1, len(values) + 1)[:, None, None]
        return np.where(painted > 0, painted == numbers, values).astype(np.float32)


def kept_on(
    canvases: Sequence[Canvas], keep: Labels | LabelsSet | None, model: Model
) -> list[Canvas]:
    """Canvases on which what was painted stays.

    Raises
    ------
    ValueError
        It was painted on another image, or with classes that the model doesn't know.
    """
    if keep is None:
        return list(canvases)
    several = each_labels(keep)
    if len(several) != len(canvases):
        raise ValueError(f"There are {len(canvases)} images but {len(several)} labels to keep.")
    return [
        replace(canvas, keeping=_keeping(canvas, one, model))
        for canvas, one in zip(canvases, several, strict=True)
    ]


def _keeping(canvas: Canvas, labels: Labels, model: Model) -> Keeping:
    image = canvas.image
    if (labels.sections, labels.plane) != (image.sections, image.plane):
        raise ValueError("The labels to keep have another shape than the image: choose others.")
    if not (labels.exclusive and model.exclusive and labels.meaning == "classes"):
        raise ValueError("Only labels of one class a pixel can be kept: choose others.")
    known = [name.casefold() for name in model.classes.names]
    names = [name.casefold() for name in labels.classes.names or model.classes.names]
    unknown = [name for name in names if name not in known]
    classes = np.zeros(np.iinfo(labels.dtype).max + 1 if labels.dtype.itemsize == 1 else 65536)
    for value, name in enumerate(names, 1):
        classes[value] = known.index(name) + 1 if name in known else 0
    if len(unknown) == len(names):
        raise ValueError(
            f"The labels to keep have other classes ({', '.join(labels.classes.names)}) than the "
            f"model ({', '.join(model.classes.names)})."
        )
    return Keeping(labels, classes.astype(np.uint8))
