"""Index: neighbours of very many rows by looking only into the lists nearest to each.

An inverted file [1]_: rows are put into lists by k-means, and a row's neighbours are looked for in
the lists whose centres are nearest to it. All work is products of matrices, so it runs as fast as
the BLAS of numpy, on every system, with no library beside it.

References
----------
.. [1] Jégou, Douze, Schmid, Product quantization for nearest neighbor search, TPAMI 2011,
   section 4 (the inverted file, without quantisation).
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.clusters import blocks, middles
from napari_simgraph.analysis.neighbours import Found, Points, Ticks, in_threads
from napari_simgraph.analysis.select import largest
from napari_simgraph.core.job import Progress

LARGE = 30_000  # rows from which comparing all with all takes more than a few seconds
PROBES = 24  # lists looked into; benchmarks/knn.py has the recall
_LISTS = 2.0  # times the root of the rows: balances finding lists and looking into them
_LEARN = 40  # rows per list to find the centres by
_ROUNDS = 6  # of k-means: more move the centres, but not the recall
_RANGE = 2**15  # rows that one thread looks after: what it has found so far stays in its cache


class Index(NamedTuple):
    """Rows in the order of their lists.

    Parameters
    ----------
    points
        ``(N, D)`` of length 1, list after list.
    order
        The row that each of them was.
    starts
        Where each list begins, and the end of the last.
    centres
        ``(L, D)`` of length 1.
    """

    points: Points
    order: NDArray[np.intp]
    starts: NDArray[np.int64]
    centres: Points


def build_index(points: Points, seed: int = 0) -> Ticks[Index]:
    """Rows of length 1 in lists of alike ones."""
    rng = np.random.default_rng(seed)
    lists = max(1, round(_LISTS * len(points) ** 0.5))
    some = rng.choice(len(points), min(len(points), _LEARN * lists), replace=False)
    sample = points[np.sort(some)]
    centres = sample[rng.choice(len(sample), lists, replace=False)]
    for _ in range(_ROUNDS):
        nearest = np.empty(len(sample), np.int32)
        for part in blocks(len(sample), lists):
            nearest[part] = (sample[part] @ centres.T).argmax(1)
            yield Progress(text="sorting the patches")
        centres = middles(sample, nearest, centres)
    place = np.empty(len(points), np.int32)
    for part in blocks(len(points), lists):
        place[part] = (points[part] @ centres.T).argmax(1)
        yield Progress(text="sorting the patches")
    order = np.argsort(place, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(place, minlength=lists))])
    return Index(points[order], order, starts, centres)


def approximate(index: Index, k: int, probes: int = PROBES) -> Ticks[Found]:
    """The k most similar other rows of each row, of those in its nearest lists."""
    n = len(index.points)
    rows = np.full((n, k), -1, np.int32)
    similarity = np.full((n, k), -np.inf, np.float32)
    calls = [
        partial(_look, index, (start, min(start + _RANGE, n)), probes, Found(rows, similarity))
        for start in range(0, n, _RANGE)
    ]
    yield from in_threads(calls, "looking for neighbours")
    best = np.argsort(-similarity, axis=1, kind="stable")
    found = np.where(rows < 0, -1, index.order[np.maximum(rows, 0)]).astype(np.int32)
    back = np.argsort(index.order)
    return Found(
        np.take_along_axis(found, best, 1)[back], np.take_along_axis(similarity, best, 1)[back]
    )


def _look(index: Index, span: tuple[int, int], probes: int, found: Found) -> None:
    """Fill in the neighbours of rows ``span[0]:span[1]``, in the index's own numbers."""
    begin, end = span
    mine = Found(found.rows[begin:end], found.similarity[begin:end])
    queries = index.points[begin:end]
    lists = len(index.starts) - 1
    own = np.searchsorted(index.starts, np.arange(begin, end), side="right") - 1
    for number in np.unique(own):  # first where most neighbours are: then little is left to find
        here = np.flatnonzero(own == number)
        _merge(index, int(number), queries, here, mine, begin)
    asked = _nearest_lists(queries, index.centres, min(probes, lists))
    asked[asked == own[:, None]] = lists  # looked into already
    flat = asked.ravel()
    order = np.argsort(flat, kind="stable")
    counts = np.bincount(flat, minlength=lists + 1)[:lists]
    ends = np.cumsum(counts)
    for number in np.flatnonzero(counts):
        here = order[ends[number] - counts[number] : ends[number]] // asked.shape[1]
        _merge(index, int(number), queries, here, mine, -1)


def _nearest_lists(queries: Points, centres: Points, probes: int) -> NDArray[np.int32]:
    asked = np.empty((len(queries), probes), np.int32)
    for part in blocks(len(queries), len(centres)):
        asked[part] = largest(queries[part] @ centres.T, probes).columns
    return asked


def _merge(
    index: Index, number: int, queries: Points, here: NDArray[np.intp], found: Found, begin: int
) -> None:
    """Take the better ones of a list into what was found for the queries `here`.

    `begin` is the row of the first query where the list is their own, else -1.
    """
    first, last = int(index.starts[number]), int(index.starts[number + 1])
    similarity = queries[here] @ index.points[first:last].T
    if begin >= 0:  # itself is no neighbour
        similarity[np.arange(len(here)), here + begin - first] = -np.inf
    if last > first:
        worst = found.similarity[here].min(1)
        better = similarity.max(1) > worst
        here, similarity = here[better], similarity[better]
    k = found.rows.shape[1]
    values = np.concatenate([found.similarity[here], similarity], axis=1)
    columns = np.broadcast_to(np.arange(first, last, dtype=np.int32), similarity.shape)
    rows = np.concatenate([found.rows[here], columns], axis=1)
    chosen = np.argpartition(values, values.shape[1] - k, axis=1)[:, -k:]
    found.rows[here] = np.take_along_axis(rows, chosen, 1)
    found.similarity[here] = np.take_along_axis(values, chosen, 1)
