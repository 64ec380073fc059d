"""Run on all, on a folder: one result a file, listed here and not opened."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime
from functools import partial

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QLabel, QWidget

from napari_simgraph.capabilities import segmentation
from napari_simgraph.core.job import Job, Progress, say_time
from napari_simgraph.core.model import Model
from napari_simgraph.core.recipe import Recipe
from napari_simgraph.io.run_table import Row, RunTable
from napari_simgraph.scale.folder import FolderRun, run_folder
from napari_simgraph.viewer.footer import flat
from napari_simgraph.viewer.forms import Form
from napari_simgraph.viewer.jobs import Ending, State, Task, gui_threads
from napari_simgraph.viewer.log import say_error
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.views.folder_choice import FolderChoice, left
from napari_simgraph.viewer.views.folder_rows import FolderTable
from napari_simgraph.viewer.views.opening import open_row
from napari_simgraph.viewer.views.parts import (
    ModelCombo,
    Told,
    column,
    copy_report,
    row,
    say_device,
)
from napari_simgraph.viewer.views.workspace_tree import show_folder

_HELD = ("output", "sections", "threads")  # asked for above the form, or set by the machine


class FolderPage(QWidget):
    """Folder, model and what to make, and a table of what became of each file.

    `changed` says that the footer has to be told anew.

    Parameters
    ----------
    session
        Whose models and jobs these are.
    leave
        Goes back to one image.
    """

    changed = Signal()

    def __init__(self, session: Session, leave: Callable[[], object]) -> None:
        super().__init__()
        self._session = session
        self.task: Task | None = None
        self._last: Told | None = None
        self._heard: deque[Row] = deque()
        self.model = ModelCombo(
            session, "segmentation", "", "The model to use on every file.\ncommand line: --model"
        )
        self.form: Form[segmentation.Apply] = Form(segmentation.Apply, _HELD)
        self.folders, self.table = FolderChoice(session), FolderTable()
        self._lay(leave)
        self.folders.changed.connect(self._look_for)
        self.folders.listed.connect(self._listed)
        self.model.chosen.connect(self._renew)
        self.model.failed.connect(self.fail)
        self.form.changed.connect(self._renew)
        for box in (self.classes, self.sure, self.again):
            box.toggled.connect(self._renew)
        self.table.opened.connect(self._open)

    @property
    def settings(self) -> Form[segmentation.Apply]:
        """The form of what the main button does."""
        return self.form

    @property
    def main_text(self) -> str:
        """What the main button says."""
        count = len(self.table.rows.files)
        return f"Segment {count} file{'s' if count != 1 else ''}" if count else "Segment a folder"

    def told(self) -> Told:
        """What the footer shows while nothing runs."""
        where = say_device(self._session.jobs, self.form.value().to_json())
        ready = Told("ready", f"One file after the other, on {where}.")
        return self._last or self._missing() or ready

    def start(self) -> None:
        """Segment every file of the folder that is not done yet."""
        try:
            model = self._session.model(self.model.name)
        except (ValueError, OSError) as error:
            self.fail(say_error(error))
            return
        self.form.hold(output=self._output(), threads=gui_threads())
        self._last = None
        self.table.rows.show(self.table.rows.files)
        task = self._session.jobs.submit(self.main_text, self._job(model, self.form.value()))
        task.ticked.connect(self._take)
        task.ended.connect(self._ended)
        self._session.ensure_workspace(self.folders.source.name)
        self._session.keep_run(task, f"folder {datetime.now():%Y-%m-%d %H%M%S}")
        self.task = task
        self.changed.emit()

    def say_progress(self, progress: Progress) -> str:
        """Which file of how many; what could not be done is said behind it."""
        return f"{progress.text}."

    def fail(self, said: str) -> None:
        """Show what went wrong."""
        self._last = Told("error", said)
        self.changed.emit()

    def close_events(self) -> None:
        """Stop following the session."""
        self.folders.close_events()
        self.model.close_events()

    def _lay(self, leave: Callable[[], object]) -> None:
        self.classes, self.sure = QCheckBox("classes"), QCheckBox("how sure")
        self.again = QCheckBox("also what is done already")
        self.classes.setChecked(True)
        self.classes.setToolTip("A file of labels an image.\ncommand line: --output classes")
        self.sure.setToolTip("A map for each class.\ncommand line: --output probability")
        self.again.setToolTip("Else files that are done are passed over.\ncommand line: --again")
        make = row("Make", self.classes, self.sure)
        make.layout().addStretch(1)
        back = left(flat("Back to one image", leave))
        self._note = QLabel()
        self._note.setObjectName("faint")
        self._note.setWordWrap(True)
        layout = column(self)
        layout.addWidget(self.folders)
        for part in (row("Use model", self.model), make, row("Again", self.again)):
            layout.addWidget(part)
        for part in (self.form, self.table, self._note, back):
            layout.addWidget(part)

    def _look_for(self) -> None:
        self.table.rows.show([])
        self._note.setText("")
        self._renew()

    def _listed(self, files: list[str], said: str) -> None:
        self.table.rows.show(files)
        self._note.setText(said if files else "")
        self._last = None if files else Told("error", said, can_start=False)
        self.changed.emit()

    def _job(self, model: Model, config: segmentation.Apply) -> Callable[[], Job[RunTable]]:
        self._heard.clear()
        folder = self._session.ensure_workspace().model_folder(model.name)
        inputs, settings = {"model": str(folder)}, config.to_json()
        asked = FolderRun(
            self.folders.source,
            self.folders.target,
            "segmentation apply",
            partial(self._session.jobs.apart, segmentation.apply),
            model,
            config,
            again=self.again.isChecked(),
            hear=self._heard.append,
            recipe=Recipe("segmentation", "apply", inputs, settings=settings),
        )
        return partial(run_folder, asked)

    def _output(self) -> str:
        both = self.classes.isChecked() and self.sure.isChecked()
        return "both" if both else "probability" if self.sure.isChecked() else "classes"

    def _take(self, *_: object) -> None:
        """Show the rows that the job has told meanwhile."""
        while self._heard:
            self.table.take(self._heard.popleft())

    def _ended(self, ending: Ending) -> None:
        self._take()
        self.task = None
        show = ("Show folder", lambda: show_folder(str(self.folders.target)))
        if ending.state is State.CANCELLED:
            self._last = Told("stopped", "Cancelled. Files that were done stay done.", show)
        elif ending.result is None:
            self._last = Told("error", ending.sentence, copy_report(ending))
        else:
            said = _say_table(ending.result, ending.seconds)
            if ending.state is State.STOPPED:
                self._last = Told("stopped", said, show)
            else:
                self._last = Told("done" if ending.result.count("done") else "error", said, show)
        self.changed.emit()

    def _missing(self) -> Told | None:
        """What has to be done before one can begin."""
        if not self.folders.chosen:
            return Told("ready", "Choose a folder of images.", can_start=False)
        if self.folders.listing:
            return Told("ready", "Looking for images …", can_start=False)
        if not self.model.name:
            said = "There is no model yet: teach one, or load one from a folder."
            return Told("ready", said, can_start=False)
        if not (self.classes.isChecked() or self.sure.isChecked()):
            return Told("ready", "Tick what to make: classes, how sure, or both.", can_start=False)
        return None

    def _open(self, done: Row) -> None:
        """The image of a row with its result, as layers."""
        try:
            open_row(self._session, done, self.folders.source, self.folders.target)
        except (ValueError, OSError) as error:
            self.fail(say_error(error))

    def _renew(self, *_: object) -> None:
        self._last = None
        self.changed.emit()


def _say_table(table: RunTable, seconds: float) -> str:
    """What came out of a run: ``12 of 14 files are done, 2 could not be. It took 3 min.``"""
    failed = table.count("failed")
    said = f"{table.count('done')} of {len(table.files)} files are done"
    said += f", {failed} could not be" if failed else ""
    return f"{said}. It took {say_time(seconds)}."
