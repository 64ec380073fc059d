"""Graph lessons: what a graph network learns, by itself or from many marks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_simgraph.analysis.few_clicks import Judged
from napari_simgraph.analysis.neighbours import Points
from napari_simgraph.analysis.ranking import auroc
from napari_simgraph.core.graph import Edges
from napari_simgraph.core.patches import Rows
from napari_simgraph.learn.neighbourhood import Neighbourhood, around
from napari_simgraph.learn.state import pack

_MOST = 5  # neighbours of each kind and hop that are drawn: more hardly change the mean
_CHUNK = 4096  # patches through one hop at once, with all their neighbours
_HIDDEN = 0.2  # share of features hidden while learning from marks, so that no few are relied on
_NO_BATCH = 2**31  # no batch has this number


class Surroundings(NamedTuple):
    """Features and links of a graph."""

    points: Points
    edges: Mapping[str, Edges]


class Step(NamedTuple):
    """What one step learns from."""

    asked: Neighbourhood
    order: NDArray[np.int64]
    truth: NDArray[np.float32]


class InfomaxLesson:
    """See `lesson.Lesson`: real neighbourhoods are told from shuffled ones."""

    def __init__(self, network: nn.Module, graph: Surroundings, hops: int, seed: int) -> None:
        self.network, self.graph, self.hops, self.seed = network, graph, hops, seed

    def batch(self, number: int, size: int) -> Step:
        """See `lesson.Lesson.batch`."""
        rng = np.random.default_rng([self.seed, number])
        count = len(self.graph.points)
        asked = rng.choice(count, min(size, count), replace=False)
        found = around(self.graph.edges, asked, self.hops, rng, _MOST)
        return Step(found, rng.permutation(len(found.rows)), np.zeros(0, np.float32))

    def loss(self, network: nn.Module, batch: Step, number: int) -> Tensor:
        """See `lesson.Lesson.loss`."""
        device = next(network.parameters()).device
        x, rings = placed(self.graph, batch.asked, device)
        with torch.autocast(device.type, enabled=False):
            loss: Tensor = network(x, rings, torch.from_numpy(batch.order).to(device))
        return loss

    def check(self, network: nn.Module) -> Mapping[str, float]:
        """See `lesson.Lesson.check`."""
        with torch.no_grad():
            loss = self.loss(network, self.batch(_NO_BATCH, 512), 0)
        return {"told apart": float(loss)}


class MarkedLesson:
    """See `lesson.Lesson`: marked patches; the best network on those kept aside is kept."""

    def __init__(
        self, network: nn.Module, graph: Surroundings, marked: tuple[Judged, Judged], how: Any
    ) -> None:
        self.network, self.graph = network, graph
        self.learned, self.kept = marked
        self.hops, self.seed = how.hops, how.seed
        self.best: tuple[float, Mapping[str, NDArray[Any]]] = (-1.0, {})
        self._look = around(graph.edges, self.kept.rows, self.hops)

    def batch(self, number: int, size: int) -> Step:
        """See `lesson.Lesson.batch`; either kind makes half of it."""
        rng = np.random.default_rng([self.seed, number])
        rows, like = self.learned
        half = max(1, size // 2)
        kinds = [rows[like], rows[~like]]
        drawn = np.concatenate([rng.choice(one, half, replace=len(one) < half) for one in kinds])
        asked, first = np.unique(drawn, return_index=True)
        truth = (np.arange(len(drawn)) < half)[first].astype(np.float32)
        found = around(self.graph.edges, asked, self.hops, rng, _MOST)
        return Step(found, rng.permutation(len(found.rows)), truth)

    def loss(self, network: nn.Module, batch: Step, number: int) -> Tensor:
        """See `lesson.Lesson.loss`."""
        device = next(network.parameters()).device
        x, rings = placed(self.graph, batch.asked, device)
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + number)
        shown = (torch.rand(x.shape, generator=generator) >= _HIDDEN).to(device) / (1 - _HIDDEN)
        with torch.autocast(device.type, enabled=False):
            said = network(x * shown, rings)
            truth = torch.from_numpy(batch.truth).to(device)
            share = truth.mean().clamp(0.01, 0.99)
            weight = torch.where(truth > 0, 0.5 / share, 0.5 / (1 - share))
            return nn.functional.binary_cross_entropy_with_logits(said, truth, weight)

    def check(self, network: nn.Module) -> Mapping[str, float]:
        """See `lesson.Lesson.check`; early stopping: the best weights so far are kept."""
        if not self.kept.both:
            return {}
        device = next(network.parameters()).device
        with torch.no_grad(), torch.autocast(device.type, enabled=False):
            said = network(*placed(self.graph, self._look, device)).float().cpu().numpy()
        found = auroc(said, self.kept.like)
        if found > self.best[0]:
            self.best = (found, pack(network))
        return {"auroc": found}


def placed(
    graph: Surroundings, found: Neighbourhood, device: torch.device
) -> tuple[Tensor, list[tuple[dict[str, tuple[Tensor, Tensor]], int]]]:
    """Features and rings of a neighbourhood as tensors."""
    x = torch.from_numpy(graph.points[found.rows]).to(device)
    rings = []
    for ring in found.rings:
        links = {
            kind: (
                torch.from_numpy(one.places).to(device),
                torch.from_numpy(one.weights).to(device),
            )
            for kind, one in ring.pairs.items()
        }
        rings.append((links, ring.first))
    return x, rings


def blocks(count: int) -> list[Rows]:
    """All rows in runs that are looked at together."""
    return [np.arange(start, min(start + _CHUNK, count)) for start in range(0, count, _CHUNK)]


def hop(network: Any, number: int, graph: Surroundings, rows: Rows) -> Points:
    """Features of rows after one hop from all their neighbours; `graph` has those before it."""
    device = next(network.parameters()).device
    with torch.no_grad():
        x, rings = placed(graph, around(graph.edges, rows, 1), device)
        found: Points = network.hop(number, x, *rings[0]).float().cpu().numpy()
    return found
