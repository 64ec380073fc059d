"""Anomaly: a network learns what is normal, and shows where a picture is not what it expected."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

from napari_simgraph.core.config import Config, setting
from napari_simgraph.core.job import Job
from napari_simgraph.core.marks import Marks
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image, ImageSet, Labels, LabelsSet
from napari_simgraph.core.room import Room
from napari_simgraph.core.tables import ScoreTable
from napari_simgraph.io.industrial import EXPECTED, HIDDEN, MAPS
from napari_simgraph.learn.anomaly_settings import (
    Judging,
    Looking,
    NormalLearning,
    Pretext,
    Redrawer,
)
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.settings import Computing, Scaled


@dataclass(frozen=True)
class Train(Computing, Judging, Redrawer, Pretext, NormalLearning):
    """Settings of `train`."""


@dataclass(frozen=True)
class Apply(Computing, Scaled, Looking):
    """Settings of `apply`."""


@dataclass(frozen=True)
class Score(Config):
    """Settings of `score`."""

    most: float = setting(
        0.3,
        "PRO: false alarms up to this share of the normal pixels count.",
        0.001,
        1,
        0.05,
        label="False alarms up to",
    )


class Found(NamedTuple):
    """What is odd.

    Parameters
    ----------
    map
        From 0 to 1 for each pixel; half is as odd as the oddest hundredth of normal places.
    expected, hidden
        The picture that the network expected, and what of it was hidden in one turn, where asked
        for; fast hides nothing.
    scores
        The mean of each patch; ``made`` holds the score of each image.
    """

    map: Image | ImageSet
    expected: Image | ImageSet | None
    hidden: Image | ImageSet | None
    scores: ScoreTable

    @property
    def folders(self) -> dict[str, str]:
        """Where files of a part go, below the folder of results."""
        return {"map": MAPS, "expected": EXPECTED, "hidden": HIDDEN}

    @property
    def image_scores(self) -> dict[str, float]:
        """The score of each image by its name."""
        return dict(self.scores.made["image scores"])

    @property
    def figures(self) -> dict[str, float]:
        """The score of the oddest image."""
        return {"score": max(self.image_scores.values())}


def train(
    image: Image | ImageSet,
    marks: Marks | Labels | LabelsSet | None = None,
    *,
    start: Model | None = None,
    config: Train,
    room: Room,
) -> Job[Model]:
    """Learn what is normal, from images without anything odd.

    Parameters
    ----------
    image
        Normal images, or one of which all but the marked places is normal.
    marks
        Places that are odd or not to be used; or, with the role ``normal``, the only ones to use.
    start
        A model to go on from.
    config
        Settings.
    room
        Keeps the checkpoints.

    Raises
    ------
    ValueError
        Nothing normal is left, or colours are to be guessed of grey images.
    """
    aside = Aside()
    try:
        normal: Any = yield from _module(aside, "normal_model")
        given = normal.Given(image, marks, start)
        model: Model = yield from normal.learn(given, config, room, aside)
        return model
    finally:
        aside.close()


def apply(
    model: Model,
    image: Image | ImageSet,
    marks: Marks | None = None,
    *,
    config: Apply,
    room: Room,
) -> Job[Found]:
    """Show where images are not as expected, and how odd each is.

    Parameters
    ----------
    model
        From `train`.
    image
        To be searched, with the channels that the model learned.
    marks
        Areas with the role ``exclude`` are not searched: there the map is 0.
    config
        Settings.
    room
        Holds the maps.

    Raises
    ------
    ValueError
        The model was made for other images.
    """
    aside = Aside()
    try:
        painting: Any = yield from _module(aside, "odd_painting")
        asked = painting.Asked(model, image, marks)
        found = yield from painting.look(asked, config, room, aside)
        return Found(*found)
    finally:
        aside.close()


def score(
    prediction: Image | ImageSet, truth: Labels | LabelsSet, config: Score | None = None
) -> dict[str, float]:
    """How well maps tell what is odd: images apart, and pixels apart.

    Parameters
    ----------
    prediction
        Maps, as `apply` gives them.
    truth
        Masks in the same order, nothing marked in normal images.
    config
        Settings.

    Raises
    ------
    ValueError
        Maps and masks differ in number or size.
    """
    from napari_simgraph.analysis.anomaly_scores import scored

    return scored(prediction, truth, (config or Score()).most)


def _module(aside: Aside, name: str) -> Job[Any]:
    """A module of `learn`; torch is loaded with it."""
    return (yield from aside.wait(partial(import_module, f"napari_simgraph.learn.{name}")))
