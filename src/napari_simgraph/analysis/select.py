"""The largest of many, fast: what every search for neighbours ends in."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_SMALLEST_GROUP = 4  # columns; with fewer in a group, parting all directly is as fast


class Top(NamedTuple):
    """The largest of each row ``(R, k)``, largest first: column numbers and values."""

    columns: NDArray[np.intp]
    values: NDArray[np.float32]


def largest(values: NDArray[np.float32], k: int) -> Top:
    """The k largest of each row of ``(R, N)``; fewer where there are fewer columns.

    Exact. A wide row is split into groups; the k groups with the largest maxima hold the k largest
    values, so only those are looked at again.
    """
    rows, n = values.shape
    k = min(k, n)
    group = math.isqrt(n // max(1, k))  # as many maxima as values looked at again
    if group < _SMALLEST_GROUP:
        return _direct(values, k)
    groups = n // group
    even = groups * group
    # column c belongs to group c % groups: then the maximum runs along whole rows of memory
    maxima = values[:, :even].reshape(rows, group, groups).max(1)
    chosen = np.argpartition(maxima, groups - k, axis=1)[:, groups - k :]
    columns = (chosen[:, None] + (np.arange(group) * groups)[:, None]).reshape(rows, -1)
    rest = np.broadcast_to(np.arange(even, n), (rows, n - even))
    columns = np.concatenate([columns, rest], axis=1)
    found = _direct(np.take_along_axis(values, columns, 1), k)
    return Top(np.take_along_axis(columns, found.columns, 1), found.values)


def _direct(values: NDArray[np.float32], k: int) -> Top:
    n = values.shape[1]
    chosen = np.argpartition(values, n - k, axis=1)[:, n - k :] if k < n else None
    if chosen is None:
        chosen = np.broadcast_to(np.arange(n), values.shape)
    picked = np.take_along_axis(values, chosen, 1)
    order = np.argsort(-picked, axis=1, kind="stable")
    return Top(np.take_along_axis(chosen, order, 1), np.take_along_axis(picked, order, 1))
