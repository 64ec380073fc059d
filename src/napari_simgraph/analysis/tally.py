"""Sums per object, gathered block by block; memory grows with the number of objects alone."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.blocks import Block, Plane
from napari_simgraph.analysis.components import overlap
from napari_simgraph.analysis.crofton import Shift

_LUT = 2**22  # numbers up to here are turned by a table, higher ones by sorting
_WHOLE = np.int64
_HIGH = np.iinfo(np.int64).max
# Columns of whole numbers that add up, that keep their lowest, that keep their highest.
_SUMS = ("pixels", "z", "y", "x", "sections")
_ENDS = ("z", "y", "x")


class Local(NamedTuple):
    """The objects of one block: numbers of their pixels from 0, −1 where there is none."""

    ids: NDArray[np.int64]
    places: NDArray[np.intp]  # (Y, X)


def local(numbers: Plane, only: NDArray[np.int64] | None = None) -> Local:
    """The objects of a block, or those of them that are in `only`."""
    if numbers.dtype.kind == "b":
        numbers = numbers.astype(np.uint8)
    highest = int(numbers.max())
    if highest <= _LUT:
        present = np.flatnonzero(np.bincount(numbers.ravel(), minlength=1))
        present = _chosen(present.astype(_WHOLE), only)
        table = np.full(highest + 1, -1, np.intp)
        table[present] = np.arange(len(present))
        return Local(present, table[numbers])
    every, inverse = np.unique(numbers, return_inverse=True)
    present = _chosen(every.astype(_WHOLE), only)
    table = np.full(len(every), -1, np.intp)
    table[np.isin(every, present)] = np.arange(len(present))
    return Local(present, table[inverse.reshape(numbers.shape)])


def _chosen(present: NDArray[np.int64], only: NDArray[np.int64] | None) -> NDArray[np.int64]:
    present = present[present > 0]
    return present if only is None else present[np.isin(present, only)]


class Tally:
    """Sums, ends and grey values of each object that was seen.

    Parameters
    ----------
    shifts
        Directions in which lines are followed, see `crofton`; () for none.
    grey
        Whether there are grey values.
    """

    def __init__(self, shifts: tuple[Shift, ...], grey: bool) -> None:
        self.shifts = shifts
        self._rows: dict[int, int] = {}
        self._names: dict[str, tuple[float, type]] = {
            **{f"sum_{name}": (0, _WHOLE) for name in _SUMS},
            **{f"low_{name}": (_HIGH, _WHOLE) for name in _ENDS},
            **{f"high_{name}": (-1, _WHOLE) for name in _ENDS},
            **{f"inside_{k}": (0, _WHOLE) for k in range(len(shifts))},
        }
        if grey:
            self._names |= {"mean": (0.0, float), "spread": (0.0, float)}
            self._names |= {"least": (np.inf, float), "most": (-np.inf, float)}
        self._arrays: dict[str, NDArray[Any]] = {
            key: np.full(64, *made) for key, made in self._names.items()
        }

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def ids(self) -> NDArray[np.int64]:
        """The objects in the order in which they were first seen."""
        return np.fromiter(self._rows, np.int64, len(self._rows))

    def __getitem__(self, key: str) -> NDArray[Any]:
        return self._arrays[key][: len(self._rows)]

    def add(self, block: Block, found: Local, grey: Plane | None) -> NDArray[np.intp]:
        """Take in the objects of a block; the rows where they stand."""
        rows = self._rows_of(found.ids)
        if not len(rows):
            return rows
        flat = np.flatnonzero(found.places.ravel() >= 0)
        at = found.places.ravel()[flat]
        y, x = np.divmod(flat, found.places.shape[1])
        y, x = y + block.y.start, x + block.x.start
        amount, many = np.bincount(at), len(rows)
        if grey is not None:
            self._add_grey(rows, at, grey.ravel()[flat].astype(float), amount)
        arrays = self._arrays
        arrays["sum_sections"][rows] += arrays["high_z"][rows] != block.z
        arrays["sum_pixels"][rows] += amount
        arrays["sum_z"][rows] += amount * block.z
        z = np.full(many, block.z)
        self._ends("z", rows, (z, z))
        for name, values in (("y", y), ("x", x)):
            arrays[f"sum_{name}"][rows] += np.bincount(at, values, many).astype(_WHOLE)
            self._ends(name, rows, _ends_of(at, values, many))
        return rows

    def add_inside(self, rows: NDArray[np.intp], k: int, at: NDArray[np.intp]) -> None:
        """Take in that lines in direction `k` stay inside an object at these pixels of it."""
        self._arrays[f"inside_{k}"][rows] += np.bincount(at, minlength=len(rows))

    def _ends(
        self, name: str, rows: NDArray[np.intp], ends: tuple[NDArray[np.int64], NDArray[np.int64]]
    ) -> None:
        low, high = self._arrays[f"low_{name}"], self._arrays[f"high_{name}"]
        low[rows] = np.minimum(low[rows], ends[0])
        high[rows] = np.maximum(high[rows], ends[1])

    def _add_grey(
        self, rows: NDArray[np.intp], at: NDArray[np.intp], grey: Plane, amount: NDArray[np.int64]
    ) -> None:
        """Means and squared distances from them, joined as Chan, Golub and LeVeque (1983) do."""
        mean = np.bincount(at, grey) / amount
        spread = np.bincount(at, (grey - mean[at]) ** 2)
        arrays, many = self._arrays, len(rows)
        before = arrays["sum_pixels"][rows]
        both = before + amount
        apart = mean - arrays["mean"][rows]
        arrays["mean"][rows] += apart * amount / both
        arrays["spread"][rows] += spread + apart**2 * before * amount / both
        least, most = np.full(many, np.inf), np.full(many, -np.inf)
        np.minimum.at(least, at, grey)
        np.maximum.at(most, at, grey)
        arrays["least"][rows] = np.minimum(arrays["least"][rows], least)
        arrays["most"][rows] = np.maximum(arrays["most"][rows], most)

    def _rows_of(self, ids: NDArray[np.int64]) -> NDArray[np.intp]:
        known = self._rows
        rows = [known.setdefault(key, len(known)) for key in ids.tolist()]
        while len(known) > len(self._arrays["sum_pixels"]):
            self._arrays = {
                key: np.append(values, np.full(len(values), *self._names[key]))
                for key, values in self._arrays.items()
            }
        return np.array(rows, np.intp)


def stays_inside(
    found: Local, ours: Plane, theirs: Plane, corner: tuple[int, int]
) -> NDArray[np.intp]:
    """The objects of the pixels whose neighbour in another plane belongs to the same object.

    `ours` are the numbers of a block, which begins at `corner` of `theirs`.
    """
    one, other = overlap(ours, theirs, corner)
    index, _ = overlap(found.places, theirs, corner)
    inside: NDArray[np.intp] = index[(one == other) & (index >= 0)]
    return inside


def _ends_of(
    at: NDArray[np.intp], values: NDArray[np.int64], many: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    low, high = np.full(many, _HIGH), np.full(many, -1)
    np.minimum.at(low, at, values)
    np.maximum.at(high, at, values)
    return low, high
