"""Judging: how well filters, network and grey values alone find what was kept aside."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.live import FILTERS, NETWORK, Scores
from napari_simgraph.learn.truth import Said

_BINS, _RANGE = 64, 3.0  # grey values within so many spreads of their mean, as in `baseline`
_WORSE = 0.02  # so much worse it must be to be relieved: who answers should not flicker
# What is kept aside is few strokes, many of them where the answers were worst. On ISBI 12-17, five
# to eleven of them, the network had a lower Dice than the filters in 6 of 12 looks after 200 steps
# and more, and a better V_Rand on whole sections in all of them (0.90 and 0.86 in the mean). So
# once it has learned for a while, only what chance hardly does speaks against it.
GROWN = 200  # steps
_SURE = 2.0  # standard errors of the lead

Chances = NDArray[np.float32]
Found = tuple[NDArray[np.uint8], NDArray[np.uint8]]  # class values, found and true


def judged(
    said: Sequence[Said],
    values: Sequence[int],
    find: Callable[[Said], tuple[Chances, NDArray[np.uint8]]],
) -> list[Found]:
    """What is found of each that was kept aside; `find` gives chances and true classes."""
    found = []
    for one in said:
        chances, true = find(one)
        found.append((np.array(values, np.uint8)[chances.argmax(1)], true))
    return found


def dice(found: Sequence[Found], values: Sequence[int]) -> dict[int, float]:
    """Dice of each class that was kept aside; empty before there are two."""
    if not found:
        return {}
    said, true = (np.concatenate(part) for part in zip(*found, strict=True))
    each = {
        value: float(2 * ((said == value) & (true == value)).sum())
        / float((said == value).sum() + (true == value).sum())
        for value in values
        if (true == value).any()
    }
    return each if len(each) > 1 else {}


def mean(each: dict[int, float]) -> float | None:
    """The mean of the classes; None where there is nothing to judge on."""
    return float(np.mean(list(each.values()))) if each else None


def grey_finder(
    greys: NDArray[np.float32], true: NDArray[np.uint8], values: Sequence[int]
) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """Chances ``(n, K)`` of grey values ``(n,)`` alone: how often each class has them."""

    def box(grey: NDArray[np.float32]) -> NDArray[np.intp]:
        at = np.clip((grey + _RANGE) * (_BINS / (2 * _RANGE)), 0, _BINS - 1)
        return np.asarray(at.astype(np.intp))

    counts = [np.bincount(box(greys[true == v]), minlength=_BINS) for v in values]
    shares = np.stack([(c + 1 / _BINS) / (c.sum() + 1) for c in counts], 1).astype(np.float32)
    return lambda grey: shares[box(grey)]


def clearly_worse(network: Sequence[Found], filters: Sequence[Found]) -> bool:
    """Whether the network finds fewer of the pixels of a stroke, beyond what chance makes.

    Both for the same strokes, of which each counts alike: its pixels say much the same.
    """
    shares = [[float((said == true).mean()) for said, true in part] for part in (network, filters)]
    leads = np.subtract(shares[0], shares[1])
    if len(leads) < 2:
        return False
    error = float(leads.std(ddof=1)) / len(leads) ** 0.5
    return bool(leads.mean() < -_SURE * error)


def who(now: str, scores: Scores, grown: bool = False, worse: bool = False) -> str:
    """Who answers from here on: the network as soon as it is better on what was kept aside.

    Once it is `grown` it answers unless it is clearly `worse`.
    """
    if scores.network is None or scores.filters is None:
        return now
    if grown:
        return FILTERS if worse else NETWORK
    lead = scores.network - scores.filters
    return NETWORK if lead > (-_WORSE if now == NETWORK else 0.0) else FILTERS
