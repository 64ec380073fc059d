"""Objects as a person corrects them: the numbers below stay as they were, every step goes back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from psygnal import Signal

from napari_simgraph.analysis.blocks import Block, Plane
from napari_simgraph.analysis.edits import Edit
from napari_simgraph.analysis.id_table import IdTable, Renamed
from napari_simgraph.analysis.indexing import parts_of
from napari_simgraph.analysis.tiles import Tiles

Place = tuple[int, int, int]  # section, row, column


@dataclass(frozen=True, eq=False)
class Step:
    """One correction.

    Parameters
    ----------
    said
        What was done: ``Merged 9 into 14 in all sections.``
    place
        Where, so that undoing goes there.
    objects
        Those that were corrected; later runs keep them.
    edit, renamed
        Stored numbers that were written, and the objects that stored numbers belong to.
    kind
        One word for what was done: merge, split, delete …
    """

    said: str
    place: Place
    objects: tuple[int, ...]
    edit: Edit
    renamed: Renamed = field(default_factory=lambda: Renamed({}, {}))
    kind: str = ""

    @property
    def changes(self) -> bool:
        """Whether anything is changed by it."""
        return bool(self.edit.changes or self.renamed.after)


class Corrected:
    """Object numbers as an array that napari shows and paints on.

    Merging renames, and what is painted or cut lies in tiles above the numbers, which are never
    written to: they may be read-only, and `original` shows them again.

    Parameters
    ----------
    base
        ``(Z, Y, X)`` or ``(Y, X)`` whole numbers.
    highest
        The highest number in it, or a higher one: new objects count on from there.
    kept
        Objects that were corrected before and count as such.

    Attributes
    ----------
    steps, undone
        What was done, oldest first, and what was taken back, newest last.
    original
        Show what there was before all of it.
    """

    changed = Signal()

    def __init__(self, base: Any, highest: int, kept: Iterable[int] = ()) -> None:
        kind = np.dtype(base.dtype)
        self.dtype = kind if kind.itemsize >= 4 else np.dtype(np.int32)
        self.shape: tuple[int, ...] = tuple(int(n) for n in base.shape)
        self.ndim, self.size = len(self.shape), int(np.prod(self.shape))
        self.tiles, self.table = Tiles(base, self.dtype), IdTable()
        self.steps: list[Step] = []
        self.undone: list[Step] = []
        self.original, self._kept = False, tuple(kept)
        self.highest = highest
        self._stroke = Edit(self.dtype)

    @property
    def volume(self) -> tuple[int, int, int]:
        """Sections, rows and columns."""
        return self.tiles.shape

    @property
    def locked(self) -> NDArray[np.int64]:
        """The objects that were corrected, in order."""
        every = [*self._kept, *(n for step in self.steps for n in step.objects)]
        objects = {self.table.now(n) for n in every}
        return np.array(sorted(objects - {0}), np.int64)

    def new_number(self) -> int:
        """A number that no object has yet."""
        self.highest += 1
        return self.highest

    def get(self, z: int, y: slice, x: slice) -> Plane:
        """The objects in a rectangle of a section, as a copy."""
        if self.original:
            return self.tiles.below(z, y, x)
        return self.table.shown(self.tiles.get(z, y, x))

    def section(self, z: int) -> Plane:
        """The objects of a section, as a copy."""
        return self.get(z, *self.whole)

    @property
    def whole(self) -> tuple[slice, slice]:
        """All rows and all columns."""
        return slice(0, self.volume[1]), slice(0, self.volume[2])

    def note(self, edit: Edit, block: Block, after: Plane) -> None:
        """Add to an edit what has to be stored so that a block shows other objects."""
        stored = self.tiles.get(block.z, block.y, block.x)
        differs = self.table.shown(stored) != after
        if differs.any():
            wanted, fresh = self.table.storable(after[differs], self.highest + 1)
            self.highest = max(fresh - 1, int(wanted.max()))
            written = stored.copy()
            written[differs] = wanted
            edit.note(block, stored, written)

    def do(self, step: Step) -> None:
        """Take a step; what was undone is gone."""
        self._write(step)
        self.steps.append(step)
        self.undone.clear()
        self.changed.emit()

    def undo(self) -> Step | None:
        """The step that was taken back; None where there is none."""
        if not self.steps:
            return None
        step = self.steps.pop()
        step.edit.undo(self.tiles)
        self.table.rename(step.renamed.before)
        self.undone.append(step)
        self.changed.emit()
        return step

    def redo(self) -> Step | None:
        """The step that was taken once more; None where there is none."""
        if not self.undone:
            return None
        step = self.undone.pop()
        self._write(step)
        self.steps.append(step)
        self.changed.emit()
        return step

    def take_stroke(self) -> Edit:
        """What was painted since the last time; it is in the array already."""
        stroke, self._stroke = self._stroke, Edit(self.dtype)
        return stroke

    def add_stroke(self, step: Step) -> None:
        """Remember what was painted as a step."""
        self.steps.append(step)
        self.undone.clear()
        self.changed.emit()

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[Any]:
        found = parts_of(key, self.shape)
        out: NDArray[Any] = np.zeros(found.shape, self.dtype)
        for place, box, inside in found.parts:
            out[place] = self.get(*box)[inside]
        return out.reshape(found.result)

    def __setitem__(self, key: Any, values: Any) -> None:
        if self.original:  # what is compared with isn't painted on
            return
        found = parts_of(key, self.shape)
        wanted = np.broadcast_to(np.asarray(values), found.result).reshape(found.shape)
        for place, box, inside in found.parts:
            block = Block(*box)
            after = self.get(*box)
            after[inside] = wanted[place]
            before = len(self._stroke.changes)
            self.note(self._stroke, block, after)
            for change in self._stroke.changes[before:]:
                self._stroke.write(self.tiles, change, after=True)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[...], dtype)

    def _write(self, step: Step) -> None:
        step.edit.redo(self.tiles)
        self.table.rename(step.renamed.after)
        numbers = [*step.objects, *step.renamed.after, *step.renamed.after.values()]
        self.highest = max([self.highest, *numbers])
