"""Embedding: a Siamese network learns without labels which patches look alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from napari_simgraph.core.job import Job, Note, Progress
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image, ImageSet
from napari_simgraph.core.room import Room
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.learn.aside import Aside, with_module
from napari_simgraph.learn.embedding_settings import (
    Background,
    Method,
    Network,
    PatchLearning,
    PatchTiling,
    Stain,
)
from napari_simgraph.learn.settings import Computing, Scaled
from napari_simgraph.learn.similarity_settings import Score

_MODULE = "napari_simgraph.learn.embedding_model"  # brings torch


@dataclass(frozen=True)
class Train(Computing, Background, Stain, Network, Method, PatchLearning):
    """Settings of `train`."""


@dataclass(frozen=True)
class Apply(Computing, Scaled, Background, PatchTiling):
    """Settings of `apply`."""


def train(
    image: Image | ImageSet, *, start: Model | None = None, config: Train, room: Room
) -> Job[Model]:
    """Learn without labels which patches look alike.

    Parameters
    ----------
    image
        What to learn from: one image, a stack, several, or a set of small pictures.
    start
        A model to go on from: an embedding, or a segmentation whose way down is taken.
    config
        Settings.
    room
        Keeps the checkpoints.

    Raises
    ------
    ValueError
        The images or the model don't fit together, or all patches look the same to the network.
    """
    return with_module(_MODULE, partial(_train, _Given(image, start), config, room))


def apply(
    model: Model, image: Image | ImageSet, *, config: Apply, room: Room
) -> Job[EmbeddingTable]:
    """Give each patch of an image its point: alike patches lie near each other.

    Parameters
    ----------
    model
        From `train`.
    image
        Where the patches lie, with the channels that the model learned.
    config
        Settings.
    room
        Only its crew is needed, if it has one; points are small.

    Raises
    ------
    ValueError
        The model was made for other images.
    """
    return with_module(_MODULE, partial(_apply, model, image, config, room))


def score(
    prediction: EmbeddingTable, truth: EmbeddingTable | None = None, config: Score | None = None
) -> dict[str, float]:
    """How healthy the points are and, where patches have classes, how well neighbours agree.

    ``rank``, ``spread`` and ``hubness`` need no labels; ``accuracy``, ``precision`` at k and
    ``map`` ask each patch for its neighbours among the others that don't overlap it (or among
    those of `truth`). A table made with ``--compare`` gives the same figures of plain pixels,
    plain statistics and the untrained network, as ``accuracy_pixels`` and so on.
    """
    from napari_simgraph.analysis.retrieval import report

    return report(prediction, truth, (config or Score()).k)


class _Given(NamedTuple):
    """What `train` was given."""

    image: Image | ImageSet
    start: Model | None


def _train(given: _Given, config: Train, room: Room, aside: Aside) -> Job[Model]:
    from napari_simgraph.learn import embedding_model as embedding
    from napari_simgraph.learn.device import pick
    from napari_simgraph.learn.early import EarlyLook, looked_into
    from napari_simgraph.learn.embedder import Deep, find_whitening, plain_whitenings
    from napari_simgraph.learn.fit import fit
    from napari_simgraph.learn.laying import laid_out
    from napari_simgraph.learn.normalise import RULE
    from napari_simgraph.learn.patchwork import patchwork
    from napari_simgraph.learn.siamese import SiameseLesson
    from napari_simgraph.learn.state import unpack

    place = pick(config.device, config.threads, config.precision)
    aside.halt.hear((yield place.tick()))
    patch = embedding.fitting_patch(given.image, config.patch)
    tiling = embedding.training_tiling(given.image, patch)
    grid = yield from laid_out(given.image, tiling, config.background, aside)
    work = yield from patchwork(given.image, grid, patch, RULE | {"stain": config.stain})
    network = embedding.network_of(given.start, config, work)
    module = yield from aside.wait(partial(embedding.fresh, network, given.start, config))
    how, said = embedding.views_of(given.image, config, patch)
    aside.halt.hear((yield Note(said)))
    make = partial(SiameseLesson, module, work, how, config.loss, config.seed)
    lesson = yield from aside.wait(make)
    how_much = embedding.whitening_of(given.image, config)
    random = yield from aside.wait(partial(embedding.untrained, network, config.seed))
    plain = yield from plain_whitenings(work, Deep(random, place), aside, how_much)
    fitted = None
    if config.steps or config.epochs or config.minutes:
        plan = embedding.plan_for(config, work, given.start)
        look = EarlyLook(lesson, how_much, place, room, aside)
        training = fit(lesson, plan, place, room, aside)
        fitted = yield from looked_into(training, look, config.early)
        unpack(module, fitted.arrays)
    metrics = yield from lesson.final(place, aside)
    whitening = yield from find_whitening(work, Deep(module, place), aside, how_much)
    yield Progress(1.0, "learned")
    made = embedding.describe(work, module, fitted, whitening, plain)
    told: Mapping[str, Any] = {"settings": config.to_json(), "metrics": metrics}
    return Model("embedding", network=network, seed=config.seed, **told, **made)


def _apply(
    model: Model, image: Image | ImageSet, config: Apply, room: Room, aside: Aside
) -> Job[EmbeddingTable]:
    from napari_simgraph.learn import embedding_model as embedding
    from napari_simgraph.learn.crew import crew_of, placed
    from napari_simgraph.learn.laying import laid_out
    from napari_simgraph.learn.patchwork import patchwork

    embedding.check(model, image)
    place = yield from placed(config, room, aside)
    tiling, note = embedding.tiling_of(model, image, config.stride, config.scale)
    if note:
        aside.halt.hear((yield Note(note)))
    grid = yield from laid_out(image, tiling, config.background, aside)
    work = yield from patchwork(image, grid, tiling.patch, model.normalisation)
    others = [one for one in embedding.FEATURES if one != config.features and config.compare]
    names = [config.features, *others]
    by = (place, crew_of(room))
    found = yield from embedding.described(names, model, work, by, aside)
    values = found.pop(config.features)
    made = {"model": model.name, "model_fingerprint": model.fingerprint, **config.to_json()}
    name = f"{image.name} · {config.features}"
    beside = {k: v for k, v in found.items() if len(v) == len(values)}  # all, unless stopped
    grid = grid.take(np.arange(len(values)))
    return EmbeddingTable(grid, values, beside=beside, name=name, made=made)
