"""Edits of the objects in a layer together with their table."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from napari.layers import Labels as LabelsLayer
from numpy.typing import NDArray

from napari_simgraph.analysis import acts
from napari_simgraph.analysis.acts import Target
from napari_simgraph.analysis.blocks import Pace, Volume, count
from napari_simgraph.analysis.components import Neighbours
from napari_simgraph.analysis.corrected import Corrected, Place, Step
from napari_simgraph.analysis.edits import box_of, volume_of
from napari_simgraph.analysis.filling import fill_holes
from napari_simgraph.analysis.objects import Frame, Measuring, measure
from napari_simgraph.core.job import Job, run
from napari_simgraph.core.objects import ObjectTable
from napari_simgraph.core.raster import Image
from napari_simgraph.core.room import MemoryRoom
from napari_simgraph.viewer.jobs import Ending
from napari_simgraph.viewer.layers import image_of
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.views.corrector import AT_ONCE, Corrector
from napari_simgraph.viewer.views.objects_chosen import numbers_of

Ids = NDArray[np.int64]


class Editor(Corrector):
    """Corrects one layer of objects and keeps its table true.

    `changed` says that `table` is another one, with a sentence on what was done.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.table: ObjectTable | None = None
        self.image: Image | None = None
        self.how = Neighbours()
        self._tables: dict[Step | None, ObjectTable] = {}  # as they are after each step
        self._busy = False

    def take_with(self, layer: LabelsLayer, table: ObjectTable, image: Image | None) -> None:
        """Edit this layer from now on."""
        self.take(layer)
        self.table, self.image = table, image
        self._tables = {self._top: table}

    def drop(self) -> None:
        """Edit nothing any more; what was edited is kept first."""
        super().drop()
        self.table, self._tables = None, {}

    def remove(self, ids: Ids) -> None:
        """Take objects out."""
        if self.table is not None and len(ids):
            title, where = f"Delete {_count(ids)}", self._place(ids)
            self.do(title, lambda objects: acts.delete(Target(objects, where), ids.tolist()))

    def fill(self, ids: Ids) -> None:
        """Fill the holes of objects."""
        if self.table is None or not len(ids) or self.layer is None:
            return
        box, where = box_of(self.table, self.table.rows_of(ids)), self._place(ids)
        shape = tuple(span.stop - span.start for span in box)
        room = MemoryRoom()
        if volume_of(box) > AT_ONCE:
            room = self._session.room("edit objects")  # type: ignore[assignment]

        def make(objects: Corrected) -> acts.Act:
            scratch = Volume(room.array("holes", shape, np.int32), 3)
            return fill_holes(Target(objects, where), ids, scratch, (box, self.how))

        self.do(f"Fill holes of {_count(ids)}", make, volume_of(box))

    def heard(self) -> None:
        """Take the table that belongs to what is there now; it is unknown after a foreign step."""
        known = self._tables.get(self._top)
        if known is not None:
            self.table = known
        elif not self._busy:
            self.changed.emit("Corrected in another dock: measure again for true figures.")

    @property
    def _top(self) -> Step | None:
        return self.objects.steps[-1] if self.objects is not None and self.objects.steps else None

    def _done(self, made: tuple[Corrected, Step]) -> None:
        """Take the step, and measure what it changed before anybody is told."""
        step, before, layer = made[1], self.table, self.layer
        if before is None or layer is None or step.kind not in ("delete", "fill"):
            super()._done(made)
            return
        self._busy = True
        self._take(made)
        self._busy = False
        if step.kind == "delete":
            self._measured(made, before.without(step.objects))
        elif not step.changes:
            self._measured(made, before)
        else:
            self._measure(made, before, layer)

    def _measure(
        self, made: tuple[Corrected, Step], before: ObjectTable, layer: LabelsLayer
    ) -> None:
        """Measure the rows of the objects that were filled."""
        ids = np.array(made[1].objects, np.int64)
        box = box_of(before, before.rows_of(ids))
        frame = Frame.of(image_of(layer), "volume_um3" in before or self.how.through)
        what = Measuring(Volume(numbers_of(layer), layer.ndim), frame, self.image, box, ids)
        shape = tuple(span.stop - span.start for span in box)
        job: Callable[[], Job[ObjectTable]] = partial(_renewed, before, what, count(shape))
        if volume_of(box) <= AT_ONCE:
            self._measured(made, run(job()))
            return
        self.task = self._session.jobs.submit("Measure what was filled", job, lane="now")
        self.task.ended.connect(lambda ending: self._measure_ended(made, ending))

    def _measure_ended(self, made: tuple[Corrected, Step], ending: Ending) -> None:
        self.task = None
        if ending.result is not None:
            self._measured(made, ending.result)
        else:
            self.failed.emit(ending)

    def _measured(self, made: tuple[Corrected, Step], after: ObjectTable) -> None:
        """The table after a step is known: tell of both."""
        if self._top is made[1]:
            self.table = self._tables[made[1]] = after
        self._tell(made[1])

    def _place(self, ids: Ids) -> Place:
        """The middle of the first of these objects."""
        assert self.table is not None
        row = int(self.table.rows_of(ids[:1])[0])
        names = ("z_index", "y_index", "x_index")
        z, y, x = (int(self.table[n][row]) if n in self.table else 0 for n in names)
        return z, y, x


def _renewed(before: ObjectTable, what: Measuring, many: int) -> Job[ObjectTable]:
    rows: Any = yield from measure(what, Pace(many))
    return before.renewed(rows)


def _count(ids: Ids) -> str:
    return f"object {ids[0]}" if len(ids) == 1 else f"{len(ids):,} objects"
