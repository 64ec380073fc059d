"""Signatures: patches go through a network, and what its layers give is kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from napari_simgraph.core.job import Job, Note, Progress, run
from napari_simgraph.core.model import Model
from napari_simgraph.core.patch_classes import painted_classes
from napari_simgraph.core.patches import PatchGrid
from napari_simgraph.core.raster import Image, ImageSet, Labels, LabelsSet, each_image
from napari_simgraph.core.room import MemoryRoom, Room
from napari_simgraph.core.signatures import (
    ANSWER,
    CHUNK,
    LayerTable,
    SignatureTable,
    layers_of,
)
from napari_simgraph.core.tables import PatchTable
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.class_rows import whole_grid
from napari_simgraph.learn.crew import Crew, crew_of, placed
from napari_simgraph.learn.device import Place, pick
from napari_simgraph.learn.embedder import Describe, features, step_of
from napari_simgraph.learn.hooks import Node, chosen, tree
from napari_simgraph.learn.laying import laid_out
from napari_simgraph.learn.patchwork import patchwork
from napari_simgraph.learn.recording import Taking, Watched
from napari_simgraph.learn.shared_rows import FarRows, RowWork, rows_handed_out
from napari_simgraph.learn.signature_model import Around, Looked, tiling
from napari_simgraph.learn.signature_settings import Apply

PREDICTED, SURE, CLASS = "predicted", "sure", "class"  # columns that come with signatures
OTHER = "The table was made from '{}', which is not among these images."
NO_PATCH = "There is no patch to look at: choose a smaller patch, or other images."
NOTHING = "This network has no layers that could be looked into."


@dataclass(frozen=True)
class Given:
    """What signatures are taken of: images, or the patches of a table in them."""

    image: Image | ImageSet
    model: Model | None = None
    labels: Labels | LabelsSet | None = None
    table: PatchTable | None = None


def signatures(
    network: nn.Module, image: Image | ImageSet, *, config: Apply | None = None, classes: Any = ()
) -> SignatureTable:
    """Signatures of the patches of an image in any network; `classes` are what it tells apart."""
    looked = Looked(network.eval(), tuple(str(one) for one in classes))
    aside = Aside()
    try:
        return run(record(looked, Given(image), config or Apply(), MemoryRoom(), aside))
    finally:
        aside.close()


def record(
    looked: Looked, given: Given, config: Any, room: Room, aside: Aside
) -> Job[SignatureTable]:
    """Signatures of patches; of the first ones where it is stopped.

    Raises
    ------
    ValueError
        Network, image, table and layers don't fit together.
    """
    place = yield from placed(config, room, aside)
    work = yield from work_of(looked, given, config, aside)
    network = looked.network.to(place.device)
    first = yield from aside.wait(partial(work.patches, np.zeros(1, np.intp)))
    nodes = yield from aside.wait(partial(layer_tree, network, first, place))
    layers = layers_of(chosen(nodes, config.layers))
    if not layers:
        raise ValueError(NOTHING)
    watched, many = Watched(network, layers, looked.classes), len(work.grid)
    shape = (many, watched.width)
    chunks = (min(CHUNK[0], many), min(CHUNK[1], watched.width))
    taking = Taking(room.array("signatures", shape, np.float16, chunks))
    chances = yield from _taken(watched, work, taking, (place, crew_of(room), aside))
    values: Any = taking.values
    count = taking.written
    grid = work.grid if count == many else work.grid.take(np.arange(count))
    columns = _columns(chances, looked.classes) | _classes(grid, given)
    if count < many:
        values = _first(values, count, room)
        aside.halt.hear((yield Note(f"Stopped: {count} of {many} patches are recorded.")))
    yield Progress(1.0, f"{count} signatures of {len(layers)} layers")
    name = f"{given.image.name} · signatures"
    made = _made(given) | ({ANSWER: layers[-1].name} if chances.shape[1] else {})
    return SignatureTable(
        grid, values, layers, about=taking.about(), columns=columns, name=name, made=made
    )


def _taken(
    watched: Watched, work: Around, taking: Taking, by: tuple[Place, Crew | None, Aside]
) -> Job[NDArray[np.float32]]:
    """Chances of the classes, while signatures are taken; by a crew where there is one."""
    place, crew, aside = by
    describe: Describe | FarRows
    if crew is None:
        seeing = watched.on(place)

        def describe(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
            return taking(seeing(inputs))
    else:
        there = RowWork(watched.key, watched.on, work, step_of(work))
        yield from rows_handed_out(crew, there, aside)
        describe = FarRows(crew, taking)
    found = yield from features(work, np.arange(len(work.grid)), describe, aside, None)
    taking.flush()
    return found


def _first(values: Any, count: int, room: Room) -> Any:
    """The first rows as an array of their own."""
    kept = room.array("signatures kept", (count, values.shape[1]), np.float16, CHUNK)
    for start in range(0, count, CHUNK[0]):
        rows = slice(start, min(start + CHUNK[0], count))
        kept[rows] = values[rows]
    return kept


def layer_tree(network: nn.Module, inputs: NDArray[np.float32], place: Place) -> list[Node]:
    """The modules of a network that give numbers for a patch ``(1, C, P, P)``."""
    with place.exactly(), torch.no_grad():
        return tree(network, torch.from_numpy(inputs).to(place.device))


def listed(looked: Looked, model: Model, patch: int) -> LayerTable:
    """The layers of a network with their shapes, and which are recorded by default."""
    side = looked.patch or -(-patch // looked.stride) * looked.stride or looked.side
    channels = (looked.channels or model.channels) * (2 * looked.sections + 1)
    nodes = layer_tree(looked.network, np.zeros((1, channels, side, side), np.float32), pick("cpu"))
    if not nodes:
        raise ValueError(NOTHING)
    columns = {
        "layer": np.array([node.layer.name for node in nodes]),
        "kind": np.array([node.layer.kind for node in nodes]),
        "shape": np.array([" x ".join(map(str, node.layer.shape)) for node in nodes]),
        "neurons": np.array([node.layer.neurons for node in nodes]),
        "recorded": np.array([node.ends for node in nodes]),
    }
    return LayerTable(columns, summary={"model": model.name, "patch": side})


def work_of(looked: Looked, given: Given, config: Any, aside: Aside) -> Job[Around]:
    """The patches as inputs of the network."""
    image = given.image
    if given.table is None and looked.whole:
        side, grid = looked.side, whole_grid(image)
    elif given.table is None:
        how, side = tiling(looked, given.model, image, config)
        grid = yield from laid_out(image, how, config.background, aside)
    else:
        grid = given.table.grid
        image = _those_of(grid, image)
        side = looked.patch or _side(grid, looked.stride)
    if not len(grid):
        raise ValueError(NO_PATCH)
    work = yield from patchwork(image, grid, side, looked.rule or {})
    return Around(work.images, work.grid, work.statistics, side, work.each, looked.sections)


def _those_of(grid: PatchGrid, image: Image | ImageSet) -> ImageSet:
    """The images that the patches of a grid lie in, in its order."""
    known = {one.fingerprint: one for one in each_image(image)}
    for source in grid.sources:
        if source.fingerprint not in known:
            raise ValueError(OTHER.format(source.name))
    several = tuple(known[source.fingerprint] for source in grid.sources)
    return ImageSet(several, name=image.name)


def _side(grid: PatchGrid, stride: int) -> int:
    """The usual size of patches, as a multiple of the stride."""
    return -(-int(np.median(grid.size)) // stride) * stride


def _columns(chances: NDArray[np.float32], classes: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    if not chances.shape[1]:
        return {}
    return {PREDICTED: np.array(classes)[chances.argmax(1)], SURE: chances.max(1)}


def _classes(grid: PatchGrid, given: Given) -> dict[str, NDArray[Any]]:
    """The class of each patch: that of the labels which cover most of it, or of the table."""
    if given.labels is not None:
        return {CLASS: painted_classes(grid, given.labels)}
    if given.table is not None and CLASS in given.table.columns:
        return {CLASS: np.asarray(given.table.columns[CLASS])[: len(grid)]}
    return {}


def _made(given: Given) -> dict[str, Any]:
    if given.model is None:
        return {"model": "a network from Python"}
    return {"model": given.model.name, "model_fingerprint": given.model.fingerprint}
