"""Remembering: what a network sees in the normal pictures that it learned from."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from napari_simgraph.core.job import Progress, Signal, Tick
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.device import Place
from napari_simgraph.learn.normal_lesson import Normal
from napari_simgraph.learn.token_memory import TokenMemory, around
from napari_simgraph.learn.windows import Windows
from napari_simgraph.nets import folded
from napari_simgraph.nets.pretexts import TOKEN

_CROPS = 400  # whose tokens are looked at: a hundred thousand of them
_TOKENS = 20_000  # of those the memory is chosen from
_PICTURES = 128  # that tell what is normal at each place; more change little
_CELLS = 64  # places along a side at most
_AROUND = 64  # px read beyond the border, as when pictures are searched
_BATCH = 16  # crops through the network at once


def remember(
    module: Any, known: tuple[Normal, bool], seed: int, place: Place, aside: Aside
) -> Generator[Tick, Signal | None, TokenMemory]:
    """The memory of what was learned from; by place where pictures are aligned."""
    normal, aligned = known
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(normal.rows)[:_CROPS])
    network: Any = folded(module).to(place.device)
    tick = partial(Progress, text="remembering what is normal")
    look = partial(_tokens, network, place)
    parts = []
    for start in range(0, len(rows), _BATCH):
        crops = normal.work.patches(rows[start : start + _BATCH])
        found = yield from aside.wait(partial(look, crops), tick)
        parts.append(found.permute(0, 2, 3, 1).reshape(-1, found.shape[1]).cpu().numpy())
        if aside.halt.stopped:
            break
    tokens = np.concatenate(parts)
    chosen = tokens[np.sort(rng.permutation(len(tokens))[:_TOKENS])]
    memory = yield from aside.wait(partial(TokenMemory.fit, chosen, seed), tick)
    if not aligned:
        return memory
    numbers = np.unique(normal.work.grid.image[normal.rows])
    sums = squares = np.zeros(1)
    count = 0
    for number in np.sort(rng.permutation(numbers)[:_PICTURES]).tolist():
        points = yield from aside.wait(partial(_at_places, look, normal, number, memory), tick)
        sums, squares, count = sums + points, squares + points**2, count + 1
        if aside.halt.stopped and count > 1:
            break
    return memory.at_places(sums, squares, count)


def _tokens(network: Any, place: Place, inputs: NDArray[np.float32]) -> Tensor:
    """Tokens ``(N, F, y, x)`` of inputs ``(N, C, Y, X)``."""
    tensor = torch.from_numpy(inputs).to(place.device)
    with place.computing(), torch.no_grad():
        return around(network.tokens(tensor).float())


def _at_places(look: Any, normal: Normal, number: int, memory: TokenMemory) -> NDArray[np.float64]:
    """Whitened tokens of a whole picture ``(D, h, w)``."""
    work = normal.work
    image = work.images[number]
    spans = [(-_AROUND, -(-n // _AROUND) * _AROUND + _AROUND) for n in image.plane]
    inputs = Windows(image, work.of(number)).read(0, spans[0], spans[1])
    edge = _AROUND // TOKEN
    inner = [slice(edge, edge + -(-n // TOKEN)) for n in image.plane]
    tokens = look(inputs[None])[:, :, inner[0], inner[1]]
    down, across = (min(_CELLS, n) for n in tokens.shape[-2:])
    small = (
        functional.adaptive_avg_pool2d(tokens, (down, across))[0].cpu().numpy().astype(np.float64)
    )
    mean, basis = memory.whitening
    points = np.einsum("fyx,fd->dyx", small - mean[:, None, None], basis)
    return np.asarray(points, np.float64)
