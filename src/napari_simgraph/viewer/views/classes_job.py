"""What the Classes dock computes: learn classes, then find them, one after the other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.capabilities import classification
from napari_simgraph.core.classes import ClassTable, default_colors
from napari_simgraph.core.classified import FOUND, SURE, Classified, kept_ids
from napari_simgraph.core.groups import CLASSES
from napari_simgraph.core.job import Job
from napari_simgraph.core.model import Model
from napari_simgraph.core.patch_pixels import fold
from napari_simgraph.core.patches import Rows
from napari_simgraph.core.raster import Image, ImageSet, Labels
from napari_simgraph.core.room import Room
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.learn.cost import Cost
from napari_simgraph.viewer.chain import part
from napari_simgraph.viewer.jobs import JobRunner

Settings = classification.Train
FOUND_COLUMN, SURE_COLUMN = "found", "sure"  # of the table: what was found beside what was said
_LEARNING = 0.92  # share of the bar: finding classes is quick
_PROCESS = 600e6  # bytes of a process with torch
_LOOK_S = 1e-6  # s that EfficientNet-Lite0 takes a pixel on one core
_LOOKED = 2**20  # pixels of pictures looked at together
_ACTIVE = 500  # bytes that a pixel of a batch takes while learning, gradients included


class Given(NamedTuple):
    """Images, and the table of their patches; None for pictures with the class of their folder.

    `drawn` are pictures that fill up rare classes, for learning only; the encoder of `start` is
    gone on from.
    """

    image: Image | ImageSet
    table: EmbeddingTable | None
    drawn: ImageSet | None = None
    start: Model | None = None


class Learned(NamedTuple):
    """What came out."""

    model: Model
    found: Classified


def learn(jobs: JobRunner, given: Given, settings: Settings, room: Room) -> Job[Learned]:
    """Learn classes and find them in all patches, each in the process of jobs."""
    image, table, drawn, start = given
    how = {"start": start, "config": settings, "room": room}
    if drawn is None:
        learning = jobs.apart(classification.train, image, table, **how)
    else:
        learning = jobs.apart(classification.fill, image, drawn, table, **how)
    model = yield from part(learning, 0.0, _LEARNING, "learning")
    use = classification.Apply(device=settings.device, threads=settings.threads)
    finding = jobs.apart(
        classification.apply, model, given.image, given.table, config=use, room=room
    )
    found = yield from part(finding, _LEARNING, 1.0, "finding classes")
    return Learned(model, found)


def cost(pictures: int, side: int, settings: Settings) -> Cost:
    """About how long it takes, and how much memory."""
    seconds = -1.0 if settings.steps or settings.epochs else 60 * settings.minutes
    size = settings.size or min(side, 128)
    batch = settings.batch
    if settings.layers == "last":  # each is looked at to learn and to find, few at a time
        seconds, batch = 2 * pictures * size**2 * _LOOK_S, max(1, _LOOKED // size**2)
    memory = _PROCESS + batch * size**2 * _ACTIVE + 4.5 * pictures * size**2
    return Cost(seconds, memory, 4e6)


def with_found(table: EmbeddingTable | None, learned: Learned) -> EmbeddingTable:
    """The table with what was found for each patch; of pictures a new one.

    Pictures of new tables lie near each other where the network takes them for the same.
    """
    found, model = learned.found, learned.model
    if table is None:
        points = np.sqrt(found.chances)
        table = EmbeddingTable(found.grid, points, name=found.name, made=found.made)
    colors = {one.name: one.color for one in model.classes}
    words = np.full(len(table), "", f"<U{max(1, *(len(name) for name in found.names))}")
    sure = np.full(len(table), np.nan, np.float32)
    words[: len(found)], sure[: len(found)] = found.columns[FOUND], found.columns[SURE]
    before = table.colors.get(CLASSES, {})
    known = {**before, **colors, **before}  # in the order of their keys, which stay the same
    made = table.with_column(FOUND_COLUMN, words).with_column(SURE_COLUMN, sure)
    return made.replace(colors={**table.colors, FOUND_COLUMN: known, CLASSES: known})


def kept_rows(table: EmbeddingTable, model: Model) -> Rows:
    """The patches that were kept aside."""
    return np.flatnonzero(np.isin(table.patch_id, kept_ids(model)))


def wrong_rows(table: EmbeddingTable, model: Model | None) -> Rows:
    """Patches kept aside that got another class than was said, the surest first."""
    if FOUND_COLUMN not in table.columns or model is None:
        return np.zeros(0, np.intp)
    rows = kept_rows(table, model)
    said, found = _folded(table.classes()[rows]), _folded(table.columns[FOUND_COLUMN][rows])
    wrong = rows[(said != found) & (said != "")]
    order = np.argsort(-np.asarray(table.columns[SURE_COLUMN])[wrong], kind="stable")
    ordered: Rows = wrong[order]
    return ordered


def hard_rows(table: EmbeddingTable) -> Rows:
    """Patches without a class that the network is least sure of come first, then all others."""
    if SURE_COLUMN not in table.columns:
        return np.flatnonzero(table.classes() == "")
    sure = np.nan_to_num(np.asarray(table.columns[SURE_COLUMN], np.float32), nan=2.0)
    order: Rows = np.lexsort((sure, table.classes() != ""))
    return order


def class_map(table: EmbeddingTable, number: int) -> tuple[Labels, Image]:
    """The classes found in an image as Labels, and how sure they are; one pixel a patch."""
    words = np.asarray(table.columns[FOUND_COLUMN], np.str_)
    known = table.colors.get(FOUND_COLUMN, {})
    names = [*known, *sorted(set(words.tolist()) - set(known) - {""})]
    usual = zip(names, default_colors(names), strict=True)
    colors = [known.get(name, shade) for name, shade in usual]
    classes = ClassTable.of(names, colors)
    places = {"": 0} | {row.name: row.value for row in classes}
    cells = fold(table.grid, np.array([places[word] for word in words], np.uint8), number)
    labels = Labels(
        cells.read(),
        axes=cells.axes,
        spacing=cells.spacing,
        origin=cells.origin,
        unit=cells.unit,
        classes=classes,
    )
    sure = fold(table.grid, np.asarray(table.columns[SURE_COLUMN], np.float32), number)
    return labels, sure.replace(data=np.nan_to_num(sure.read()))


def _folded(words: NDArray[np.str_]) -> NDArray[np.str_]:
    return np.char.lower(np.asarray(words, np.str_))
