"""Retrieval: how well neighbours agree in class, where classes are known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.neighbours import unit
from napari_simgraph.core.tables import EmbeddingTable

_BLOCK = 2**23  # similarities at once


def agreement(table: EmbeddingTable, among: EmbeddingTable | None, k: int) -> dict[str, float]:
    """``accuracy`` of a vote of k neighbours, ``precision`` at k, and mean average precision.

    Parameters
    ----------
    table
        Its patches with a class are the queries.
    among
        Where their neighbours are looked for; by default among the others of the table.
    k
        How many neighbours.

    Raises
    ------
    ValueError
        There are no classes.
    """
    known = table if among is None else among
    words, others = table.classes(), known.classes()
    asked, there = np.flatnonzero(words != ""), np.flatnonzero(others != "")
    if not len(asked) or not len(there):
        raise ValueError("The patches have no classes to compare: read a folder per class.")
    names = np.unique(np.concatenate([words[asked], others[there]]))
    classes = np.searchsorted(names, others[there])
    points, step = unit(known.values[there]), max(1, _BLOCK // len(there))
    sums = np.zeros(3)
    for start in range(0, len(asked), step):
        rows = asked[start : start + step]
        similarity = unit(table.values[rows]) @ points.T
        if among is None:
            similarity[np.arange(len(rows)), np.searchsorted(there, rows)] = -np.inf
        sums += _agree(similarity, classes, np.searchsorted(names, words[rows]), k)
    accuracy, precision, mean = (sums / len(asked)).tolist()
    return {"accuracy": accuracy, f"precision_at_{k}": precision, "map": mean}


def _agree(
    similarity: NDArray[np.float32], classes: NDArray[np.intp], true: NDArray[np.intp], k: int
) -> NDArray[np.float64]:
    """Sums over queries of right votes, of precision at k and of average precision."""
    order = np.argsort(-similarity, axis=1, kind="stable")
    usable = np.isfinite(np.take_along_axis(similarity, order, 1))
    same = (classes[order] == true[:, None]) & usable
    votes = np.zeros((len(true), int(classes.max(initial=0)) + 1))
    first = order[:, :k]
    weights = np.where(usable[:, :k], np.take_along_axis(similarity, first, 1) + 2, 0)
    np.add.at(votes, (np.arange(len(true))[:, None], classes[first]), weights)
    right = (votes.argmax(1) == true).sum()
    at_k = same[:, :k].sum(1) / np.maximum(1, usable[:, :k].sum(1))
    ranks = np.arange(1, same.shape[1] + 1)
    hits = same.sum(1)
    average = (same * same.cumsum(1) / ranks).sum(1) / np.maximum(1, hits)
    return np.array([right, at_k.sum(), average.sum()])
