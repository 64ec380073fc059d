"""Spreading: values that flow along the edges of a graph, a few sparse products at a time.

References
----------
.. [1] Zhou et al., Learning with local and global consistency, NIPS 2003, eq. 4 (the fixed point
   of label propagation).
.. [2] Wu et al., Simplifying graph convolutional networks, ICML 2019, arXiv:1902.07153, eq. 8
   (a linear model on spread features).
.. [3] Hestenes, Stiefel, Methods of conjugate gradients, 1952, section 3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.neighbours import Points
from napari_simgraph.core.graph import SIMILARITY, SPATIAL, SimilarityGraph

SHARES: Mapping[str, float] = {SIMILARITY: 0.5, SPATIAL: 0.5}
_POWER = 4  # of the cosine: 0.9 then counts three times as much as 0.7
_ENOUGH = 1e-4  # of the right-hand side: what is left after that doesn't change any order
_BLOCK = 32  # columns at once: they stay in the processor's cache while edges are read


def links(graph: SimilarityGraph, shares: Mapping[str, float] = SHARES) -> Any:
    """How much of a value flows along each edge, as a symmetric sparse matrix ``(N, N)``.

    Each kind of edge is normalised by itself, ``D^-1/2 W D^-1/2``, and weighted by its share, so
    that neither takes over because it has more edges.

    Raises
    ------
    ValueError
        No kind of edge that the graph has counts.
    """
    from scipy.sparse import csr_array

    used = {kind: share for kind, share in shares.items() if share > 0 and kind in graph.edges}
    if not used:
        raise ValueError("The graph has none of the links that were asked for: make it again.")
    whole: Any = 0
    for kind, share in used.items():
        edges = graph.edges[kind]
        weights = edges.weights**_POWER if kind == SIMILARITY else edges.weights
        weights = np.maximum(weights, np.finfo(np.float32).tiny)
        nodes = len(graph)
        starts = edges.starts.astype(np.int32) if edges.starts[-1] < 2**31 else edges.starts
        matrix = csr_array((weights, edges.ends, starts), (nodes, nodes))
        each = np.sqrt(np.maximum(matrix.sum(1), np.finfo(np.float32).tiny)).astype(np.float32)
        flow = weights / (each[edges.begins()] * each[edges.ends])
        counted = flow * np.float32(share / sum(used.values()))
        part = csr_array((counted, edges.ends, starts), (nodes, nodes))
        whole = part if isinstance(whole, int) else whole + part
    return whole.astype(np.float32)


def alone(matrix: Any) -> NDArray[np.bool_]:
    """Nodes without any edge."""
    nothing: NDArray[np.bool_] = np.diff(matrix.indptr) == 0
    return nothing


def spread(matrix: Any, values: Points, keep: float, rounds: int) -> Iterator[Points]:
    """Values ``(N, D)`` mixed with those of their neighbours [2]_, some columns at a time.

    A share `keep` of each comes from the neighbours in each round. Yields the (growing) result
    after each block of columns; the last one is whole.
    """
    mixed = values.astype(np.float32, copy=True)
    for start in range(0, values.shape[1], _BLOCK):
        part = slice(start, start + _BLOCK)
        own = np.ascontiguousarray(values[:, part], np.float32)
        block = own
        for _ in range(rounds):
            block = (1 - keep) * own + keep * (matrix @ block)
        mixed[:, part] = block
        yield mixed


def settle(matrix: Any, values: Points, keep: float, rounds: int = 20) -> Points:
    """Where values ``(N,)`` come to rest that flow along the edges again and again [1]_.

    ``(1 - keep) (I - keep S)^-1 values``, by conjugate gradients [3]_.
    """
    found = np.zeros_like(values, np.float32)
    rest = values.astype(np.float32, copy=True)
    way = rest.copy()
    left = begun = float(rest @ rest)
    for _ in range(rounds):
        if left <= _ENOUGH**2 * begun:
            break
        pushed = way - np.float32(keep) * (matrix @ way)
        step = np.float32(left / float(way @ pushed))
        found += step * way
        rest -= step * pushed
        before, left = left, float(rest @ rest)
        way *= np.float32(left / before)
        way += rest
    return np.float32(1 - keep) * found
