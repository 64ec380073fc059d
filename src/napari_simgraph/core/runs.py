"""Runs: long rows of few different numbers as short JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def to_runs(values: Sequence[int] | NDArray[Any]) -> list[list[int]]:
    """``[[value, how often], ...]`` in order: ``[0, 2, 2, 2]`` becomes ``[[0, 1], [2, 3]]``."""
    row = np.asarray(values)
    if not row.size:
        return []
    starts = np.flatnonzero(np.r_[True, row[1:] != row[:-1]])
    lengths = np.diff(np.r_[starts, row.size])
    return [[int(row[at]), int(n)] for at, n in zip(starts, lengths, strict=True)]


def from_runs(runs: Iterable[Sequence[int]]) -> NDArray[np.uint8]:
    """The inverse of `to_runs`."""
    pairs = np.array([list(run) for run in runs], np.int64).reshape(-1, 2)
    return np.repeat(pairs[:, 0].astype(np.uint8), pairs[:, 1])
