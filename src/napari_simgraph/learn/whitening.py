"""Whitening: many features of different size as fewer of the same, of length 1.

References
----------
.. [1] Jégou, Chum, Negative evidences and co-occurences in image retrieval, ECCV 2012, section 3
   (whitened principal components make better neighbours).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

_NEEDED = 4  # patches per direction: of fewer it is mostly chance
_FLOOR = 1e-3  # of the largest variance: directions with less are noise and are not blown up


WHITENING = "whitening"  # before the names of that of the network itself in a model


class Whitening(NamedTuple):
    """What is taken off features ``(N, F)``, and the matrix ``(F, D)`` they are then times."""

    mean: NDArray[np.float32]
    basis: NDArray[np.float32]

    @classmethod
    def fit(cls, features: NDArray[np.float32], dimensions: int, power: float) -> Self:
        """Standardised, turned to principal components [1]_ and whitened.

        `power` 1 makes all components as large as each other, 0 leaves them as they are.
        """
        values = features.astype(np.float64)
        mean, deviation = values.mean(0), values.std(0)
        used = deviation > 1e-6 * max(1e-12, float(deviation.max()))
        scale = np.where(used, 1 / np.where(used, deviation, 1), 0)
        standard = (values - mean) * scale
        variance, vectors = np.linalg.eigh(standard.T @ standard / max(1, len(values)))
        known = max(2, len(values) // _NEEDED)
        kept = np.argsort(-variance)[: min(dimensions, known, len(variance))]
        kept = kept[variance[kept] > 1e-9 * max(1e-12, float(variance.max()))]
        if not len(kept):  # all patches are the same
            kept = np.array([int(variance.argmax())])
        strongest = max(1e-12, float(variance.max()))
        size = (variance[kept] / strongest + _FLOOR) ** (-power / 2)
        vectors = _signed(vectors[:, kept])
        basis = scale[:, None] * vectors * size
        return cls(mean.astype(np.float32), basis.astype(np.float32))

    def apply(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Points ``(N, D)`` of length 1."""
        points = (features - self.mean) @ self.basis
        length = np.linalg.norm(points, axis=1, keepdims=True)
        unit: NDArray[np.float32] = points / np.maximum(length, 1e-12)
        return unit

    def arrays(self, part: str = WHITENING) -> dict[str, NDArray[Any]]:
        """As arrays of a model, their names beginning with a part's."""
        return {f"{part}/{name}": values for name, values in self._asdict().items()}

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]], part: str = WHITENING) -> Self:
        """The inverse of `arrays`."""
        return cls(*(np.array(arrays[f"{part}/{name}"]) for name in cls._fields))


def _signed(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same axes, each with its largest part above zero: LAPACK may give either sign."""
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(0)[None], 0)
    return vectors * np.where(largest < 0, -1, 1)
