"""Generation: a network learns to draw patches of a class, redraws given ones, walks between."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, fields
from functools import partial
from importlib import import_module
from typing import Any

from napari_simgraph.core.drawing import Event, Reply
from napari_simgraph.core.job import Job, Signal
from napari_simgraph.core.marks import Marks
from napari_simgraph.core.model import Model
from napari_simgraph.core.objects import Columns
from napari_simgraph.core.raster import Image, ImageSet, Labels, LabelsSet
from napari_simgraph.core.room import Room
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.learn.aside import Aside, Inbox, with_module
from napari_simgraph.learn.generation_settings import (
    Between,
    Chosen,
    Drawing,
    DrawLearning,
    OfClass,
    Pricing,
    Size,
    Sizes,
)
from napari_simgraph.learn.settings import Computing

_TRAINING = "napari_simgraph.learn.draw_training"  # they bring torch
_USE = "napari_simgraph.learn.draw_use"
_LIVE = "napari_simgraph.learn.draw_live"


@dataclass(frozen=True)
class Train(Computing, Chosen, Pricing, Size, DrawLearning):
    """Settings of `train`."""


@dataclass(frozen=True)
class Search(Computing, Chosen, Pricing, DrawLearning, Sizes):
    """Settings of `search`; each size learns as long as is said."""

    def training(self) -> Train:
        """The same for one training."""
        known = {one.name for one in fields(Train)}
        return Train.from_json({k: v for k, v in self.to_json().items() if k in known})


@dataclass(frozen=True)
class Sample(Computing, Drawing):
    """Settings of `sample`."""


@dataclass(frozen=True)
class Reconstruct(Computing, OfClass):
    """Settings of `reconstruct`."""


@dataclass(frozen=True)
class Walk(Computing, Between):
    """Settings of `walk`."""


@dataclass(frozen=True)
class Live(Computing):
    """Settings of `live`."""


def train(
    image: Image | ImageSet,
    table: EmbeddingTable | None = None,
    marks: Marks | Labels | LabelsSet | None = None,
    *,
    start: Model | None = None,
    config: Train,
    room: Room,
) -> Job[Model]:
    """Learn to draw patches; where they have classes, patches of the class that is asked for.

    Parameters
    ----------
    image
        What to learn from: pictures with a class each (a folder a class), or one or several images
        whose patches are learned.
    table
        Patches with a column of classes, instead of a regular grid.
    marks
        Classes marked or painted on the images; a patch has the class that is painted most in it.
    start
        A model to go on from.
    config
        Settings.
    room
        Keeps the checkpoints.

    Raises
    ------
    ValueError
        Images, classes and model don't fit together, or there are too few patches.
    """
    given = (image, table, marks)
    return with_module(_TRAINING, partial(_train, given, start, config, room))


def search(
    image: Image | ImageSet,
    table: EmbeddingTable | None = None,
    marks: Marks | Labels | LabelsSet | None = None,
    *,
    config: Search,
    room: Room,
) -> Job[Columns]:
    """Try several sizes of the network, each for the same time: one row of errors a size.

    Parameters
    ----------
    image, table, marks
        See `train`.
    config
        Settings.
    room
        Keeps the checkpoints.

    Raises
    ------
    ValueError
        As for `train`, or a size is no number.
    """
    config.pairs()
    return with_module(_TRAINING, partial(_search, (image, table, marks), config, room))


def sample(model: Model, *, config: Sample, room: Room) -> Job[ImageSet]:
    """Draw new patches of a class.

    Parameters
    ----------
    model
        From `train`.
    config
        Settings.
    room
        Not used; patches are small.

    Raises
    ------
    ValueError
        The model knows no such class.
    """
    return with_module(_USE, partial(_sample, model, config))


def reconstruct(
    model: Model, image: Image | ImageSet, *, config: Reconstruct, room: Room
) -> Job[Image | ImageSet]:
    """Draw images again, patch beside patch, from the few numbers that the model sees in each.

    Parameters
    ----------
    model
        From `train`.
    image
        Images with the channels that it learned. Patches whose class is not known get the one that
        explains them best.
    config
        Settings.
    room
        Holds the image that is drawn.

    Raises
    ------
    ValueError
        The model was made for other images.
    """
    return with_module(_USE, partial(_reconstruct, model, image, config, room))


def walk(model: Model, image: Image | ImageSet, *, config: Walk, room: Room) -> Job[ImageSet]:
    """Draw what lies between two patches.

    Parameters
    ----------
    model
        From `train`.
    image
        Where the two patches lie.
    config
        Settings; rows or box say which.
    room
        Not used.

    Raises
    ------
    ValueError
        It is not said which two, or they are not there.
    """
    return with_module(_USE, partial(_walk, model, image, config))


def live(
    model: Model, *, config: Live, room: Room
) -> Generator[Reply, Event | Signal | None, Model]:
    """Draw at each move of a slider; see `core.drawing`.

    Parameters
    ----------
    model
        From `train`.
    config
        Settings.
    room
        Not used.

    Raises
    ------
    ValueError
        The model can't draw.
    """
    aside = Aside(Inbox())
    try:
        session: Any = yield from aside.wait(partial(import_module, _LIVE))
        return (yield from session.Session(model, config, aside).run())  # type: ignore[no-any-return]
    finally:
        aside.close()


def _train(
    given: tuple[Any, ...], start: Model | None, config: Train, room: Room, aside: Aside
) -> Job[Model]:
    from napari_simgraph.learn.class_rows import Sources
    from napari_simgraph.learn.draw_training import prepare, train

    studio = yield from prepare(Sources(*given), start, config, room, aside)
    return (yield from train(studio, start, config))


def _search(given: tuple[Any, ...], config: Search, room: Room, aside: Aside) -> Job[Columns]:
    from napari_simgraph.learn.class_rows import Sources
    from napari_simgraph.learn.draw_training import prepare, search

    training = config.training()
    studio = yield from prepare(Sources(*given), None, training, room, aside)
    return (yield from search(studio, config.pairs(), training))


def _sample(model: Model, config: Sample, aside: Aside) -> Job[ImageSet]:
    from napari_simgraph.learn.draw_use import sample

    return sample(model, config, aside)


def _reconstruct(
    model: Model, image: Image | ImageSet, config: Reconstruct, room: Room, aside: Aside
) -> Job[Image | ImageSet]:
    from napari_simgraph.learn.draw_use import reconstruct

    return reconstruct(model, image, config, room, aside)


def _walk(model: Model, image: Image | ImageSet, config: Walk, aside: Aside) -> Job[ImageSet]:
    from napari_simgraph.learn.draw_use import walk

    return walk(model, image, config, aside)
