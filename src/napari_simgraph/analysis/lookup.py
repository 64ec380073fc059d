"""Lookup: the rows of a table that are most like a point, soon enough for a click."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.select import largest
from napari_simgraph.core.patches import PatchGrid, Rows
from napari_simgraph.core.tables import EmbeddingTable

_SPARE = 8  # times as many are looked at first, since overlapping ones are left out
_BLOCK = 2**16  # rows whose lengths are taken at once: 32 MB of products at 128 numbers


class Best(NamedTuple):
    """Rows, the most similar first, and their cosine."""

    rows: Rows
    scores: NDArray[np.float32]


class Lookup:
    """Asks one table again and again; lengths are taken once and its points are not copied.

    Parameters
    ----------
    table
        Where it looks.
    """

    def __init__(self, table: EmbeddingTable) -> None:
        self.table = table
        self._points = np.asarray(table.values, np.float32)
        squares = np.empty(len(table), np.float32)
        for start in range(0, len(table), _BLOCK):
            part = self._points[start : start + _BLOCK]
            squares[start : start + _BLOCK] = np.einsum("ij,ij->i", part, part)
        known = np.isfinite(squares) & (squares > 0)
        self._inverse = np.zeros(len(table), np.float32)
        self._inverse[known] = squares[known] ** -0.5
        self._known = None if known.all() else known

    def scores(self, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """The cosine ``(N,)`` of all rows with a point ``(D,)`` of length 1."""
        found: NDArray[np.float32] = self._points @ query.astype(np.float32)
        found *= self._inverse
        if self._known is not None:  # a row that holds no numbers is like nothing
            found[~self._known] = -np.inf
        return found

    def best(
        self,
        query: NDArray[np.float32],
        k: int,
        *,
        among: NDArray[np.bool_] | None = None,
        taken: Rows | None = None,
        apart: bool = True,
    ) -> Best:
        """The k rows most similar to a point.

        Parameters
        ----------
        query
            A point of length 1.
        k
            How many, at most.
        among
            Only these rows, by a mask.
        taken
            Rows that are no answer, such as the examples themselves.
        apart
            Leave out rows whose patch overlaps a better one, or one that is taken.
        """
        scores = self.scores(query)
        if among is not None:
            scores[~among] = -np.inf
        out = np.zeros(0, np.intp) if taken is None else np.asarray(taken, np.intp)
        scores[out] = -np.inf
        if not apart:
            return _finite(*_top(scores, k))
        wide = _SPARE * (k + len(out))
        while True:
            found = _finite(*_top(scores, wide))
            kept = _apart(found.rows, out, self.table.grid, k)
            if len(kept) == k or wide >= len(scores):
                return Best(found.rows[kept], found.scores[kept])
            wide *= 4


def _top(scores: NDArray[np.float32], k: int) -> Best:
    top = largest(scores[None], min(k, len(scores)))
    return Best(top.columns[0], top.values[0])


def _finite(rows: Rows, scores: NDArray[np.float32]) -> Best:
    there = np.isfinite(scores)
    return Best(rows[there], scores[there])


def _apart(rows: Rows, taken: Rows, grid: PatchGrid, k: int) -> list[int]:
    """Positions in `rows` of the first k that overlap neither a taken row nor one before."""
    free = np.ones(len(rows), np.bool_)
    for one in taken:
        free &= ~grid.overlapping(np.full(len(rows), one), rows)
    kept: list[int] = []
    while len(kept) < k and free.any():
        first = int(free.argmax())
        kept.append(first)
        free &= ~grid.overlapping(np.full(len(rows), rows[first]), rows)
        free[first] = False
    return kept
