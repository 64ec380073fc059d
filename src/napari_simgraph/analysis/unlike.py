"""Unlike anything seen: how far signatures lie from those of the training images.

References
----------
.. [1] Lee, Lee, Lee, Shin, A simple unified framework for detecting out-of-distribution samples,
   NeurIPS 2018, arXiv:1807.03888, equation 2 (classes share one covariance).
.. [2] Sun, Ming, Zhu, Li, Out-of-distribution detection with deep nearest neighbors, ICML 2022,
   arXiv:2204.06507, section 3 (distance to the k-th neighbour of unit features, as they are).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.neighbours import unit
from napari_simgraph.analysis.signature_points import Axes, Floats, some
from napari_simgraph.core.patches import Rows
from napari_simgraph.core.signatures import Layer, SignatureTable

Doubles = NDArray[np.float64]

ASIDE = 0.2  # of the training patches, by which distances become percentiles
_RIDGE = 1e-2  # of the mean variance: directions without any say nothing
_VALUES = 2**24  # products at once
_BANK = 20_000  # training signatures that neighbours are looked for in: 100 MB of a wide layer

PointsOf = Callable[[SignatureTable, Rows | None], Floats]


class Distance(Protocol):
    """How far points lie from those it has seen."""

    def __call__(self, points: Floats) -> Doubles:
        """The distance of each of the points ``(N, D)``."""
        ...


@dataclass(frozen=True)
class Mahalanobis:
    """Distance to the middle of the nearest class, in spreads [1]_."""

    middles: Doubles
    white: Doubles

    @classmethod
    def fit(cls, points: Floats, classes: NDArray[np.str_]) -> Mahalanobis:
        """Classes share one covariance; patches without a class are one of their own."""
        names, which = np.unique(classes, return_inverse=True)
        which = which.ravel()
        middles = np.stack(
            [points[which == i].mean(0, dtype=np.float64) for i in range(len(names))]
        )
        centred = points - middles[which]
        spread = centred.T @ centred / max(1, len(points) - 1)
        value, vectors = np.linalg.eigh(spread)
        floor = _RIDGE * max(float(value.mean()), 1e-12)
        return cls(middles, vectors / np.sqrt(np.maximum(value, 0) + floor))

    def __call__(self, points: Floats) -> Doubles:
        """See `Distance`."""
        seen, middles = points @ self.white, self.middles @ self.white
        squares = (seen**2).sum(1)[:, None] - 2 * seen @ middles.T + (middles**2).sum(1)
        nearest: Doubles = np.sqrt(np.maximum(squares.min(1), 0))
        return nearest


@dataclass(frozen=True)
class Nearest:
    """Distance to the k-th nearest of the training signatures, all of length 1 [2]_."""

    bank: Floats
    k: int

    def __call__(self, points: Floats) -> Doubles:
        """See `Distance`."""
        step = max(1, _VALUES // max(1, len(self.bank)))
        k = min(self.k, len(self.bank))
        parts = []
        for at in range(0, len(points), step):
            alike = unit(points[at : at + step]) @ self.bank.T
            near = np.partition(alike, len(self.bank) - k, 1)[:, len(self.bank) - k]
            parts.append(np.sqrt(np.maximum(2 - 2 * near.astype(np.float64), 0)))
        return np.concatenate(parts) if parts else np.zeros(0)


@dataclass(frozen=True)
class Seen:
    """What training signatures are like: a distance, and those of patches kept aside for it."""

    distance: Distance
    aside: Doubles

    def unlike(self, points: Floats) -> tuple[Doubles, Doubles]:
        """Distances, and the share (0 to 100) of training patches that were less unusual."""
        found = self.distance(points)
        below = np.searchsorted(self.aside, found, side="right")
        return found, 100 * below / len(self.aside)


def points_of(reference: SignatureTable, layer: Layer, method: str, seed: int) -> PointsOf:
    """What gives the points of a table's rows that a method compares.

    Neighbours are looked for among values as they are [2]_: seen from their middle, every direction
    holds some neighbour where neurons are few, and nothing is unlike the others.
    """
    if method == "mahalanobis":
        return Axes.fit(reference, (layer,), seed).points
    return lambda table, rows: table.read(table.layer(layer.name).columns, rows)


def learn(points: Floats, classes: NDArray[np.str_], how: tuple[str, int, int]) -> Seen:
    """What is known of training points; `how` is method, neighbour and seed.

    Raises
    ------
    ValueError
        There are too few of them.
    """
    method, k, seed = how
    if len(points) < 10:
        raise ValueError(f"{len(points)} training patches tell nothing: record ten or more.")
    order = np.random.default_rng(seed).permutation(len(points))
    cut = max(1, round(ASIDE * len(points)))
    aside, kept = order[:cut], np.sort(order[cut:])
    distance: Distance = (
        Mahalanobis.fit(points[kept], classes[kept])
        if method == "mahalanobis"
        else Nearest(unit(points[kept[some(len(kept), _BANK, seed)]]), k)
    )
    return Seen(distance, np.sort(distance(points[aside])))


def last_but_one(table: SignatureTable) -> Layer:
    """The layer before the answer: it holds most of what the network knows."""
    return table.inner[-1]
