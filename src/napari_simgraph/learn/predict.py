"""Predict: the only tiled loop. Tiles overlap by what the network sees, so there are no seams.

A tile begins at a multiple of the network's stride and is read with a halo as wide as its reach:
every output is computed from the same numbers as in the whole image, so it is the same to the bit
(in float32, with tiles of 256 px and more; for small ones libraries choose other kernels, which
round otherwise: differences of 1e-5). Only at the border of the image is the picture mirrored a
little.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import NamedTuple, Self, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_simgraph.core.job import Job, Note, Progress, Signal, Tick
from napari_simgraph.core.shortage import is_out_of_memory
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.device import Place, free_cache
from napari_simgraph.learn.painting import Write
from napari_simgraph.learn.windows import Span, Windows
from napari_simgraph.nets.unet import Reach

_MARGIN = 16  # px mirrored at borders; beyond it zeros, as at the borders of training patches
_TILE_CPU = 512  # px; fastest per pixel of 256 … 2048 (caches), under 1 GB with width 32
_TILE_GPU = 1536  # px; fills a GPU, a few GB with width 32
_SMALLEST = 64  # px; below this the halo is all there is
NO_MEMORY = "Too little memory even for one tile. Use a smaller network or close other programs."
_SURE = 80.0  # a score beyond which a float32 probability is 0 or 1, and its exponential infinite
SHORT = "Memory was short: it goes on in smaller tiles."

Found: TypeAlias = NDArray[np.float32]  # (K, Y, X)
Say: TypeAlias = Callable[[float], Progress]
Inner: TypeAlias = tuple[slice, slice, slice]  # of (K, Y, X)
SIZES = "sizes"
_ORIENTATIONS = {"none": 1, "flips": 4, "full": 8, SIZES: 8}


class Tile(NamedTuple):
    """A part of a section: what is written, what is read for it, and its number in the section."""

    rows: Span
    columns: Span
    read_rows: Span
    read_columns: Span
    number: int


@dataclass(frozen=True)
class Tiled:
    """How to predict.

    Parameters
    ----------
    reach
        Of the network.
    exclusive
        Softmax over the classes, else a sigmoid for each.
    average
        ``none``, ``flips`` (4 orientations), ``full`` (8, with quarter turns) or ``sizes`` (8, of
        a network that looks at two sizes itself: `nets.magnified`).
    edge
        Side of a tile in pixels; 0 to choose it by the device.
    plain
        What the network gives is handed on as it is: it is no score of classes.
    mirrors
        Beyond the border of an image it is mirrored; else there are zeros, as at the borders of
        training patches, and a section that is one tile is read without any border.
    """

    reach: Reach
    exclusive: bool = True
    average: str = "full"
    edge: int = 0
    plain: bool = False
    mirrors: bool = True


def tiles(
    plane: tuple[int, int], edge: int, reach: Reach, mirrored: int = _MARGIN
) -> Iterator[Tile]:
    """The tiles of a section of this height and width, mirrored so far beyond its border."""
    pairs = product(*(list(_line(n, edge, reach, mirrored)) for n in plane))
    for number, ((rows, read_rows), (columns, read_columns)) in enumerate(pairs):
        yield Tile(rows, columns, read_rows, read_columns, number)


def around(span: Span, n: int, reach: Reach, mirrored: int = _MARGIN) -> Span:
    """What is read for a span of n pixels: as far as the network looks, little beyond the border.

    Both ends are multiples of the stride.
    """
    stride = reach.stride
    halo, margin = _up(reach.radius, stride), _up(mirrored, stride)
    start = max(span[0] // stride * stride - halo, -margin)
    return start, min(_up(span[1] + halo, stride), _up(n + mirrored, stride))


def _up(n: int, stride: int) -> int:
    """The next multiple of a stride."""
    return -(-n // stride) * stride


def _line(n: int, edge: int, reach: Reach, mirrored: int) -> Iterator[tuple[Span, Span]]:
    """Tiles along one axis of n pixels: what is written, what is read."""
    stride = reach.stride
    step = max(stride, edge // stride * stride)
    if n <= 1.5 * step:  # one tile a little larger beats two with halos
        step = n
    for start in range(0, n, step):
        span = start, min(start + step, n)
        yield span, around(span, n, reach, mirrored)


class Predictor:
    """Probabilities of an image's sections from a trained network."""

    def __init__(self, network: nn.Module, how: Tiled, place: Place, aside: Aside) -> None:
        self.network = ready(network, place)
        self.how, self.place, self.aside = how, place, aside
        self.edge = how.edge or edge_on(place)

    def of(self, image: int) -> Self:
        """What predicts the image of this number; here it is the same for all."""
        return self

    def tiling(self, plane: tuple[int, int], margin: int = 0) -> list[Tile]:
        """The tiles of a section of this size, read so much wider."""
        wide = self.how.reach._replace(radius=self.how.reach.radius + margin)
        return list(tiles(plane, self.edge, wide, _MARGIN if self.how.mirrors else 0))

    def tile(self, windows: Windows, z: int, tile: Tile, margin: int = 0) -> Job[Found | None]:
        """Probabilities ``(K, Y, X)`` of one tile, as `section` hands them on."""
        inner = _inside(tile, windows.image.plane, margin)
        return self._tile(windows, z, tile, inner, Progress)

    def section(
        self, windows: Windows, z: int, write: Write, say: Say, margin: int = 0
    ) -> Generator[Tick, Signal | None, bool]:
        """Hand the probabilities ``(K, Y, X)`` of each tile of a section to `write`.

        Returns whether it was completed. `say` makes a tick of the share done. With a `margin`
        the values reach so many pixels beyond the tile, but not beyond the image.
        """
        while True:
            try:
                return (yield from self._section(windows, z, write, say, margin))
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                if self.edge <= _SMALLEST:
                    raise MemoryError(NO_MEMORY) from error
            self.edge = max(_SMALLEST, min(self.edge, max(windows.image.plane)) // 2)
            free_cache(self.place.device)
            self.aside.halt.hear((yield Note(SHORT, warning=True)))

    def _section(
        self, windows: Windows, z: int, write: Write, say: Say, margin: int
    ) -> Generator[Tick, Signal | None, bool]:
        plane = windows.image.plane
        todo = self.tiling(plane, margin)
        for tile in todo:
            share = partial(say, tile.number / len(todo))
            inner = _inside(tile, plane, margin)
            values = yield from self._tile(windows, z, tile, inner, share)
            if values is None:
                return False
            write(z, tile.rows, tile.columns, values)
            self.aside.halt.hear((yield say((tile.number + 1) / len(todo))))
        return True

    def _tile(
        self, windows: Windows, z: int, tile: Tile, inner: Inner, tick: Callable[[], Tick]
    ) -> Job[Found | None]:
        """Mean over the orientations; None when stopped on the way."""
        read = windows.read(z, tile.read_rows, tile.read_columns)
        inputs = torch.from_numpy(read)[None].to(self.place.device)
        total: Tensor | None = None
        turns = _ORIENTATIONS[self.how.average]
        for number in range(turns):
            if self.aside.halt.stopped:
                return None
            forward = partial(self._forward, inputs, number, inner, total)
            total = yield from self.aside.wait(forward, tick)
        mean: Found = total.cpu().numpy()  # type: ignore[union-attr]
        mean /= turns  # by numpy: torch would wake its threads in this one too
        return mean

    def _forward(
        self, inputs: Tensor, orientation: int, inner: Inner, total: Tensor | None
    ) -> Tensor:
        """Probabilities of one orientation, turned back, of the inner part; added to a total."""
        with torch.no_grad(), self.place.computing():
            scores = scored(self.network, orient(inputs, orientation))[0]
            one = orient_back(scores, orientation)[inner]
            one = one.contiguous() if self.how.plain else _chances(one, self.how.exclusive)
            return one if total is None else total.add_(one)


def edge_on(place: Place) -> int:
    """The side of a tile that is fast there, in pixels."""
    return _TILE_CPU if place.device.type == "cpu" else _TILE_GPU


def ready(network: nn.Module, place: Place) -> nn.Module:
    """The network where and in the precision in which it is used; itself, not a copy."""
    return network.to(place.device, place.half).eval()


def scored(network: nn.Module, inputs: Tensor) -> Tensor:
    """Scores ``(N, K, Y, X)`` in float32 of inputs ``(N, C, Y, X)``."""
    scores: Tensor = network(inputs.contiguous(memory_format=torch.channels_last)).float()
    return scores


def _chances(scores: Tensor, exclusive: bool) -> Tensor:
    """Probabilities of scores ``(K, Y, X)``, in their place where they are in order.

    On the CPU by numpy: torch rounds the last few pixels of a row otherwise than the rest, so
    tiles would differ in the last bit (and along the last axis, where it doesn't, it is slow).
    """
    if scores.device.type != "cpu":
        return (scores.softmax(0) if exclusive else scores.sigmoid()).contiguous()
    values = scores.contiguous().numpy()
    if exclusive:
        values -= values.max(0)
        np.exp(values, out=values)
        values /= values.sum(0)
    else:
        np.exp(-values.clip(-_SURE, _SURE), out=values)
        values += 1
        np.reciprocal(values, out=values)
    return torch.from_numpy(values)


def orient(x: Tensor, orientation: int) -> Tensor:
    """One of the eight flips and quarter turns of ``(..., Y, X)``; below 4 the size stays."""
    x = x.flip(-1) if orientation & 1 else x
    x = x.flip(-2) if orientation & 2 else x
    return x.transpose(-1, -2) if orientation & 4 else x


def orient_back(x: Tensor, orientation: int) -> Tensor:
    """The inverse of `orient`."""
    x = x.transpose(-1, -2) if orientation & 4 else x
    x = x.flip(-2) if orientation & 2 else x
    return x.flip(-1) if orientation & 1 else x


def _inside(tile: Tile, plane: tuple[int, int], margin: int) -> Inner:
    """Where in what was read the tile itself lies, with the margin that the image has."""
    (top, bottom), (left, right) = tile.rows, tile.columns
    up, before = tile.read_rows[0], tile.read_columns[0]
    rows = slice(max(0, top - margin) - up, min(plane[0], bottom + margin) - up)
    columns = slice(max(0, left - margin) - before, min(plane[1], right + margin) - before)
    return slice(None), rows, columns
