"""The dock Objects: count and measure what is labelled, and go to any of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt
from qtpy.QtGui import QIcon, QKeySequence
from qtpy.QtWidgets import QFileDialog, QShortcut

from napari_simgraph.core.job import Progress, say_time
from napari_simgraph.core.objects import Columns
from napari_simgraph.viewer.footer import Button
from napari_simgraph.viewer.frame import DockFrame
from napari_simgraph.viewer.jobs import Ending, Task
from napari_simgraph.viewer.log import say_error
from napari_simgraph.viewer.placing import PLUGIN, open_dock
from napari_simgraph.viewer.sharing import session_of
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.theme import Colors, State, colors
from napari_simgraph.viewer.views.objects_chosen import Chosen, Picker, go_to
from napari_simgraph.viewer.views.objects_edit import Editor
from napari_simgraph.viewer.views.objects_input import InputRows
from napari_simgraph.viewer.views.objects_model import ObjectModel
from napari_simgraph.viewer.views.objects_result import Known, object_icon, take_in
from napari_simgraph.viewer.views.objects_save import save
from napari_simgraph.viewer.views.objects_shares import SharesFold
from napari_simgraph.viewer.views.objects_table import KEYS, TablePanel
from napari_simgraph.viewer.views.parts import copy_report, say_device
from napari_simgraph.viewer.words import say_about, say_bytes

Ids = NDArray[np.int64]
_SPEED = 4e6  # pixels a second, measured on the nerve cord with all its figures
_BYTES = 8  # a pixel of numbers, and what they are made from


class ObjectsDock(DockFrame):
    """Labels in, a table out; rows, canvas and plot show the same choice."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.session = session_of(napari_viewer)
        self.task: Task | None = None
        self._known: list[Known] = []
        self._told: tuple[State, str, Button | None] | None = None
        self._quiet = False  # what is chosen by program moves no camera
        self.input = InputRows(napari_viewer)
        self.panel = TablePanel(ObjectModel(self._icon))
        self.shares = SharesFold(napari_viewer)
        self.editor, self.chosen = Editor(self.session), Chosen(napari_viewer)
        self.picker = Picker(napari_viewer, lambda: self.editor.layer, self._picked)
        for part in (self.input, self.panel, self.shares):
            self.body.addWidget(part)
        self.input.form.fold_into(self.settings)
        self.keys.set_rows(KEYS)
        self.set_main("Measure objects", self.start, _MAIN_TIP)
        self._connect()
        self.renew()

    def start(self) -> None:
        """Measure what is chosen above."""
        try:
            ask = self.input.ask()
        except ValueError as error:
            self._tell("error", say_error(error))
            return
        layer = self.input.layer
        room = self.session.room(f"objects {datetime.now():%Y-%m-%d %H%M%S}")
        from napari_simgraph.viewer.views.objects_job import compute

        self._told = None
        self.task = self.session.jobs.submit(
            f"Measure objects of {ask.pixels.name}", lambda: compute(ask, room)
        )
        self.task.estimate = self._seconds()
        self.task.reveal = partial(open_dock, self.viewer, "Objects")
        self.task.ended.connect(lambda ending: self._ended(ending, layer))
        self.renew()

    def renew(self, event: Any = None) -> None:
        """Tell the footer what is."""
        self.input.renew()
        if self.input.layer is None and not self.input.any_layer:
            self._show_nothing_open()
            return
        if self.task is not None:
            self.follow(self.task, self.session.jobs)
            return
        self.unfollow()
        state, sentence, made = self._told or ("ready", self._estimate(), None)
        self.show_state(state, sentence, made)
        self.footer.main.setEnabled(self.input.layer is not None)

    def say_progress(self, progress: Progress) -> str:
        """Where it is."""
        return progress.text

    def show_ending(self, state: State, ending: Ending) -> None:
        """The dock says more than the task does."""
        self.renew()

    def renew_colors(self, look: Colors) -> None:
        """Take on the theme's colours, plot included."""
        super().renew_colors(look)
        if hasattr(self, "shares"):
            self.shares.renew_colors(look)

    def choose(self, ids: Ids, *, go: bool = True) -> None:
        """Choose objects: rows, outline and canvas."""
        self._quiet = not go
        self.panel.choose(ids)
        self._quiet = False

    def save(self, path: str = "") -> None:
        """Write the table as CSV; asks where to."""
        self._save(self.editor.table, "objects", path)

    def _save(self, table: Columns | None, thing: str, path: str = "") -> None:
        went = save(self, table, f"{self.input.name} {thing}.csv", path) if table else None
        if went is not None:
            self._tell(*went)

    def _connect(self) -> None:
        self.input.changed.connect(self._input_changed)
        self.panel.chosen.connect(self._rows_chosen)
        self.panel.rows.deleting.connect(lambda: self.editor.remove(self.panel.ids()))
        self.panel.rows.undoing.connect(self.editor.undo)
        self.panel.rows.redoing.connect(self.editor.redo)
        self.panel.others_button.clicked.connect(
            lambda: self.editor.remove(self.panel.model.hidden)
        )
        self.panel.fill_button.clicked.connect(self._fill)
        self.panel.save_button.clicked.connect(lambda: self.save())
        self.shares.saving.connect(lambda: self._save(self.shares.table, "shares"))
        self.editor.changed.connect(self._edited)
        self.editor.begun.connect(self._edit_begun)
        self.editor.failed.connect(self._failed)
        self.viewer.layers.events.removed.connect(self._layer_removed)
        self.viewer.layers.events.inserted.connect(self.renew)
        self._enter = QShortcut(QKeySequence("Ctrl+Return"), self)
        self._enter.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self._enter.activated.connect(self.run_main)
        self.on_close(self._leave)

    def _input_changed(self) -> None:
        """Another layer: its table, if it was measured before."""
        layer = self.input.layer
        found = [known for known in self._known if known.belongs(layer)]
        self._told = None
        self._show(found[0] if found else None)
        self.renew()

    def _ended(self, ending: Ending, layer: Any) -> None:
        if ending.result is None or layer not in self.viewer.layers:
            self._failed(ending)
            return
        self.task = None
        known = take_in(self.session, ending.result, layer, self.input.source(layer))
        self._known = [known, *(one for one in self._known if not one.belongs(known.objects))]
        self._bind(known)
        self._show(known)
        many = len(known.table)
        said = f"Measured {many:,} object{'s' if many != 1 else ''} in {say_time(ending.seconds)}."
        if known.table.size == "pixels":
            said += " The pixel size is unknown: sizes are in pixels."
        self._tell("done", said if many else "No object is there: all pixels are 0.")

    def _show(self, known: Known | None) -> None:
        """Show this table, or none."""
        self.editor.drop()
        self.chosen.clear()
        if known is not None and known.objects in self.viewer.layers:
            self.editor.take_with(known.objects, known.table, self.input.image())
            self.editor.how = self.input.neighbours()
        else:
            known = None
        self.panel.show_table(known.table if known is not None else None)
        self.shares.show_shares(known.shares if known else None, known.colors if known else {})

    def _rows_chosen(self, ids: Ids) -> None:
        layer, table = self.editor.layer, self.editor.table
        if layer is None or table is None or layer not in self.viewer.layers:
            return
        self.chosen.show(layer, ids)
        rows = table.rows_of(ids[:1])
        if len(rows):
            layer.selected_label = int(ids[0])
            if not self._quiet:
                go_to(self.viewer, layer, table, int(rows[0]))
        self.panel.delete_button.setEnabled(len(ids) > 0)

    def _picked(self, number: int, add: bool) -> None:
        """An object was clicked in the image; with Shift it joins those that are chosen."""
        before = self.panel.ids() if add else np.zeros(0, np.int64)
        ids = np.array([number] if number else [], np.int64)
        self.choose(np.concatenate([ids, before[before != number]]), go=False)

    def _fill(self) -> None:
        """Fill the holes of the chosen objects, or of all that are shown."""
        ids = self.panel.ids()
        model = self.panel.model
        self.editor.fill(ids if len(ids) else model.ids(range(len(model.order))))

    def _bind(self, known: Known) -> None:
        """The key Delete on our own layer takes out what is under the pointer."""
        if "result" in about(known.objects):
            known.objects.bind_key("Delete", self._delete_under, overwrite=True)

    def _delete_under(self, layer: Any) -> None:
        number = self.picker.under(self.viewer.cursor.position)
        if number and layer == self.editor.layer:
            self.editor.remove(np.array([number], np.int64))

    def _edited(self, said: str) -> None:
        self.task = None
        table, layer = self.editor.table, self.editor.layer
        if table is None or layer is None:
            return
        for number, known in enumerate(self._known):
            if known.belongs(layer):
                self._known[number] = known.edited(table)
        self.panel.show_table(table, edited=True)
        self.chosen.show(layer, self.panel.ids())
        last = self.editor.last
        name = f"Undo {_act(last)}" if said.startswith("Undone") else "Undo"
        self._tell("done", said, (name, self.editor.undo) if last else None)

    def _edit_begun(self, task: Task) -> None:
        self.task = task
        self.renew()

    def _failed(self, ending: Ending) -> None:
        self.task = None
        if ending.error is None:
            self._tell("stopped", "Cancelled. Nothing was changed.")
        else:
            self._tell("error", ending.sentence, copy_report(ending))

    def _tell(self, state: State, sentence: str, made: Button | None = None) -> None:
        self._told = (state, sentence, made)
        self.renew()

    def _layer_removed(self, event: Any) -> None:
        if self.editor.layer is not None and event.value == self.editor.layer:
            self._known = [one for one in self._known if not one.belongs(event.value)]
            self._told = None
            self._show(None)
        self.renew()

    def _icon(self, number: int) -> QIcon:
        return object_icon(self.editor.layer, number, colors(self.viewer))

    def _seconds(self) -> float:
        return self.input.pixels / _SPEED

    def _estimate(self) -> str:
        if self.input.layer is None:
            return "Choose a Labels layer."
        device = say_device(self.session.jobs, {"device": "cpu"})
        said = say_about(self._seconds())
        disk = f"{say_bytes(self.input.pixels * _BYTES)} on disk"
        return f"{said[0].upper()}{said[1:]} on {device} · {disk}"

    def _show_nothing_open(self) -> None:
        self.unfollow()
        buttons: tuple[tuple[str, Callable[[], object]], ...] = (
            ("Open labels…", self._open),
            ("Open Segment", lambda: open_dock(self.viewer, "Segment")),
        )
        self.show_empty("Count and measure what is labelled.", "No labels are open yet.", buttons)

    def _open(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open labels")
        if path:
            self.viewer.open(path, plugin=PLUGIN, layer_type="labels")

    def _leave(self) -> None:
        self.editor.drop()
        self.chosen.clear()
        self.picker.close()
        self.input.close_events()
        self.shares.close_events()
        self.viewer.layers.events.removed.disconnect(self._layer_removed)
        self.viewer.layers.events.inserted.disconnect(self.renew)


def _act(said: str) -> str:
    """A step as a button names it: ``deleted object 3``."""
    return f"{said[:1].lower()}{said[1:]}".rstrip(".")


_MAIN_TIP = (
    "Numbers the pieces of each class, or takes the objects as they are, and measures them.\n"
    "key in this dock: Ctrl+Enter; command line: objects measure"
)
