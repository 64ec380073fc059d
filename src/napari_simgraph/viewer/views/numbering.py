"""Which value of a painted layer stands for which class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Numbering:
    """Values found in a layer beside the numbers of the classes.

    Parameters
    ----------
    found
        Pixels per value, without 0, in order of value.
    numbers
        Of the classes, in the order of the list; `shift` lower in the layer.
    shift
        1 where 0 is the first class, else 0.
    """

    found: Mapping[int, int]
    numbers: Sequence[int]
    shift: int

    @property
    def last(self) -> int:
        """The highest number; 0 without classes."""
        return max(self.numbers, default=0)

    @property
    def ranked(self) -> bool:
        """Whether the layer has values of its own, such as 0 and 255, taken in their order."""
        return bool(self.found) and max(self.found) + self.shift > self.last

    @property
    def plain(self) -> bool:
        """Whether no class was taken out from between others."""
        return self.ranked or self.last == len(self.numbers)

    def counts(self) -> dict[int, int]:
        """Painted pixels per class, by its place in the list from 1."""
        if self.ranked:
            return {i + self.shift: n for i, n in enumerate(self.found.values(), 1)}
        places = {number: place for place, number in enumerate(self.numbers, 1)}
        named = ((value + self.shift, n) for value, n in self.found.items())
        return {places[number]: n for number, n in named if number in places}

    def layer_value(self, value: int) -> int:
        """What the layer holds where the class at this place is painted."""
        if self.ranked:
            return list(self.found)[value - 1 - self.shift]
        return self.numbers[value - 1] - self.shift

    def taken_out(self) -> list[int]:
        """Numbers of the layer below the last one that no class stands for."""
        there = {value + self.shift for value in self.found}
        return sorted(n for n in there - set(self.numbers) if n < self.last)

    def wanted(self, near: int = 4) -> int:
        """How many classes more there have to be: up to the highest value, if that is near."""
        if not self.found:
            return 0
        most, kinds = max(self.found) + self.shift, len(self.found) + self.shift
        if most <= kinds + near:
            return max(0, most - self.last)
        return max(0, kinds - len(self.numbers))
