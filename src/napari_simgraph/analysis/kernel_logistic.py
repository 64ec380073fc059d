"""Kernel logistic: logistic regression on products by Newton's method, and chances of logits.

References
----------
.. [1] Zhu, Hastie, Kernel logistic regression and the import vector machine, 2005, section 2.
.. [2] Platt, Probabilistic outputs for support vector machines, 1999, section 2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
_RIDGE = 0.3  # of points of length 1: a click moves its like, a handful don't overrule it
_NEWTON = 25  # steps; a handful suffices
_LOOSE, _LEAST_SLOPE = 10.0, 0.1  # calibration is hardly held back, and never turned around


def logistic(kernel: NDArray[Any], like: NDArray[np.bool_]) -> tuple[NDArray[np.float64], float]:
    """Weights of the clicks and offset of kernel logistic regression [1]_, by Newton's method."""
    kernel = kernel.astype(np.float64)
    count, truth = len(like), like.astype(np.float64)
    parts, offset = np.zeros(count), 0.0
    edge = np.ones((count, 1))
    for _ in range(_NEWTON):
        logit = kernel @ parts + offset
        chance = 0.5 * (1 + np.tanh(0.5 * logit))
        weight = np.maximum(chance * (1 - chance), 1e-6)
        system = np.block(
            [[kernel + _RIDGE * np.diag(1 / weight), edge], [edge.T, np.zeros((1, 1))]]
        )
        wanted = np.append(logit - (chance - truth) / weight, 0)
        new = np.linalg.solve(system, wanted)
        moved = float(np.abs(new[:count] - parts).max())
        parts, offset = new[:count], float(new[count])
        if moved < 1e-6:
            break
    return parts, offset


def chance_of(logit: Any) -> Vector:
    """A logit as a chance from 0 to 1."""
    chance: Vector = np.float32(0.5) * (1 + np.tanh(np.float32(0.5) * logit))
    return chance


def slope_of(known: Vector, like: NDArray[np.bool_]) -> tuple[np.float32, np.float32]:
    """Slope and shift that make these logits chances [2]_."""
    parts, shift = logistic(_LOOSE * np.outer(known, known), like)
    slope = max(_LOOSE * float(parts @ known), _LEAST_SLOPE)
    return np.float32(slope), np.float32(shift)
