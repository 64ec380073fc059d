"""Ranking: how well a score puts what is looked for before the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def auroc(score: NDArray[Any], truth: NDArray[np.bool_]) -> float:
    """The chance that what is looked for scores above the rest; equal scores count half.

    NaN where there is only one kind.
    """
    positive = int(truth.sum())
    if not 0 < positive < len(truth):
        return float("nan")
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[place.ravel()]
    above = rank[truth].sum() - positive * (positive + 1) / 2
    return float(above / (positive * (len(truth) - positive)))


def average_precision(score: NDArray[Any], truth: NDArray[np.bool_]) -> float:
    """Mean over what is looked for of the precision down to it; equal scores come together.

    NaN where there is nothing to be found.
    """
    if not truth.any():
        return float("nan")
    values, place = np.unique(-score, return_inverse=True)
    hits = np.bincount(place.ravel(), truth, len(values))
    seen = np.cumsum(np.bincount(place.ravel(), minlength=len(values)))
    return float((hits * np.cumsum(hits) / seen).sum() / truth.sum())
