"""What the Similar dock computes: learn, embed and join, one after the other beside the window."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from napari_simgraph.capabilities import embedding, similarity
from napari_simgraph.core.config import setting
from napari_simgraph.core.graph import SimilarityGraph
from napari_simgraph.core.job import Job
from napari_simgraph.core.model import Model
from napari_simgraph.core.patches import Layout
from napari_simgraph.core.raster import Image, ImageSet, each_image
from napari_simgraph.core.room import Room
from napari_simgraph.learn.cost import Cost
from napari_simgraph.learn.settings import HALF
from napari_simgraph.learn.similarity_settings import Apply as Join
from napari_simgraph.viewer.chain import part
from napari_simgraph.viewer.jobs import JobRunner

EM_PATCH, SLIDE_PATCH = 64, 128  # px: about 0.25 µm of a cell in EM, 60 µm of tissue
FEWEST = 16  # patches: with fewer there is nothing to tell apart
_SPEED = 4e6  # pixels of patches embedded a second on two cores, before anything was measured
_JOINING = 25_000.0  # patches joined a second, where they are few enough to compare all with all
_PROCESS = 600e6  # bytes of a process with torch
_ACTIVE = 700  # bytes that a pixel of a batch takes while learning, both views and gradients


@dataclass(frozen=True)
class Settings(embedding.Train):
    """All that the dock asks for; the verbs take their own part of it."""

    stride: int = setting(
        0,
        "Distance of patches; 0 is half a patch.",
        0,
        4096,
        8,
        label="Every",
        first=True,
        unit="px",
        zero=HALF,
    )
    k: int = setting(10, "Neighbours kept of each patch.", 1, 1000, 1, label="Neighbours kept")

    def train(self) -> embedding.Train:
        """The settings of `embedding.train`."""
        return embedding.Train.from_json(self.to_json())

    def apply(self) -> embedding.Apply:
        """The settings of `embedding.apply`."""
        return embedding.Apply.from_json(self.to_json())

    def join(self) -> Join:
        """The settings of `similarity.apply`."""
        return Join.from_json(self.to_json())


class Learned(NamedTuple):
    """What came out; the model is None where one was given."""

    model: Model
    graph: SimilarityGraph


class Given(NamedTuple):
    """What to learn from; with `use` that model embeds, and nothing is learned."""

    image: Image | ImageSet
    start: Model | None = None
    use: Model | None = None


def learn(jobs: JobRunner, given: Given, settings: Settings, room: Room) -> Job[Learned]:
    """Learn, embed and join, each in the process of jobs.

    A stop while it learns keeps what was learned and goes on with embedding.
    """
    shares = _shares(given, settings)
    model, device = given.use, {"room": room}
    if model is None:
        told = {"start": given.start, "config": settings.train(), **device}
        model = yield from part(
            jobs.apart(embedding.train, given.image, **told), 0, shares[0], "learning"
        )
    job = jobs.apart(embedding.apply, model, given.image, config=settings.apply(), **device)
    table = yield from part(job, shares[0], shares[1], "embedding")
    joining = jobs.apart(similarity.apply, table, config=settings.join(), **device)
    graph = yield from part(joining, shares[1], 1.0, "joining")
    return Learned(model, graph)


def count(images: Sequence[Image], settings: Settings) -> int:
    """How many patches there are at most; background is left out only when it is looked at."""
    sizes = _sizes(images)
    patch = min(settings.patch, _largest(sizes))
    stride = settings.stride or max(1, patch // 2)
    total = 0
    for (sections, plane), many in sizes.items():
        down, across = Layout(0, plane, patch, stride).counts
        total += many * sections * down * across
    return total


def cost(given: Given, settings: Settings) -> Cost:
    """About how long it takes, how much memory, and how much disk."""
    images = each_image(given.image)
    patches = count(images, settings)
    area = float(min(settings.patch, _largest(_sizes(images))) ** 2)
    seconds = -1.0 if settings.steps or settings.epochs else 60 * settings.minutes
    if given.use is not None:
        seconds = 0.0
    if seconds >= 0:
        seconds += patches * area / _SPEED + patches / _JOINING
    bytes_of = 4.0 * patches * settings.dimensions
    memory = _PROCESS + settings.batch * area * _ACTIVE + 2 * bytes_of
    return Cost(seconds, memory, 1.3 * bytes_of)


def _sizes(images: Sequence[Image]) -> Counter[tuple[int, tuple[int, int]]]:
    """How many images have as many sections of a size; of those of one array one is asked."""
    if getattr(images, "alike", False):
        return Counter({(images[0].sections, images[0].plane): len(images)})
    return Counter((one.sections, one.plane) for one in images)


def _largest(sizes: Counter[tuple[int, tuple[int, int]]]) -> int:
    return max(max(plane) for _, plane in sizes)


def _shares(given: Given, settings: Settings) -> tuple[float, float]:
    """Where learning and embedding end on a bar from 0 to 1."""
    total = cost(given, settings).seconds
    learning = 0.0 if given.use is not None else 60 * settings.minutes
    if total <= 0 or settings.steps or settings.epochs:
        return (0.0 if given.use is not None else 0.7), 0.95
    joining = count(each_image(given.image), settings) / _JOINING
    return learning / total, 1 - joining / total
