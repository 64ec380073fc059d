"""Clusters: rows that lie together, by k-means or by communities of a graph."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.neighbours import Points, Ticks
from napari_simgraph.core.graph import Edges
from napari_simgraph.core.job import Progress

_BLOCK = 2**22  # products at once: 16 MB
_SAMPLE = 2**15  # rows that tell which of several tries is best
_ROUNDS = 30
_SETTLED = 1e-3  # share of rows that change cluster below which more rounds change little


def k_means(points: Points, k: int, seed: int = 0, tries: int = 1) -> Ticks[NDArray[np.int32]]:
    """The cluster of each row, numbered from 0, the largest first; by cosine.

    Spherical k-means [1]_ begun by k-means++ [2]_. Of several `tries`, on a sample where there are
    many rows, the one whose rows are nearest to their middles is gone on with.

    References
    ----------
    .. [1] Dhillon, Modha, Concept decompositions for large sparse text data, Machine Learning
       2001, section 4.
    .. [2] Arthur, Vassilvitskii, k-means++, SODA 2007, section 2.2.
    """
    k = max(1, min(k, len(points)))
    rng = np.random.default_rng(seed)
    sample = points
    if tries > 1 and len(points) > _SAMPLE:
        sample = points[np.sort(rng.choice(len(points), _SAMPLE, replace=False))]
    centres, best = np.zeros((k, points.shape[1]), np.float32), -np.inf
    for _ in range(tries):
        found = yield from seeds(sample, k, rng)
        if tries > 1:
            found, _, near = yield from _settled(sample, found)
            if near <= best:
                continue
            best = near
        centres = found
    _, cluster, _ = yield from _settled(points, centres)
    yield Progress(1.0, "clusters")
    return by_size(cluster)


def _settled(points: Points, centres: Points) -> Ticks[tuple[Points, NDArray[np.int32], float]]:
    """Middles that came to rest, the cluster of each row, and how near to its middle a row is."""
    cluster, near = np.full(len(points), -1, np.int32), 0.0
    for number in range(_ROUNDS):
        new, near = np.empty_like(cluster), 0.0
        for part in blocks(len(points), len(centres)):
            alike = points[part] @ centres.T
            new[part] = alike.argmax(1)
            near += float(alike.max(1).sum())
            yield Progress(number / _ROUNDS, f"clusters, round {number + 1}")
        changed = float((new != cluster).mean())
        cluster = new
        centres = middles(points, cluster, centres)
        if changed < _SETTLED:
            break
    return centres, cluster, near / len(points)


def by_size(cluster: NDArray[Any]) -> NDArray[np.int32]:
    """The same clusters numbered from 0, the largest first."""
    _, number, counts = np.unique(cluster, return_inverse=True, return_counts=True)
    rank = np.empty(len(counts), np.int32)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(counts), dtype=np.int32)
    return rank[number.ravel()]


def communities(edges: Edges, fineness: float, seed: int) -> NDArray[np.int32]:
    """Communities of a graph by Leiden [1]_, numbered from 0, the largest first.

    It can't tick: call it in a process of its own.

    References
    ----------
    .. [1] Traag, Waltman, van Eck, From Louvain to Leiden, Scientific Reports 2019, 9:5233.
    """
    from scipy.sparse import csr_matrix
    from sknetwork.clustering import Leiden

    nodes = len(edges.starts) - 1
    weights = edges.weights.astype(np.float64)
    matrix = csr_matrix((weights, edges.ends, edges.starts.astype(np.int32)), (nodes, nodes))
    found = Leiden(resolution=fineness, random_state=seed).fit_predict(matrix)
    return by_size(np.asarray(found))


def exemplars(points: Points, cluster: NDArray[Any], count: int = 9) -> dict[int, list[int]]:
    """Per cluster the rows nearest to its middle, nearest first."""
    found = {}
    for number in np.unique(cluster):
        rows = np.flatnonzero(cluster == number)
        order = np.argsort(-(points[rows] @ points[rows].mean(0)), kind="stable")
        found[int(number)] = rows[order[:count]].tolist()
    return found


def blocks(rows: int, columns: int) -> list[slice]:
    """Slices of the rows whose products with the columns fit into a block."""
    step = max(1, _BLOCK // max(1, columns))
    return [slice(start, min(start + step, rows)) for start in range(0, rows, step)]


def seeds(points: Points, k: int, rng: np.random.Generator) -> Ticks[Points]:
    """Rows far from each other: each next one by chance, the more likely the farther it is."""
    sample = points
    if len(points) > 64 * k:  # enough to see all clusters, and far quicker
        sample = points[rng.choice(len(points), 64 * k, replace=False)]
    chosen = [int(rng.integers(len(sample)))]
    far = np.maximum(1 - sample @ sample[chosen[0]], 0).astype(np.float64)
    while len(chosen) < k:
        total = far.sum()
        at = rng.choice(len(sample), p=far / total) if total > 0 else rng.integers(len(sample))
        chosen.append(int(at))
        np.minimum(far, np.maximum(1 - sample @ sample[chosen[-1]], 0), out=far)
        yield Progress(text="looking for clusters")
    return sample[chosen]


def middles(points: Points, cluster: NDArray[Any], before: Points) -> Points:
    """Unit means of the clusters; an empty one stays where it was."""
    from scipy.sparse import csr_array

    n, k = len(points), len(before)
    member = csr_array((np.ones(n, np.float32), (cluster, np.arange(n))), (k, n))
    sums = member @ points
    length = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.where(length > 0, sums / np.maximum(length, 1e-12), before).astype(np.float32)
