"""Learning to draw: a variational autoencoder from patches, and the trial of several sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from napari_simgraph.core.job import Job, Note, Progress, Signal
from napari_simgraph.core.model import Model
from napari_simgraph.core.objects import Columns
from napari_simgraph.core.patches import Rows
from napari_simgraph.core.room import Room
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.at_once import AtOnce
from napari_simgraph.learn.class_rows import Sources
from napari_simgraph.learn.clouds import found_clouds
from napari_simgraph.learn.device import Place, pick
from napari_simgraph.learn.draw_health import DULL, is_dull, say_error_of
from napari_simgraph.learn.draw_reading import Reading
from napari_simgraph.learn.drawer import LEAST, MEANS, PRICES, SPREADS, light_of
from napari_simgraph.learn.embedding_model import data_of
from napari_simgraph.learn.fit import Fitted, Plan, fit
from napari_simgraph.learn.held import NETWORK, held_network
from napari_simgraph.learn.pictures import Pictures, gather
from napari_simgraph.learn.pixel_model import check_channels, check_kind
from napari_simgraph.learn.state import pack, unpack
from napari_simgraph.learn.vae_lesson import (
    FINAL,
    Parted,
    VaeLesson,
    fitted_prior,
    look,
    pca_error,
)
from napari_simgraph.nets import build

_FITTED = 8192  # patches whose numbers are looked at: hundreds of each class, some seconds
_CHUNK = 256  # patches through the network at once
_FEWEST = 4  # patches: below, nothing is left to learn from once some are kept aside
TOO_FEW = "There are only {count} patches to learn from: use smaller ones, or more pictures."
NOT_ASIDE = "No patches were kept aside: how well it redraws new ones stays unknown."
OTHER_CLASSES = "'{name}' draws other classes ({known}): learn without it."


@dataclass(frozen=True, eq=False)
class SizeTable(Columns):
    """One row for each size that was tried: latent, width, and figures on what was kept aside.

    ``error`` is the mean squared difference of light from 0 to 1, ``error_pca`` that of as many
    principal components; ``loss`` (nats a patch) is what was made small, ``in_use`` how many
    numbers vary.
    """

    name: str = "sizes"


class Studio(NamedTuple):
    """What learning needs all the way: patches, place, room, and the thread beside the job."""

    pictures: Pictures
    place: Place
    room: Room
    aside: Aside


def prepare(
    given: Sources, start: Model | None, config: Any, room: Room, aside: Aside
) -> Job[Studio]:
    """Patches read and classes told; what is wrong with them is said here."""
    place = pick(config.device, config.threads, config.precision)
    aside.halt.hear((yield place.tick()))
    light = None
    if start is not None:
        check_kind(start, "generation")
        config, light = replace(config, patch=int(start.network["patch"])), light_of(start)
    pictures = yield from gather(given, config, light, aside)
    if len(pictures) < _FEWEST:
        raise ValueError(TOO_FEW.format(count=len(pictures)))
    if start is not None:
        _check_start(start, pictures)
    return Studio(pictures, place, room, aside)


def train(studio: Studio, start: Model | None, config: Any) -> Job[Model]:
    """Learn to draw; tells how well patches that were kept aside are redrawn."""
    pictures, place, aside = studio.pictures, studio.place, studio.aside
    parted = Parted(*pictures.parted(config.keep, config.seed))
    network = _network(pictures, start, config)
    module = yield from aside.wait(partial(_fresh, network, start, config.seed))
    lesson = VaeLesson(module, pictures, parted, config)
    fitted = yield from fit(lesson, _plan(config, pictures, start), place, studio.room, aside)
    unpack(module, fitted.arrays)
    said = partial(Progress, 1.0, "looking at what was learned")
    metrics = yield from aside.wait(partial(_metrics, studio, module, parted, config.seed), said)
    for note in tell(metrics, network["options"]["latent"]):
        aside.halt.hear((yield note))
    numbers = yield from aside.wait(partial(_numbers, studio, module, parted, config.seed), said)
    yield Progress(1.0, "learned")
    made = _describe(pictures, module, fitted) | {"network": network, "metrics": metrics}
    made["arrays"] = {**made["arrays"], **numbers}
    return Model("generation", settings=config.to_json(), seed=config.seed, **made)


def search(studio: Studio, pairs: list[tuple[int, int]], training: Any) -> Job[SizeTable]:
    """Train each size for the same time, and tell what each came to."""
    rows: list[dict[str, float]] = []
    for number, (latent, width) in enumerate(pairs):
        each = replace(training, latent=latent, width=width)
        name = f"{latent} numbers, width {width}"
        job = train(studio, None, each)
        model: Model = yield from _share_of(job, (number, len(pairs)), name)
        found = model.metrics
        row: dict[str, float] = {"latent": latent, "width": width}
        row |= {key: found.get(key, np.nan) for key in ("error", "error_pca")}
        row |= {"loss": -found.get("elbo", np.nan), "in_use": found.get("in_use", np.nan)}
        rows.append(row | {"parameters": model.parameters, "steps": model.steps})
        said = f"{name}: error {row['error']:.4f}, PCA of the same size {row['error_pca']:.4f}."
        studio.aside.halt.hear((yield Note(said)))
        if studio.aside.halt.stopped:
            break
    yield Progress(1.0, f"{len(rows)} sizes tried")
    whole = ("latent", "width", "in_use", "parameters", "steps")
    columns = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    kinds = {key: np.nan_to_num(columns[key]).astype(np.int64) for key in whole}
    return SizeTable(columns | kinds)


def tell(metrics: Mapping[str, float], latent: int) -> list[Note]:
    """What a person should know of a model that has learned."""
    if "error" not in metrics:
        return [Note(NOT_ASIDE)]
    notes = [Note(say_error_of(metrics))]
    used = int(metrics["in_use"])
    if is_dull(metrics, latent):
        return [*notes, Note(DULL, warning=True)]
    return [*notes, Note(f"{used} of {latent} numbers are in use.")]


def _network(pictures: Pictures, start: Model | None, config: Any) -> dict[str, Any]:
    if start is not None:
        return dict(start.network)
    options = {
        "side": pictures.work.patch,
        "in_channels": pictures.work.images[0].channels,
        "latent": config.latent,
        "classes": pictures.classes,
        "width": config.width,
        "depth": config.depth,
    }
    return {
        "name": "vae",
        "options": options,
        "patch": pictures.work.patch,
        "whole": pictures.whole,
    }


def _fresh(network: Mapping[str, Any], start: Model | None, seed: int) -> nn.Module:
    if start is not None:
        return held_network(start)  # type: ignore[no-any-return]
    return build(network["name"], seed=seed, **network["options"])


def _check_start(start: Model, pictures: Pictures) -> None:
    """Nothing, where learning can go on from a model.

    Raises
    ------
    ValueError
        It draws other classes or other pictures.
    """
    check_channels(start, pictures.work.images[0].channels)
    if start.classes.names != pictures.kinds.table.names:
        known = ", ".join(start.classes.names) or "none"
        raise ValueError(OTHER_CLASSES.format(name=start.name, known=known))
    side = int(start.network["patch"])
    if pictures.work.patch != side:
        raise ValueError(f"'{start.name}' draws patches of {side} px: these are smaller.")


def _plan(config: Any, pictures: Pictures, start: Model | None) -> Plan:
    """How long to learn; its key tells runs of other settings or patches apart."""
    count = len(pictures)
    steps = config.steps or config.epochs * max(1, count // config.batch)
    seconds = 60 * config.minutes
    if not steps and not seconds:
        raise ValueError("Say how long to learn: minutes, passes or steps.")
    kinds = np.bincount(pictures.kinds.numbers + 1).tolist()
    key = f"{config} {start and start.fingerprint} {data_of(pictures.work)} {kinds}"
    return Plan(steps, seconds, min(config.batch, max(2, count)), config.rate, key)


def _metrics(studio: Studio, module: nn.Module, parted: Parted, seed: int) -> dict[str, float]:
    """Figures on what was kept aside; empty where nothing was."""
    if not len(parted.kept):
        return {}
    module.eval()
    with studio.place.exactly(), torch.no_grad():
        found = look(module, studio.pictures, parted.kept[:FINAL]).figures()
    latent = int(module.latent)  # type: ignore[arg-type]
    return found | {"error_pca": pca_error(studio.pictures, parted, latent, seed)}


def _numbers(studio: Studio, module: nn.Module, parted: Parted, seed: int) -> dict[str, Any]:
    """What is known of the numbers, as arrays: nats that each costs, mean, spread and clouds."""
    some = parted.learn[np.linspace(0, len(parted.learn) - 1, _FITTED).astype(np.intp)]
    rows = np.unique(some)
    module.eval()
    with studio.place.exactly(), torch.no_grad():
        looked = look(module, studio.pictures, rows)
    told = studio.pictures.told(rows)
    mean, spread = fitted_prior(looked, told)
    kinds = told.argmax(1) if told.shape[1] else np.zeros(len(rows), np.intp)
    usual = (looked.numbers.numpy() - mean[kinds]) / np.maximum(spread[kinds], LEAST)
    clouds = found_clouds(usual.astype(np.float32), kinds, len(mean), seed)
    price = looked.price.mean(0).astype(np.float32)
    found = {PRICES: price, MEANS: mean, SPREADS: spread, **clouds.arrays()}
    if told.shape[1]:
        found |= _reading(studio, module, rows).arrays()
    return found


def _reading(studio: Studio, module: nn.Module, rows: Rows) -> Reading:
    """What the encoder, told nothing, says of the class."""
    device, parts = studio.place.device, []
    at_once = AtOnce(device)

    def described(some: Rows) -> torch.Tensor:
        light = torch.from_numpy(studio.pictures.inputs(some)).to(device)
        told: torch.Tensor = module.described(light).float().cpu()  # type: ignore[operator]
        return told

    with studio.place.exactly(), torch.no_grad():
        for start in range(0, len(rows), _CHUNK):
            parts += at_once.parts(described, rows[start : start + _CHUNK])
    kinds = studio.pictures.kinds.numbers[rows]
    return Reading.learn(torch.cat(parts).numpy(), kinds, studio.pictures.classes)


def _describe(pictures: Pictures, module: nn.Module, fitted: Fitted) -> dict[str, Any]:
    """The fields of a Model that come from what was learned, and from what."""
    image, grid = pictures.work.images[0], pictures.work.grid
    smaller = float(np.median(grid.size)) / pictures.work.patch
    light = pictures.light
    return {
        "arrays": {NETWORK + key: value for key, value in pack(module).items()},
        "name": f"{image.name} drawing",
        "classes": pictures.kinds.table,
        "channels": image.channels,
        "spacing": tuple(one * smaller for one in image.spacing[-2:]),
        "unit": image.unit,
        "normalisation": {
            "rule": "range",
            "low": list(light.low),
            "high": list(light.high),
            "dtype": light.dtype,
        },
        "history": fitted.history,
        "versions": {name: version(name) for name in ("napari-simgraph", "torch", "numpy")},
        "steps": fitted.steps,
        "data": data_of(pictures.work),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _share_of(job: Job[Model], at: tuple[int, int], name: str) -> Job[Model]:
    """The same job as a part of a whole, its progress that of the whole, without its notes."""
    signal: Signal | None = None
    try:
        tick = next(job)
        while True:
            if isinstance(tick, Progress):
                done = (at[0] + max(0.0, tick.done)) / at[1]
                signal = yield Progress(done, f"{name}: {tick.text}", values=tick.values)
            tick = job.send(signal)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    finally:
        job.close()
