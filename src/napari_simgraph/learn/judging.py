"""Judging: how well filters, network and grey values alone find what was kept aside."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.live import FILTERS, NETWORK, Scores
from napari_simgraph.learn.truth import Said

_BINS, _RANGE = 64, 3.0  # grey values within so many spreads of their mean, as in `baseline`
_BETTER = 0.0  # by so much the network must be better to take over, and …
_WORSE = 0.02  # … so much worse to be relieved: who answers should not flicker

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


def who(now: str, scores: Scores) -> str:
    """Who answers from here on: the network as soon as it is better on what was kept aside."""
    if scores.network is None or scores.filters is None:
        return now
    lead = scores.network - scores.filters
    if now == NETWORK:
        return NETWORK if lead >= -_WORSE else FILTERS
    return NETWORK if lead > _BETTER else FILTERS
