"""Segmentation: a U-Net learns classes from labels and paints them into a whole stack."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from napari_simgraph import __version__
from napari_simgraph.core.config import Config, setting
from napari_simgraph.core.job import Clock, Job, Progress
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image, ImageSet, Labels, LabelsSet, each_image
from napari_simgraph.core.room import Room
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.holdout import parse_sections
from napari_simgraph.learn.normalise import RULE, measure
from napari_simgraph.learn.windows import Windows

if TYPE_CHECKING:
    from napari_simgraph.learn.augment import Augment
    from napari_simgraph.learn.device import Place
    from napari_simgraph.learn.fit import Fitted, Plan
    from napari_simgraph.learn.painting import Canvas
    from napari_simgraph.learn.pairs import Material
    from napari_simgraph.learn.predict import Predictor

_DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True)
class Train(Config):
    """Settings of `train`."""

    minutes: float = setting(
        5.0,
        "How long to learn; 0 where steps or epochs say it.",
        0,
        10_000,
        1,
        label="Learn for",
        first=True,
        unit="min",
    )
    width: int = setting(
        16, "Features of the network at full size: 16 is fast, 32 finer.", 4, 128, 4, label="Width"
    )
    depth: int = setting(
        4, "Levels of the network: each sees twice as far.", 1, 6, 1, label="Depth"
    )
    residual: bool = setting(
        False, "Residual blocks: a little slower, good for deep networks.", label="Residual blocks"
    )
    neighbours: int = setting(
        0,
        "Sections above and below that the network sees as well.",
        0,
        2,
        1,
        label="Look at neighbour sections",
    )
    patch: int = setting(
        256, "Side of the squares it learns from.", 32, 1024, 32, label="Patch", unit="px"
    )
    batch: int = setting(4, "Patches per step.", 1, 64, 1, label="Patches per step")
    epochs: int = setting(
        0, "Passes over all labelled pixels, instead of minutes.", 0, 100_000, label="Passes"
    )
    steps: int = setting(0, "Training steps, instead of minutes.", 0, 10_000_000, label="Steps")
    holdout: str = setting(
        "auto",
        "Labelled sections kept aside to see how good it is: 18-23, auto or none.",
        label="Keep aside",
    )
    boundary: str = setting(
        "", "The class that separates cells; found by its name if empty.", label="Boundary class"
    )
    boundary_weight: float = setting(
        3.0, "How much more a boundary pixel counts.", 1, 20, 0.5, label="Weight of the boundary"
    )
    flips: bool = setting(True, "Flips and quarter turns should not matter.", label="Flips")
    rotation: bool = setting(True, "Rotation should not matter.", label="Rotation")
    scaling: bool = setting(True, "Size should not matter (± 25 %).", label="Size")
    elastic: bool = setting(True, "Slight bending should not matter.", label="Bending")
    intensity: bool = setting(
        True, "Brightness, contrast and noise should not matter.", label="Brightness and noise"
    )
    damage: bool = setting(
        True,
        "Blurred, dark and missing parts of sections should not matter.",
        label="Damaged sections",
    )
    device: str = setting("auto", "Where to compute.", choices=_DEVICES, label="Device")
    threads: int = setting(0, "CPU threads; 0 is all cores.", 0, 1024, 1, label="CPU threads")
    precision: str = setting(
        "auto",
        "auto computes in bfloat16 where the hardware can, full always in float32.",
        choices=("auto", "full"),
        label="Precision",
    )
    seed: int = setting(0, "Same seed, steps and threads: same model.", 0, 2**31 - 1, label="Seed")


@dataclass(frozen=True)
class Apply(Config):
    """Settings of `apply`."""

    output: str = setting(
        "classes",
        "What to make: one class a pixel, how sure each class is, or both.",
        choices=("classes", "probability", "both"),
        label="Make",
        first=True,
    )
    sections: str = setting(
        "", "Which sections, like 0-9; all if empty.", label="Sections", first=True
    )
    average: str = setting(
        "full",
        "Mean over flips (4) or flips and quarter turns (full, 8): finer, takes longer.",
        choices=("none", "flips", "full"),
        label="Average over flips and turns",
    )
    device: str = setting("auto", "Where to compute.", choices=_DEVICES, label="Device")
    threads: int = setting(0, "CPU threads; 0 is all cores.", 0, 1024, 1, label="CPU threads")
    precision: str = setting(
        "auto",
        "auto computes in bfloat16 where the hardware can, full always in float32.",
        choices=("auto", "full"),
        label="Precision",
    )


@dataclass(frozen=True)
class Score(Config):
    """Settings of `score`."""

    boundary: str = setting(
        "", "The class that separates cells; found by its name if empty.", label="Boundary class"
    )
    sections: str = setting("", "Which sections, like 18-23; all if empty.", label="Sections")


class Segmented(NamedTuple):
    """What `apply` makes; None where it was not asked for."""

    classes: Labels | LabelsSet | None
    probability: Image | ImageSet | None


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
    aside = Aside()
    try:
        yield from aside.wait(partial(import_module, "napari_simgraph.learn.pixels"))
        return (yield from _train(_Given(image, labels, start), config, room, aside))
    finally:
        aside.close()


def apply(model: Model, image: Image | ImageSet, *, config: Apply, room: Room) -> Job[Segmented]:
    """Find the learned classes in an image.

    Parameters
    ----------
    model
        From `train`.
    image
        What to segment, with the channels that the model learned.
    config
        Settings.
    room
        Holds the results, ``classes`` and ``probability``, while they grow.

    Raises
    ------
    ValueError
        The model was made for other images.
    """
    aside = Aside()
    try:
        yield from aside.wait(partial(import_module, "napari_simgraph.learn.predict"))
        return (yield from _apply(model, image, config, room, aside))
    finally:
        aside.close()


def score(
    prediction: Image | Labels | ImageSet | LabelsSet,
    truth: Labels | LabelsSet,
    config: Score | None = None,
) -> dict[str, float]:
    """Agreement with labels on the same image, by name; what can't be known is left out.

    ``dice_NAME``, ``iou_NAME``, ``mean`` (of Dice) and ``pixel_accuracy``; where a class separates
    cells also ``v_rand`` and ``v_info``, each at its best threshold of the cells' probability
    (``v_rand_threshold``, ``v_info_threshold``), and at one half (``v_rand_half``,
    ``v_info_half``).

    Raises
    ------
    ValueError
        The two don't fit together.
    """
    from napari_simgraph.analysis.agreement import compare

    asked = config or Score()
    return compare(prediction, truth, asked.boundary, asked.sections)


class _Given(NamedTuple):
    """What `train` was given."""

    image: Image | ImageSet
    labels: Labels | LabelsSet
    start: Model | None


def _train(given: _Given, config: Train, room: Room, aside: Aside) -> Job[Model]:
    from napari_simgraph.learn.device import pick
    from napari_simgraph.learn.fit import fit
    from napari_simgraph.learn.pairs import Wishes, look, pairs
    from napari_simgraph.learn.pixels import PixelLesson
    from napari_simgraph.learn.state import unpack
    from napari_simgraph.nets import build

    images, truths = pairs(given.image, given.labels)
    network = _network(given.start, config, images[0].channels, truths[0])
    place = pick(config.device, config.threads, config.precision)
    aside.halt.hear((yield place.tick()))
    wishes = Wishes(config.holdout, config.boundary, _neighbours(network, images[0].channels))
    material = yield from look(images, truths, wishes, aside.halt)
    module = build(network["name"], seed=config.seed, **network["options"])
    if given.start:
        unpack(module, given.start.arrays)
    how = _variation(config, network, material)
    lesson = PixelLesson(module, material, how, config.boundary_weight, config.seed)
    plan = _plan(config, material, given.start)
    fitted = yield from fit(lesson, plan, place, room, aside)
    unpack(module, fitted.arrays)
    metrics = yield from lesson.final(place, aside)
    return _model(network, config, material, fitted, metrics)


def _network(start: Model | None, config: Train, channels: int, truth: Labels) -> dict[str, Any]:
    """Name and options of the network: those of `start`, else those of the settings."""
    if start is None:
        options = {
            "in_channels": channels * (2 * config.neighbours + 1),
            "out_channels": len(truth.classes),
            "width": config.width,
            "depth": config.depth,
            "residual": config.residual,
        }
        return {"name": "unet", "options": options}
    if start.capability != "segmentation":
        raise ValueError(
            f"'{start.name}' is no model for segmentation. Choose another to go on from."
        )
    if start.classes.names != truth.classes.names or start.exclusive != truth.exclusive:
        raise ValueError(
            f"'{start.name}' knows the classes {', '.join(start.classes.names)}, the labels have "
            f"{', '.join(truth.classes.names)}. Choose a model with the same classes."
        )
    _check_channels(start, channels)
    return {"name": start.network["name"], "options": dict(start.network["options"])}


def _check_channels(model: Model, channels: int) -> None:
    words = {1: "grey pictures", 3: "3 colours"}
    if model.channels != channels:
        wants = words.get(model.channels, f"{model.channels} channels")
        has = "grey" if channels == 1 else f"in {channels} channels"
        raise ValueError(f"This model wants {wants}, the image is {has}. Learn a new one.")


def _neighbours(network: Mapping[str, Any], channels: int) -> int:
    return int(network["options"]["in_channels"]) // channels // 2


def _variation(config: Train, network: Mapping[str, Any], material: Material) -> Augment:
    """What is varied, at a patch no larger than the images and a multiple of the stride."""
    from napari_simgraph.learn.augment import Augment
    from napari_simgraph.nets import reach

    stride = reach(network["name"], network["options"]).stride
    largest = max(max(one.image.plane) for one in material.windows)
    patch = -(-min(config.patch, largest) // stride) * stride
    return Augment(
        patch,
        2 * material.windows[0].neighbours + 1,
        flips=config.flips,
        rotation=config.rotation,
        scaling=config.scaling,
        elastic=config.elastic,
        intensity=config.intensity,
        damage=config.damage,
    )


def _plan(config: Train, material: Material, start: Model | None) -> Plan:
    from napari_simgraph.learn.fit import Plan

    pixels = sum(sum(one.counts) for one in material.found)
    each = max(1, round(pixels / (config.batch * config.patch**2)))
    steps = config.steps or config.epochs * each
    if not steps and not config.minutes:
        raise ValueError("Say how long to learn: minutes, epochs or steps.")
    key = [config.to_json(), material.data(), start.fingerprint if start else ""]
    return Plan(steps, 60 * config.minutes, config.batch, key=json.dumps(key))


def _model(
    network: dict[str, Any],
    config: Train,
    material: Material,
    fitted: Fitted,
    metrics: dict[str, float],
) -> Model:
    import numpy
    import torch

    image, truth = material.windows[0].image, material.labels[0]
    return Model(
        "segmentation",
        fitted.arrays,
        network,
        name=f"{image.name} model",
        settings=config.to_json() | {"planned_steps": fitted.planned, "used_batch": fitted.batch},
        classes=truth.classes,
        boundary=material.boundary,
        exclusive=truth.exclusive,
        channels=image.channels,
        spacing=image.spacing,
        unit=image.unit,
        normalisation=RULE,
        metrics=metrics,
        history=fitted.history,
        versions={
            "napari-simgraph": __version__,
            "torch": torch.__version__,
            "numpy": numpy.__version__,
        },
        seed=config.seed,
        steps=fitted.steps,
        data=material.data(),
        made=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _apply(
    model: Model, image: Image | ImageSet, config: Apply, room: Room, aside: Aside
) -> Job[Segmented]:
    from napari_simgraph.learn.device import pick
    from napari_simgraph.learn.painting import prepare

    images = each_image(image)
    if model.capability != "segmentation":
        raise ValueError(f"'{model.name}' is no model for segmentation. Choose another.")
    for one in images:
        _check_channels(model, one.channels)
    kinds = ("classes", "probability") if config.output == "both" else (config.output,)
    place = pick(config.device, config.threads, config.precision)
    aside.halt.hear((yield place.tick()))
    predictor = _predictor(model, config, place, aside)
    canvases = []
    for number, one in enumerate(images):
        wanted = {kind: kind if one is image else f"{kind}-{number}" for kind in kinds}
        canvas = prepare(one, model.classes, model.exclusive, wanted, room)
        canvases.append(canvas)
        share = (number / len(images), (number + 1) / len(images))
        yield from _paint(
            model, canvas, predictor, parse_sections(config.sections, one.sections), share
        )
    return _segmented(canvases, image)


def _predictor(model: Model, config: Apply, place: Place, aside: Aside) -> Predictor:
    from napari_simgraph.learn.predict import Predictor, Tiled
    from napari_simgraph.learn.state import unpack
    from napari_simgraph.nets import build, reach

    name, options = model.network["name"], model.network["options"]
    module = build(name, **options)
    unpack(module, model.arrays)
    how = Tiled(reach(name, options), model.exclusive, config.average)
    return Predictor(module, how, place, aside)


def _paint(
    model: Model,
    canvas: Canvas,
    predictor: Predictor,
    sections: Sequence[int],
    span: tuple[float, float],
) -> Job[None]:
    """One image, section by section; `span` is its part of the whole from 0 to 1."""
    image = canvas.image
    statistics = yield from measure(image, dict(model.normalisation))
    windows = Windows(image, statistics, _neighbours(model.network, image.channels))
    halt, clock = predictor.aside.halt, Clock()

    def say(z: int, number: int, share: float) -> Progress:
        done = span[0] + (span[1] - span[0]) * (number + share) / len(sections)
        return Progress(done, f"z {z} of {image.sections}", clock.left(done))

    for number, z in enumerate(sections):
        tick = partial(say, z, number)
        complete = yield from predictor.section(windows, z, canvas.write, tick)
        if not complete:
            return
        for region in canvas.regions(z):
            halt.hear((yield region))


def _segmented(canvases: Sequence[Canvas], image: Image | ImageSet) -> Segmented:
    classes = [one for one in (canvas.labels() for canvas in canvases) if one is not None]
    maps = [one for one in (canvas.probability() for canvas in canvases) if one is not None]
    if isinstance(image, Image):
        return Segmented(classes[0] if classes else None, maps[0] if maps else None)
    return Segmented(
        LabelsSet(tuple(classes), f"{image.name} · classes") if classes else None,
        ImageSet(tuple(maps), name=f"{image.name} · probability") if maps else None,
    )
