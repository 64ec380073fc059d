"""How many groups there are, as neighbours tell it."""

from __future__ import annotations

import numpy as np

from napari_simgraph.analysis.clusters import communities
from napari_simgraph.analysis.neighbours import Found, Points, Ticks, as_edges, exact
from napari_simgraph.analysis.spawned import wait
from napari_simgraph.core.job import Progress

_ROWS = 3000  # more find the same number and take longer
_NEIGHBOURS = 15  # digits without labels: 10 or 11 communities with 10, 15 and 30 neighbours
_SAID = "looking how many groups there are"
_SMALLEST = 0.01  # of all rows; smaller communities are strays


def suggest(points: Points, seed: int = 0) -> Ticks[int]:
    """The number of groups: communities [1]_ among the neighbours of a sample of rows.

    The silhouette of k-means, a more usual measure, is flat where points have many dimensions of
    equal length, as ours do: it takes 2 or 20 groups for ten kinds of digits.

    References
    ----------
    .. [1] Traag, Waltman, van Eck, From Louvain to Leiden, Scientific Reports 2019, 9:5233.
    """
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.choice(len(points), min(_ROWS, len(points)), replace=False))
    if len(rows) < 3:
        return 1
    found = yield from _looking(exact(points[rows], min(_NEIGHBOURS, len(rows) - 1)))
    edges = as_edges(found, "union")
    cluster = yield from wait(communities, edges, 1.0, seed, text=_SAID)
    sizes = np.bincount(cluster)
    return max(2, int((sizes >= _SMALLEST * len(rows)).sum()))


def _looking(job: Ticks[Found]) -> Ticks[Found]:
    """A job that ticks without a share: what comes after it has its own."""
    while True:
        try:
            next(job)
        except StopIteration as ended:
            found: Found = ended.value
            return found
        yield Progress(text=_SAID)
