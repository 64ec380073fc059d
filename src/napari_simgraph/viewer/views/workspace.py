"""The Workspace dock: what is kept, where, and how to take it along."""

from __future__ import annotations

import re
import time
from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QMenu, QPushButton, QSizePolicy

from napari_simgraph.io.workspace import Workspace, home
from napari_simgraph.viewer.footer import button
from napari_simgraph.viewer.frame import DockFrame
from napari_simgraph.viewer.jobs import Ending
from napari_simgraph.viewer.restore import bring, reading, show_result
from napari_simgraph.viewer.sharing import session_of
from napari_simgraph.viewer.theme import State
from napari_simgraph.viewer.views.job_rows import Short
from napari_simgraph.viewer.views.source_row import SourceRow
from napari_simgraph.viewer.views.workspace_rows import (
    Row,
    rows,
    say_saved,
    short_path,
)
from napari_simgraph.viewer.views.workspace_tree import WorkspaceTree, show_folder
from napari_simgraph.viewer.writers import export_layer

_TURN_MS, _COPY_MS = 1000, 100
_FACTS_S = 10.0  # counting files of a large workspace takes a while, in the writing thread
_NOTHING = "Nothing to keep yet. A workspace begins with your first stroke or run."
_KINDS = (("as TIFF…", ".tif"), ("as PNG slices…", ""), ("as OME-Zarr…", ".ome.zarr"))


class WorkspaceDock(DockFrame):
    """What the session keeps, with its folder, its state on disk, and ways out of it."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.session = session_of(napari_viewer)
        self._facts, self._facts_time = (0, 0), 0.0
        self._copy: tuple[Path, Any] | None = None
        self._opening, self._problem = Path(), ""
        self._fill_body()
        self.set_main("Save a copy…", self._ask_copy, "All of it in a new folder.\nThis one stays.")
        self._timer, self._late, self._copying = QTimer(self), QTimer(self), QTimer(self)
        self._copying.setInterval(_COPY_MS)
        self._copying.timeout.connect(self._look_at_copy)
        self._timer.setInterval(_TURN_MS)
        self._timer.timeout.connect(self._turn)
        self._late.setSingleShot(True)
        self._late.timeout.connect(self.renew)
        self._signals = (
            self.session.models_changed,
            self.session.results_changed,
            self.session.workspace_changed,
        )
        for signal in self._signals:
            signal.connect(self._renew_soon)
        events = napari_viewer.layers.events
        self._layer_events = (events.inserted, events.removed, events.reordered)
        for event in self._layer_events:
            event.connect(self._renew_soon)
        self.on_close(self._leave)
        self.renew()

    def renew(self) -> None:
        """Show what the workspace holds now."""
        workspace = self.session.workspace
        if workspace is None:
            self._show_nothing()
            return
        self.controls.show()
        self._title.say(workspace.name)
        self._where.setText(f"in {short_path(workspace.folder.parent)}")
        self._where.setToolTip(str(workspace.folder))
        self._tree.show_rows(rows(self.session, workspace))
        self._asking.renew()
        self._say_saved()
        if self.footer.sentence.text() in ("", _NOTHING):
            looking = "Looking only: nothing is saved." if workspace.look_only else ""
            self.show_state("ready", looking or "Strokes, results and models are saved at once.")

    def go_on(self, folder: Path) -> None:
        """Open the workspace that was offered, and show here how it goes."""
        self.open_folder(folder)

    def open_folder(self, folder: Path, look_only: bool = False) -> None:
        """Read a workspace in a thread, then bring it into the viewer; say what is missing."""
        if self.busy:
            return
        self.session.flush()
        read = partial(reading, folder, look_only)
        task = self.session.jobs.submit(f"Open {folder.name}", read, lane="now")
        self._opening = folder
        self.controls.show()
        self.follow(task)
        task.ended.connect(self._opened)  # after the footer has let go of it

    def show_ending(self, state: State, ending: Ending) -> None:
        """Said by `_opened`, which comes in the same turn."""

    def _opened(self, ending: Ending) -> None:
        folder, brought = self._opening, ending.result
        if brought is None:
            self._say_not_opened(folder, ending)
            return
        notes = bring(self.session, brought)
        more = f" And {len(notes) - 1} more." if len(notes) > 1 else ""
        said = notes[0] + more if notes else f"Opened {folder.name}."
        self.show_state("stopped" if notes else "done", said)
        self._facts_time = 0.0
        self.renew()

    def _say_not_opened(self, folder: Path, ending: Ending) -> None:
        """Why a workspace was not opened; what was there before is there still."""
        self.renew()
        if isinstance(ending.error, ValueError):
            in_use = str(ending.error).startswith("Another window")
            look = ("Look only", lambda: self.open_folder(folder, look_only=True))
            self.show_state("error", str(ending.error), look if in_use else None)
        elif ending.error is not None:
            self.show_state("error", ending.sentence)
        else:
            self.show_state("stopped", f"{folder.name} was not opened.")
        if self.session.workspace is None:
            self._card.show()  # there is still nothing but another try
            self.footer.main.setEnabled(False)

    def begin_new(self, folder: Path) -> None:
        """Go on in a new workspace; the layers stay."""
        try:
            if folder.exists() and any(folder.iterdir()):
                raise ValueError("This folder holds files already: choose an empty one.")
            self.session.use_workspace(Workspace(folder))
        except ValueError as error:
            self.show_state("error", str(error))
            return
        self.show_state("done", f"Everything is saved in {folder.name} from now on.")
        self.renew()

    def save_copy(self, folder: Path) -> None:
        """Write all of the workspace into another folder, in the writing thread."""
        workspace = self.session.workspace
        if workspace is None:
            return
        self.session.flush()
        self.show_state("running", "Copying …")
        self._copy = (folder, self.session.keeper.ask(workspace.copy, folder))
        self._copying.start()

    def _fill_body(self) -> None:
        self._title, self._where, self._saved = Short(), QLabel(), QLabel()
        font = self._title.font()
        font.setBold(True)
        self._title.setFont(font)
        for label in (self._where, self._saved):
            # A long name must not widen the dock.
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        top = QHBoxLayout()
        top.addWidget(self._title, 1)
        top.addWidget(button("Open…", self._ask_open, "Bring back an earlier workspace."))
        tip = "A workspace is one folder with everything of a session."
        top.addWidget(button("New…", self._ask_new, tip))
        self._tree = WorkspaceTree()
        self._tree.chosen.connect(self._open_row)
        self._export = QPushButton("Export")
        self._export.setToolTip("The layer that is chosen, as a file for other programs.")
        menu = QMenu(self._export)
        for text, ending in _KINDS:
            menu.addAction(text, lambda ending=ending: self._ask_export(ending))
        self._export.setMenu(menu)
        bottom = QHBoxLayout()
        bottom.addWidget(self._export)
        bottom.addStretch(1)
        self._asking = SourceRow(self.session, self._say_answer)
        self.body.addLayout(top)
        self.body.addWidget(self._where)
        self.body.addWidget(self._saved)
        self.body.addWidget(self._asking)
        self.body.addWidget(self._tree, 1)
        self.body.addLayout(bottom)

    def _show_nothing(self) -> None:
        if self.busy:  # one is being opened
            return
        self.controls.hide()  # nothing of it can be used yet
        ways = [("Open…", self._ask_open), ("New…", self._ask_new)]
        self.show_empty("A workspace keeps everything of a session.", _NOTHING, ways)

    def _say_saved(self) -> None:
        keeper, workspace = self.session.keeper, self.session.workspace
        if workspace is None:
            return
        if keeper.problem:
            self._saved.setText("! Not saved now")
            self.show_state("error", keeper.problem)
        else:
            self._saved.setText(say_saved(keeper.saved, *self._facts))
            if self._problem:  # it is over
                self.show_state("done", "Saved again: nothing was lost.")
        self._problem = keeper.problem

    def _turn(self) -> None:
        """Once a second while it is seen: how long ago it was saved, and what is new."""
        workspace = self.session.workspace
        if workspace is not None and time.monotonic() - self._facts_time > _FACTS_S:
            self._facts_time = time.monotonic()
            self.session.keeper.ask(self._count, workspace)
            self.renew()
        self._say_saved()

    def _look_at_copy(self) -> None:
        if self._copy is None or not self._copy[1].done():
            return
        (folder, future), self._copy = self._copy, None
        self._copying.stop()
        error = future.exception()
        said = str(error) if error else f"Copied to {folder.name}."
        self.show_state("error" if error else "done", said)

    def _count(self, workspace: Workspace) -> None:
        self._facts = (workspace.strokes(), workspace.size())

    def _open_row(self, row: Row) -> None:
        if row.missing:
            self._asking.ask_where(row.missing)
        elif row.layer in self.viewer.layers:
            self.viewer.layers[row.layer].visible = True
            self.viewer.layers.selection.active = self.viewer.layers[row.layer]
        elif row.key:
            self._try(lambda: show_result(self.session, row.key), f"Shown again: {row.name}.")
        elif row.folder:
            show_folder(row.folder)

    def _say_answer(self, well: bool, sentence: str) -> None:
        """How it went after a question about a picture was answered."""
        self.show_state("done" if well else "error", sentence)
        self.renew()

    def _ask_open(self) -> None:
        self._ask_folder("Open a workspace", self.open_folder)

    def _ask_new(self) -> None:
        self._ask_folder("Begin a new workspace in an empty folder", self.begin_new)

    def _ask_copy(self) -> None:
        self._ask_folder("Save a copy in an empty folder", self.save_copy)

    def _ask_folder(self, title: str, then: Any) -> None:
        start = home() if home().exists() else Path.home()
        chosen = QFileDialog.getExistingDirectory(self, title, str(start))
        if chosen:
            then(Path(chosen))

    def _ask_export(self, ending: str) -> None:
        layer = self.viewer.layers.selection.active
        if layer is None:
            self.show_state("error", "Choose a layer in the list first, then export it.")
            return
        name = "_".join(re.findall(r"[\w-]+", layer.name))
        chosen, _ = QFileDialog.getSaveFileName(self, "Export", f"{name}{ending}")
        if chosen:
            path = chosen if chosen.endswith(ending) else chosen + ending
            self._try(lambda: export_layer(layer, Path(path)), f"Written: {Path(path).name}.")

    def _try(self, act: Any, said: str) -> None:
        try:
            act()
        except (ValueError, OSError) as error:
            self.show_state("error", str(error))
            return
        self.show_state("done", said)
        self.renew()

    def showEvent(self, event: Any) -> None:
        """Follow the workspace only while somebody looks at the dock."""
        super().showEvent(event)
        self._timer.start()
        self._turn()

    def hideEvent(self, event: Any) -> None:
        """Rest."""
        super().hideEvent(event)
        self._timer.stop()

    def _renew_soon(self, *_: object) -> None:
        self._late.start(100)

    def _leave(self) -> None:
        for timer in (self._timer, self._late, self._copying):
            timer.stop()
        for signal in self._signals:
            signal.disconnect(self._renew_soon, missing_ok=True)
        for event in self._layer_events:
            event.disconnect(self._renew_soon)
        self.session.flush()
