"""Edits of objects in place, each kept small enough to be undone however large the volume."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import NamedTuple

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


class _Change(NamedTuple):
    """What a rectangle of a section was and is, packed."""

    block: Block
    before: bytes
    after: bytes


@dataclass
class Edit:
    """What an edit changed; `undo` and `redo` write it into the volume it was made on."""

    dtype: np.dtype[np.generic]
    changes: list[_Change] = field(default_factory=list)

    def undo(self, volume: Volume) -> None:
        """Put back what was there before."""
        for change in reversed(self.changes):
            self._write(volume, change.block, change.before)

    def redo(self, volume: Volume) -> None:
        """Do it again."""
        for change in self.changes:
            self._write(volume, change.block, change.after)

    def note(self, block: Block, before: Plane, after: Plane) -> Block | None:
        """Remember the rectangle that differs; None where nothing does."""
        rows, columns = ((before != after).any(axis) for axis in (1, 0))
        if not rows.any():
            return None
        (top, bottom), (left, right) = (np.flatnonzero(line)[[0, -1]] for line in (rows, columns))
        y, x = slice(top, bottom + 1), slice(left, right + 1)
        place = Block(block.z, _moved(y, block.y.start), _moved(x, block.x.start))
        self.changes.append(_Change(place, _pack(before[y, x]), _pack(after[y, x])))
        return place

    def _write(self, volume: Volume, block: Block, packed: bytes) -> None:
        size = (block.y.stop - block.y.start, block.x.stop - block.x.start)
        values = np.frombuffer(zlib.decompress(packed), self.dtype).reshape(size)
        volume.put(block.z, block.y, block.x, values)


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
        y, x = (_moved(s, -part.start) for s, part in zip(spans, box[1:], strict=True))
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
        spans = [_span(table, rows, "section")]
    y, x = (_span(table, rows, axis) for axis in "yx")
    return spans[0], y, x


def volume_of(box: Box) -> int:
    """How many pixels a box holds."""
    return int(np.prod([span.stop - span.start for span in box]))


def _edit(
    volume: Volume, box: Box, pace: Pace, change: Callable[[Block, Plane], Plane]
) -> Generator[Tick, Signal | None, Edit]:
    part = Boxed(volume, box)
    first = volume.get(0, slice(0, 1), slice(0, 1))
    edit = Edit(first.dtype)
    for inner in blocks(part.shape):
        y, x = (_moved(s, b.start) for s, b in zip((inner.y, inner.x), box[1:], strict=True))
        block = Block(inner.z + box[0].start, y, x)
        before = volume.get(block.z, block.y, block.x)
        after = change(block, before)
        if edit.note(block, before, after) is not None:
            volume.put(block.z, block.y, block.x, after)
        yield from pace.step(f"z {block.z + 1} of {volume.shape[0]}")
        if pace.stopped:
            break
    return edit


def _span(table: ObjectTable, rows: NDArray[np.intp], axis: str) -> slice:
    low, high = (table[f"{axis}_{end}"][rows] for end in ("first", "last"))
    return slice(int(low.min()), int(high.max()) + 1)


def _moved(span: slice, by: int) -> slice:
    return slice(int(span.start + by), int(span.stop + by))


def _pack(values: Plane) -> bytes:
    return zlib.compress(np.ascontiguousarray(values).tobytes(), _LEVEL)
