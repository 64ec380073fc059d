"""Top share: one score for a picture, the mean of its oddest places."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SHARE = 0.002  # of the picture: a defect of 11 x 11 px in 256 x 256
STEP = 4  # px; maps are blurred, so every fourth pixel of every fourth row tells all


def top_share(values: NDArray[Any], share: float = SHARE) -> float:
    """Mean of the highest values of a picture, of at least one; NaN tells nothing."""
    top = TopShare(values.size, share)
    top.add(values)
    return top.value


class TopShare:
    """The same of values that come in parts, in any order; only the highest of them are kept.

    Parameters
    ----------
    expected
        How many values come, at most.
    share
        Of those that are numbers, so many are the highest.
    """

    def __init__(self, expected: int, share: float = SHARE) -> None:
        self._share, self._most = share, _share_of(expected, share)
        self._seen = 0
        self._kept = np.zeros(0, np.float64)

    def add(self, values: NDArray[Any]) -> None:
        """Take in a part."""
        flat = values[np.isfinite(values)].ravel()
        self._seen += flat.size
        self._kept = np.concatenate([self._kept, flat])
        if len(self._kept) > self._most:
            self._kept = np.partition(self._kept, len(self._kept) - self._most)[-self._most :]

    @property
    def value(self) -> float:
        """The mean; 0 where nothing was a number."""
        if not self._seen:
            return 0.0
        # in order, so that the sum does not depend on which part came first
        return float(np.sort(self._kept)[-_share_of(self._seen, self._share) :].mean())


def _share_of(count: int, share: float) -> int:
    return max(1, round(share * count))
