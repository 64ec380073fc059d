"""Corrections of the objects in a layer: done, undone, and kept in the workspace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from napari.layers import Labels as LabelsLayer
from qtpy.QtCore import QObject, QTimer, Signal

from napari_simgraph.analysis.acts import Act
from napari_simgraph.analysis.blocks import Pace, Volume, blocks, count
from napari_simgraph.analysis.corrected import Corrected, Step
from napari_simgraph.analysis.edits import Edit
from napari_simgraph.analysis.step_records import REDO, UNDO, record
from napari_simgraph.core.job import Job, run
from napari_simgraph.io import step_log
from napari_simgraph.io.workspace import Workspace
from napari_simgraph.viewer.jobs import Ending, State, Task
from napari_simgraph.viewer.log import say_error
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.views.objects_chosen import numbers_of

AT_ONCE = 2**21  # pixels that an act reads: up to here it takes less than 50 ms
_KEEP_MS = 2000  # edits of a painted layer that follow one another are written together


class Corrector(QObject):
    """Corrects one layer of objects.

    `changed` says what was done, undone or done again; `begun` brings the task of an act that
    takes longer than a blink, `failed` how it ended without a step.
    """

    changed = Signal(str)
    begun = Signal(object)
    failed = Signal(object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.layer: LabelsLayer | None = None
        self.task: Task | None = None
        self._listened: Corrected | None = None
        self._keep = QTimer(self)
        self._keep.setSingleShot(True)
        self._keep.setInterval(_KEEP_MS)
        self._keep.timeout.connect(self.keep)

    @property
    def objects(self) -> Corrected | None:
        """The corrected objects; None before the first correction."""
        data = self.layer.data if self.layer is not None else None
        return data if isinstance(data, Corrected) else None

    @property
    def last(self) -> str:
        """What Undo takes back, as it was said; "" where there is nothing."""
        return self.objects.steps[-1].said if self.objects and self.objects.steps else ""

    @property
    def undone(self) -> str:
        """What Redo does, as it was said; "" where there is nothing."""
        return self.objects.undone[-1].said if self.objects and self.objects.undone else ""

    def take(self, layer: LabelsLayer) -> None:
        """Correct this layer from now on."""
        self.drop()
        self.layer = layer
        layer.events.paint.connect(self._painted)
        layer.events.data.connect(self._listen)
        self._listen()

    def drop(self) -> None:
        """Correct nothing any more; what was corrected is kept first."""
        if self._keep.isActive():
            self.keep()
        if self.layer is not None:
            self.layer.events.paint.disconnect(self._painted)
            self.layer.events.data.disconnect(self._listen)
        self.layer = None
        self._listen()

    def prepare(self) -> None:
        """Make the objects correctable now, so that they can be painted on."""
        if self.layer is not None and self.objects is None and self.task is None:
            self.do("Read the objects", _nothing_yet)

    def do(self, title: str, make: Callable[[Corrected], Act], pixels: int = 0) -> None:
        """Take the step that an act gives: at once, or as a task where it reads many pixels.

        Parameters
        ----------
        title
            Of the task.
        make
            The act.
        pixels
            How many it reads.
        """
        if self.layer is None or self.task is not None:
            return
        known, base = self.objects, numbers_of(self.layer)
        act = _acting(known, base, about(self.layer).get("kept", ()), make)
        if max(pixels, 0 if known else int(np.prod(base.shape))) <= AT_ONCE:
            try:
                self._done(run(act))
            except ValueError as error:
                self.failed.emit(Ending(State.FAILED, None, say_error(error), 0.0, error))
            return
        self.task = self._session.jobs.submit(title, lambda: act, lane="now")
        self.task.ended.connect(self._ended)
        self.begun.emit(self.task)

    def undo(self) -> Step | None:
        """The step that was taken back."""
        return self._back_or_forth(UNDO)

    def redo(self) -> Step | None:
        """The step that was taken once more."""
        return self._back_or_forth(REDO)

    def keep(self) -> None:
        """Write what is painted by hand; results keep a journal of their steps instead."""
        self._keep.stop()
        if self.layer is not None and self.layer in self._session.viewer.layers:
            self._session.keeper.save_all_strokes()

    def _back_or_forth(self, way: str) -> Step | None:
        objects = self.objects
        if objects is None or self.task is not None:
            return None
        step = objects.undo() if way == UNDO else objects.redo()
        if step is not None:
            said = f"{step.said[0].lower()}{step.said[1:]}"
            self._show({"event": way})
            self.changed.emit(f"Undone: {said}" if way == UNDO else step.said)
        return step

    def _ended(self, ending: Ending) -> None:
        self.task = None
        if ending.result is not None and self.layer is not None:
            self._done(ending.result)
        else:
            self.failed.emit(ending)

    def _done(self, made: tuple[Corrected, Step]) -> None:
        """Take the step that an act gave, and tell of it."""
        self._take(made)
        self._tell(made[1])

    def _take(self, made: tuple[Corrected, Step]) -> None:
        objects, step = made
        if self.objects is None:
            self._install(objects)
            if len(objects.locked):
                self._lock()
        if objects is self.objects and step.changes:  # else another result came meanwhile
            objects.do(step)
            self._show(record(step))

    def _tell(self, step: Step) -> None:
        self.changed.emit(step.said if step.changes else _nothing(step))

    def _install(self, objects: Corrected) -> None:
        """Put the corrected objects into the layer in the place of its own array."""
        assert self.layer is not None
        mode, editable = self.layer.mode, self.layer.editable
        self.layer.data = objects
        self.layer.editable = editable
        if editable:
            self.layer.mode = mode

    def _listen(self, event: Any = None) -> None:
        """Hear of steps that another dock takes on these objects, or that a run replaced them."""
        before = self._listened
        if before is not None:
            before.changed.disconnect(self.heard)
            if event is not None and self.objects is None and len(before.locked):
                QTimer.singleShot(
                    0, lambda: self._go_on(before)
                )  # its metadata come after its data
        self._listened = self.objects
        if self._listened is not None:
            self._listened.changed.connect(self.heard)

    def _go_on(self, before: Corrected) -> None:
        """A later run kept what was corrected: it stays locked."""
        if self.layer is not None and self.objects is None:
            told = {"kept": before.locked.tolist(), "edited": True}
            self.layer.metadata["simgraph"] = {**about(self.layer), **told}
            self.prepare()

    def heard(self) -> None:
        """The objects have changed, here or in another dock."""

    def _painted(self, event: Any) -> None:
        """What napari's own tools change becomes a step of ours, so that one Undo does for all."""
        if self.layer is not None:
            number = 0 if self.layer.mode == "erase" else int(self.layer.selected_label)
            QTimer.singleShot(0, lambda: self._stroke_ended(number))  # napari is still at it

    def _stroke_ended(self, number: int) -> None:
        objects = self.objects
        edit = objects.take_stroke() if objects is not None else None
        if objects is None or edit is None or not edit.changes:
            return
        block = edit.changes[0].block
        place = (block.z, (block.y.start + block.y.stop) // 2, (block.x.start + block.x.stop) // 2)
        said = f"Painted {number}." if number else "Erased."
        step = Step(said, place, (number,) if number else (), edit, kind="paint")
        objects.add_stroke(step)
        self._show(record(step))
        self._tell(step)

    def _show(self, told: dict[str, Any]) -> None:
        """Show and keep what was done."""
        if self.layer is None:
            return
        forget_strokes(self.layer)
        self.layer.refresh()
        self._lock()
        if "result" in about(self.layer):
            workspace = self._session.ensure_workspace()
            self._session.keeper.do(_append, workspace, str(about(self.layer)["result"]), told)
        else:
            self._keep.start()

    def _lock(self) -> None:
        """Note in the layer which objects were corrected: later runs leave them as they are."""
        assert self.layer is not None
        assert self.objects is not None
        self.layer.metadata["simgraph"] = {**about(self.layer), "edited": True}
        show_locks(self.layer, self.objects)


def show_locks(layer: Any, objects: Corrected) -> None:
    """Give a layer a column that says which objects are locked; the status bar tells it."""
    features, locked = layer.features, objects.locked
    index = np.asarray(features["index"]) if "index" in features else np.zeros(1, np.int64)
    more = np.setdiff1d(locked, index)
    columns = {
        name: np.concatenate([np.asarray(features[name], object), [_blank(name, n) for n in more]])
        for name in features.columns
        if name not in ("index", "locked")
    }
    every = np.concatenate([index, more])
    said = np.where(np.isin(every, locked), "yes", "")
    layer.features = {"index": every, **columns, "locked": said}


def forget_strokes(layer: LabelsLayer) -> None:
    """Drop napari's own steps back: they would write old values over corrected ones."""
    if layer.editable:  # a layer that can't be painted on has none
        mode = layer.mode
        layer.editable = False  # this drops them
        layer.editable = True
        layer.mode = mode


def _acting(
    known: Corrected | None, base: Any, kept: Sequence[int], make: Callable[[Corrected], Act]
) -> Job[tuple[Corrected, Step]]:
    """The step of an act, on objects that are made correctable first where they are not yet."""
    objects = known or Corrected(base, (yield from _highest_of(base)), kept)
    step = yield from make(objects)
    return objects, step


def _highest_of(base: Any) -> Job[int]:
    volume = Volume(base, len(base.shape))
    pace, highest = Pace(count(volume.shape)), 0
    for block in blocks(volume.shape):
        highest = max(highest, int(volume.get(block.z, block.y, block.x).max()))
        yield from pace.step(f"z {block.z}")
    return highest


def _append(workspace: Workspace, key: str, told: dict[str, Any]) -> None:
    if workspace.versions(key):
        step_log.append(workspace.corrections(key), told)


def _nothing_yet(objects: Corrected) -> Act:
    yield from Pace(1).begin()
    return Step("", (0, 0, 0), (), Edit(objects.dtype))


def _nothing(step: Step) -> str:
    return {"fill": "No holes there.", "smooth": "It is smooth already."}.get(step.kind, "")


def _blank(name: str, number: int) -> Any:
    return "" if name == "class" else 0
