"""Edits of the objects in a layer: done, remembered, undone, and kept in the workspace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from napari.layers import Labels as LabelsLayer
from numpy.typing import NDArray
from qtpy.QtCore import QObject, QTimer, Signal

from napari_simgraph.analysis import edits
from napari_simgraph.analysis.blocks import Pace, Volume, count
from napari_simgraph.analysis.components import Neighbours
from napari_simgraph.analysis.edits import Box, Edit, box_of, volume_of
from napari_simgraph.analysis.objects import Frame, Measuring, measure
from napari_simgraph.core.job import Job, run
from napari_simgraph.core.objects import ObjectTable
from napari_simgraph.core.raster import Image, Labels
from napari_simgraph.core.room import MemoryRoom, Room
from napari_simgraph.viewer.jobs import Ending
from napari_simgraph.viewer.layers import image_of
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.views.objects_chosen import numbers_of

Ids = NDArray[np.int64]
AT_ONCE = 2**20  # pixels in the box of an edit: up to here it takes less than 50 ms
_KEEP_MS = 2000  # edits that follow one another are written together
_MOST = 100  # steps back, as napari's own


class Step(NamedTuple):
    """One step that can be undone: what was done, on which layer, and the table before it."""

    said: str
    layer: LabelsLayer
    edit: Edit
    before: ObjectTable
    after: ObjectTable


class Editor(QObject):
    """Edits one layer of objects and its table.

    `changed` says that `table` is another one, with a sentence on what was done; `begun` that an
    edit takes long enough to be a task.
    """

    changed = Signal(str)
    begun = Signal(object)
    failed = Signal(object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.layer: LabelsLayer | None = None
        self.table: ObjectTable | None = None
        self.image: Image | None = None
        self.how = Neighbours()
        self.steps: list[Step] = []
        self._undone: list[Step] = []
        self._keep = QTimer(self)
        self._keep.setSingleShot(True)
        self._keep.setInterval(_KEEP_MS)
        self._keep.timeout.connect(self.keep)

    def take(self, layer: LabelsLayer, table: ObjectTable, image: Image | None) -> None:
        """Edit this layer from now on."""
        self.layer, self.table, self.image = layer, table, image
        self.steps, self._undone = [], []

    def drop(self) -> None:
        """Edit nothing any more; what was edited is kept first."""
        if self._keep.isActive():
            self.keep()
        self.layer = self.table = None
        self.steps, self._undone = [], []

    def remove(self, ids: Ids) -> None:
        """Take objects out."""
        if self.table is not None and len(ids):
            said = f"Deleted {_count(ids)}."
            self._begin(f"Delete {_count(ids)}", lambda room: self._removing(ids, said), ids)

    def fill(self, ids: Ids) -> None:
        """Fill the holes of objects."""
        if self.table is not None and len(ids):
            self._begin(f"Fill holes of {_count(ids)}", lambda room: self._filling(ids, room), ids)

    @property
    def last(self) -> str:
        """What Undo takes back, as it was said; "" where there is nothing."""
        return self.steps[-1].said if self.steps else ""

    def undo(self) -> None:
        """Take the last step back."""
        if self.steps and self.layer is not None:
            step = self.steps.pop()
            step.edit.undo(self._volume())
            self.table = step.before
            self._undone.append(step)
            self._done(f"Undone: {step.said[0].lower()}{step.said[1:]}")

    def redo(self) -> None:
        """Do what was taken back last once more."""
        if self._undone and self.layer is not None:
            step = self._undone.pop()
            step.edit.redo(self._volume())
            self.table = step.after
            self.steps.append(step)
            self._done(step.said)

    def keep(self) -> None:
        """Write the edited objects into the workspace."""
        self._keep.stop()
        if self.layer is None or self.layer not in self._session.viewer.layers:
            return
        told, keeper = about(self.layer), self._session.keeper
        if "result" in told:
            pixels = image_of(self.layer)
            space: dict[str, Any] = {"spacing": pixels.spacing, "unit": pixels.unit}
            noun = Labels(pixels.data, meaning="objects", origin=pixels.origin, **space)
            workspace = self._session.ensure_workspace()
            keeper.do(workspace.keep_result, str(told["result"]), noun, dict(told))
        else:
            keeper.save_all_strokes()

    def _begin(self, title: str, make: Callable[[Room], Job[Step]], ids: Ids) -> None:
        """Do it at once where the objects lie close together, else as a task."""
        assert self.table is not None
        box = box_of(self.table, self.table.rows_of(ids))
        if volume_of(box) <= AT_ONCE:
            self._take_step(run(make(MemoryRoom())))
            return
        room = self._session.room("edit objects")
        task = self._session.jobs.submit(title, lambda: make(room))
        task.ended.connect(self._ended)
        self.begun.emit(task)

    def _ended(self, ending: Ending) -> None:
        if ending.result is not None:
            self._take_step(ending.result)
        else:
            self.failed.emit(ending)

    def _take_step(self, step: Step) -> None:
        if step.layer != self.layer:  # another layer was taken meanwhile
            step.edit.undo(Volume(numbers_of(step.layer), step.layer.ndim))
            return
        if step.edit.changes:
            self.steps, self._undone = [*self.steps[-_MOST + 1 :], step], []
            self.table = step.after
        self._done(step.said)

    def _done(self, said: str) -> None:
        assert self.layer is not None
        _forget_strokes(self.layer)
        self.layer.refresh()
        self._keep.start()
        self.changed.emit(said)

    def _volume(self) -> Volume:
        assert self.layer is not None
        return Volume(numbers_of(self.layer), self.layer.ndim)

    def _box(self, ids: Ids) -> tuple[Box, Pace]:
        assert self.table is not None
        box = box_of(self.table, self.table.rows_of(ids))
        shape = tuple(span.stop - span.start for span in box)
        return box, Pace(4 * count(shape))

    def _removing(self, ids: Ids, said: str) -> Job[Step]:
        layer, before = self.layer, self.table
        assert layer is not None
        assert before is not None
        box, pace = self._box(ids)
        edit = yield from edits.remove(self._volume(), ids, box, pace)
        if pace.stopped:  # half an object is none
            edit.undo(self._volume())
            return Step("Stopped: no object was deleted.", layer, Edit(edit.dtype), before, before)
        return Step(said, layer, edit, before, before.without(ids))

    def _filling(self, ids: Ids, room: Room) -> Job[Step]:
        layer, before, image = self.layer, self.table, self.image
        assert layer is not None
        assert before is not None
        box, pace = self._box(ids)
        volume = self._volume()
        scratch = room.array("holes", tuple(span.stop - span.start for span in box), np.int32)
        what = (box, self.how)
        edit, had = yield from edits.fill(volume, ids, Volume(scratch, 3), what, pace)
        if not len(had):
            none = f"No holes in {_count(ids)}."
            return Step(none, layer, edit, before, before)
        rows = before.rows_of(had)
        frame = Frame.of(image_of(layer), "volume_um3" in before or self.how.through)
        part = Measuring(volume, frame, image, box_of(before, rows), had)
        after = before.renewed((yield from measure(part, pace)))
        return Step(f"Filled holes in {_count(had)}.", layer, edit, before, after)


def _forget_strokes(layer: LabelsLayer) -> None:
    """Drop napari's own steps back: they would write old values over the edited ones."""
    if layer.editable:  # a layer that can't be painted on has none
        mode = layer.mode
        layer.editable = False  # this drops them
        layer.editable = True
        layer.mode = mode


def _count(ids: Ids) -> str:
    return f"object {ids[0]}" if len(ids) == 1 else f"{len(ids):,} objects"
