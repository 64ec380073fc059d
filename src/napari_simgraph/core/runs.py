"""Runs: long rows of few different numbers as short JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MOST = 2**28  # more than the objects of any stack: short runs may claim any length


def to_runs(values: Sequence[int] | NDArray[Any]) -> list[list[int]]:
    """``[[value, how often], ...]`` in order: ``[0, 2, 2, 2]`` becomes ``[[0, 1], [2, 3]]``."""
    row = np.asarray(values)
    if not row.size:
        return []
    starts = np.flatnonzero(np.r_[True, row[1:] != row[:-1]])
    lengths = np.diff(np.r_[starts, row.size])
    return [[int(row[at]), int(n)] for at, n in zip(starts, lengths, strict=True)]


def from_runs(runs: Iterable[Sequence[int]]) -> NDArray[np.uint8]:
    """The inverse of `to_runs`, of values from 0 to 255.

    Raises
    ------
    ValueError
        They are no runs, or longer than any list of objects.
    """
    pairs = np.array([list(run) for run in runs], np.int64).reshape(-1, 2)
    values, counts = pairs[:, 0], pairs[:, 1]
    if (counts < 0).any() or counts.astype(np.float64).sum() > _MOST or (values >> 8).any():
        raise ValueError("The list of objects is damaged.")
    return np.repeat(pairs[:, 0].astype(np.uint8), pairs[:, 1])
