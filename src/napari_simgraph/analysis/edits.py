"""Edits of objects, each kept small enough to be undone however large the volume."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.blocks import Block, Boxed, Pace, Plane, Volume, blocks
from napari_simgraph.analysis.components import Neighbours
from napari_simgraph.analysis.finding import without
from napari_simgraph.analysis.holes import find_holes
from napari_simgraph.core.job import Signal, Tick
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


def remove(volume: Volume, ids: Ids, box: Box, pace: Pace) -> Generator[Tick, Signal | None, Edit]:
    """Take objects out of a volume, inside a box that holds them; after STOP some are left."""
    return (yield from _edit(volume, box, pace, lambda _, numbers: without(numbers, ids)))


class Filled(NamedTuple):
    """What `fill` did, and the objects that had holes."""

    edit: Edit
    ids: Ids


def fill(
    volume: Volume, ids: Ids, scratch: Volume, what: tuple[Box, Neighbours], pace: Pace
) -> Generator[Tick, Signal | None, Filled]:
    """Fill the holes of these objects, inside a box that holds them.

    Parameters
    ----------
    volume
        Changed in place.
    ids
        The objects.
    scratch
        32-bit whole numbers of the box's shape.
    what
        The box, and what holds an object together (see `holes`).
    pace
        Told of each block; after STOP nothing was changed.
    """
    box, how = what
    owner = yield from find_holes(Boxed(volume, box), scratch, how, pace)
    owner = np.where(np.isin(owner, ids), owner, 0)

    def filled(block: Block, numbers: Plane) -> Plane:
        spans = (block.y, block.x)
        y, x = (moved(s, -part.start) for s, part in zip(spans, box[1:], strict=True))
        fill = owner[scratch.get(block.z - box[0].start, y, x)]
        return np.where(fill > 0, fill, numbers).astype(numbers.dtype)

    had = np.unique(owner[owner > 0])
    nowhere = (slice(0, 0), slice(0, 0), slice(0, 0))
    edit = yield from _edit(volume, box if len(had) else nowhere, pace, filled)
    return Filled(edit, had)


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


def _edit(
    volume: Volume, box: Box, pace: Pace, change: Callable[[Block, Plane], Plane]
) -> Generator[Tick, Signal | None, Edit]:
    part = Boxed(volume, box)
    first = volume.get(0, slice(0, 1), slice(0, 1))
    edit = Edit(first.dtype)
    for inner in blocks(part.shape):
        y, x = (moved(s, b.start) for s, b in zip((inner.y, inner.x), box[1:], strict=True))
        block = Block(inner.z + box[0].start, y, x)
        before = volume.get(block.z, block.y, block.x)
        after = change(block, before)
        if edit.note(block, before, after) is not None:
            volume.put(block.z, block.y, block.x, after)
        yield from pace.step(f"z {block.z + 1} of {volume.shape[0]}")
        if pace.stopped:
            break
    return edit


def _of_column(table: ObjectTable, rows: NDArray[np.intp], axis: str) -> slice:
    low, high = (table[f"{axis}_{end}"][rows] for end in ("first", "last"))
    return slice(int(low.min()), int(high.max()) + 1)


def _pack(values: Plane) -> bytes:
    return zlib.compress(np.ascontiguousarray(values).tobytes(), _LEVEL)
