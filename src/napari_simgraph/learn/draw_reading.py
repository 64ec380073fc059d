"""Reading: which class a model that draws sees in a picture, so that it can check its drawings.

References
----------
.. [1] Kingma, Rezende, Mohamed, Welling, Semi-supervised learning with deep generative models,
   NeurIPS 2014, arXiv:1406.5298, section 3.1.2 (beside the numbers of a picture the encoder says
   its class).
.. [2] Hastie, Tibshirani, Friedman, The elements of statistical learning, 2009, section 4.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

READING = "reading/"  # before the names of the arrays in a model
# What holds weights back; ten times as much told a point less of pictures kept aside.
_HELD = 0.03
_LEAST = 1e-3  # of the spread of a feature: one that never varies tells nothing


class Reading(NamedTuple):
    """Scores of K classes from the F features of the encoder: ``features @ weights.T + offset``."""

    weights: NDArray[np.float32]
    offset: NDArray[np.float32]

    @classmethod
    def learn(cls, features: NDArray[np.float32], kinds: NDArray[np.intp], classes: int) -> Self:
        """From features ``(N, F)`` of pictures whose classes are known; rare ones count as much.

        By least squares [2]_: as good as logistic regression here, in a twentieth of the time.
        """
        from sklearn.linear_model import Ridge

        shift, scale = features.mean(0), features.std(0) + _LEAST
        counts = np.bincount(kinds, minlength=classes)
        alike = len(kinds) / (classes * np.maximum(counts, 1))[kinds]
        told = np.eye(classes, dtype=np.float32)[kinds]
        model = Ridge(_HELD * len(kinds), solver="cholesky")
        model.fit((features - shift) / scale, told, sample_weight=alike)
        weights = model.coef_ / scale
        offset = model.intercept_ - weights @ shift
        return cls(weights.astype(np.float32), offset.astype(np.float32))

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> Self | None:
        """The one that a model holds; None where it knows no classes, or is of before."""
        if not any_reading(arrays):
            return None
        return cls(*(np.asarray(arrays[READING + name]) for name in cls._fields))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """As arrays of a model."""
        return {READING + name: values for name, values in self._asdict().items()}

    def says(self, features: NDArray[np.float32]) -> NDArray[np.intp]:
        """The class that each of them has most likely ``(N,)``."""
        said: NDArray[np.intp] = (features @ self.weights.T + self.offset).argmax(1)
        return said


def any_reading(arrays: Mapping[str, NDArray[Any]]) -> bool:
    """Whether a model says which class it sees."""
    return READING + Reading._fields[0] in arrays
