"""Instances: objects of a whole stack, section by section and block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.agglomeration import Hierarchy
from napari_simgraph.analysis.linking import Overlap, groups
from napari_simgraph.analysis.parting import Parting, part

Span = tuple[int, int]

_EDGE = 1024  # px of a block: below a second and a few hundred MB
_HALO = 96  # px around a block: objects are told again in it, and joined to those told before
# In the halo two blocks see the same pixels with other surroundings: an object is the same where
# more than half of what either sees is common, which can be true of one alone.
_SAME = 0.5
# Through the stack: sections are thick, so a thin process moves by most of its width.
_THROUGH = 0.25


class Reading(NamedTuple):
    """What is known of a section, by rows and columns.

    `chances` are the probabilities ``(Y, X, K)``; `tree` what its boundaries part, None where that
    is to be found in the probabilities.
    """

    chances: Callable[[slice, slice], NDArray[Any]]
    tree: Callable[[slice, slice], Hierarchy] | None = None


class Instances:
    """Fills an array with object numbers; sections in order, each of them final once it is done.

    Parameters
    ----------
    out
        uint32 of ``(Z, Y, X)`` or ``(Y, X)``, with the planes of `how` as the last axis where
        classes overlap.
    plane
        Height and width of a section.
    how
        What an object is.
    through
        Whether objects go on from section to section, else each section has its own.
    """

    def __init__(self, out: Any, plane: tuple[int, int], how: Parting, through: bool) -> None:
        self._out, self._plane, self._how, self._through = out, plane, how, through
        self._deep = out.ndim - (not how.exclusive) == 3
        self._amounts = np.zeros((1, len(how.classes)))
        self._before: int | None = None  # the section done last

    @property
    def kinds(self) -> NDArray[np.uint8]:
        """The class of each object so far, index 0 unused."""
        kinds: NDArray[np.uint8] = (self._amounts.argmax(1) + 1).astype(np.uint8)
        kinds[0] = 0
        return kinds

    def steps(self, z: int, read: Reading) -> Iterator[Callable[[], None]]:
        """What has to be done for a section, in parts of about a second; call each in turn.

        Parameters
        ----------
        z
            The section.
        read
            Gives what is known of it.
        """
        for plane in range(self._how.planes):
            section = _Section(self._how, plane, len(self._amounts))
            for box in _boxes(self._plane):
                yield lambda box=box, of=section: self._block(of, z, box, read)  # type: ignore[misc]
            yield lambda of=section: self._finish(of, z)  # type: ignore[misc]
        self._before = z

    def drop(self, z: int) -> None:
        """Take out what was told of a section that can't be finished."""
        for box in _boxes(self._plane):
            rows, columns = (slice(*span) for span in box)
            self._out[(z, rows, columns) if self._deep else (rows, columns)] = 0
        self._before = None

    def _block(self, section: _Section, z: int, box: tuple[Span, Span], read: Reading) -> None:
        """Tell the objects of a block, and which of them are known from blocks before it."""
        grown = tuple(
            (max(0, a - _HALO), min(b + _HALO, n))
            for (a, b), n in zip(box, self._plane, strict=True)
        )
        rows, columns = (slice(*span) for span in grown)
        bounded = self._how.bounded(section.plane)
        tree = read.tree(rows, columns) if read.tree and bounded else None
        parted = part(read.chances(rows, columns), section.plane, self._how, tree)
        own = np.where(parted.objects > 0, parted.objects.astype(np.int64) + section.last, 0)
        section.take(parted.amounts)
        (top, bottom), (left, right) = box
        up, back = top - grown[0][0], left - grown[1][0]
        above = (slice(grown[0][0], top), columns)
        beside = (slice(top, bottom), slice(grown[1][0], left))
        section.join(own[:up], self._read(section, z, *above))
        section.join(own[up : up + bottom - top, :back], self._read(section, z, *beside))
        inner = own[up : up + bottom - top, back : back + right - left]
        section.keep(inner)
        self._write(section, z, box, inner)

    def _finish(self, section: _Section, z: int) -> None:
        """Give the objects of a section their final numbers."""
        group = section.groups()
        known = self._known(section, z, group)
        count = int(group.max()) + 1
        there = np.zeros(count, bool)  # what is seen in halos alone has another number or none
        there[group[section.kept()]] = True
        fresh = (known == 0) & there
        fresh[0] = False
        known[fresh] = len(self._amounts) + np.arange(int(fresh.sum()))
        more = np.zeros((int(fresh.sum()), self._amounts.shape[1]))
        self._amounts = np.concatenate([self._amounts, more])
        sums = np.zeros((count, self._amounts.shape[1]))
        np.add.at(sums, group, section.amounts())
        np.add.at(self._amounts, known[1:], sums[1:])
        table = known[group]
        for box in _boxes(self._plane):
            numbers = self._read(section, z, *(slice(*span) for span in box))
            self._write(section, z, box, table[section.local(numbers)])

    def _known(self, section: _Section, z: int, group: NDArray[np.int64]) -> NDArray[np.int64]:
        """For each group the number that it has in the section before, 0 where there is none."""
        known = np.zeros(int(group.max()) + 1, np.int64)
        if self._through and self._before is not None and self._before == z - 1:
            overlap = Overlap()
            for box in _boxes(self._plane):
                rows, columns = (slice(*span) for span in box)
                here = group[section.local(self._read(section, z, rows, columns))]
                overlap.add(here, self._read(section, z - 1, rows, columns))
            one, other = overlap.partners(_THROUGH)
            known[one] = other
        return known

    def _read(self, section: _Section, z: int, rows: slice, columns: slice) -> NDArray[np.int64]:
        return np.asarray(self._out[self._index(section, z, rows, columns)]).astype(np.int64)

    def _write(
        self, section: _Section, z: int, box: tuple[Span, Span], values: NDArray[np.int64]
    ) -> None:
        rows, columns = (slice(*span) for span in box)
        self._out[self._index(section, z, rows, columns)] = values.astype(np.uint32)

    def _index(self, section: _Section, z: int, rows: slice, columns: slice) -> tuple[Any, ...]:
        box: tuple[Any, ...] = (z, rows, columns) if self._deep else (rows, columns)
        return box if self._how.exclusive else (*box, section.plane)


class _Section:
    """What is known of one labelling of a section while its blocks come in.

    Provisional numbers begin at `first`, after the final ones of the sections before.
    """

    def __init__(self, how: Parting, plane: int, first: int) -> None:
        self.plane, self.first, self.last = plane, first, first - 1
        self._amounts = [np.zeros((1, len(how.classes)))]
        self._same: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
        self._kept: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]

    def take(self, amounts: NDArray[np.float64]) -> None:
        """The objects of one more block."""
        self._amounts.append(amounts[1:])
        self.last += len(amounts) - 1

    def join(self, own: NDArray[np.int64], before: NDArray[np.int64]) -> None:
        """Remember which objects of a block are some of those told before, in what both saw."""
        if own.size:
            overlap = Overlap()
            overlap.add(own, before)
            one, other = overlap.partners(_SAME)
            self._same.append((self.local(one), self.local(other)))

    def keep(self, inner: NDArray[np.int64]) -> None:
        """The numbers of a block without its halo: they are written."""
        self._kept.append(np.unique(self.local(inner)))

    def kept(self) -> NDArray[np.int64]:
        """All that are written, counted from 1; with 0."""
        return np.concatenate(self._kept)

    def local(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Provisional numbers counted from 1."""
        return np.where(numbers > 0, numbers - self.first + 1, 0)

    def amounts(self) -> NDArray[np.float64]:
        """How much of each class is in each provisional object."""
        return np.concatenate(self._amounts)

    def groups(self) -> NDArray[np.int64]:
        """The final object of each provisional one, counted from 1; 0 stays 0."""
        pairs = [np.concatenate(side) for side in zip(*self._same, strict=True)]
        empty = np.zeros(0, np.int64)
        return groups((pairs[0], pairs[1]) if pairs else (empty, empty), len(self.amounts()))


def _boxes(plane: tuple[int, int]) -> Iterator[tuple[Span, Span]]:
    """Rows and columns of each block; one a little larger beats two with halos."""
    spans = [[(a, min(a + _EDGE, n)) for a in range(0, n, _EDGE)] for n in plane]
    spans = [[(0, n)] if n <= 1.5 * _EDGE else each for n, each in zip(plane, spans, strict=True)]
    for rows in spans[0]:
        for columns in spans[1]:
            yield rows, columns
