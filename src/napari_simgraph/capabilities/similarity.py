"""Similarity: which patches are alike: their graph, neighbours, clusters and a map of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.neighbours import Found
from napari_simgraph.analysis.query import Box
from napari_simgraph.core.graph import SIMILARITY, SPATIAL, SimilarityGraph
from napari_simgraph.core.job import Job, Note, Progress
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image, ImageSet
from napari_simgraph.core.room import Room
from napari_simgraph.core.tables import EmbeddingTable, Neighbours, check_some
from napari_simgraph.learn.aside import Aside, with_module
from napari_simgraph.learn.similarity_settings import Apply, Cluster, Find, Map2d, Score

Nodes: TypeAlias = EmbeddingTable | SimilarityGraph
MEAN = "The box is taken as the mean of the patches that lie there; a model would look at it."


def apply(table: EmbeddingTable, *, config: Apply, room: Room) -> Job[SimilarityGraph]:
    """Join each patch with those that are most like it.

    Raises
    ------
    ValueError
        There are fewer than two patches.
    """
    from napari_simgraph.analysis.beside import beside
    from napari_simgraph.analysis.neighbours import apart, as_edges, overlaps, unit

    if len(table) < 2:
        raise ValueError("One patch alone has no neighbours: embed more patches.")
    yield Progress(text="getting ready")
    points, grid = unit(table.values), table.grid
    more = overlaps(grid, config.sections) if config.apart else 0
    found = yield from _looked_for(points, config.k + more, config)
    if more:
        found = apart(found, grid, config.k, config.sections)
    yield Progress(1.0, "joining patches")
    edges = {SIMILARITY: as_edges(found, config.keep)}
    if config.spatial and grid.layouts:
        edges[SPATIAL] = beside(grid)
    yield Progress(1.0, "joining patches")
    return SimilarityGraph(table, edges, name=f"{table.name} · graph", made=config.to_json())


def score(
    prediction: Nodes, truth: EmbeddingTable | None = None, config: Score | None = None
) -> dict[str, float]:
    """Figures of a graph or a table: those of ``embedding score`` and, of a graph, its edges.

    ``within_section``, ``between_sections`` and ``between_images`` are shares of the edges;
    ``same_class`` is the share that joins patches of one class, ``same_class_chance`` what any
    two patches would have.
    """
    from napari_simgraph.analysis.edge_kinds import class_shares, shares
    from napari_simgraph.analysis.retrieval import report

    found = report(_table(prediction), truth, (config or Score()).k)
    if isinstance(prediction, SimilarityGraph):
        edges = prediction.edges[SIMILARITY]
        found |= shares(prediction.table.grid, edges)
        found |= class_shares(prediction.table.classes(), edges)
    return found


def find(
    table: EmbeddingTable,
    image: Image | ImageSet | None = None,
    model: Model | None = None,
    *,
    config: Find,
    room: Room,
) -> Job[Neighbours]:
    """The patches that are most like some places, and unlike others.

    Parameters
    ----------
    table
        Where they are looked for.
    image, model
        With both, boxes are embedded as they are drawn, in images of the table or in others;
        without, a box is the mean of the patches that lie there.
    config
        Settings; boxes and rows say what is wanted.
    room
        Not used.

    Raises
    ------
    ValueError
        Nothing is asked for, or a box lies where there is nothing.
    """
    from napari_simgraph.analysis import query

    looked = _Looked(table, image, model)
    out = np.zeros(len(table), np.bool_)
    sides = []
    for boxes, rows in ((config.box, config.rows), (config.not_box, config.not_rows)):
        numbers = query.parse_rows(rows, table)
        places = query.parse_boxes(boxes, looked.grid)
        points = [table.values[number] for number in numbers]
        sides.append(points + (yield from _points(looked, places)))
        out[numbers] = True
        if config.apart:
            out |= query.lies_at(table.grid, numbers, config.sections)
            out |= query.lies_in(table.grid, looked.grid, places, config.sections)
    yield Progress(text="looking for neighbours")
    found = query.most_alike(table, query.wanted(*sides), config.k, out)
    yield Progress(1.0, "looking for neighbours")
    yield Progress(1.0, f"{len(found)} patches found")
    return found.replace(made=config.to_json())


def cluster(table: Nodes, *, config: Cluster, room: Room) -> Job[Nodes]:
    """Put patches that are alike into clusters, numbered from 0, the largest first.

    The column is called ``cluster``.

    Raises
    ------
    ValueError
        Communities are asked for, but there is no graph.
    """
    from napari_simgraph.analysis.clusters import communities, k_means
    from napari_simgraph.analysis.neighbours import unit
    from napari_simgraph.analysis.spawned import wait
    from napari_simgraph.analysis.suggest import suggest

    check_some(table)
    yield Progress(text="looking for clusters")
    if config.method == "kmeans":
        points = unit(_table(table).values)
        number = config.number or (yield from suggest(points, config.seed))
        numbers = yield from k_means(points, number, seed=config.seed)
    elif isinstance(table, SimilarityGraph):
        edges = table.edges[SIMILARITY]
        said = "looking for communities"
        numbers = yield from wait(communities, edges, config.fineness, config.seed, text=said)
    else:
        raise ValueError("Communities need a graph: make it with similarity apply, or use k-means.")
    yield Progress(1.0, f"{int(numbers.max()) + 1} clusters")
    return _with(table, _table(table).with_column("cluster", numbers))


def map2d(table: Nodes, *, config: Map2d, room: Room) -> Job[Nodes]:
    """Lay the patches out on a plane, alike ones near each other.

    Raises
    ------
    ValueError
        UMAP is asked for but not installed.
    """
    from napari_simgraph.analysis.map2d import check_umap, pca, umap
    from napari_simgraph.analysis.neighbours import unit
    from napari_simgraph.analysis.spawned import wait

    check_some(table)
    yield Progress(text="laying out the map")
    points = unit(_table(table).values)
    yield Progress(text="laying out the map")
    if config.method == "pca":
        plane = pca(points)
    else:
        check_umap()
        asked = (points, config.neighbours, config.distance, config.seed)
        plane = yield from wait(umap, *asked, text="laying out the map")
    yield Progress(1.0, "laying out the map")
    known = _table(table)
    return _with(table, known.replace(maps={**known.maps, config.method: plane}))


def _looked_for(points: NDArray[np.float32], k: int, config: Apply) -> Job[Found]:
    """Neighbours, exactly or through the index: whichever is asked for or pays."""
    from napari_simgraph.analysis import index
    from napari_simgraph.analysis.neighbours import exact
    from napari_simgraph.learn.driver import has_cuda_driver

    large = len(points) >= index.LARGE
    many = large and config.device == "auto" and config.method != "approximate"
    if config.device == "cuda" or (many and has_cuda_driver()):
        found = yield from _on_card(points, k, config.device)
        if found is not None:
            return found
    if config.method == "exact" or (config.method == "auto" and not large):
        return (yield from exact(points, k))
    made = yield from index.build_index(points, config.seed)
    return (yield from index.approximate(made, k))


def _on_card(points: NDArray[np.float32], k: int, device: str) -> Job[Found | None]:
    """Neighbours from a graphics card; None where there is none."""
    return with_module("napari_simgraph.learn.near", partial(_near, points, k, device))


def _near(points: NDArray[np.float32], k: int, device: str, aside: Aside) -> Job[Found | None]:
    from napari_simgraph.learn import near

    place = near.pick(device)
    if place.device.type != "cuda":
        return None
    return (yield from near.exact_on(points, k, place.device, aside))


@dataclass(frozen=True)
class _Looked:
    """Where a question is asked: in images of the table, or in others."""

    table: EmbeddingTable
    image: Image | ImageSet | None
    model: Model | None

    @property
    def grid(self) -> Any:
        """The grid whose images boxes name."""
        if self.image is None or self.model is None:
            return self.table.grid
        from napari_simgraph.core.patches import grid_over

        return grid_over(self.image, 2**20, 2**20)  # one row an image: only its sources count


def _points(looked: _Looked, boxes: Sequence[Box]) -> Job[list[NDArray[np.float32]]]:
    """The point of each box."""
    from napari_simgraph.analysis.query import points_of

    if not boxes:
        return []
    if looked.image is not None and looked.model is not None:
        return (yield from _embedded(looked, boxes))
    points, all_there = points_of(looked.table, boxes)
    if not all_there:
        yield Note(MEAN)
    return points


def _embedded(looked: _Looked, boxes: Sequence[Box]) -> Job[list[NDArray[np.float32]]]:
    """Boxes through the network of the model."""
    found = yield from with_module("napari_simgraph.learn.boxes", partial(_boxes, looked, boxes))
    if found.shape[1] != looked.table.values.shape[1]:
        raise ValueError("The table was made with another model: choose that one.")
    return list(found)


def _boxes(looked: _Looked, boxes: Sequence[Box], aside: Aside) -> Job[NDArray[np.float32]]:
    from napari_simgraph.learn.boxes import embed

    assert looked.image is not None  # `_points` asked for both
    assert looked.model is not None
    return embed(looked.model, looked.image, boxes, aside)


def _table(noun: Nodes) -> EmbeddingTable:
    return noun.table if isinstance(noun, SimilarityGraph) else noun


def _with(noun: Nodes, table: EmbeddingTable) -> Nodes:
    return noun.replace(table=table) if isinstance(noun, SimilarityGraph) else table
