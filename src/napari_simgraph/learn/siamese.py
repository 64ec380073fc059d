"""Siamese: the lesson that two views of a patch are the same, and different patches are not."""

from __future__ import annotations

from collections.abc import Generator as Ticking
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor, nn

from napari_simgraph.analysis.health import effective_rank, spread
from napari_simgraph.core.job import Progress, Signal, Tick
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.at_once import AtOnce
from napari_simgraph.learn.device import Place
from napari_simgraph.learn.losses_siamese import LOSSES, retrieval
from napari_simgraph.learn.patchwork import Patchwork
from napari_simgraph.learn.view_settings import Views
from napari_simgraph.learn.views import view

_WATCHED, _FINAL = 256, 2048  # patches looked at during a run (a twentieth of it) and at its end
_NO_BATCH = 2**31  # no batch has this number
_CHUNK = 256  # patches through the network at once
_FEWEST = 16  # patches below which rank and retrieval say nothing
_LOW_RANK = 0.02  # share of the dimensions in use; healthy runs lie above 0.1
_LOW_SPREAD = 0.15  # of 1: 98 % of each answer is the same for all; healthy runs lie above 0.3
_PATIENCE = 3  # bad looks in a row …
_SETTLED = 20  # … of a network that has learned so many steps: a fresh one may part little
COLLAPSED = (
    "The network gives the same answer for all patches, so it was stopped. "
    "Vary less, use larger patches, or more different images."
)


class Pairs(NamedTuple):
    """Two crops ``(N, C, R, R)`` of each of N places, and their light (see `views.view`)."""

    first: NDArray[np.float32]
    second: NDArray[np.float32]
    light: NDArray[np.float32]


class SiameseLesson:
    """See `lesson.Lesson`: patches of a patchwork, each seen in two ways."""

    def __init__(
        self, network: nn.Module, work: Patchwork, how: Views, loss: str, seed: int
    ) -> None:
        self.network, self.work, self.how, self.seed = network, work, how, seed
        self.average = network  # until the first check brings it
        self.compare = LOSSES[loss]
        self._bad = self._steps = 0
        self._looked = list(self._some(_WATCHED))

    def batch(self, number: int, size: int) -> Pairs:
        """See `lesson.Lesson.batch`."""
        rng = np.random.default_rng([self.seed, number])
        rows = rng.integers(0, len(self.work.grid), size)
        if len(rows) < len(self.work.grid):  # the same patch twice would be held for another
            rows = rng.choice(len(self.work.grid), size, replace=False)
        return self._pairs(rows, rng)

    def loss(self, network: nn.Module, batch: Pairs, number: int) -> Tensor:
        """See `lesson.Lesson.loss`."""
        self._steps = number + 1
        generator = Generator().manual_seed(self.seed * 1_000_003 + number)
        a, b = self._project(network, batch, generator)
        found: Tensor = self.compare(a, b)
        return found

    def check(self, network: nn.Module) -> Mapping[str, float]:
        """See `lesson.Lesson.check`.

        Raises
        ------
        ValueError
            All patches look the same to the network, again and again.
        """
        self.average = network
        figures = self._health(network, self._looked)
        if figures and self._steps >= _SETTLED:
            self._bad = self._bad + 1 if self._is_low(figures, network) else 0
            if self._bad >= _PATIENCE:
                raise ValueError(COLLAPSED)
        return figures

    def _is_low(self, figures: Mapping[str, float], network: nn.Module) -> bool:
        """Whether few dimensions are used, or all answers are alike.

        Not by retrieval: where a texture repeats, no view can find its own patch.
        """
        count = sum(len(pairs.first) for pairs in self._looked)
        dimensions = min(int(network.head[-1].out_features), count)  # type: ignore[index,union-attr]
        low = figures["rank"] < max(1.0, _LOW_RANK * dimensions)
        return low or figures["spread"] < _LOW_SPREAD

    def final(self, place: Place, aside: Aside) -> Ticking[Tick, Signal | None, dict[str, float]]:
        """The figures of the finished network, from more patches."""
        self.network.eval()

        def look() -> dict[str, float]:
            with place.computing(), torch.no_grad():
                count = _WATCHED if aside.halt.stopped else _FINAL
                return self._health(self.network, self._some(count))

        return (yield from aside.wait(look, partial(Progress, text="looking at what was learned")))

    def _some(self, count: int) -> Iterator[Pairs]:
        """The same patches in the same two ways whenever asked for, some at a time."""
        rows = np.random.default_rng([self.seed, _NO_BATCH]).permutation(len(self.work.grid))
        for start in range(0, min(count, len(rows)), _CHUNK):
            rng = np.random.default_rng([self.seed, _NO_BATCH, start])
            yield self._pairs(rows[start : min(start + _CHUNK, count)], rng)

    def _pairs(self, rows: NDArray[np.intp], rng: np.random.Generator) -> Pairs:
        reading, work = self.how.reading, self.work
        offsets = self._offsets(rows, rng)
        first = np.stack(
            [
                work.crop(int(row), tuple(off), reading)
                for row, off in zip(rows, offsets[0], strict=True)
            ]
        )
        if not self.how.near:
            return Pairs(first, first, work.light(rows))
        second = np.stack(
            [
                work.crop(int(row), tuple(off), reading)
                for row, off in zip(rows, offsets[1], strict=True)
            ]
        )
        return Pairs(first, second, work.light(rows))

    def _offsets(self, rows: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.int64]:
        """Moves ``(2, N, 3)`` by z, y, x: anywhere between the grid's places, the second near."""
        grid = self.work.grid
        strides = np.array([one.stride for one in grid.layouts])[grid.image[rows]]
        wide = np.where([one.counts != (1, 1) for one in grid.layouts], 1, 0)[grid.image[rows]]
        off = np.zeros((2, len(rows), 3), np.int64)
        off[:, :, 1:] = (
            rng.integers(-1000, 1001, (len(rows), 2)) * (strides * wide)[:, None] // 2000
        )
        if self.how.near:
            sides = grid.size[rows] * wide
            far = rng.uniform(-self.how.near, self.how.near, (len(rows), 2)) * sides[:, None]
            off[1, :, 1:] += far.astype(np.int64)
            off[1, :, 0] = rng.integers(-1, 2, len(rows))
        return off

    def _project(
        self, network: nn.Module, batch: Pairs, generator: Generator
    ) -> tuple[Tensor, Tensor]:
        device = next(network.parameters()).device
        a, b = network(self._views(batch, generator, device)).chunk(2)
        return a, b

    def _views(self, batch: Pairs, generator: Generator, device: torch.device) -> Tensor:
        """Both views of each patch, first all of one kind, then all of the other."""
        first, second, light = (torch.from_numpy(part).to(device) for part in batch)
        with torch.autocast(device.type, enabled=False), torch.no_grad():
            views = [view(crops, self.how, generator, light) for crops in (first, second)]
        return torch.cat(views)

    def _health(self, network: nn.Module, several: Iterable[Pairs]) -> dict[str, float]:
        generator, parts = Generator().manual_seed(self.seed), []
        device = next(network.parameters()).device
        at_once = AtOnce(device)
        for pairs in several:
            views = self._views(pairs, generator, device)
            seen = at_once.parts(partial(_seen, network, views), np.arange(len(views)))
            parts.append(torch.cat(seen).chunk(2))
        a, b = (torch.cat(side).float() for side in zip(*parts, strict=True))
        if len(a) < _FEWEST:
            return {}
        points = a.cpu().numpy()
        figures = {"rank": effective_rank(points), "spread": spread(points)}
        return figures | {"retrieval": retrieval(a, b)}


def _seen(network: nn.Module, views: Tensor, rows: NDArray[np.intp]) -> Tensor:
    seen: Tensor = network(views[rows])
    return seen
