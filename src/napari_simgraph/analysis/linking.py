"""Linking: which objects of two labellings are the same, told by how much they overlap."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]


class Overlap:
    """Common pixels of the objects of two labellings, gathered block by block; 0 is no object."""

    def __init__(self) -> None:
        self._parts: list[NDArray[np.int64]] = []
        self._counts: list[NDArray[np.int64]] = []

    def add(self, one: NDArray[Any], other: NDArray[Any]) -> None:
        """Take in a block that both cover."""
        keys = one.astype(np.int64).ravel() << 32 | other.astype(np.int64).ravel()
        found, counts = np.unique(keys, return_counts=True)
        self._parts.append(found)
        self._counts.append(counts)

    def partners(self, least: float) -> Pairs:
        """Objects that are each other's largest overlap, of at least this share of their union.

        Each object has one partner at most, so objects of one labelling are never joined. A
        branch begins a new object: a wrong join is harder to see and to undo than a wrong cut.
        """
        one, other, common = self.common()
        inside = (one > 0) & (other > 0)
        sizes = _total(one, common), _total(other, common)
        one, other, common = one[inside], other[inside], common[inside]
        union = sizes[0](one) + sizes[1](other) - common
        best = _largest(one, common) & _largest(other, common)
        chosen = best & (common >= least * union)
        return one[chosen], other[chosen]

    def common(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Pairs of numbers, 0 included, and how many pixels they have in common."""
        if not self._parts:
            return (np.zeros(0, np.int64),) * 3
        keys, at = np.unique(np.concatenate(self._parts), return_inverse=True)
        common = np.bincount(at, np.concatenate(self._counts)).astype(np.int64)
        return keys >> 32, keys & 0xFFFFFFFF, common


def groups(pairs: Pairs, amount: int) -> NDArray[np.int64]:
    """A group for each of `amount` numbers, those of a pair in one; numbered as they begin."""
    graph = coo_array((np.ones(len(pairs[0]), bool), pairs), shape=(amount, amount))
    _, group = connected_components(graph, directed=False)
    _, first, group = np.unique(group, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    ordered: NDArray[np.int64] = rank[group]
    return ordered


def _total(numbers: NDArray[np.int64], counts: NDArray[np.int64]) -> Any:
    """A function that gives the sum of the counts of numbers."""
    known, at = np.unique(numbers, return_inverse=True)
    sums = np.bincount(at, counts).astype(np.int64)
    return lambda wanted: sums[np.searchsorted(known, wanted)]


def _largest(numbers: NDArray[np.int64], common: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether a row has the largest overlap of its number; of equals the first one."""
    order = np.lexsort((np.arange(len(numbers)), -common, numbers))
    first = np.ones(len(numbers), bool)
    first[1:] = numbers[order][1:] != numbers[order][:-1]
    largest = np.zeros(len(numbers), bool)
    largest[order] = first
    return largest
