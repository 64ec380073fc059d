"""Segmentation: a U-Net learns classes from labels and paints them into a whole stack."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

from napari_simgraph.core.config import Config, setting
from napari_simgraph.core.job import Job, Signal
from napari_simgraph.core.live import Event, History, Reply
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image, ImageSet, Labels, LabelsSet
from napari_simgraph.core.room import Room
from napari_simgraph.learn.aside import Aside, Inbox, with_module
from napari_simgraph.learn.holdout import parse_sections
from napari_simgraph.learn.live_settings import LiveLearning
from napari_simgraph.learn.making import Painted, Parted
from napari_simgraph.learn.segmented import Segmented
from napari_simgraph.learn.settings import (
    Computing,
    LearnedScale,
    Learning,
    PixelNetwork,
    Scaled,
    Varying,
)


@dataclass(frozen=True)
class Train(Computing, LearnedScale, Varying, PixelNetwork, Learning):
    """Settings of `train`."""


@dataclass(frozen=True)
class Live(LiveLearning):
    """Settings of `live`."""


@dataclass(frozen=True)
class Apply(Computing, Scaled, Parted, Painted):
    """Settings of `apply`."""


@dataclass(frozen=True)
class Score(Config):
    """Settings of `score`."""

    boundary: str = setting(
        "",
        "The class that separates cells; found if empty, or none.",
        label="Boundary class",
    )
    sections: str = setting("", "Which sections, like 18-23; all if empty.", label="Sections")


def train(
    image: Image | ImageSet,
    labels: Labels | LabelsSet,
    *,
    start: Model | None = None,
    config: Train,
    room: Room,
) -> Job[Model]:
    """Learn classes from labelled pixels.

    Parameters
    ----------
    image
        What to learn from: grey or colour, flat or a stack.
    labels
        Strokes or full masks on it, 0 where nothing is said; sets in the same order.
    start
        A model to go on from, of the same classes.
    config
        Settings.
    room
        Keeps the checkpoints.

    Raises
    ------
    ValueError
        Image and labels don't fit together, or there is nothing to learn.
    """
    given = _Given(image, labels, start)
    return with_module("napari_simgraph.learn.pixels", partial(_train, given, config, room))


def live(
    image: Image,
    labels: Labels | None = None,
    history: History | None = None,
    *,
    start: Model | None = None,
    config: Live,
    room: Room,
) -> Generator[Reply, Event | Signal | None, Model]:
    """Learn while somebody paints, and answer each stroke; `core.live` tells how to speak with it.

    Parameters
    ----------
    image
        What is painted on: grey or colour, flat or a stack.
    labels
        Strokes or masks that are there already.
    history
        A session to go on with.
    start
        A U-Net to go on from.
    config
        Settings.
    room
        Keeps where the session stands, so that going on is quick.

    Raises
    ------
    ValueError
        What is given doesn't fit together, or nothing was painted when it was stopped.
    """
    inbox = Inbox()
    aside = Aside(inbox)
    try:
        name = "napari_simgraph.learn.live_start"
        late: Any = yield from aside.wait(partial(import_module, name))  # type: ignore[misc]
        given = late.Begin(image, labels, history, start)
        return (yield from late.session(given, config, room, aside, inbox))  # type: ignore[no-any-return]
    finally:
        aside.close()


def get_ready() -> None:
    """Load what `live` computes with, so that its first answer comes sooner."""
    import_module("napari_simgraph.learn.live_start")
    late: Any = import_module("napari_simgraph.learn.quick")
    late.rehearse({"in_channels": 1, "drawn": True})


def apply(
    model: Model,
    image: Image | ImageSet,
    keep: Labels | LabelsSet | None = None,
    *,
    config: Apply,
    room: Room,
) -> Job[Segmented]:
    """Find the learned classes in an image.

    Parameters
    ----------
    model
        From `train`.
    image
        What to segment, with the channels that the model learned.
    keep
        Painted on it: these pixels stay as they are.
    config
        Settings.
    room
        Holds the results, ``classes``, ``probability`` and ``instances``, while they grow.

    Raises
    ------
    ValueError
        The model was made for other images.
    """
    run = partial(_apply, model, (image, keep), config, room)
    return with_module("napari_simgraph.learn.predict", run)


def score(
    prediction: Image | Labels | ImageSet | LabelsSet,
    truth: Labels | LabelsSet,
    config: Score | None = None,
) -> dict[str, float]:
    """Agreement with labels on the same image, by name; what can't be known is left out.

    ``dice_NAME``, ``iou_NAME``, ``mean`` (of Dice) and ``pixel_accuracy``; where a class separates
    cells also ``v_rand`` and ``v_info``, each at its best threshold of the cells' probability
    (``v_rand_threshold``, ``v_info_threshold``), and at one half (``v_rand_half``,
    ``v_info_half``). Where one of the two numbers objects, these are compared instead: see
    `analysis.object_agreement`.

    Raises
    ------
    ValueError
        The two don't fit together.
    """
    from napari_simgraph.analysis.agreement import agreement
    from napari_simgraph.analysis.object_agreement import about_objects, object_agreement

    asked = config or Score()
    found, truths = (_single(one) for one in (prediction, truth))
    if len(found) != len(truths):
        raise ValueError(f"There are {len(found)} predictions but {len(truths)} truths: pair them.")
    pairs = [
        (one, true, parse_sections(asked.sections, true.sections))
        for one, true in zip(found, truths, strict=True)
    ]
    compare = object_agreement if about_objects(pairs) else agreement
    return compare(pairs, asked.boundary)


def _single(source: Any) -> Sequence[Any]:
    """The rasters of a source, whether it is one or many."""
    return list(source) if isinstance(source, ImageSet | LabelsSet) else [source]


def _apply(
    model: Model,
    pictures: tuple[Image | ImageSet, Labels | LabelsSet | None],
    config: Apply,
    room: Room,
    aside: Aside,
) -> Job[Segmented]:
    from napari_simgraph.learn.applying import applied

    return applied(model, pictures, config, room, aside)


class _Given(NamedTuple):
    """What `train` was given."""

    image: Image | ImageSet
    labels: Labels | LabelsSet
    start: Model | None


def _train(given: _Given, config: Train, room: Room, aside: Aside) -> Job[Model]:
    from napari_simgraph.learn import pixel_model as pixel
    from napari_simgraph.learn.device import pick
    from napari_simgraph.learn.fit import fit
    from napari_simgraph.learn.odd_pixels import tell_odd
    from napari_simgraph.learn.pairs import Wishes, look, pairs
    from napari_simgraph.learn.parting_choice import Finished, choose_parting
    from napari_simgraph.learn.pixel_size import to_learn
    from napari_simgraph.learn.pixels import Loss, PixelLesson
    from napari_simgraph.learn.state import unpack

    if not (config.steps or config.epochs or config.minutes):
        raise ValueError("Say how long to learn: minutes, epochs or steps.")
    images, truths = pairs(given.image, given.labels)
    channels, start = images[0].channels, given.start
    if start:
        pixel.check_kind(start, "segmentation")
        pixel.check_start(start, channels, truths[0])
    network = dict(start.network if start else config.network(channels, len(truths[0].classes)))
    place = pick(config.device, config.threads, config.precision)
    aside.halt.hear((yield place.tick()))
    yield from tell_odd(images, aside.halt)
    images, truths, told = to_learn(images, truths, config, start)
    for note in told:
        aside.halt.hear((yield note))
    wishes = Wishes(config.holdout, config.boundary, pixel.neighbours(network, channels))
    material = yield from look(images, truths, wishes, aside.halt)
    module = pixel.fresh_network(network, config.seed, start)
    how = pixel.variation(config, config.patch, network, material)
    loss = Loss(config.boundary_weight, config.dice)
    lesson = PixelLesson(module, material, how, loss, config.seed)
    plan = pixel.plan_for(config, material, f"{config} {start and start.fingerprint}")
    fitted = yield from fit(lesson, plan, place, room, aside)
    unpack(module, fitted.arrays)
    metrics = yield from lesson.final(place, aside)
    finished = Finished(network, module, config.boundary_weight)
    metrics |= yield from choose_parting(finished, material, place, aside)
    made: dict[str, Any] = {"settings": config.to_json(), "metrics": metrics, "seed": config.seed}
    return Model("segmentation", network=network, **made, **pixel.describe(material, fitted))
