"""The beginning and the end of a live session: nouns and settings in, a model out."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from scipy import ndimage

from napari_simgraph.core.job import Progress
from napari_simgraph.core.live import UNCHANGED, ClassChange, History, Strokes
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image, Labels
from napari_simgraph.core.room import Room
from napari_simgraph.learn.aside import Aside, Inbox
from napari_simgraph.learn.augment import Augment
from napari_simgraph.learn.device import pick
from napari_simgraph.learn.drawn import knows
from napari_simgraph.learn.grain import known_noise, usual_noise
from napari_simgraph.learn.live import Live
from napari_simgraph.learn.live_keeper import Keeper
from napari_simgraph.learn.live_settings import LiveLearning
from napari_simgraph.learn.minds import Known, Minds
from napari_simgraph.learn.normalise import RULE, measure
from napari_simgraph.learn.pairs import pairs
from napari_simgraph.learn.pixel_model import check_channels, check_kind, neighbours
from napari_simgraph.learn.pupil import Diet
from napari_simgraph.learn.settings import Varying
from napari_simgraph.learn.truth import Truth
from napari_simgraph.learn.windows import Windows
from napari_simgraph.nets import reach

R = TypeVar("R")

# Of the learning rate, where a network begins with what it knows of drawn tissue: it forgets less
# of what holds in sections nobody painted. ISBI 12-17, V_Rand at the end with seeds 0 and 1:
# 0.973 and 0.953 -> 0.985 and 0.971.
_KNOWING = 1 / 3
_BLOCK = 1024  # px; labels that are there already are taken in square by square
OVERLAPPING = "Live learning wants one class a pixel: choose labels that don't overlap."


@dataclass(frozen=True)
class Begin:
    """What a session begins with; see `capabilities.segmentation.live`."""

    image: Image
    labels: Labels | None
    history: History | None
    start: Model | None


def session(
    begin: Begin, config: LiveLearning, room: Room, aside: Aside, inbox: Inbox
) -> Generator[Any, Any, Model]:
    """A whole session; see `core.live` for what it takes and gives."""
    image, start = begin.image, begin.start
    _check(begin)
    place = pick(config.device, config.threads, config.precision)
    inbox.hear((yield place.tick()))
    truth = Truth(image.plane, image.sections)
    yield from _take_classes(begin, truth, inbox)
    network = start.network if start else config.network(image.channels, 2)
    rule = dict(start.normalisation) if start else RULE
    statistics = yield from _listening(measure(image, rule), inbox)
    noise = (
        known_noise(rule)
        if start
        else (yield from _listening(usual_noise(image, statistics), inbox))
    )
    stacked = Windows(image, statistics, neighbours(network, image.channels), noise)
    drawn = config.drawn and image.channels == 1
    diet = _diet(config, network, stacked, drawn and not start and knows(network))
    known = Known(Windows(image, statistics, noise=noise), stacked, truth, network, diet, drawn)
    minds = Minds(known, place, start)
    yield from _listening(aside.wait(minds.warm_up), inbox)
    nouns = (image, begin.labels, start)
    key = f"{config} {[one and one.fingerprint for one in nouns]}"
    live = Live(minds, aside, inbox, config.rest, Keeper(room, key))
    yield from live.run(begin.history or History())
    return minds.model(config.to_json(), config.boundary)


def _listening(job: Generator[Any, Any, R], inbox: Inbox) -> Generator[Any, Any, R]:
    """A job that hears nothing, with what it is sent kept for later."""
    while True:
        try:
            tick = next(job)
        except StopIteration as end:
            made: R = end.value
            return made
        inbox.hear((yield tick))


def _check(begin: Begin) -> None:
    """Nothing, where all fit together."""
    image, labels, start = begin.image, begin.labels, begin.start
    if start:
        check_kind(start, "segmentation")
        check_channels(start, image.channels)
        if start.network["name"] != "unet" or not start.exclusive:
            raise ValueError(f"'{start.name}' can't learn on live: choose a U-Net, or no model.")
    if labels is None:
        return
    pairs(image, labels)
    if not labels.exclusive:
        raise ValueError(OVERLAPPING)
    if start and labels.classes.names != start.classes.names:
        raise ValueError(
            f"'{start.name}' knows the classes {', '.join(start.classes.names)}, the labels have "
            f"{', '.join(labels.classes.names)}. Choose a model with the same classes."
        )


def _take_classes(begin: Begin, truth: Truth, inbox: Inbox) -> Generator[Any, Any, None]:
    """Classes of the labels or of the model to begin with, and what is painted already."""
    labels = begin.labels
    if labels is not None:
        labels = pairs(begin.image, labels)[1][0]
    table = labels.classes if labels is not None else begin.start and begin.start.classes
    for row in table or ():
        truth.change(ClassChange("add", row.value, row.name, row.color))
    if labels is None:
        return
    for z in range(labels.sections):
        for top in range(0, labels.plane[0], _BLOCK):
            for left in range(0, labels.plane[1], _BLOCK):
                _take_block(labels, truth, (z, top, left))
                tick = Progress(text=f"looking for strokes, z {z} of {labels.sections}")
                inbox.hear((yield tick))


def _take_block(labels: Labels, truth: Truth, corner: tuple[int, int, int]) -> None:
    """Each piece of one class that hangs together counts as a stroke."""
    z, top, left = corner
    box = (slice(top, top + _BLOCK), slice(left, left + _BLOCK))
    plane = labels.section(z, box)[..., 0]
    for value in np.unique(plane[plane > 0]).tolist():
        if value not in truth.values:
            raise ValueError(
                f"'{labels.name}' holds the value {value}, which no class has: name it first."
            )
        pieces, _ = ndimage.label(plane == value, np.ones((3, 3)))
        for number, where in enumerate(ndimage.find_objects(pieces), 1):
            painted = np.where(pieces[where] == number, value, UNCHANGED).astype(np.uint8)
            truth.mark(Strokes(z, top + where[0].start, left + where[1].start, painted))


def _diet(config: LiveLearning, network: Any, windows: Windows, knowing: bool) -> Diet:
    stride = reach(network["name"], network["options"]).stride
    patch = -(-min(config.patch, max(windows.image.plane)) // stride) * stride
    varied = {item.name: getattr(config, item.name) for item in Varying.settings()}
    how = Augment(patch, 2 * windows.neighbours + 1, **varied)
    return Diet(how, config.batch, config.rate * (_KNOWING if knowing else 1.0), config.seed)
