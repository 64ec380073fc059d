"""Last layer: weights that tell classes apart by features which stay as they are.

References
----------
.. [1] King, Zeng, Logistic regression in rare events data, Political Analysis 9, 2001, section
   4.2 (each class weighs as much as any other).
.. [2] Kornblith, Shlens, Le, Do better ImageNet models transfer better, CVPR 2019,
   arXiv:1805.08974, section 3.1 (logistic regression on features of a network that stays as it
   is, its strength chosen on what is kept aside).
"""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.class_report import tempered
from napari_simgraph.analysis.holding import hold
from napari_simgraph.core.patches import Rows

Floats = NDArray[np.floating]
STRENGTHS = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0)  # below, all classes look alike
_DRAWS, _SHARE = 5, 0.25  # times that a strength is tried, and what is kept aside each time
_LEAST = 0.01  # of the mean spread of features: those that hardly vary here may vary elsewhere
_NEVER = -30.0  # score of a class that has no pictures
_ROUNDS = 300  # of the solver, which needs some tens


class LastLayer(NamedTuple):
    """Scores of K classes are ``(features - shift) / scale @ weights.T + offset``.

    Parameters
    ----------
    shift, scale
        Of the features ``(F,)``.
    weights, offset
        ``(K, F)`` and ``(K,)``.
    strength
        How far weights may go, which was chosen.
    """

    shift: Floats
    scale: Floats
    weights: Floats
    offset: Floats
    strength: float

    def scores(self, features: Floats) -> Floats:
        """Scores ``(N, K)`` of features ``(N, F)``."""
        found: Floats = (features - self.shift) / self.scale @ self.weights.T + self.offset
        return found


class Known(NamedTuple):
    """Class numbers from 0 and groups of pictures ``(N,)``, and how many classes there are."""

    truth: NDArray[np.int64]
    groups: Rows
    classes: int


def last_layer(features: Floats, known: Known, balanced: bool, seed: int) -> LastLayer:
    """The last layer for features ``(N, F)`` of pictures, by logistic regression [2]_.

    Its strength is the one that tells best of groups that were kept aside in turn.

    Parameters
    ----------
    features
        Of a network.
    known
        What the pictures are.
    balanced
        Whether rare classes count as much as common ones [1]_.
    seed
        Of what is kept aside.
    """
    shift, scale = features.mean(0), features.std(0)
    scale = scale + _LEAST * scale.mean() + 1e-9
    points, back = _spanned((features - shift) / scale)
    strength = chosen_strength(points, known, balanced, seed)
    inner, offset = _fitted(points, known, balanced, strength)
    return LastLayer(shift, scale, inner @ back, offset, strength)


def chosen_strength(points: Floats, known: Known, balanced: bool, seed: int) -> float:
    """The strength with the least loss on groups kept aside, all classes counted alike."""
    losses = np.zeros(len(STRENGTHS))
    for draw in range(_DRAWS):
        parts = hold(known.truth, known.groups, _SHARE, seed + draw)
        learn = known._replace(truth=known.truth[parts.learn], groups=known.groups[parts.learn])
        for number, strength in enumerate(STRENGTHS if len(parts.kept) else ()):
            weights, offset = _fitted(points[parts.learn], learn, balanced, strength)
            scores = points[parts.kept] @ weights.T + offset
            losses[number] += _loss(scores, known.truth[parts.kept])
    return STRENGTHS[int(np.argmin(losses))]


def _loss(scores: Floats, truth: NDArray[np.int64]) -> float:
    """Mean over classes of the nats that their pictures cost."""
    nats = -np.log(tempered(scores, 1.0)[np.arange(len(truth)), truth] + 1e-12)
    return float(np.mean([nats[truth == k].mean() for k in np.unique(truth)]))


def _spanned(points: Floats) -> tuple[Floats, Floats]:
    """Points in the directions that they span ``(N, D)``, and those directions ``(D, F)``.

    In these the weights are the same, and found sooner.
    """
    left, lengths, directions = np.linalg.svd(points, full_matrices=False)
    return left * lengths, directions


def _fitted(points: Floats, known: Known, balanced: bool, strength: float) -> tuple[Floats, Floats]:
    """Weights ``(K, D)`` and offset ``(K,)``; a class without pictures is never found."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    weights = np.zeros((known.classes, points.shape[1]))
    offset = np.full(known.classes, _NEVER)
    there = np.unique(known.truth)
    if len(there) < 2:
        offset[there] = 0.0
        return weights, offset
    how = "balanced" if balanced else None
    model = LogisticRegression(C=strength, class_weight=how, max_iter=_ROUNDS, tol=1e-3)
    with warnings.catch_warnings():  # the farthest weights are hardly ever chosen
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(points, known.truth)
    two = np.array([[-0.5], [0.5]])  # of two classes it gives the difference alone
    weights[there] = model.coef_ if len(there) > 2 else two * model.coef_
    offset[there] = model.intercept_ if len(there) > 2 else two[:, 0] * model.intercept_
    return weights, offset
