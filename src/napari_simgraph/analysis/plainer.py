"""Plainer ways to the same scores, kept beside them: what a graph must beat on any truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.comparing import HAND, PLAIN, SPREAD, STATISTICS
from napari_simgraph.analysis.few_clicks import FAR, Judged, shares
from napari_simgraph.analysis.kernel_logistic import Vector, chance_of, logistic
from napari_simgraph.analysis.neighbours import Points, unit
from napari_simgraph.analysis.spreading import settle
from napari_simgraph.core.tables import EmbeddingTable

WAYS = (PLAIN, SPREAD, HAND)
_MOST = 400  # marks that plainer ways learn from: more change little, take long
_BLOCK = 2**16  # patches whose features are brought to length 1 at once


def few_enough(judged: Judged) -> Judged:
    """As many of the judged as plainer ways learn from, drawn by chance."""
    some = np.random.default_rng(0).permutation(len(judged.rows))[:_MOST]
    return Judged(judged.rows[some], judged.like[some])


def heads(table: EmbeddingTable, judged: Judged) -> dict[str, NDArray[np.float32]]:
    """Logistic regression on the features and on hand-made ones: weights, the offset last."""
    kinds = {PLAIN: table.values}
    if STATISTICS in table.beside:
        kinds[HAND] = table.beside[STATISTICS]
    return {f"plainer/{name}": _head(values, few_enough(judged)) for name, values in kinds.items()}


def columns(
    arrays: Mapping[str, NDArray[Any]], table: EmbeddingTable, matrix: Any, judged: Judged
) -> dict[str, Vector]:
    """Scores ``(N,)`` by each plainer way that is known here.

    Parameters
    ----------
    arrays
        Of the model; its `heads` are taken where nothing here was judged.
    table, matrix
        The patches, and their links as `spreading.links` gives them.
    judged
        What was judged of these patches.
    """
    found = {}
    if judged.both:
        judged = few_enough(judged)
        arrays = heads(table, judged)
        clicks = np.zeros(len(table), np.float32)
        clicks[judged.rows] = shares(judged.like)
        found[SPREAD] = settle(matrix, clicks, FAR)
    for name, values in ((PLAIN, table.values), (HAND, table.beside.get(STATISTICS))):
        head = arrays.get(f"plainer/{name}")
        if head is not None and values is not None and values.shape[1] == len(head) - 1:
            found[name] = _scored(values, head)
    return found


def _head(values: Points, judged: Judged) -> NDArray[np.float32]:
    known = unit(values[judged.rows])
    parts, offset = logistic(known @ known.T, judged.like)
    return np.append(parts.astype(np.float32) @ known, np.float32(offset))


def _scored(values: Points, head: NDArray[np.float32]) -> Vector:
    starts = range(0, len(values), _BLOCK)
    logits = [unit(values[at : at + _BLOCK]) @ head[:-1] + head[-1] for at in starts]
    return chance_of(np.concatenate(logits))
