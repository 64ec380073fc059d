"""Interest networks: graph networks that learn by themselves or from many marks, and their use."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis import plainer
from napari_simgraph.analysis.comparing import OURS
from napari_simgraph.analysis.few_clicks import Judged
from napari_simgraph.analysis.kernel_logistic import Vector, chance_of
from napari_simgraph.analysis.neighbours import Points, unit
from napari_simgraph.analysis.ranking import auroc
from napari_simgraph.core.graph import SimilarityGraph
from napari_simgraph.core.job import Progress, Signal, Tick
from napari_simgraph.core.model import Model
from napari_simgraph.core.patches import PatchGrid
from napari_simgraph.core.room import Room
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.device import Place
from napari_simgraph.learn.fit import Fitted, Plan, fit
from napari_simgraph.learn.graph_lesson import (
    InfomaxLesson,
    MarkedLesson,
    Surroundings,
    blocks,
    hop,
)
from napari_simgraph.learn.held import held_network
from napari_simgraph.nets import build

_KEPT = 0.25  # share of the marked blocks that is kept aside
_BLOCK = 4  # patches: the side of a block of patches that are kept aside together


def surroundings(graph: SimilarityGraph, kinds: list[str]) -> Surroundings:
    """What a network sees of a graph: features in one scale, links of the kinds it knows.

    Raises
    ------
    ValueError
        The graph lacks a kind of link.
    """
    if not set(kinds) <= set(graph.edges):
        raise ValueError("The graph lacks links that the model learned from: make it again.")
    values = unit(graph.table.values) * np.float32(np.sqrt(graph.table.values.shape[1]))
    return Surroundings(values, {kind: graph.edges[kind] for kind in kinds})


def network_of(graph: SimilarityGraph, kinds: list[str], config: Any, way: str) -> dict[str, Any]:
    """Name and options of the network."""
    options = {
        "inside": int(graph.table.values.shape[1]),
        "kinds": kinds,
        "width": config.width,
        "way": "gat" if way == "gat" else "sage",
        "hops": config.hops,
        "infomax": way == "groups",
    }
    return {"name": "graph", "options": options}


def learn_alone(
    seen: Surroundings, network: dict[str, Any], plan: Plan, place: Place, given: tuple[Room, Aside]
) -> Generator[Tick, Signal | None, Fitted]:
    """A network that learned by itself."""
    room, aside = given
    seed = int(network["seed"])
    call = partial(build, network["name"], seed=seed, **network["options"])
    module = yield from aside.wait(call, partial(Progress, text="getting ready"))
    lesson = InfomaxLesson(module, seen, network["options"]["hops"], seed)
    return (yield from fit(lesson, plan, place, room, aside))


def learn_marked(
    seen: Surroundings,
    network: dict[str, Any],
    plan: Plan,
    place: Place,
    given: tuple[Room, Aside, tuple[Judged, Judged], Any],
) -> Generator[Tick, Signal | None, tuple[Fitted, dict[str, NDArray[Any]], float]]:
    """A network that learned from marks: the run, the weights that did best, and how well."""
    room, aside, marked, config = given
    call = partial(build, network["name"], seed=config.seed, **network["options"])
    module = yield from aside.wait(call, partial(Progress, text="getting ready"))
    lesson = MarkedLesson(module, seen, marked, config)
    fitted = yield from fit(lesson, plan, place, room, aside)
    found, best = lesson.best
    return fitted, dict(best or fitted.arrays), found


def embed(
    model: Model, seen: Surroundings, aside: Aside, place: Place
) -> Generator[Tick, Signal | None, tuple[Points, Vector]]:
    """Embedding ``(N, W)`` of length 1 and score ``(N,)`` of all patches, hop by hop."""
    options = model.network["options"]
    module = held_network(model)
    network = (module.network if options["infomax"] else module).to(place.device).eval()
    hops, count = int(options["hops"]), len(seen.points)
    parts = blocks(count)
    points = seen.points

    def through(number: int, rows: NDArray[np.intp]) -> Points:
        with place.computing():
            return hop(network, number, seen._replace(points=points), rows)

    for number in range(hops):
        made = []
        for at, rows in enumerate(parts):
            done = (number + at / len(parts)) / hops
            tick = partial(Progress, done, f"patch {rows[0]} of {count}")
            made.append((yield from aside.wait(partial(through, number, rows), tick)))
            aside.halt.hear((yield Progress(done, f"patch {rows[0]} of {count}")))
        points = np.concatenate(made)
    weights = network.head.weight.detach().cpu().numpy()[0]
    logit = points @ weights + float(network.head.bias.detach().cpu()[0])
    return unit(points), chance_of(logit)


def kept_aside(judged: Judged, grid: PatchGrid, seed: int) -> tuple[Judged, Judged]:
    """Marked patches to learn from, and others in blocks of their own that touch none of them.

    Raises
    ------
    ValueError
        The marks lie too close together to keep some aside.
    """
    rows = judged.rows
    side = np.maximum(grid.size[rows], 1) * _BLOCK
    cells = np.stack([grid.image[rows], grid.z[rows], grid.y[rows] // side, grid.x[rows] // side])
    _, block = np.unique(cells, axis=1, return_inverse=True)
    block = block.ravel()
    order = np.random.default_rng(seed).permutation(block.max() + 1)
    kept = np.isin(block, order[: max(1, round(_KEPT * len(order)))])
    near = np.zeros(len(rows), np.bool_)
    for row in rows[kept]:
        near |= grid.overlapping(np.full(len(rows), row), rows, 1)
    learned = ~kept & ~near
    parts = tuple(Judged(rows[one], judged.like[one]) for one in (learned, kept))
    if not all(part.both for part in parts):
        raise ValueError(
            "The marks lie too close together to learn a network from: mark more places, "
            "or choose the way 'clicks'."
        )
    return parts[0], parts[1]


def figures(
    graph: SimilarityGraph, matrix: Any, marked: tuple[Judged, Judged], ours: float
) -> dict[str, float]:
    """AUROC on what was kept aside: ours, and what a graph network must beat."""
    learned, kept = marked
    others = plainer.columns({}, graph.table, matrix, learned)
    found = {f"{OURS} {name}": auroc(said[kept.rows], kept.like) for name, said in others.items()}
    return {OURS: ours, **found}
