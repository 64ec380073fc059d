"""Neighbours: the most similar rows by cosine, exactly in blocks or through an index.

Never a dense N x N matrix: memory is a few blocks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from functools import partial
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from napari_simgraph.analysis.select import largest
from napari_simgraph.core.graph import Edges, edges_of
from napari_simgraph.core.job import Progress, Signal
from napari_simgraph.core.patches import PatchGrid

R = TypeVar("R")
Points: TypeAlias = NDArray[np.float32]
Ticks: TypeAlias = Generator[Progress, Signal | None, R]
_BLOCK_VALUES = 2**23  # similarities at once: 32 MB, a tenth of a second on one core
_BLOCK_ROWS = 512  # more rows make the products no faster
_TICK_SECONDS = 0.1
_SMALLEST = 1e-6  # weight of an edge between rows that are not alike at all: never a stored zero


class Found(NamedTuple):
    """Neighbours ``(N, k)``, the most similar first; rows are -1 where there are no more."""

    rows: NDArray[np.int32]
    similarity: NDArray[np.float32]


def unit(values: NDArray[np.floating]) -> Points:
    """Rows of length 1, as float32; rows of zeros stay zeros."""
    points = np.nan_to_num(np.ascontiguousarray(values, np.float32))
    length = np.linalg.norm(points, axis=1, keepdims=True)
    scaled: Points = points / np.maximum(length, np.finfo(np.float32).tiny)
    return scaled


def exact(points: Points, k: int, queries: NDArray[np.intp] | None = None) -> Ticks[Found]:
    """The k most similar other rows of each row (or of the rows `queries`).

    Parameters
    ----------
    points
        Rows of length 1 (see `unit`).
    k
        How many neighbours.
    queries
        Which rows are asked for; all by default.
    """
    asked = np.arange(len(points)) if queries is None else queries
    found = _empty(len(asked), k)
    step = max(1, min(_BLOCK_ROWS, _BLOCK_VALUES // max(1, len(points))))

    def block(start: int) -> None:
        rows = asked[start : start + step]
        similarity = points[rows] @ points.T
        similarity[np.arange(len(rows)), rows] = -np.inf  # itself is no neighbour
        _keep(found, slice(start, start + len(rows)), similarity, k)

    calls = [partial(block, start) for start in range(0, len(asked), step)]
    yield from in_threads(calls, "looking for neighbours")
    return found


def nearest(points: Points, query: NDArray[np.float32], k: int) -> Found:
    """The k rows most similar to one query ``(D,)``, or to each of several ``(Q, D)``."""
    asked = np.atleast_2d(query).astype(np.float32)
    found = _empty(len(asked), k)
    _keep(found, slice(0, len(asked)), asked @ points.T, k)
    return found


def apart(found: Found, grid: PatchGrid, k: int, sections: int = 0) -> Found:
    """The first k neighbours that don't overlap their patch.

    Otherwise the graph would only say again what lies beside what.
    """
    n, wide = found.rows.shape
    left = np.repeat(np.arange(n), wide)
    right = np.maximum(found.rows.ravel(), 0)
    out = grid.overlapping(left, right, sections) | (found.rows.ravel() < 0)
    order = np.argsort(out.reshape(n, wide), axis=1, kind="stable")[:, :k]
    rows = np.where(out.reshape(n, wide), -1, found.rows)
    similarity = np.where(out.reshape(n, wide), -np.inf, found.similarity)
    return Found(np.take_along_axis(rows, order, 1), np.take_along_axis(similarity, order, 1))


def overlaps(grid: PatchGrid, sections: int = 0) -> int:
    """How many patches may overlap one, so many more neighbours have to be looked for."""
    if not grid.layouts:
        return min(len(grid) - 1, 64)  # scattered patches: enough for all but heaps
    most = max(-(-one.size // one.stride) for one in grid.layouts)
    each = (2 * most - 1) ** 2 * (2 * sections + 1) - 1
    return int(min(each, len(grid) - 1))


def as_edges(found: Found, keep: str = "union") -> Edges:
    """Symmetric edges weighted by cosine.

    Parameters
    ----------
    found
        Neighbours of all rows.
    keep
        ``union``: where either is a neighbour of the other; ``mutual``: only where both are.
    """
    nodes, k = found.rows.shape
    there = found.rows.ravel() >= 0
    begins = np.repeat(np.arange(nodes), k)[there]
    ends = found.rows.ravel()[there].astype(np.intp)
    weights = np.maximum(found.similarity.ravel()[there], _SMALLEST).astype(np.float32)
    if keep == "mutual":
        forth, back = begins * nodes + ends, ends * nodes + begins
        both = np.isin(forth, back)
        begins, ends, weights = begins[both], ends[both], weights[both]
    pairs = (np.concatenate([begins, ends]), np.concatenate([ends, begins]))
    return edges_of(*pairs, np.concatenate([weights, weights]), nodes)


def in_threads(calls: Sequence[Callable[[], None]], text: str) -> Ticks[None]:
    """Nothing, when all calls are done; ticks after each and ten times a second.

    Each call computes on one core: BLAS threads that wait for each other cost more than they give
    where products are small. They are as before at every yield.
    """
    blas = ThreadpoolController().select(user_api="blas")
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    with ThreadPoolExecutor(workers or 1, thread_name_prefix="simgraph-neighbours") as pool:
        waiting = {pool.submit(call) for call in calls}
        try:
            while waiting:
                with blas.limit(limits=1):
                    done, waiting = wait(waiting, _TICK_SECONDS, FIRST_COMPLETED)
                for one in done:
                    one.result()
                yield Progress(1 - len(waiting) / len(calls), text)
        finally:
            for one in waiting:
                one.cancel()


def _empty(n: int, k: int) -> Found:
    return Found(np.full((n, k), -1, np.int32), np.full((n, k), -np.inf, np.float32))


def _keep(found: Found, part: slice, similarity: Points, k: int) -> None:
    top = largest(similarity, k)
    width = top.columns.shape[1]
    found.rows[part, :width] = np.where(np.isfinite(top.values), top.columns, -1)
    found.similarity[part, :width] = top.values
