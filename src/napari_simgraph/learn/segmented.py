"""What applying a model makes: classes, probabilities and objects of an image or a set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from napari_simgraph.core.raster import Image, ImageSet, Labels, LabelsSet
from napari_simgraph.learn.painting import Canvas

R = TypeVar("R")


class Segmented(NamedTuple):
    """What `apply` makes; None where it was not asked for."""

    classes: Labels | LabelsSet | None
    probability: Image | ImageSet | None
    instances: Labels | LabelsSet | None


def segmented(canvases: Sequence[Canvas], image: Image | ImageSet) -> Segmented:
    """What canvases of an image hold, under the names of the image."""
    classes = tuple(filter(None, (canvas.labels() for canvas in canvases)))
    maps = tuple(filter(None, (canvas.probability() for canvas in canvases)))
    objects = tuple(filter(None, (canvas.objects() for canvas in canvases)))
    if isinstance(image, Image):
        return Segmented(_first(classes), _first(maps), _first(objects))
    name = image.name
    return Segmented(
        LabelsSet(classes, f"{name} · classes") if classes else None,
        ImageSet(maps, name=f"{name} · probability") if maps else None,
        LabelsSet(objects, f"{name} · objects") if objects else None,
    )


def _first(made: Sequence[R]) -> R | None:
    return made[0] if made else None
