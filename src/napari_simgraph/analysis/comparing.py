"""Comparing: what a graph must beat, measured on the very clicks it learned from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.few_clicks import FewClicks, Judged
from napari_simgraph.analysis.kernel_logistic import logistic
from napari_simgraph.analysis.neighbours import Points, unit
from napari_simgraph.analysis.ranking import auroc
from napari_simgraph.core.tables import EmbeddingTable

FEWEST = 8  # clicks of either kind below which a figure says nothing
OURS, PLAIN, SPREAD, HAND = "auroc", "logistic regression", "label propagation", "hand-made"
STATISTICS = "statistics"  # the name under which a table keeps hand-made features
NO_BETTER = "Plain clicks do as well here: the graph adds nothing."


def compare(few: FewClicks, judged: Judged, table: EmbeddingTable) -> dict[str, float]:
    """AUROC with each click left out in turn: ours, and what is to be beaten.

    Logistic regression on the same features, label propagation on the same graph, and logistic
    regression on hand-made features where the table keeps them; empty for a handful of clicks.
    """
    if min(judged.like.sum(), (~judged.like).sum()) < FEWEST:
        return {}
    left_out = few.left_out(judged)
    found = {
        OURS: auroc(left_out.logit, judged.like),
        f"{OURS} {PLAIN}": auroc(plain(table.values, judged), judged.like),
        f"{OURS} {SPREAD}": auroc(left_out.reach, judged.like),
    }
    if STATISTICS in table.beside:
        hand = plain(table.beside[STATISTICS], judged)
        found[f"{OURS} {HAND}"] = auroc(hand, judged.like)
    return found


def beaten(figures: dict[str, float]) -> bool:
    """Whether something plainer does as well."""
    others = [value for name, value in figures.items() if name.startswith(f"{OURS} ")]
    return bool(others) and max(others) > figures[OURS]


def plain(values: Points, judged: Judged) -> NDArray[np.float64]:
    """What logistic regression says of each click, learned from the others."""
    points = unit(values[judged.rows])
    kernel = points @ points.T
    said = np.zeros(len(judged.rows))
    for at in range(len(said)):
        rest = np.delete(np.arange(len(said)), at)
        parts, offset = logistic(kernel[np.ix_(rest, rest)], judged.like[rest])
        said[at] = kernel[at, rest] @ parts + offset
    return said
