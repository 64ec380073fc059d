"""Embedding: a Siamese network learns without labels which patches look alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

from napari_simgraph.core.config import Config, setting
from napari_simgraph.core.job import Job, Note, Progress
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image, ImageSet
from napari_simgraph.core.room import Room
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.embedding_settings import (
    Background,
    Method,
    Network,
    PatchLearning,
    PatchTiling,
    Stain,
)
from napari_simgraph.learn.settings import Computing, Scaled


@dataclass(frozen=True)
class Train(Computing, Background, Stain, Network, Method, PatchLearning):
    """Settings of `train`."""


@dataclass(frozen=True)
class Apply(Computing, Scaled, Background, PatchTiling):
    """Settings of `apply`."""


@dataclass(frozen=True)
class Score(Config):
    """Settings of `score`."""

    k: int = setting(10, "How many neighbours.", 1, 1000, 1, label="Neighbours")


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
    aside = Aside()
    try:
        yield from aside.wait(partial(import_module, "napari_simgraph.learn.embedding_model"))
        return (yield from _train(_Given(image, start), config, room, aside))
    finally:
        aside.close()


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
        Not used; points are small.

    Raises
    ------
    ValueError
        The model was made for other images.
    """
    aside = Aside()
    try:
        yield from aside.wait(partial(import_module, "napari_simgraph.learn.embedding_model"))
        return (yield from _apply(model, image, config, aside))
    finally:
        aside.close()


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
    from napari_simgraph.learn.embedder import Deep, find_whitening, plain_whitenings
    from napari_simgraph.learn.fit import fit
    from napari_simgraph.learn.normalise import RULE
    from napari_simgraph.learn.patchwork import patchwork
    from napari_simgraph.learn.siamese import SiameseLesson
    from napari_simgraph.learn.state import unpack
    from napari_simgraph.learn.whitening import WHITENING

    place = pick(config.device, config.threads, config.precision)
    aside.halt.hear((yield place.tick()))
    patch = embedding.fitting_patch(given.image, config.patch)
    tiling = embedding.training_tiling(given.image, patch)
    grid = yield from _laid_out(given.image, tiling, config.background, aside)
    work = yield from patchwork(given.image, grid, patch, RULE | {"stain": config.stain})
    network = embedding.network_of(given.start, config, work)
    module = yield from aside.wait(partial(embedding.fresh, network, given.start, config))
    how, said = embedding.views_of(given.image, config, patch)
    aside.halt.hear((yield Note(said)))
    lesson = yield from aside.wait(
        partial(SiameseLesson, module, work, how, config.loss, config.seed)
    )
    power = embedding.whitening_of(given.image, config)
    how_much = (config.dimensions, power, config.seed)
    random = yield from aside.wait(partial(embedding.untrained, network, config.seed))
    whitenings = yield from plain_whitenings(work, Deep(random, place), aside, how_much)
    fitted = None
    if config.steps or config.epochs or config.minutes:
        plan = embedding.plan_for(config, work, given.start)
        fitted = yield from fit(lesson, plan, place, room, aside)
        unpack(module, fitted.arrays)
    metrics = yield from lesson.final(place, aside)
    deep = Deep(module, place)
    whitenings[WHITENING] = yield from find_whitening(work, deep, aside, how_much)
    yield Progress(1.0, "learned")
    made = embedding.describe(work, module, fitted, whitenings)
    told: Mapping[str, Any] = {"settings": config.to_json(), "metrics": metrics}
    return Model("embedding", network=network, seed=config.seed, **told, **made)


def _apply(
    model: Model, image: Image | ImageSet, config: Apply, aside: Aside
) -> Job[EmbeddingTable]:
    from napari_simgraph.learn import embedding_model as embedding
    from napari_simgraph.learn.device import pick
    from napari_simgraph.learn.embedder import features, share_of
    from napari_simgraph.learn.patchwork import patchwork

    embedding.check(model, image)
    place = pick(config.device, config.threads, config.precision)
    aside.halt.hear((yield place.tick()))
    tiling, note = embedding.tiling_of(model, image, config.stride, config.scale)
    if note:
        aside.halt.hear((yield Note(note)))
    grid = yield from _laid_out(image, tiling, config.background, aside)
    work = yield from patchwork(image, grid, tiling.patch, model.normalisation)
    rows = embedding.all_rows(grid)
    others = [one for one in embedding.FEATURES if one != config.features and config.compare]
    found = {}
    for number, one in enumerate([config.features, *others]):
        describe, whitening = yield from embedding.describer(model, one, place, aside)
        job = features(work, rows, describe, aside, whitening)
        found[one] = yield from share_of(job, number, 1 + len(others))
    values = found.pop(config.features)
    made = {"model": model.name, "model_fingerprint": model.fingerprint, **config.to_json()}
    name = f"{image.name} · {config.features}"
    beside = {k: v for k, v in found.items() if len(v) == len(values)}  # all, unless stopped
    grid = grid.take(rows[: len(values)])
    return EmbeddingTable(grid, values, beside=beside, name=name, made=made)


def _laid_out(image: Image | ImageSet, tiling: Any, background: str, aside: Aside) -> Job[Any]:
    """The grid, without its background if so wanted."""
    from napari_simgraph.analysis.tissue import tissue
    from napari_simgraph.core.raster import each_image
    from napari_simgraph.learn.patchwork import lay_out

    tick = partial(Progress, text="laying out patches")
    grid = yield from aside.wait(partial(lay_out, image, tiling), tick)
    if background == "keep":
        return grid
    tick = partial(Progress, text="looking for background")
    shown = yield from aside.wait(partial(tissue, each_image(image), grid), tick)
    return grid if shown.all() else grid.take(shown)
