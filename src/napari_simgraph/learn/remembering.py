"""Remembering: how places of the normal pictures that were learned from are described."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_simgraph.core.job import Progress, Signal, Tick
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.at_once import AtOnce
from napari_simgraph.learn.described import PLACES, Described, ways
from napari_simgraph.learn.device import Place
from napari_simgraph.learn.normal_lesson import Normal
from napari_simgraph.learn.normal_work import views
from napari_simgraph.learn.resampling import pieces
from napari_simgraph.learn.token_memory import Places, TokenMemory
from napari_simgraph.learn.windows import Span, Windows
from napari_simgraph.nets import folded

Describe: TypeAlias = Callable[[NDArray[np.float32]], Tensor]

_CROPS = 400  # whose tokens are looked at: a hundred thousand of them
_TOKENS = 20_000  # of those the memory is chosen from
_PICTURES = 256  # that tell what is normal at each place
_CELLS = 128  # places along a side at most: of means of several, small defects are not found
_AROUND = 64  # px read beyond the border, as when pictures are searched
_EDGE = 1024  # px of the tiles in which large pictures are looked at
_BATCH = 16  # crops through the network at once


def remember(
    module: Any, known: tuple[Normal, bool], seed: int, place: Place, aside: Aside
) -> Generator[Tick, Signal | None, dict[str, TokenMemory]]:
    """Memories of what was learned from, by how places are described."""
    network: Any = folded(module).to(place.device)
    found = {}
    normal, aligned = known
    sides = normal.work.images[0].plane if aligned else None
    for part in ways(sides):
        by = partial(_described, part, network, place)
        look = Look(partial(_in_parts, AtOnce(place.device), by), PLACES[part])
        found[part] = yield from _remember(look, known, seed, aside)
    return found


class Look(NamedTuple):
    """What describes inputs ``(N, C, Y, X)`` by places, and the side of a place in pixels."""

    by: Describe
    side: int


def _remember(
    look: Look, known: tuple[Normal, bool], seed: int, aside: Aside
) -> Generator[Tick, Signal | None, TokenMemory]:
    """One memory; by place where pictures are aligned."""
    normal, aligned = known
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(normal.rows)[:_CROPS])
    tick = partial(Progress, text="remembering what is normal")
    parts = []
    for start in range(0, len(rows), _BATCH):
        crops = normal.work.patches(rows[start : start + _BATCH])
        found = yield from aside.wait(partial(look.by, crops), tick)
        parts.append(found.permute(0, 2, 3, 1).reshape(-1, found.shape[1]).cpu().numpy())
        if aside.halt.stopped:
            break
    tokens = np.concatenate(parts)
    chosen = tokens[np.sort(rng.permutation(len(tokens))[:_TOKENS])]
    memory = yield from aside.wait(partial(TokenMemory.fit, chosen, seed), tick)
    if not aligned:
        return memory
    seen = views(normal, normal.rows, _PICTURES, rng)
    places = Places(len(seen))
    for view in seen:
        places.add((yield from aside.wait(partial(_at_places, look, Windows(*view), memory), tick)))
        if aside.halt.stopped and places.count > 1:
            break
    return places.known(memory)


def _in_parts(at_once: AtOnce, by: Describe, inputs: NDArray[np.float32]) -> Tensor:
    """The same in as many parts as memory wants."""
    return torch.cat(at_once.parts(by, inputs))


def _described(part: str, network: Any, place: Place, inputs: NDArray[np.float32]) -> Tensor:
    """How places of inputs ``(N, C, Y, X)`` are described ``(N, F, y, x)``."""
    tensor = torch.from_numpy(inputs).to(place.device)
    with place.computing(), torch.no_grad():
        return Described(network, tensor).by(part).float()


def _at_places(look: Look, windows: Windows, memory: TokenMemory) -> NDArray[np.float64]:
    """Whitened tokens of a whole picture ``(D, h, w)``: means over cells, tile by tile."""
    height, width = windows.image.plane
    small: Any = 0.0
    for rows in _lines(height, look.side):
        for columns in _lines(width, look.side):
            inputs = windows.read(0, rows.read, columns.read)
            found = look.by(inputs[None])[0, :, rows.inner, columns.inner].cpu().numpy()
            small = small + rows.shares @ found.astype(np.float64) @ columns.shares.T
    mean, basis = memory.whitening
    points = np.einsum("fyx,fd->dyx", small - mean[:, None, None], basis)
    return np.asarray(points, np.float64)


class _Line(NamedTuple):
    """A tile along one axis.

    What is read, which of the tokens found there are its own, and how much each of them counts in
    each cell ``(cells, tokens)``.
    """

    read: Span
    inner: slice
    shares: NDArray[np.float64]


def _lines(n: int, side: int) -> Iterator[_Line]:
    """The tiles along an axis of n pixels, in places of this side."""
    count = -(-n // side)
    cells = np.arange(min(_CELLS, count))[:, None]
    low, high = cells * count // len(cells), -(-(cells + 1) * count // len(cells))
    places = np.arange(count)
    shares = ((places >= low) & (places < high)) / (high - low)
    spans = [(0, n)] if n <= 1.5 * _EDGE else list(pieces((0, n), _EDGE))
    around = _AROUND if len(spans) == 1 else 2 * _AROUND  # inside nothing is made up
    for start, stop in spans:
        own = slice(start // side, -(-stop // side))
        inner = slice(around // side, around // side + own.stop - own.start)
        read = (start - around, -(-stop // _AROUND) * _AROUND + around)
        yield _Line(read, inner, shares[:, own])
