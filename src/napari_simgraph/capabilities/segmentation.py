"""Segmentation: a U-Net learns classes from labels and paints them into a whole stack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from napari_simgraph.core.config import Config, setting
from napari_simgraph.core.job import Job
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image, ImageSet, Labels, LabelsSet
from napari_simgraph.core.room import Room


@dataclass(frozen=True)
class Train(Config):
    """Settings of `train`."""

    minutes: float = setting(5.0, "How long to learn; 0 where steps or epochs say it.", 0, 10_000, 1, label="Learn for", first=True, unit="min")
    epochs: int = setting(0, "Passes over all labelled pixels, instead of minutes.", 0, 100_000)
    steps: int = setting(0, "Training steps, instead of minutes.", 0, 10_000_000)


@dataclass(frozen=True)
class Apply(Config):
    """Settings of `apply`."""

    output: str = setting("classes", "What to make.", choices=("classes", "probability", "both"))
    average: str = setting("full", "Average over flips and rotations.", choices=("none", "flips", "full"))


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
    """Learn classes from labelled pixels."""
    raise NotImplementedError
    yield


def apply(model: Model, image: Image | ImageSet, *, config: Apply, room: Room) -> Job[Segmented]:
    """Find the learned classes in an image."""
    raise NotImplementedError
    yield
