"""Which object each stored number belongs to: objects are merged without touching a pixel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.blocks import Plane

_SPAN = 2**22  # numbers this far apart are turned by a table, others by sorting


class Renamed(NamedTuple):
    """Stored numbers and the object that each belonged to before and belongs to after."""

    before: Mapping[int, int]
    after: Mapping[int, int]


class IdTable:
    """Stored number to object; a number that nothing was said of is its own object.

    An object that was merged into another one leaves its number behind: where that is painted
    again, another number is stored for it (`storable`).
    """

    def __init__(self) -> None:
        self._homes: dict[int, int] = {}
        self._stands: dict[int, int] = {}  # objects stored under another number than their own
        self._table: tuple[int, NDArray[np.int64]] | None = None

    def home(self, number: int) -> int:
        """The object that a stored number belongs to."""
        return self._homes.get(number, number)

    def now(self, number: int) -> int:
        """What an object of an earlier time belongs to now; 0 where it was deleted."""
        return self.home(self._stands.get(number, number))

    def members(self, number: int) -> list[int]:
        """The stored numbers of an object, as far as anything was said of them."""
        own = [] if number in self._homes else [number]
        return own + [stored for stored, home in self._homes.items() if home == number]

    def plan(self, numbers: Iterable[int], into: int) -> Renamed:
        """What has to be renamed so that these objects become part of another one, or of none (0).

        Nothing is changed yet.
        """
        before = {stored: n for n in numbers if n != into for stored in self.members(n)}
        return Renamed(before, dict.fromkeys(before, into))

    def rename(self, homes: Mapping[int, int]) -> None:
        """Let stored numbers belong to these objects from now on."""
        for stored, home in homes.items():
            if stored == home:
                self._homes.pop(stored, None)
            else:
                self._homes[stored] = home
        self._table = None

    def shown(self, numbers: Plane) -> Plane:
        """The objects of a block of stored numbers."""
        if not self._homes or not numbers.size:
            return numbers
        low, table = self._range()
        if not len(table):
            return self._sorted(numbers)
        inside = (numbers >= low) & (numbers < low + len(table))
        turned: Plane = numbers.copy()
        turned[inside] = table[numbers[inside] - low]
        return turned

    def storable(self, objects: Plane, fresh: int) -> tuple[Plane, int]:
        """What has to be stored so that these objects are shown, and the next free number.

        Parameters
        ----------
        objects
            As they are to be shown.
        fresh
            A number above all that are stored.
        """
        if not self._homes:
            return objects, fresh
        present = [n for n in np.unique(objects).tolist() if n and self.home(n) != n]
        turned: Plane = objects.copy()
        for number in present:
            if self.home(self._stands.get(number, number)) != number:
                self._stands[number] = fresh
                self.rename({fresh: number})
                fresh += 1
            turned[objects == number] = self._stands[number]
        return turned, fresh

    def _range(self) -> tuple[int, NDArray[np.int64]]:
        """The lowest number that was renamed, and the objects from it to the highest."""
        if self._table is None:
            low, high = min(self._homes), max(self._homes)
            table = np.arange(low, high + 1) if high - low < _SPAN else np.zeros(0, np.int64)
            if len(table):
                for stored, home in self._homes.items():
                    table[stored - low] = home
            self._table = low, table
        return self._table

    def _sorted(self, numbers: Plane) -> Plane:
        keys = np.array(sorted(self._homes), np.int64)
        homes = np.array([self._homes[key] for key in keys.tolist()], np.int64)
        at = np.searchsorted(keys, numbers).clip(0, len(keys) - 1)
        return np.where(keys[at] == numbers, homes[at], numbers).astype(numbers.dtype)
