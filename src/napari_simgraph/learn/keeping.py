"""Keeping: pixels that a person painted stay as they are, whatever a model finds there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_simgraph.analysis.parting import Parting
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Labels, LabelsSet, each_labels
from napari_simgraph.learn.painting import Canvas
from napari_simgraph.learn.pixel_size import View
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
        painted = self.at(z, rows, columns)
        if not painted.any():
            return values
        numbers = np.arange(1, len(values) + 1)[:, None, None]
        return np.where(painted > 0, painted == numbers, values).astype(np.float32)

    def at(self, z: int, rows: Span, columns: Span) -> NDArray[np.uint8]:
        """The class ``(Y, X)`` that was painted on each pixel of a box, 0 for none."""
        return self.classes[self.labels.section(z, (slice(*rows), slice(*columns)))[..., 0]]

    def seen_as(self, seen: View) -> Keeping:
        """The same on the pixels that a network sees."""
        return replace(self, labels=seen.picked(self.labels))


def as_painted(
    objects: NDArray[np.uint32], painted: NDArray[np.uint8], how: Parting
) -> NDArray[np.uint32]:
    """Objects ``(Y, X)`` inside boundaries: none on painted walls, one where else was painted.

    What was painted on the line between two objects goes to the nearest one.
    """
    kept = np.where(painted == how.boundary, 0, objects)
    inside = (painted > 0) & ~np.isin(painted, (how.boundary, *how.classes.backgrounds()))
    lost = inside & (kept == 0)
    if lost.any() and kept.any():
        near = ndimage.distance_transform_edt(
            kept == 0, return_distances=False, return_indices=True
        )
        kept[lost] = kept[tuple(near[:, lost])]
    return kept


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
    kept = [_keeping(canvas, one, model) for canvas, one in zip(canvases, several, strict=True)]
    for canvas, one in zip(canvases, kept, strict=True):
        if canvas.watch is not None:
            canvas.watch.keep(one)
    return [replace(canvas, keeping=one) for canvas, one in zip(canvases, kept, strict=True)]


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
