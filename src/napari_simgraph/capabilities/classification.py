"""Classification: which class a picture or a patch has, also where some classes are rare."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, fields
from functools import partial
from importlib import import_module
from typing import Any

from napari_simgraph.core.classified import Classified
from napari_simgraph.core.config import Config, setting
from napari_simgraph.core.job import Job, Signal
from napari_simgraph.core.marks import Marks
from napari_simgraph.core.model import Model
from napari_simgraph.core.objects import Columns
from napari_simgraph.core.raster import Image, ImageSet, Labels, LabelsSet
from napari_simgraph.core.room import Room
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.learn.aside import Aside, with_module
from napari_simgraph.learn.class_settings import (
    ClassLearning,
    ClassNetwork,
    Given,
    Tiled,
    Unequal,
    Varied,
)
from napari_simgraph.learn.settings import Computing

_CLASSIFY = "napari_simgraph.learn.classify"  # brings torch


@dataclass(frozen=True)
class Train(Computing, Given, Varied, Unequal, ClassNetwork, ClassLearning):
    """Settings of `train`."""


@dataclass(frozen=True)
class Sizes(Train):
    """Settings of `sizes`; all of them together learn as long as is said."""

    sizes: str = setting(
        "32,64,128", "Sides of the pictures that networks see: 32,64,128.", label="Picture sizes"
    )

    def training(self, size: int, count: int) -> Train:
        """The settings of one of so many trainings."""
        known = {one.name for one in fields(Train)}
        same = {name: value for name, value in self.to_json().items() if name in known}
        changes = {"size": size, "minutes": self.minutes / count, "compare": False}
        return Train.from_json(same | changes)


@dataclass(frozen=True)
class Apply(Computing, Tiled):
    """Settings of `apply`."""


@dataclass(frozen=True)
class Score(Config):
    """Settings of `score`; there are none."""


def train(
    image: ImageSet | Image,
    table: EmbeddingTable | None = None,
    marks: Marks | Labels | LabelsSet | None = None,
    *,
    start: Model | None = None,
    config: Train,
    room: Room,
) -> Job[Model]:
    """Learn the classes of pictures, or of patches of images.

    Parameters
    ----------
    image
        Pictures with a class each (a folder with a folder for each class), or the images that
        patches lie in.
    table
        Patches of the images with a column of classes.
    marks
        Points, areas or painted labels that say the class of patches.
    start
        A model whose encoder is gone on from: an embedding, a segmentation or a classification.
    config
        Settings.
    room
        Keeps the checkpoints.

    Raises
    ------
    ValueError
        There are fewer than two classes, or images and model don't fit together.
    """
    return with_module(_CLASSIFY, partial(_train, (image, table, marks), start, config, room))


def fill(
    image: ImageSet | Image,
    drawn: ImageSet,
    table: EmbeddingTable | None = None,
    *,
    start: Model | None = None,
    config: Train,
    room: Room,
) -> Job[Model]:
    """Learn the classes with rare ones filled up by drawn pictures, and tell if that helped.

    Parameters
    ----------
    image, table, start
        As for `train`.
    drawn
        Pictures with classes that a network drew (`generation.sample`): learned from besides, never
        kept aside.
    config
        Settings; half of the time goes to the same network without drawn pictures.
    room
        Keeps the checkpoints.

    Raises
    ------
    ValueError
        As for `train`, or drawn pictures have other classes or colours than the real ones.
    """
    given = (image, table, None, drawn)
    return with_module(_CLASSIFY, partial(_fill, given, start, config, room))


def sizes(
    image: ImageSet | Image,
    table: EmbeddingTable | None = None,
    marks: Marks | Labels | LabelsSet | None = None,
    *,
    config: Sizes,
    room: Room,
) -> Job[Columns]:
    """Compare low with high resolution: the same network learns from pictures of several sizes.

    Parameters
    ----------
    image, table, marks
        As for `train`.
    config
        Settings.
    room
        Not used.

    Raises
    ------
    ValueError
        Sizes are no numbers, or there is nothing to learn from.
    """
    return with_module(_CLASSIFY, partial(_sizes, (image, table, marks), config))


def apply(
    model: Model,
    image: ImageSet | Image,
    table: EmbeddingTable | None = None,
    *,
    config: Apply,
    room: Room,
) -> Job[Classified]:
    """Say of each picture or patch which class it has, and how likely every class is.

    Parameters
    ----------
    model
        From `train`.
    image
        Pictures; where the model learned from patches, images that are cut into patches.
    table
        The patches to classify, instead of a regular grid.
    config
        Settings.
    room
        Not used.

    Raises
    ------
    ValueError
        The model was made for other images.
    """
    return with_module(_CLASSIFY, partial(_apply, model, (image, table), config))


def score(prediction: Classified, truth: ImageSet, config: Score | None = None) -> dict[str, float]:
    """How well found classes agree with those of pictures.

    ``balanced`` is the mean recall over classes, ``ece`` how far chances lie from the share of
    right answers; ``recall``, ``precision`` and ``ap`` follow for each class.

    Raises
    ------
    ValueError
        No picture is in both, or none has a class.
    """
    from napari_simgraph.analysis.class_answers import answers

    return answers(prediction, truth)


def _train(given: Any, start: Model | None, config: Train, room: Room, aside: Aside) -> Job[Model]:
    classify = import_module(_CLASSIFY)
    model: Model = yield from classify.learn(classify.Sources(*given), start, config, room, aside)
    return model


def _fill(given: Any, start: Model | None, config: Train, room: Room, aside: Aside) -> Job[Model]:
    filling = import_module("napari_simgraph.learn.class_filling")
    model: Model = yield from filling.fill(filling.Sources(*given), start, config, room, aside)
    return model


def _sizes(given: Any, config: Sizes, aside: Aside) -> Job[Columns]:
    classify = import_module(_CLASSIFY)
    table: Columns = yield from classify.compare(classify.Sources(*given), config, aside)
    return table


def _apply(
    model: Model, given: Any, config: Apply, aside: Aside
) -> Generator[Any, Signal | None, Classified]:
    classify = import_module(_CLASSIFY)
    found: Classified = yield from classify.find(model, *given, config, aside)
    return found
