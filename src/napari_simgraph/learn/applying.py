"""Applying a model: sections are painted one by one, into a Room."""

from __future__ import annotations

from functools import partial
from typing import Any

from napari_simgraph.core.job import Job
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image, ImageSet, Labels, LabelsSet, each_image
from napari_simgraph.core.room import Room
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.canvases import canvases_for
from napari_simgraph.learn.crew import crew_of, placed
from napari_simgraph.learn.holdout import parse_sections
from napari_simgraph.learn.keeping import kept_on
from napari_simgraph.learn.odd_pixels import tell_odd
from napari_simgraph.learn.pixel_model import PixelModel, check_channels, check_kind
from napari_simgraph.learn.pixel_size import to_run
from napari_simgraph.learn.segmented import Segmented, segmented
from napari_simgraph.learn.showing import showing


def applied(
    model: Model,
    given: tuple[Image | ImageSet, Labels | LabelsSet | None],
    config: Any,
    room: Room,
    aside: Aside,
) -> Job[Segmented]:
    """What a model finds in images; see `capabilities.segmentation.apply`."""
    image, keep = given
    images = each_image(image)
    check_kind(model, "segmentation")
    for one in images:
        check_channels(model, one.channels)
    size, told = to_run(images, model, config)
    place = yield from placed(config, room, aside)
    yield from tell_odd(images, aside.halt)
    for note in told:
        aside.halt.hear((yield note))
    build = partial(PixelModel, model, config.average, place, aside, size)
    pixel_model = yield from aside.wait(build)  # takes a while for wide networks
    canvases, said = canvases_for(model, image, config, room, size)
    for note in said:
        aside.halt.hear((yield note))
    canvases = kept_on(canvases, keep, model)
    sections = [parse_sections(config.sections, one.image.sections) for one in canvases]
    closes, crew = room if config.boundaries == "closed" else None, crew_of(room)
    if crew is not None:
        yield from pixel_model.share(crew, canvases, sections, closes is None)
    for number, canvas in enumerate(canvases):
        part = (number, len(canvases))
        painting = pixel_model.paint(canvas, sections[number], part, closes)
        yield from showing(painting, canvas.written)
    return segmented(canvases, image)
