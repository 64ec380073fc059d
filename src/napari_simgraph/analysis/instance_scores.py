"""Instance scores: how well numbered objects agree with true ones, and which errors were made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.metrics import Floats, thin_borders

# The steps of COCO; at 0.5 an object is found when more than half of the union is common.
IOUS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
# Less of an object is a slip along a border, not a merge or a split.
_SLIP = 0.05


class Table(NamedTuple):
    """Common pixels of pairs of objects: true number, found number (0: none), how many."""

    true: NDArray[np.int64]
    found: NDArray[np.int64]
    pixels: NDArray[np.int64]


@dataclass(frozen=True)
class ObjectScores:
    """Agreement of found with true objects over pixels that lie in a true object.

    Parameters
    ----------
    v_rand, v_info, precision, recall
        As `metrics.v_rand_info` has them: precision drops where objects are merged, recall where
        they are split. Pixels of no found object are an object each.
    adapted_rand_error
        1 - V_Rand, counted over pairs of different pixels.
    split, merge
        Variation of information in bits: H(found | true) grows with splits, H(true | found) with
        merges.
    true, found, merged_objects, split_objects
        How many objects there are, how many true ones share a found one with another, and how many
        lie in several found ones; twentieths of an object and less don't count.
    """

    v_rand: float
    v_info: float
    precision: float
    recall: float
    adapted_rand_error: float
    split: float
    merge: float
    true: int
    found: int
    merged_objects: int
    split_objects: int


def table_of(found: NDArray[Any], truth: NDArray[Any]) -> Table:
    """How many pixels each pair of objects has in common, where there is a true one.

    Raises
    ------
    ValueError
        The shapes differ.
    """
    if found.shape != truth.shape:
        raise ValueError(
            f"Prediction and truth differ in size: {found.shape} and {truth.shape} pixels."
        )
    inside = truth > 0
    keys = truth[inside].astype(np.int64) << 32 | found[inside].astype(np.int64)
    pairs, pixels = np.unique(keys, return_counts=True)
    return Table(pairs >> 32, pairs & 0xFFFFFFFF, pixels.astype(np.int64))


def summed(parts: Sequence[Table]) -> Table:
    """One table of several, each pair once."""
    true, found, pixels = (np.concatenate(side) for side in zip(*parts, strict=True))
    pairs, at = np.unique(true << 32 | found, return_inverse=True)
    return Table(pairs >> 32, pairs & 0xFFFFFFFF, np.bincount(at, pixels).astype(np.int64))


def object_scores(table: Table) -> ObjectScores:
    """The scores of a table; where a stack is scored as one volume, of its whole table.

    References
    ----------
    Arganda-Carreras et al. 2015, Frontiers in Neuroanatomy 9:142, equations 1 to 4 (V_Rand and
    V_Info, not thinned here). Meila 2007, Journal of Multivariate Analysis 98:873 (variation of
    information).
    """
    n = float(table.pixels.sum())
    lone = float(table.pixels[table.found == 0].sum())  # pixels of no object: one each
    joint = table.pixels[table.found > 0]
    true = _sums(table.true, table.pixels)
    found = _sums(table.found[table.found > 0], joint)
    both, a, b = ((sizes**2).sum() for sizes in (joint.astype(float), true, found))
    precision, recall = (both + lone) / (b + lone), (both + lone) / a
    pairs = both - joint.sum()  # of different pixels
    adapted = 2 * pairs / max(a - n + b - found.sum(), 1e-12) if n > 1 else 1.0
    h_true = _entropy(true, n)
    h_found = _entropy(found, n) + lone / n * np.log2(n)
    h_both = _entropy(joint.astype(float), n) + lone / n * np.log2(n)
    total = h_true + h_found
    merged, split = _errors(table, true)
    return ObjectScores(
        v_rand=float(2 * precision * recall / (precision + recall)),
        v_info=float(2 * (total - h_both) / total) if total > 0 else 1.0,
        precision=float(precision),
        recall=float(recall),
        adapted_rand_error=float(1 - adapted),
        split=float(max(h_both - h_true, 0)),
        merge=float(max(h_both - h_found, 0)),
        true=len(true),
        found=len(found),
        merged_objects=merged,
        split_objects=split,
    )


def average_precision(found: NDArray[Any], truth: NDArray[Any]) -> dict[float, float]:
    """For each of `IOUS` true positives / (true positives + false positives + false negatives).

    A found and a true object are a true positive where their intersection over union is above the
    value. All pixels count. NaN where there is no object at all.

    References
    ----------
    Caicedo et al. 2019, Nature Methods 16:1247 (Data Science Bowl 2018): this is what StarDist
    and Cellpose call average precision.
    """
    return precision_of([hits_of(everywhere(found, truth))])


Counts = tuple[NDArray[np.int64], int, int]  # hits at each of IOUS, true objects, found objects


def precision_of(counts: Iterable[Counts]) -> dict[float, float]:
    """Average precision over sections: objects are counted together."""
    rows = list(counts)
    hits = np.sum([row[0] for row in rows], axis=0)
    objects = sum(row[1] + row[2] for row in rows)
    if not objects:
        return dict.fromkeys(IOUS, float("nan"))
    return {iou: float(h / (objects - h)) for iou, h in zip(IOUS, hits, strict=True)}


def hits_of(table: Table) -> Counts:
    """How many objects were found at each of `IOUS`, and how many there are and were found."""
    sizes = [np.bincount(side, table.pixels, minlength=1) for side in (table.true, table.found)]
    inside = (table.true > 0) & (table.found > 0)
    true, found = table.true[inside], table.found[inside]
    common = table.pixels[inside]
    iou = common / (sizes[0][true] + sizes[1][found] - common)
    # Above one half each object has one partner at most, so there is nothing to assign.
    hits = np.array([np.count_nonzero(iou > least) for least in IOUS], np.int64)
    return hits, *(int(np.count_nonzero(side[1:])) for side in sizes)  # type: ignore[return-value]


def numbered(numbers: NDArray[Any]) -> NDArray[np.int64]:
    """Objects numbered from 1 without gaps, 0 staying 0; large numbers take no memory then."""
    known, at = np.unique(numbers, return_inverse=True)
    lift = 0 if known[0] == 0 else 1
    return (at.reshape(numbers.shape) + lift).astype(np.int64)


def everywhere(found: NDArray[Any], truth: NDArray[Any]) -> Table:
    """Common pixels of all pairs, also where there is no true object (0)."""
    keys = numbered(truth) << 32 | numbered(found)
    pairs, pixels = np.unique(keys, return_counts=True)
    return Table(pairs >> 32, pairs & 0xFFFFFFFF, pixels.astype(np.int64))


def thinned(objects: NDArray[Any]) -> NDArray[np.int64]:
    """Objects ``(Y, X)`` grown until lines one pixel wide part them, also those that touch."""
    apart = objects > 0
    for axis in (0, 1):
        one, other = np.moveaxis(objects, axis, 0)[1:], np.moveaxis(objects, axis, 0)[:-1]
        line = (one != other) & (one > 0) & (other > 0)
        np.moveaxis(apart, axis, 0)[1:][line] = False
    return thin_borders(apart).astype(np.int64)


def _errors(table: Table, true: Floats) -> tuple[int, int]:
    """True objects that are merged with others, and that are split."""
    _, at = np.unique(table.true, return_inverse=True)
    counts = (table.found > 0) & (table.pixels > _SLIP * true[at])
    owners, holders = at[counts], table.found[counts]
    _, inverse, shared = np.unique(holders, return_inverse=True, return_counts=True)
    merged = len(np.unique(owners[shared[inverse] > 1]))
    split = int(np.count_nonzero(np.bincount(owners) > 1))
    return merged, split


def _sums(numbers: NDArray[np.int64], pixels: NDArray[np.int64]) -> Floats:
    """Sizes of the objects."""
    _, at = np.unique(numbers, return_inverse=True)
    return np.bincount(at, pixels).astype(np.float64)


def _entropy(sizes: Floats, n: float) -> float:
    """In bits, of parts of n pixels; what is missing to n is left out."""
    shares = sizes[sizes > 0] / n
    return float(-(shares * np.log2(shares)).sum())
