"""Clusters of signatures: how many there are, how sure that is, and what classes they hold.

References
----------
.. [1] Rousseeuw, Silhouettes, Journal of Computational and Applied Mathematics 20, 1987.
.. [2] Ben-Hur, Elisseeff, Guyon, A stability based method for discovering structure in clustered
   data, PSB 2002 (groups of another half of the data should be the same).
.. [3] Vinh, Epps, Bailey, Information theoretic measures for clusterings comparison, JMLR 11, 2010
   (mutual information adjusted for chance).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.clusters import by_size
from napari_simgraph.analysis.signature_points import Floats, some

Numbers = NDArray[np.int32]

TRIED = range(2, 21)
STABLE = 0.8  # adjusted Rand index between groups of two halves; below it they are others each time
_ROWS = 1000  # looked at for a suggestion: more find the same number and take longer
_SHARE = 0.5  # of the rows in each resampling
_FITTED = 20_000  # rows that the groups are found by; the others join the nearest
_STARTS, _ALWAYS = 2, 10  # k-means ends where it began badly: of so many the best is taken


@dataclass(frozen=True)
class Suggestion:
    """How many groups there are.

    Parameters
    ----------
    number
        The one to take: of the stable ones that with the largest silhouette.
    stable
        Whether any number is stable.
    tried, silhouette, stability
        The numbers that were tried, with their figures.
    """

    number: int
    stable: bool
    tried: tuple[int, ...]
    silhouette: tuple[float, ...]
    stability: tuple[float, ...]

    @property
    def sentence(self) -> str:
        """It in words."""
        if not self.stable:
            return f"No number of groups is stable here; {self.number} is shown as a try."
        at = self.tried.index(self.number)
        return f"{self.number} groups: the same in {self.stability[at]:.2f} of another half."


@dataclass(frozen=True)
class Against:
    """Clusters against classes.

    Parameters
    ----------
    classes
        Their names, the columns of the table.
    counts
        ``(clusters, classes)`` patches.
    purity
        Share of patches that are of the commonest class of their cluster.
    information
        Mutual information, adjusted for chance [3]_: 0 what chance gives, 1 the same.
    chance
        Share of shuffled classes that agree as well (permutation p).
    """

    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    purity: float
    information: float
    chance: float


def k_means(points: Floats, number: int, seed: int = 0, starts: int = _ALWAYS) -> Numbers:
    """The cluster of each point, numbered from 0, the largest first.

    Raises
    ------
    ValueError
        There are fewer points than groups.
    """
    from sklearn.cluster import KMeans

    if number > len(points):
        raise ValueError(
            f"{number} groups need at least {number} patches; there are {len(points)}."
        )
    rows = some(len(points), _FITTED, seed)
    made = KMeans(number, n_init=starts, random_state=seed)
    with catch_warnings():
        simplefilter("ignore")  # fewer different points than groups: some groups stay empty
        made.fit(points[rows])
    return by_size(made.predict(points))


def suggestion_steps(
    points: Floats, resamples: int, seed: int = 0
) -> tuple[list[Callable[[], tuple[float, float]]], tuple[int, ...]]:
    """What to call for silhouette [1]_ and stability [2]_ of each number, and the numbers."""
    sample = points[some(len(points), _ROWS, seed)]
    tried = tuple(k for k in TRIED if k < _SHARE * len(sample))
    return [partial(_judged, sample, k, resamples, seed) for k in tried], tried


def suggested(tried: tuple[int, ...], figures: list[tuple[float, float]]) -> Suggestion:
    """The number to take."""
    if not tried:
        return Suggestion(1, False, (), (), ())
    silhouette, stability = (tuple(part) for part in zip(*figures, strict=True))
    good = [value >= STABLE for value in stability]
    kept = [s if ok or not any(good) else -np.inf for s, ok in zip(silhouette, good, strict=True)]
    return Suggestion(
        tried[int(np.argmax(kept))], any(good), tried[: len(figures)], silhouette, stability
    )


def against(cluster: Numbers, classes: NDArray[np.str_], shuffles: int, seed: int) -> Against:
    """Clusters against classes; patches without a class don't count.

    Raises
    ------
    ValueError
        No patch has a class.
    """
    from sklearn.metrics import adjusted_mutual_info_score

    known = classes != ""
    if not known.any():
        raise ValueError("No patch has a class to compare with: give labels, or label patches.")
    names, which = np.unique(classes[known], return_inverse=True)
    groups = cluster[known]
    counts = _table(groups, which.ravel(), int(cluster.max()) + 1, len(names))
    rng = np.random.default_rng(seed)
    real = _information(counts)
    # the sums of rows and columns stay, so the adjustment does, too: plain information is enough
    higher = sum(
        _information(_table(groups, rng.permutation(which.ravel()), *counts.shape)) >= real - 1e-12
        for _ in range(shuffles)
    )
    return Against(
        tuple(names.tolist()),
        counts,
        float(counts.max(1).sum() / counts.sum()),
        float(adjusted_mutual_info_score(which.ravel(), groups)),
        (1 + higher) / (1 + shuffles),
    )


def _judged(sample: Floats, k: int, resamples: int, seed: int) -> tuple[float, float]:
    from sklearn.metrics import adjusted_rand_score, silhouette_score

    whole = k_means(sample, k, seed, _STARTS)
    silhouette = -1.0 if len(np.unique(whole)) < 2 else float(silhouette_score(sample, whole))
    rng = np.random.default_rng((seed, k))
    agreed = []
    for number in range(resamples):
        rows = rng.permutation(len(sample))[: max(k, int(_SHARE * len(sample)))]
        agreed.append(
            adjusted_rand_score(whole[rows], k_means(sample[rows], k, seed + number + 1, _STARTS))
        )
    return silhouette, float(np.mean(agreed))


def _table(groups: NDArray[Any], classes: NDArray[Any], k: int, c: int) -> NDArray[np.int64]:
    return np.bincount(groups.astype(np.int64) * c + classes, minlength=k * c).reshape(k, c)


def _information(counts: NDArray[np.int64]) -> float:
    """Mutual information in nats."""
    share = counts / counts.sum()
    there = share > 0
    free = share.sum(1, keepdims=True) * share.sum(0, keepdims=True)
    return float((share[there] * np.log(share[there] / free[there])).sum())
