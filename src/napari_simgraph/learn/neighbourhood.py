"""Neighbourhood: a few patches with some of their neighbours, as a graph network takes them.

References
----------
.. [1] Hamilton, Ying, Leskovec, Inductive representation learning on large graphs, NIPS 2017,
   algorithm 2 (neighbours are sampled, so that a step costs the same on graphs of any size).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.graph import Edges
from napari_simgraph.core.patches import Rows


class Pairs(NamedTuple):
    """Links of one kind: pairs ``(2, E)`` of places in a list of rows, from and to; weights."""

    places: NDArray[np.int64]
    weights: NDArray[np.float32]


class Ring(NamedTuple):
    """What one hop needs: links of each kind that end in the first rows of a list."""

    pairs: Mapping[str, Pairs]
    first: int


class Neighbourhood(NamedTuple):
    """Rows, the asked ones first, and the rings around them, the outer one first."""

    rows: Rows
    rings: Sequence[Ring]


def around(
    edges: Mapping[str, Edges],
    asked: Rows,
    hops: int,
    rng: np.random.Generator | None = None,
    most: int = 0,
) -> Neighbourhood:
    """Patches with their neighbours so many hops away.

    Parameters
    ----------
    edges
        By kind.
    asked
        Rows whose neighbours are looked for, each once.
    hops
        How far.
    rng, most
        Draws `most` neighbours of each kind [1]_, some perhaps twice; all of them without.
    """
    rows = np.asarray(asked, np.intp)
    rings: list[Ring] = []
    for _ in range(hops):
        drawn = {kind: _ends(one, rows, rng, most) for kind, one in edges.items()}
        ends = [end for _, end, _ in drawn.values()]
        new = np.setdiff1d(np.concatenate([np.zeros(0, np.intp), *ends]), rows)
        wider = np.concatenate([rows, new])
        order = np.argsort(wider, kind="stable")
        pairs = {}
        for kind, (begins, end, weights) in drawn.items():
            places = order[np.searchsorted(wider, end, sorter=order)]
            pairs[kind] = Pairs(np.stack([places, begins]).astype(np.int64), weights)
        rings.insert(0, Ring(pairs, len(rows)))
        rows = wider
    return Neighbourhood(rows, rings)


def _ends(
    edges: Edges, rows: Rows, rng: np.random.Generator | None, most: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """Place of the row, neighbour and weight of each link."""
    first = edges.starts[rows]
    degree = edges.starts[rows + 1] - first
    if rng is None:
        begins = np.repeat(np.arange(len(rows)), degree)
        skipped = np.cumsum(degree) - degree
        at = np.arange(len(begins)) - skipped[begins] + first[begins]
    else:
        begins = np.repeat(np.flatnonzero(degree), most)
        at = first[begins] + (rng.random(len(begins)) * degree[begins]).astype(np.int64)
    return begins, edges.ends[at].astype(np.intp), edges.weights[at]
