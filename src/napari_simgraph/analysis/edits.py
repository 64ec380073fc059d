"""Edits of objects, each kept small enough to be undone however large the volume."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.blocks import Block, Plane
from napari_simgraph.core.objects import ObjectTable

Box = tuple[slice, slice, slice]
Ids = NDArray[np.int64]
_LEVEL = 1  # of zlib: labels shrink a hundredfold at the fastest level already


class Target(Protocol):
    """What is written to by section."""

    def put(self, z: int, y: slice, x: slice, values: Plane) -> None:
        """Write a rectangle of a section."""
        ...


class Change(NamedTuple):
    """What a rectangle of a section was and is, packed."""

    block: Block
    before: bytes
    after: bytes


@dataclass
class Edit:
    """What an edit changes; `undo` and `redo` write it into what it was made for."""

    dtype: np.dtype[np.generic]
    changes: list[Change] = field(default_factory=list)

    def undo(self, target: Target) -> None:
        """Put back what was there before."""
        for change in reversed(self.changes):
            self.write(target, change, after=False)

    def redo(self, target: Target) -> None:
        """Do it, for the first time or again."""
        for change in self.changes:
            self.write(target, change, after=True)

    def note(self, block: Block, before: Plane, after: Plane) -> Block | None:
        """Remember the rectangle that differs; None where nothing does."""
        rows, columns = ((before != after).any(axis) for axis in (1, 0))
        if not rows.any():
            return None
        (top, bottom), (left, right) = (np.flatnonzero(line)[[0, -1]] for line in (rows, columns))
        y, x = slice(top, bottom + 1), slice(left, right + 1)
        place = Block(block.z, moved(y, block.y.start), moved(x, block.x.start))
        self.changes.append(Change(place, _pack(before[y, x]), _pack(after[y, x])))
        return place

    def write(self, target: Target, change: Change, *, after: bool) -> None:
        """Write one of the changes."""
        block = change.block
        values = self.unpack(change, after=after)
        target.put(block.z, block.y, block.x, values)

    def unpack(self, change: Change, *, after: bool) -> Plane:
        """The numbers of a change, before or after it."""
        block = change.block
        size = (block.y.stop - block.y.start, block.x.stop - block.x.start)
        packed = change.after if after else change.before
        return np.frombuffer(zlib.decompress(packed), self.dtype).reshape(size)


def box_of(table: ObjectTable, rows: NDArray[np.intp]) -> Box:
    """The box that holds the objects of these rows, as ``(z, y, x)``."""
    spans = [slice(0, 1)]
    if "section_first" in table:
        spans = [_of_column(table, rows, "section")]
    y, x = (_of_column(table, rows, axis) for axis in "yx")
    return spans[0], y, x


def volume_of(box: Box) -> int:
    """How many pixels a box holds."""
    return int(np.prod([span.stop - span.start for span in box]))


def moved(span: slice, by: int) -> slice:
    """A span that begins `by` later."""
    return slice(int(span.start + by), int(span.stop + by))


def _of_column(table: ObjectTable, rows: NDArray[np.intp], axis: str) -> slice:
    low, high = (table[f"{axis}_{end}"][rows] for end in ("first", "last"))
    return slice(int(low.min()), int(high.max()) + 1)


def _pack(values: Plane) -> bytes:
    return zlib.compress(np.ascontiguousarray(values).tobytes(), _LEVEL)
