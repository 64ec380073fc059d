"""Canvases: one for each image, with what finds its objects where they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from napari_simgraph.analysis.parting import THRESHOLD, Parting
from napari_simgraph.core.job import Note
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image, ImageSet, each_image
from napari_simgraph.core.room import Room
from napari_simgraph.learn.closing import boundary_of
from napari_simgraph.learn.making import KINDS
from napari_simgraph.learn.object_painting import ObjectPainter
from napari_simgraph.learn.painting import Canvas, prepare
from napari_simgraph.learn.pixel_size import PixelSize, view

USUAL = f"Objects are parted at {THRESHOLD}: the model was not checked on fully labelled sections."


def canvases_for(
    model: Model, image: Image | ImageSet, config: Any, room: Room, size: PixelSize | None
) -> tuple[Sequence[Canvas], list[Note]]:
    """A canvas of each image, and what there is to say about its objects.

    Parameters
    ----------
    model, image
        What is painted, and on what.
    config
        Painted and Parted.
    room
        Holds the results.
    size
        The pixel size at which the model works; None for that of the image.

    Raises
    ------
    ValueError
        There is no class of the name that is to bound objects.
    """
    kinds, canvases = KINDS[config.output], []
    asked = "instances" in kinds
    how = parting_of(model, config) if asked else None
    for number, one in enumerate(each_image(image)):
        wanted = {kind: kind if one is image else f"{kind}-{number}" for kind in kinds}
        canvas = prepare(one, model.classes, model.exclusive, wanted, room)
        if how is not None:
            out = canvas.arrays["instances"][1]
            told = (how, config.objects == "stack")
            watch = ObjectPainter(one, view(one, size), out, told, room)
            canvas = replace(canvas, watch=watch)
        canvases.append(canvas)
    unsure = how is not None and how.boundary and not config.parting
    known = "parting_threshold" in model.metrics
    return canvases, [Note(USUAL)] if unsure and not known else []


def parting_of(model: Model, config: Any) -> Parting:
    """What an object is to a model.

    Raises
    ------
    ValueError
        There is no class of the name that is to bound objects.
    """
    name = config.bounded_by.strip() or model.boundary
    boundary = 0 if name in ("", "none") else model.classes.find(name).value
    usual = float(model.metrics.get("parting_threshold", THRESHOLD))
    how = Parting(
        model.classes, model.exclusive, boundary, config.parting or usual, config.smallest
    )
    of, closes = boundary_of(model), config.boundaries == "closed"
    if of is None or boundary != of.channel + 1 or not closes:
        return how
    return replace(how, beside=True, weight=of.weight)
