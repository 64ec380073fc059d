"""Probes: how well classes part at each layer of a network.

References
----------
.. [1] Alain, Bengio, Understanding intermediate layers using linear classifier probes,
   arXiv:1610.01644, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from warnings import catch_warnings, simplefilter

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.signature_points import Axes, Floats, some
from napari_simgraph.core.patches import Rows
from napari_simgraph.core.signatures import Layer, SignatureTable

MOST = 2000  # patches that a probe learns from and is judged on
_FOLDS = 5
_NEAR = 0.1  # of the way from chance to the best that may lack where classes count as parted


class Parted(NamedTuple):
    """How well classes part at a layer: balanced share of right answers on patches left out."""

    layer: str
    score: float
    chance: float


def probe(table: SignatureTable, layer: Layer, rows: Rows, names: NDArray[np.str_]) -> Parted:
    """A linear probe [1]_ of one layer for the classes `names` of some rows."""
    kept = some(len(rows), MOST)
    rows, names = rows[kept], names[kept]
    points = Axes.fit(table, (layer,)).points(table, rows)
    return Parted(layer.name, judged(points, names), 1 / len(np.unique(names)))


def judged(points: Floats, names: NDArray[np.str_]) -> float:
    """Balanced share of right answers of logistic regression on points that it hasn't seen.

    Folds keep the order of the rows: neighbours, which overlap, mostly fall into one.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    _, counts = np.unique(names, return_counts=True)
    folds = min(_FOLDS, int(counts.min()))
    if folds < 2 or len(counts) < 2:
        return float("nan")
    made = make_pipeline(
        StandardScaler(), LogisticRegression(max_iter=200, class_weight="balanced")
    )
    with catch_warnings():
        simplefilter("ignore")  # not quite at its end after 200 steps: good enough for a probe
        found = cross_val_predict(made, points, names, cv=StratifiedKFold(folds))
    return float(balanced_accuracy_score(names, found))


def part_at(curve: Sequence[Parted]) -> Parted | None:
    """The first layer at which classes part as well as they ever do; None if they never do."""
    known = [one for one in curve if one.score == one.score]  # NaN is unequal to itself
    if not known:
        return None
    best = max(one.score for one in known)
    chance = known[0].chance
    if best < chance + _NEAR:
        return None
    return next(one for one in known if one.score >= best - _NEAR * (best - chance))
