"""What the Anomalies dock computes beside the window: what is normal, and what is odd."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from napari_simgraph.analysis.odd_places import OddPlace, highest, odd_mask, odd_places
from napari_simgraph.capabilities import anomaly
from napari_simgraph.core.job import Job
from napari_simgraph.core.marks import Marks
from napari_simgraph.core.model import Model
from napari_simgraph.core.patch_pixels import pool
from napari_simgraph.core.patches import PatchGrid
from napari_simgraph.core.raster import Image, ImageSet, each_image
from napari_simgraph.core.room import Room
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.io.industrial import masks_of
from napari_simgraph.viewer.jobs import JobRunner
from napari_simgraph.viewer.views.anomalies_places import Pixels, around

COLUMN = "anomaly"  # of the patches
_SPEED = {"full": 0.25e6, "fast": 1.5e6}  # pixels a second on two cores, one pretext


@dataclass(frozen=True)
class Settings(anomaly.Train):
    """All that the dock asks for while learning."""


def learn(
    jobs: JobRunner, image: Image | ImageSet, marks: Marks | None, how: anomaly.Train, room: Room
) -> Job[Model]:
    """The job of learning, in the process of jobs."""
    return jobs.apart(anomaly.train, image, marks, config=how, room=room)


def seconds(image: Image | ImageSet, speed: str) -> float:
    """About how long it takes to look at all."""
    pixels = sum(one.sections * one.plane[0] * one.plane[1] for one in each_image(image))
    return pixels / _SPEED[speed]


@dataclass(frozen=True)
class Seen:
    """What lies above a threshold: a mask for each map, the oddest places, how many there are.

    `around` are the pixels around each of the first places; `figures` tell how well it agrees
    with masks, where the pictures have some.
    """

    masks: list[Any]
    places: list[OddPlace]
    around: list[Pixels | None]
    count: int
    highest: float
    figures: Mapping[str, float]


def above(image: Image | ImageSet, found: Image | ImageSet, limit: float) -> Seen:
    """What lies above a threshold in the maps of images."""
    maps = each_image(found)
    places, count = odd_places(maps, limit)
    masks = [odd_mask(one, limit) for one in maps]
    pixels = around(image, places)
    return Seen(masks, places, pixels, count, highest(maps), told_apart(image, found))


def told_apart(image: Image | ImageSet, found: Image | ImageSet) -> dict[str, float]:
    """How well the maps of pictures find what their masks mark; empty where they have none."""
    if isinstance(image, Image) or isinstance(found, Image):
        return {}
    try:
        truth = masks_of(image)
    except (ValueError, OSError):  # of another size, or gone: there is nothing to measure by
        return {}
    return {} if truth is None else anomaly.score(found, truth)


def scored(
    tables: Mapping[str, EmbeddingTable], image: Image | ImageSet, found: Image | ImageSet
) -> dict[str, EmbeddingTable]:
    """The tables of patches of these images, with how odd each patch is."""
    prints = [one.fingerprint for one in each_image(image)]
    return {
        key: table.with_column(COLUMN, pool(table.grid, found)[:, 0])
        for key, table in tables.items()
        if _prints(table.grid) == prints
    }


def _prints(grid: PatchGrid) -> list[str]:
    return [one.fingerprint for one in grid.sources]
