"""Logistic regression with a pull to nothing: what few and well parted examples allow."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_RIDGE = 1.0  # in units of spread: slopes stay finite where a feature parts all examples
_LEAST = 1e-6  # the constant is hardly pulled
_STEPS = 25  # of Newton's method; it has converged after ten


class Logistic(NamedTuple):
    """A fit: standardised features times weights give log odds."""

    mean: Floats
    spread: Floats
    weights: Floats

    def odds(self, features: ArrayLike) -> Floats:
        """Log odds ``(N,)`` of features ``(N, F)``."""
        told = (np.asarray(features, float) - self.mean) / self.spread
        odds: Floats = told @ self.weights[:-1] + self.weights[-1]
        return odds

    def chance(self, features: ArrayLike) -> Floats:
        """Probabilities ``(N,)`` of features ``(N, F)``."""
        return _squashed(self.odds(features))


def fit(features: ArrayLike, target: ArrayLike) -> Logistic:
    """The fit of features ``(N, F)`` to a target ``(N,)`` of true and false."""
    told, wanted = np.asarray(features, float), np.asarray(target, float)
    mean, spread = told.mean(0), told.std(0)
    spread = np.where(spread > 0, spread, 1.0)
    design = np.column_stack([(told - mean) / spread, np.ones(len(told))])
    pull = np.diag([_RIDGE] * told.shape[1] + [_LEAST])
    weights = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        chance = _squashed(design @ weights)
        slope = design.T @ (wanted - chance) - pull @ weights
        bend = (design * (chance * (1 - chance))[:, None]).T @ design + pull
        weights = weights + np.linalg.solve(bend, slope)
    return Logistic(mean, spread, weights)


def _squashed(odds: Floats) -> Floats:
    chance: Floats = 1 / (1 + np.exp(-np.clip(odds, -50, 50)))
    return chance
