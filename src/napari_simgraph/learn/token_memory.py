"""Token memory: what the network sees in normal places, kept in a bounded number of examples.

References
----------
.. [1] Roth et al., Towards total recall in industrial anomaly detection, CVPR 2022,
   arXiv:2106.08265 (PatchCore), section 3.2: the farthest example is kept next.
.. [2] Defard et al., PaDiM, ICPR 2020, arXiv:2011.08785, section 3.1: distances after whitening
   are those of Mahalanobis.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from napari_simgraph.learn.whitening import Whitening

_DIMENSIONS = 64  # of a token after whitening; more are mostly noise
_MOST = 1024  # examples kept: a map of 512 x 512 px is compared with them in a twentieth second
_PART = "tokens"
_NEAR = 3  # tokens down and across that are averaged: one alone is noisy


class TokenMemory(NamedTuple):
    """How tokens are whitened, and the kept examples ``(M, D)``."""

    whitening: Whitening
    kept: NDArray[np.float32]

    @classmethod
    def fit(cls, tokens: NDArray[np.float32], seed: int) -> Self:
        """A memory of tokens ``(n, F)``."""
        whitening = Whitening.fit(tokens, _DIMENSIONS, 1.0)
        points = (tokens - whitening.mean) @ whitening.basis
        return cls(whitening, _spread_out(points, _MOST, seed))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """As arrays of a model."""
        return {f"{_PART}/kept": self.kept, **self.whitening.arrays(f"{_PART}/whitening")}

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> Self | None:
        """The inverse of `arrays`; None where a model has none."""
        if f"{_PART}/kept" not in arrays:
            return None
        whitening = Whitening.of(arrays, f"{_PART}/whitening")
        return cls(whitening, np.array(arrays[f"{_PART}/kept"]))


class Distance:
    """Distances of tokens to the nearest kept example, where the network computes."""

    def __init__(self, memory: TokenMemory, device: torch.device) -> None:
        parts = (memory.whitening.mean, memory.whitening.basis, memory.kept)
        self.mean, self.basis, self.kept = (torch.from_numpy(part).to(device) for part in parts)
        self.lengths = self.kept.square().sum(1)

    def __call__(self, tokens: Tensor) -> Tensor:
        """``(N, 1, y, x)`` of tokens ``(N, F, y, x)``, in standard deviations per direction."""
        n, count, height, width = tokens.shape
        flat = tokens.permute(0, 2, 3, 1).reshape(-1, count)
        points = (flat - self.mean) @ self.basis
        away = self.lengths - 2 * points @ self.kept.T
        nearest = away.amin(1) + points.square().sum(1)
        nearest = (nearest.clamp_min(0) / points.shape[1]).sqrt()
        return nearest.reshape(n, 1, height, width)


def around(tokens: Tensor) -> Tensor:
    """Each token averaged with those beside it."""
    half = _NEAR // 2
    return functional.avg_pool2d(tokens.float(), _NEAR, 1, half, count_include_pad=False)


def _spread_out(points: NDArray[np.float32], most: int, seed: int) -> NDArray[np.float32]:
    """At most so many of the points, each next one the farthest from those before [1]_."""
    if len(points) <= most:
        return points
    first = int(np.random.default_rng(seed).integers(len(points)))
    chosen, lengths = [first], np.square(points).sum(1)
    away = np.full(len(points), np.inf, np.float32)
    for _ in range(most - 1):
        last = points[chosen[-1]]
        np.minimum(away, lengths - 2 * points @ last + lengths[chosen[-1]], out=away)
        chosen.append(int(away.argmax()))
    return points[np.sort(chosen)]
