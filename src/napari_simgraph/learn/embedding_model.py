"""Embedding model: how its network begins, what it is described by, what it is used with."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from napari_simgraph.core.geometry import PIXEL, say_length
from napari_simgraph.core.job import Signal, Tick
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image, ImageSet, each_image
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.crew import Crew
from napari_simgraph.learn.device import Place
from napari_simgraph.learn.embedder import (
    STATISTICS,
    UNTRAINED,
    Deep,
    Describe,
    features,
    share_of,
    step_of,
)
from napari_simgraph.learn.fit import Fitted, Plan
from napari_simgraph.learn.held import NETWORK, held_network
from napari_simgraph.learn.imagenet import imagenet
from napari_simgraph.learn.members import first_of
from napari_simgraph.learn.normalise import MACENKO, RULE
from napari_simgraph.learn.patchwork import Patchwork, Tiling, together
from napari_simgraph.learn.pixel_model import check_channels
from napari_simgraph.learn.plain import raw_pixels, statistics
from napari_simgraph.learn.shared_rows import FarRows, RowWork, rows_handed_out
from napari_simgraph.learn.state import pack, unpack
from napari_simgraph.learn.view_settings import (
    THINGS,
    Views,
    ignored,
    kind_of,
    say_ignored,
    views_for,
)
from napari_simgraph.learn.whitening import WHITENING, Whitening
from napari_simgraph.nets import build

UNKNOWN = "The pixel size of image or model is unknown: patches are taken as they are."
FEATURES = ("learned", "untrained", "pixels", "statistics")
OLD = "This model is of an earlier version and knows no statistics: learn it again."
OF_RESNETS = "Weights of ImageNet are there for a ResNet only: choose one as the network."
_LEAST_PATCH = 8  # px: what encoders make of less is nothing


def fitting_patch(image: Image | ImageSet, patch: int) -> int:
    """The side of a patch: no larger than the largest image, or the least that networks see."""
    return min(patch, max(_LEAST_PATCH, *(max(one.plane) for one in each_image(image))))


def training_tiling(image: Image | ImageSet, patch: int) -> Tiling:
    """How patches lie while learning: at the pixel size of the first image."""
    first = each_image(image)[0]
    pixel = first.spacing[-1] if first.has_scale else 0.0
    return Tiling(patch, max(1, patch // 2), pixel, first.unit)


def tiling_of(model: Model, image: Image | ImageSet, stride: int, scale: str) -> tuple[Tiling, str]:
    """How patches lie for a model, and a sentence where that is not known for sure."""
    patch = int(model.network["patch"])
    known = model.unit != PIXEL and all(one.has_scale for one in each_image(image))
    pixel = model.spacing[-1] if known and scale == "auto" else 0.0
    unsure = not known and scale == "auto" and min(each_image(image)[0].plane) > patch
    return Tiling(patch, stride or max(1, patch // 2), pixel, model.unit), UNKNOWN * unsure


def views_of(image: Image | ImageSet, config: Any, patch: int) -> tuple[Views, str]:
    """What is varied, and the sentence that says so."""
    kind = kind_of(image) if config.views == "auto" else config.views
    ignore = ignored(config.ignore, kind)
    views = replace(views_for(kind, ignore), patch=patch).stronger(config.strength)
    if not config.nearby:
        views = replace(views, near=0.0)
    first = each_image(image)[0]
    side = f"{patch} px"
    if first.has_scale:
        side = f"{side} ({say_length(patch * first.spacing[-1], first.unit)})"
    return views, f"Patches of {side}. Should not matter: {say_ignored(ignore)}."


def whitening_of(image: Image | ImageSet, config: Any) -> tuple[int, float, int]:
    """Dimensions, how much they are made equally long, 0 to 1, and seed.

    docs/benchmarks.md compares.
    """
    kind = kind_of(image) if config.views == "auto" else config.views
    wanted = config.whitening
    if wanted == "auto":
        wanted = "full" if kind in ("digits", THINGS) else "half"
    power = {"full": 1.0, "half": 0.5, "none": 0.0}[wanted]
    return config.dimensions, power, config.seed


def network_of(start: Model | None, config: Any, work: Patchwork) -> dict[str, Any]:
    """Name, options and patch of the network.

    Raises
    ------
    ValueError
        The model to begin with was made for other images.
    """
    channels = work.images[0].channels
    options: dict[str, Any] = {"backbone": config.network, "in_channels": channels}
    if config.network == "cnn":
        options |= {"width": config.width, "depth": config.depth}
    if start is not None:
        check_channels(start, channels)
        known = dict(start.network["options"])
        if start.network["name"] == "siamese":
            options = known
        elif start.network["name"] == "unet" and known["in_channels"] == channels:
            kept = {key: known[key] for key in ("width", "depth", "residual") if key in known}
            options = {"backbone": "cnn", "in_channels": channels, **kept}
        else:
            raise ValueError(f"'{start.name}' looks at several sections: begin with another model.")
    return {"name": "siamese", "options": options, "patch": work.patch}


def fresh(network: Mapping[str, Any], start: Model | None, config: Any) -> nn.Module:
    """The network as it begins: with random weights, those of a model, or of ImageNet."""
    module: Any = build(network["name"], seed=config.seed, **network["options"])
    if start is not None and start.network["name"] == "siamese":
        return held_network(start)  # type: ignore[no-any-return]
    if start is not None:
        down = {k: v for k, v in first_of(start).arrays.items() if k.startswith("down.")}
        unpack(module.encoder, down)
    elif config.weights == "imagenet":
        if network["options"]["backbone"] == "cnn":
            raise ValueError(OF_RESNETS)
        module.encoder.take(imagenet(network["options"]["backbone"]))
    return module  # type: ignore[no-any-return]


def plan_for(config: Any, work: Patchwork, start: Model | None) -> Plan:
    """How long to learn; its key tells runs of other settings or images apart."""
    steps = config.steps or config.epochs * max(1, len(work.grid) // config.batch)
    key = f"{config} {start and start.fingerprint} {data_of(work)}"
    return Plan(steps, 60 * config.minutes, config.batch, config.rate, key)


def data_of(work: Patchwork) -> dict[str, Any]:
    """Fingerprints of what is learned from; of many images one for all."""
    ids = work.grid.patch_id
    return {"patches": len(ids), "print": f"{int(np.bitwise_xor.reduce(ids)):016x}"}


def describe(
    work: Patchwork,
    module: nn.Module,
    fitted: Fitted | None,
    whitening: Whitening,
    plain: Mapping[str, Whitening],
) -> dict[str, Any]:
    """The fields of a Model that come from what was learned, and from what.

    `whitening` is that of the network, `plain` are those of the same one untrained, and of plain
    statistics.
    """
    image = work.images[0]
    rule = dict(RULE)
    if any(one.stain is not None for one in work.statistics):
        rule["stain"] = MACENKO
    if together(work.grid):
        one = work.statistics[0]
        rule |= {"shift": list(one.shift), "scale": list(one.scale)}
    arrays: dict[str, NDArray[Any]] = {NETWORK + k: v for k, v in pack(module).items()}
    arrays |= whitening.arrays()
    for part, other in plain.items():
        arrays |= other.arrays(part)
    return {
        "arrays": arrays,
        "name": f"{image.name} embedding",
        "channels": image.channels,
        "spacing": image.spacing,
        "unit": image.unit,
        "normalisation": rule,
        "history": fitted.history if fitted else {},
        "versions": {name: version(name) for name in ("napari-simgraph", "torch", "numpy")},
        "steps": fitted.steps if fitted else 0,
        "data": data_of(work),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def check(model: Model, image: Image | ImageSet) -> None:
    """Nothing, where a model can embed these images.

    Raises
    ------
    ValueError
        It is of another kind, or for images with other channels.
    """
    if model.capability != "embedding":
        raise ValueError(f"'{model.name}' is no embedding. Choose another model, or learn one.")
    for one in each_image(image):
        check_channels(model, one.channels)


def whitening_for(model: Model, features: str) -> Whitening | None:
    """The whitening of the features that were asked for.

    Raises
    ------
    ValueError
        Statistics are asked of a model that was made without them.
    """
    parts = {"learned": WHITENING, "untrained": UNTRAINED, "statistics": STATISTICS}
    if features not in parts:
        return None
    if f"{parts[features]}/mean" not in model.arrays:
        raise ValueError(OLD)
    return Whitening.of(model.arrays, parts[features])


def describer(model: Model, features: str, place: Place) -> Describe:
    """What gives the features that were asked for, where it is to compute."""
    if features == "pixels":
        return raw_pixels
    if features == "statistics":
        return statistics
    if features == "learned":
        return Deep(held_network(model), place)
    return Deep(untrained(model.network, model.seed), place)


def described(
    names: Sequence[str],
    model: Model,
    work: Patchwork,
    by: tuple[Place, Crew | None],
    aside: Aside,
) -> Generator[Tick, Signal | None, dict[str, NDArray[np.float32]]]:
    """Points of all patches of a patchwork, by the name of what describes them (`FEATURES`).

    Found here, at a place, or by a crew. Where it is stopped, those of the first patches.
    """
    found, rows, (place, crew) = {}, np.arange(len(work.grid)), by
    for number, one in enumerate(names):
        whitening = whitening_for(model, one)
        describe: Describe | FarRows
        if crew is None:
            describe = yield from aside.wait(partial(describer, model, one, place))
        else:
            about = f"{model.fingerprint} {model.seed} {one}"
            there = RowWork(about, partial(describer, model, one), work, step_of(work))
            yield from rows_handed_out(crew, there, aside)
            describe = FarRows(crew)
        job = features(work, rows, describe, aside, whitening)
        found[one] = yield from share_of(job, number, len(names))
    return found


def untrained(network: Mapping[str, Any], seed: int) -> nn.Module:
    """The network with random weights."""
    return build(network["name"], seed=seed, **network["options"])
