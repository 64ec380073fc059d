"""Retrieval: how well neighbours agree in class, where classes are known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.health import health
from napari_simgraph.analysis.neighbours import unit
from napari_simgraph.core.patches import Rows
from napari_simgraph.core.tables import EmbeddingTable

_BLOCK = 2**23  # similarities at once


class Answers(NamedTuple):
    """What came back for some queries, the most similar first.

    Parameters
    ----------
    queries
        Their rows.
    same
        ``(Q, N)`` whether an answer has the class of the query; False where it doesn't count.
    similarity
        ``(Q, N)``; infinitely low where it doesn't count.
    classes
        ``(Q, N)`` the classes of the answers, as numbers.
    true
        ``(Q,)`` those of the queries.
    """

    queries: Rows
    same: NDArray[np.bool_]
    similarity: NDArray[np.float32]
    classes: NDArray[np.intp]
    true: NDArray[np.intp]


def report(table: EmbeddingTable, among: EmbeddingTable | None, k: int) -> dict[str, float]:
    """Figures of a table and of what stands beside it, those as ``accuracy_pixels`` and so on.

    Label-free health always; `agreement` where patches have classes.
    """
    known = table if among is None else among
    several = {"": (table, among)}
    for name in sorted(table.beside.keys() & known.beside.keys()):
        other = None if among is None else among.replace(values=among.beside[name])
        several[f"_{name}"] = (table.replace(values=table.beside[name]), other)
    found: dict[str, float] = {}
    for suffix, (one, other) in several.items():
        figures = agreement(one, other, k) if _classed(table) and _classed(known) else {}
        figures = {**figures, **health(one, k)}
        found |= {name + suffix: value for name, value in figures.items()}
    return found


def agreement(table: EmbeddingTable, among: EmbeddingTable | None, k: int) -> dict[str, float]:
    """``accuracy`` of a vote of k neighbours, ``precision`` at k, and mean average precision.

    Parameters
    ----------
    table
        Its patches with a class are the queries.
    among
        Where their neighbours are looked for; by default among the others of the table that
        don't overlap them.
    k
        How many neighbours.

    Raises
    ------
    ValueError
        There are no classes.
    """
    sums, count = np.zeros(3), 0
    for part in answers(table, among):
        sums += _agree(part, k)
        count += len(part.true)
    accuracy, precision, mean = (sums / count).tolist()
    return {"accuracy": accuracy, f"precision_at_{k}": precision, "map": mean}


def answers(table: EmbeddingTable, among: EmbeddingTable | None) -> Iterator[Answers]:
    """All rows with a class in the order in which they answer each query, some queries at a time.

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
    classes, true = np.searchsorted(names, others[there]), np.searchsorted(names, words[asked])
    points, step = unit(known.values[there]), max(1, _BLOCK // len(there))
    for start in range(0, len(asked), step):
        rows = asked[start : start + step]
        similarity = unit(table.values[rows]) @ points.T
        if among is None:
            similarity[_too_near(table, rows, there)] = -np.inf
        order = np.argsort(-similarity, axis=1)
        similarity = np.take_along_axis(similarity, order, 1)
        wanted = true[start : start + step]
        same = (classes[order] == wanted[:, None]) & np.isfinite(similarity)
        yield Answers(rows, same, similarity, classes[order], wanted)


def average_precision(same: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Of each query ``(Q,)``: the mean precision at its hits ``(Q, N)``, best answers first."""
    ranks = np.arange(1, same.shape[1] + 1)
    total = (same * same.cumsum(1) / ranks).sum(1)
    found: NDArray[np.float64] = total / np.maximum(1, same.sum(1))
    return found


def _classed(table: EmbeddingTable) -> bool:
    return bool((table.classes() != "").any())


def _too_near(table: EmbeddingTable, rows: Rows, others: Rows) -> NDArray[np.bool_]:
    """For each pair whether it is one patch or two that overlap."""
    grid = table.grid
    if len(grid) == len(grid.sources):  # an image each: none overlaps another
        itself: NDArray[np.bool_] = rows[:, None] == others
        return itself
    pairs = np.broadcast_arrays(rows[:, None], others)
    near = grid.overlapping(pairs[0].ravel(), pairs[1].ravel())
    return near.reshape(len(rows), len(others))


def _agree(part: Answers, k: int) -> NDArray[np.float64]:
    """Sums over queries of right votes, of precision at k and of average precision."""
    first = part.classes[:, :k]
    usable = np.isfinite(part.similarity[:, :k])
    votes = np.zeros((len(part.true), int(max(part.classes.max(), part.true.max())) + 1))
    weights = np.where(usable, part.similarity[:, :k] + 2, 0)
    np.add.at(votes, (np.arange(len(part.true))[:, None], first), weights)
    right = (votes.argmax(1) == part.true).sum()
    at_k = part.same[:, :k].sum(1) / np.maximum(1, usable.sum(1))
    return np.array([right, at_k.sum(), average_precision(part.same).sum()])
