"""Health: what tells without labels whether points say anything.

References
----------
.. [1] Roy, Vetterli, The effective rank, EUSIPCO 2007, definition 1.
.. [2] Radovanović, Nanopoulos, Ivanović, Hubs in space, JMLR 11, 2010, section 3.2 (skewness of
   how often a point is a neighbour).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.neighbours import nearest, unit
from napari_simgraph.core.tables import EmbeddingTable

_SOME = 5000  # rows looked at: enough for two digits, a second's work


def effective_rank(points: NDArray[np.floating]) -> float:
    """How many dimensions are in use [1]_: the exponential of the entropy of singular values."""
    centred = points.astype(np.float64) - points.mean(0, dtype=np.float64)
    values = np.linalg.svd(centred, compute_uv=False)
    if values.sum() <= 0:
        return 0.0
    share = values / values.sum()
    return float(np.exp(-(share * np.log(np.maximum(share, 1e-12))).sum()))


def spread(points: NDArray[np.floating]) -> float:
    """Spread of unit vectors per dimension: about 1 when they point everywhere, 0 when alike."""
    return float(unit(points).std(0, ddof=1).mean() * points.shape[1] ** 0.5)


def hubness(points: NDArray[np.floating], k: int) -> float:
    """Skewness of how often a row is among the k neighbours of others [2]_.

    About 0 where all rows are; from 3 on a few rows are everybody's neighbours.
    """
    rows = unit(points)
    found = nearest(rows, rows, k + 1).rows[:, 1:]  # the first is the row itself
    counts = np.bincount(found[found >= 0], minlength=len(rows)).astype(np.float64)
    off, deviation = counts - counts.mean(), counts.std()
    return float((off**3).mean() / deviation**3) if deviation else 0.0


def health(table: EmbeddingTable, k: int) -> dict[str, float]:
    """``rank``, ``spread`` and ``hubness`` of the points of a table, from some of its rows."""
    rows = np.random.default_rng(0).permutation(len(table))[:_SOME]
    points = unit(table.values[np.sort(rows)])
    if len(points) < 2:
        return {}
    few = min(k, len(points) - 1)
    return {
        "rank": effective_rank(points),
        "spread": spread(points),
        "hubness": hubness(points, few),
    }
