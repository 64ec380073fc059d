"""Signatures: patches go through a network, and what its layers give is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

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
    halved,
    layers_of,
)
from napari_simgraph.core.tables import PatchTable
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.class_rows import whole_grid
from napari_simgraph.learn.device import Place, pick
from napari_simgraph.learn.embedder import features
from napari_simgraph.learn.hooks import Node, Recorder, chosen, tree
from napari_simgraph.learn.laying import laid_out
from napari_simgraph.learn.patchwork import patchwork
from napari_simgraph.learn.signature_model import Around, Looked, tiling
from napari_simgraph.learn.signature_settings import Apply

PREDICTED, SURE, CLASS = "predicted", "sure", "class"  # columns that come with signatures
OTHER = "The table was made from '{}', which is not among these images."
_AT_ONCE = 2**17  # pixels: what layers give stays in the cache until it is summed up
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
    place = pick(config.device, config.threads, config.precision)
    aside.halt.hear((yield place.tick()))
    work = yield from work_of(looked, given, config, aside)
    network = looked.network.to(place.device)
    first = yield from aside.wait(partial(work.patches, np.zeros(1, np.intp)))
    nodes = yield from aside.wait(partial(layer_tree, network, first, place))
    layers = layers_of(chosen(nodes, config.layers))
    if not layers:
        raise ValueError(NOTHING)
    width = sum(one.width for one in layers)
    many = len(work.grid)
    shape, chunks = (many, width), (min(CHUNK[0], many), min(CHUNK[1], width))
    values = room.array("signatures", shape, np.float16, chunks)
    taking = Taking(Recorder(network, layers), place, values, looked.classes)
    chances = yield from features(work, np.arange(many), taking, aside, None)
    taking.flush()
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


@dataclass
class Taking:
    """Puts the signatures of inputs into an array, one chunk of rows after the other."""

    recorder: Recorder
    place: Place
    values: Any
    classes: tuple[str, ...] = ()
    written: int = 0
    _waiting: list[NDArray[np.float16]] = field(default_factory=list)
    _sums: list[NDArray[np.float64]] = field(default_factory=list)

    def __call__(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Chances ``(N, K)`` of the classes, ``(N, 0)`` where the network tells none."""
        step = max(1, _AT_ONCE // inputs[0, 0].size)
        parts = [self._taken(inputs[at : at + step]) for at in range(0, len(inputs), step)]
        return np.concatenate(parts)

    def _taken(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        tensor = torch.from_numpy(inputs).to(self.place.device)
        with self.place.computing(), torch.no_grad():
            tensor = tensor.contiguous(memory_format=torch.channels_last)
            found, answer = self.recorder(tensor)
            told = chances_of(answer, len(self.classes))
        self._count(found)
        self._waiting.append(halved(found))
        if sum(map(len, self._waiting)) >= CHUNK[0]:
            self._write(CHUNK[0])
        return told if told is not None else np.zeros((len(inputs), 0), np.float32)

    def flush(self) -> None:
        """Write what still waits."""
        while self._waiting:
            self._write(CHUNK[0])

    def about(self) -> dict[str, NDArray[np.float32]]:
        """What is known of each column; see `SignatureTable`."""
        total, squares, active, most = self._sums
        mean = total / self.written
        spread = np.sqrt(np.maximum(squares / self.written - mean**2, 0))
        told = {"mean": mean, "spread": spread, "active": active / self.written, "most": most}
        return {name: part.astype(np.float32) for name, part in told.items()}

    def _write(self, rows: int) -> None:
        whole = np.concatenate(self._waiting)
        block = whole[:rows]
        self.values[self.written : self.written + len(block)] = block
        self.written += len(block)
        self._waiting = [whole[rows:]] if len(whole) > rows else []

    def _count(self, found: NDArray[np.float32]) -> None:
        sums = [part.sum(0, dtype=np.float64) for part in (found, found**2, found != 0)]
        parts = [*sums, found.max(0).astype(np.float64)]
        if not self._sums:
            self._sums = parts
        else:
            adding = [before + part for before, part in zip(self._sums, parts, strict=True)]
            self._sums = [*adding[:3], np.maximum(self._sums[3], parts[3])]


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
    return Around(work.images, work.grid, work.statistics, side, looked.sections)


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


def chances_of(answer: Any, count: int) -> NDArray[np.float32] | None:
    """Chances of classes, over pixels their mean; None where the answer isn't one score each."""
    if not isinstance(answer, Tensor) or answer.ndim not in (2, 4) or not count:
        return None
    if answer.shape[1] != count:
        return None
    chances = answer.float().softmax(1)
    told: NDArray[np.float32] = (
        (chances.mean((2, 3)) if answer.ndim == 4 else chances).cpu().numpy()
    )
    return told


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
