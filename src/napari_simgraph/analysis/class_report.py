"""Class report: how well classes are told apart, class by class, and how honest the chances are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_simgraph.analysis.metrics import confusion
from napari_simgraph.analysis.ranking import average_precision

Floats = NDArray[np.float64]
_BINS = 15  # of confidence, as is usual for this figure
_TEMPERATURES = np.geomspace(0.25, 8.0, 81)  # sharper and softer, 4 % apart


@dataclass(frozen=True, eq=False)
class ClassReport:
    """Figures of predicted classes against true ones.

    Parameters
    ----------
    names
        The K classes.
    confusion
        ``(K, K)``: rows are true classes, columns the found ones.
    precision, recall, ap
        ``(K,)`` per class; NaN where a class doesn't occur (precision: is never found).
    accuracy, balanced, ece
        Share of right answers; mean recall of the classes that occur; how far chances lie from
        the share of right answers (expected calibration error [1]_).

    References
    ----------
    .. [1] Guo, Pleiss, Sun, Weinberger, On calibration of modern neural networks, ICML 2017,
       arXiv:1706.04599, equation 3.
    """

    names: tuple[str, ...]
    confusion: NDArray[np.int64]
    precision: Floats
    recall: Floats
    ap: Floats
    accuracy: float
    balanced: float
    ece: float

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many there are of each class."""
        counts: NDArray[np.int64] = self.confusion.sum(1)
        return counts

    def summary(self, of: str = "") -> dict[str, float]:
        """The figures by name; `of` ends the names: ``balanced plain``. NaN is left out."""
        found = {"balanced": self.balanced, "accuracy": self.accuracy, "ece": self.ece}
        for kind in ("recall", "precision", "ap"):
            values = getattr(self, kind).tolist()
            found |= {f"{kind} {name}": v for name, v in zip(self.names, values, strict=True)}
        end = f" {of}" if of else ""
        return {name + end: float(value) for name, value in found.items() if value == value}


def report(chances: NDArray[np.floating], truth: ArrayLike, names: Sequence[str]) -> ClassReport:
    """The report of chances ``(N, K)`` against true class numbers ``(N,)`` from 0."""
    true = np.asarray(truth, np.int64)
    found = chances.argmax(1) if len(chances) else true
    table = confusion(found + 1, true + 1, len(names))[:, 1:]
    right = np.diagonal(table).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0: the NaN of what isn't there
        recall, precision = right / table.sum(1), right / table.sum(0)
    ap = [average_precision(chances[:, k], true == k) for k in range(len(names))]
    there = recall[~np.isnan(recall)]
    return ClassReport(
        tuple(names),
        table,
        precision,
        recall,
        np.array(ap),
        float(right.sum() / max(1, len(true))),
        float(there.mean()) if len(there) else float("nan"),
        calibration_error(chances, true),
    )


def calibration_error(chances: NDArray[np.floating], truth: NDArray[np.int64]) -> float:
    """Mean distance of confidence and share of right answers, over bins of confidence."""
    if not len(truth):
        return float("nan")
    sure, right = chances.max(1).astype(np.float64), chances.argmax(1) == truth
    which = np.minimum((sure * _BINS).astype(np.intp), _BINS - 1)
    gaps = np.bincount(which, right - sure, _BINS)
    return float(np.abs(gaps).sum() / len(truth))


def temperature(chances: NDArray[np.floating], truth: ArrayLike) -> float:
    """By what logarithms of chances are divided so that the true classes are most likely."""
    logs, true = np.log(np.maximum(chances.astype(np.float64), 1e-12)), np.asarray(truth)
    losses = [
        -np.log(np.maximum(tempered(logs, t)[np.arange(len(true)), true], 1e-12)).mean()
        for t in _TEMPERATURES
    ]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def tempered(logs: NDArray[np.floating], by: float) -> Floats:
    """Chances ``(N, K)`` of logarithms (of chances, or scores) divided by a temperature."""
    scaled = logs.astype(np.float64) / by
    scaled -= scaled.max(1, keepdims=True)
    shares = np.exp(scaled)
    chances: Floats = shares / shares.sum(1, keepdims=True)
    return chances


def honest_chances(chances: NDArray[np.floating], truth: ArrayLike) -> Floats:
    """Chances tempered by what the other half says, so that no row is judged on itself."""
    true, found = np.asarray(truth), chances.astype(np.float64)
    logs = np.log(np.maximum(chances.astype(np.float64), 1e-12))
    half = np.arange(len(true)) % 2 == 0
    for one, other in ((half, ~half), (~half, half)):
        if other.any() and one.any():
            found[one] = tempered(logs[one], temperature(chances[other], true[other]))
    return found
