"""Scores of a segmentation: how well cells are told apart, and how well classes agree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from skimage.measure import label
from skimage.segmentation import watershed

Floats: TypeAlias = NDArray[np.float64]
Scores: TypeAlias = tuple[float, float, float, float]

# The challenge's own steps; the best of them is reported and said.
THRESHOLDS = tuple(round(0.1 * step, 1) for step in range(11))


@dataclass(frozen=True, eq=False)
class RandInfo:
    """V_Rand and V_Info after border thinning, one value per threshold.

    Parameters
    ----------
    thresholds
        (T,) a pixel belongs to a cell where its probability is above the threshold.
    rand, info
        (T,) V_Rand and V_Info, 1 is perfect.
    precision, recall
        (T,) the parts of V_Rand: precision drops where cells are merged, recall where they are
        split.
    """

    thresholds: Floats
    rand: Floats
    info: Floats
    precision: Floats
    recall: Floats

    def best(self, by: Literal["rand", "info"] = "rand") -> int:
        """The index of the best threshold; of equals the one in the middle.

        A map of zeros and ones is equally good over most of the range: the middle says more
        than its edge.
        """
        values: Floats = getattr(self, by)
        equal = np.flatnonzero(values >= values.max() - 1e-12)
        return int(equal[(len(equal) - 1) // 2])


@dataclass(frozen=True, eq=False)
class StackScores(RandInfo):
    """Means over sections, one threshold for all of them.

    Parameters
    ----------
    sections
        One RandInfo per section that has cells, for intervals and tests.
    """

    sections: tuple[RandInfo, ...] = ()

    def summary(self) -> dict[str, float]:
        """The figures to report, by name; each score at its own best threshold."""
        rand, info = self.best("rand"), self.best("info")
        return {
            "v_rand": float(self.rand[rand]),
            "v_rand_threshold": float(self.thresholds[rand]),
            "v_rand_precision": float(self.precision[rand]),
            "v_rand_recall": float(self.recall[rand]),
            "v_info": float(self.info[info]),
            "v_info_threshold": float(self.thresholds[info]),
        }


def thin_borders(cell: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Cells grown until lines one pixel wide (0) part them: (Y, X) object numbers.

    A watershed from the 4-connected cells. Without any cell all pixels are 0.
    """
    cells = label(cell, connectivity=1)
    grown: NDArray[np.int32] = watershed(~cell, cells, connectivity=1, watershed_line=True)
    return grown


def v_rand_info(
    cell: NDArray[Any], truth: NDArray[Any], thresholds: Sequence[float] = THRESHOLDS
) -> RandInfo:
    """V_Rand and V_Info of one section at each threshold.

    Parameters
    ----------
    cell
        (Y, X) probability of being inside a cell, 0 to 1.
    truth
        (Y, X) bool, True inside cells. Its 4-connected parts are the true cells; pixels outside
        don't count.
    thresholds
        (T,) from 0 to 1.

    Raises
    ------
    ValueError
        The shapes differ or the truth has no cell.

    References
    ----------
    Arganda-Carreras et al. 2015, Frontiers in Neuroanatomy 9:142, equations 1 to 4.

    Notes
    -----
    With p_ij the share of true cell pixels in true cell i and found cell j, pixels on the thinned
    lines each a cell of their own: precision = Σp_ij² / Σ(found size)², recall = Σp_ij² /
    Σ(true size)², V_Rand their harmonic mean, V_Info = 2 I / (H(true) + H(found)).
    """
    truth = np.asarray(truth, bool)
    if cell.shape != truth.shape:
        raise ValueError(
            f"Prediction and truth differ in size: {cell.shape} and {truth.shape} pixels."
        )
    if not truth.any():
        raise ValueError("The truth has no cell here: nothing to compare with.")
    true_cells = label(truth, connectivity=1)[truth]
    known: dict[int, Scores] = {}  # masks of one map are nested: as many pixels, the same mask
    rows = []
    for mask in (cell > level for level in thresholds):
        size = int(np.count_nonzero(mask))
        if size not in known:
            known[size] = _compare(true_cells, thin_borders(mask)[truth])
        rows.append(known[size])
    return RandInfo(np.asarray(thresholds, float), *np.array(rows).T)


def stack_scores(
    cells: Iterable[NDArray[Any]],
    truths: Iterable[NDArray[Any]],
    thresholds: Sequence[float] = THRESHOLDS,
) -> StackScores:
    """Scores averaged over the sections that have cells, one threshold shared by all.

    Parameters
    ----------
    cells, truths
        Z sections as `v_rand_info` takes them, (Z, Y, X) or one after another.
    thresholds
        (T,) from 0 to 1.

    Raises
    ------
    ValueError
        Numbers of sections differ, or no section has a cell in the truth.
    """
    sections = []
    for cell, truth in zip_longest(cells, truths):
        if cell is None or truth is None:
            raise ValueError("Prediction and truth have different numbers of sections.")
        if np.any(truth):
            sections.append(v_rand_info(cell, truth, thresholds))
    if not sections:
        raise ValueError("The truth has no cell in any section: nothing to compare with.")
    return StackScores(
        np.asarray(thresholds, float),
        rand=np.mean([one.rand for one in sections], axis=0),
        info=np.mean([one.info for one in sections], axis=0),
        precision=np.mean([one.precision for one in sections], axis=0),
        recall=np.mean([one.recall for one in sections], axis=0),
        sections=tuple(sections),
    )


@dataclass(frozen=True, eq=False)
class ClassScores:
    """Agreement per class, over labelled pixels of the truth only.

    Parameters
    ----------
    dice, iou
        (C,) per class; NaN where a class is neither in the truth nor in the prediction.
    accuracy
        Share of labelled pixels with the right class; NaN where none is labelled.
    """

    dice: Floats
    iou: Floats
    accuracy: float

    @property
    def mean_dice(self) -> float:
        """Mean of the classes that occur; NaN where none does."""
        return _mean(self.dice)

    @property
    def mean_iou(self) -> float:
        """Mean of the classes that occur; NaN where none does."""
        return _mean(self.iou)


def confusion(prediction: NDArray[Any], truth: NDArray[Any], classes: int) -> NDArray[np.int64]:
    """How many labelled pixels of each class were found as which, (C, C + 1).

    Rows are the true classes 1 to C, columns the found classes 0 (none) to C. Tables of blocks
    or sections add up. Overlapping classes: one mask at a time, with two classes, 1 absent and
    2 present.

    Raises
    ------
    ValueError
        The shapes differ, or there are values above `classes`.
    """
    if prediction.shape != truth.shape:
        raise ValueError(
            f"Prediction and truth differ in size: {prediction.shape} and {truth.shape} pixels."
        )
    labelled = np.asarray(truth) > 0
    true = np.asarray(truth)[labelled].astype(np.int64)
    found = np.asarray(prediction)[labelled].astype(np.int64)
    if true.size and max(true.max(), found.max()) > classes:
        raise ValueError(f"There are labels above {classes}, the number of classes.")
    counts = np.bincount((true - 1) * (classes + 1) + found, minlength=classes * (classes + 1))
    return counts.reshape(classes, classes + 1)


def class_scores(table: ArrayLike) -> ClassScores:
    """Dice, intersection over union and accuracy from a table of `confusion`, (C, C + 1)."""
    counts = np.asarray(table, float)
    right = np.diagonal(counts, offset=1)
    both = counts.sum(axis=1) + counts[:, 1:].sum(axis=0)
    with np.errstate(invalid="ignore"):  # 0 / 0 is the NaN of a class that does not occur
        total = counts.sum()
        accuracy = float(right.sum() / total) if total else float("nan")
        return ClassScores(2 * right / both, right / (both - right), accuracy)


def _compare(true: NDArray[Any], found: NDArray[Any]) -> Scores:
    """V_Rand, V_Info, precision and recall of two numberings of the same N pixels."""
    n = true.size
    single = np.count_nonzero(found == 0) / n  # pixels on lines: each a cell of its own
    ours, theirs = true[found > 0], found[found > 0]
    size = (int(true.max()) + 1, int(found.max()) + 1)
    pairs = coo_array((np.ones(ours.size), (ours, theirs)), shape=size).tocsr()
    joint, a, b = (_shares(c, n) for c in (pairs.data, np.bincount(true), np.bincount(theirs)))
    squares = (joint**2).sum() + single / n
    precision = squares / ((b**2).sum() + single / n)
    recall = squares / (a**2).sum()
    entropy_a = _entropy(a)
    entropy_b = _entropy(b) + single * np.log(n)
    shared = entropy_a + entropy_b - _entropy(joint) - single * np.log(n)
    both = entropy_a + entropy_b
    info = 2 * shared / both if both > 0 else 1.0  # one cell, found as one: nothing to tell apart
    return 2 * precision * recall / (precision + recall), max(info, 0.0), precision, recall


def _shares(counts: NDArray[Any], n: int) -> Floats:
    return counts[counts > 0] / n


def _entropy(shares: Floats) -> float:
    return float(-(shares * np.log(shares)).sum())


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
