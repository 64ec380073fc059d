"""What the model was told of the painted pixels, and what differs from that by now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.live import MOST_VALUES, UNCHANGED, ClassChange, Event, Strokes

Span = tuple[slice, slice]


class Shadow:
    """The painted pixels as the events say they are, section by section.

    Parameters
    ----------
    plane
        Height and width of a section of the image.
    """

    def __init__(self, plane: Sequence[int]) -> None:
        self._plane = tuple(plane)
        self._sections: dict[int, NDArray[np.uint8]] = {}

    @property
    def sections(self) -> list[int]:
        """The sections that something was painted in."""
        return sorted(self._sections)

    def tell(self, events: Iterable[Event]) -> None:
        """Take over what events say."""
        for event in events:
            if isinstance(event, Strokes):
                self._paint(event)
            elif isinstance(event, ClassChange) and event.kind in ("merge", "remove"):
                self.replace(event.value, event.into)

    def replace(self, value: int, into: int) -> None:
        """Turn all pixels of a class into those of another one; 0 is none."""
        for section in self._sections.values():
            section[section == value] = into

    def differing(self, pixels: Any, z: int, corner: tuple[int, int], span: Span) -> list[Strokes]:
        """The stroke that makes this part of a section as `pixels` has it, if anything differs.

        Parameters
        ----------
        pixels
            A painted section ``(Y, X)``.
        z, corner
            Which one, and where its first pixel lies in the image.
        span
            The rows and columns of `pixels` to compare.
        """
        new = np.asarray(pixels[span])
        if z not in self._sections and not new.any():
            return []
        if new.dtype != np.uint8:
            new = np.where((new > 0) & (new <= MOST_VALUES), new, 0).astype(np.uint8)
        top, left = span[0].start + corner[0], span[1].start + corner[1]
        known = self._section(z)[top : top + new.shape[0], left : left + new.shape[1]]
        changed = new != known
        rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
        if not rows.size:
            return []
        inner = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
        values = np.where(changed[inner], new[inner], UNCHANGED)
        made = Strokes(z, int(top + rows[0]), int(left + columns[0]), values)
        self._paint(made)
        return [made]

    def holds(self, z: int, span: Span, value: int) -> bool:
        """Whether a class is painted anywhere in a part of a section."""
        return z in self._sections and bool(np.any(self._sections[z][span] == value))

    def _paint(self, strokes: Strokes) -> None:
        before = self._section(strokes.z)[_span(strokes)]
        before[...] = np.where(strokes.values == UNCHANGED, before, strokes.values)

    def _section(self, z: int) -> NDArray[np.uint8]:
        if z not in self._sections:
            self._sections[z] = np.zeros(self._plane, np.uint8)
        return self._sections[z]


class Tally:
    """How many strokes there are of each class; those that were erased count no more."""

    def __init__(self, shadow: Shadow) -> None:
        self._shadow = shadow
        self._strokes: list[tuple[int, Span, int]] = []

    def tell(self, events: Iterable[Event]) -> None:
        """Count what events say; the shadow has been told of them."""
        for event in events:
            if isinstance(event, Strokes):
                self._count(event)
            elif isinstance(event, ClassChange) and event.kind in ("merge", "remove"):
                named = ((z, span, _into(event, value)) for z, span, value in self._strokes)
                self._strokes = [stroke for stroke in named if stroke[2]]

    def counts(self) -> dict[int, int]:
        """Strokes per class."""
        found: dict[int, int] = {}
        for _, _, value in self._strokes:
            found[value] = found.get(value, 0) + 1
        return found

    def _count(self, event: Strokes) -> None:
        span = _span(event)
        self._strokes = list(self._left(event.z, span))
        painted = np.flatnonzero(np.bincount(event.values.ravel(), minlength=UNCHANGED + 1))
        for value in painted:
            if 0 < value <= MOST_VALUES:
                self._strokes.append((event.z, span, int(value)))

    def _left(self, z: int, span: Span) -> Iterator[tuple[int, Span, int]]:
        """The strokes before that something is left of."""
        for stroke in self._strokes:
            touched = stroke[0] == z and _meet(stroke[1], span)
            if not touched or self._shadow.holds(*stroke):
                yield stroke


def _span(strokes: Strokes) -> Span:
    height, width = strokes.values.shape
    rows = slice(strokes.top, strokes.top + height)
    return rows, slice(strokes.left, strokes.left + width)


def _into(event: ClassChange, value: int) -> int:
    return event.into if value == event.value else value


def _meet(one: Span, other: Span) -> bool:
    return all(a.start < b.stop and b.start < a.stop for a, b in zip(one, other, strict=True))
