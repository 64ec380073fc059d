"""The page Thumbnails: what is like the choice as ranked pictures; a click goes there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import (
    QApplication,
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QListView,
    QMenu,
    QShortcut,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_simgraph.core.patches import Rows
from napari_simgraph.viewer.controls import calm, combo
from napari_simgraph.viewer.footer import flat
from napari_simgraph.viewer.held_keys import Taken, plain
from napari_simgraph.viewer.label_keys import KEYS, class_of_key
from napari_simgraph.viewer.latest import Latest
from napari_simgraph.viewer.searching import IMAGE, SAVED, TABLE
from napari_simgraph.viewer.selection import Hit
from napari_simgraph.viewer.sharing import session_of
from napari_simgraph.viewer.theme import Colors
from napari_simgraph.viewer.thumbs import Thumbs
from napari_simgraph.viewer.views.label_button import LabelButton
from napari_simgraph.viewer.views.ranked import dress
from napari_simgraph.viewer.views.sights import Sight, SightList
from napari_simgraph.viewer.views.thumbs_model import ThumbModel, say_position
from napari_simgraph.viewer.views.thumbs_save import save_hits

_MOST = 200
_WHERE = ((TABLE, "all images"), (IMAGE, "this image"), (SAVED, "and saved tables"))
_NOTHING = "Click any place in the image: what is like it stands here."
_KEYS = {",": -1, ".": 1}


class ThumbnailsPage(QWidget):
    """Ranked pictures of the hits of a selection."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.session = session_of(napari_viewer)
        self.thumbs = Thumbs(self.session)
        self.model = ThumbModel(self.session, self.thumbs)
        self._saving = Latest("simgraph-save-hits", self)
        self._held: tuple[str, tuple[Hit, ...]] | None = None  # shown until the next answer
        self._make_controls()
        self._make_list()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(self._row)
        column.addWidget(self.list, 1)
        column.addWidget(self.sights, 1)
        chosen = self.session.selection
        chosen.answered.connect(self._answered)
        chosen.table_changed.connect(self.renew)
        self._bound = Taken(self.session.keys)
        for key, by in _KEYS.items():
            self._bound.take(key, plain(partial(self.walk, by)))
        self.renew()

    def show_hits(self, title: str, hits: Sequence[Hit]) -> None:
        """Show some patches under a title; the next answer of the selection replaces them."""
        self._held = (title, tuple(hits))
        self.sights.show_sights("", ())
        self.renew()

    def show_sights(self, title: str, sights: Sequence[Sight]) -> None:
        """Show places that are no patches, as long as nothing else is looked for."""
        self._held = None
        self.sights.show_sights(title, sights)
        self.renew()

    def renew(self) -> None:
        """Show what was found for the choice, or what others asked to be shown."""
        places = self.sights.title
        hits = () if places else self.session.selection.hits
        title, hits = self._held or (places or self._say(len(hits)), hits)
        self.sights.setVisible(bool(places))
        self.list.setVisible(not places)
        self.title.setText(title)
        self.title.setToolTip(title)
        self.model.show(hits)
        table = self.session.selection.table
        one = table is not None and len(table.grid.sources) == 1
        self.where.setItemText(0, "this image" if one else _WHERE[0][1])
        self.where.view().setRowHidden(1, one)  # the same
        self.where.view().setRowHidden(2, not self.session.search.others())
        for button in (self.label_button, self.save_button):
            button.setEnabled(bool(hits))

    def walk(self, by: int) -> None:
        """Go to the next or last picture."""
        if self.sights.title:
            self.sights.walk(by)
        elif self.model.items:
            now = self.list.currentIndex().row()
            row = min(max(now + by, 0), len(self.model.items) - 1) if now >= 0 else 0
            self.list.setCurrentIndex(self.model.index(row))
            self.go(row)

    def go(self, row: int) -> None:
        """Show the place of a picture; a slide that is not open is opened."""
        item, session = self.model.items[row], self.session
        if not item.open:
            table = session.tables.get(item.hit.table)
            source = table.grid.sources[int(table.grid.image[item.hit.row])]
            if session.canvas.open_source(source) is None:
                return
        if item.hit.table == session.selection.key:
            session.selection.go(item.place)
        else:
            session.canvas.go_to(item.hit.table, item.place)

    def ask_like(self, row: int, unlike: bool = False, add: bool = False) -> None:
        """Look for what is like a picture; with the examples there are, or against them."""
        chosen, hit = self.session.selection, self.model.items[row].hit
        if hit.table != chosen.key:
            chosen.show_table(self.session.tables.get(hit.table), hit.table)
        one = chosen.example(hit.row)
        like = [each for each in chosen.like if each.row != hit.row]
        other = [each for each in chosen.unlike if each.row != hit.row]
        if unlike and like:
            chosen.ask(like, [*other, one])
        elif not unlike:
            chosen.ask([*like, one] if add else [one], other if add else [])

    def rows(self) -> Rows:
        """The shown patches of the table in front."""
        chosen = self.session.selection
        shown = [item.hit.row for item in self.model.items if item.hit.table == chosen.key]
        return np.array(shown, np.intp)

    def label_one(self, number: int) -> None:
        """Label the picture in hand by a number key, and go to the next one."""
        row, chosen = self.list.currentIndex().row(), self.session.selection
        known = 0 <= row < len(self.model.items) and self.model.items[row].hit.table == chosen.key
        if known and chosen.table is not None:
            name = class_of_key(chosen.table, number)
            self._labelled(self.session.edits.label([self.model.items[row].hit.row], name))
            self.list.setCurrentIndex(self.model.index(row))
            self.walk(1)

    def save(self, path: str = "") -> None:
        """Write pictures and a CSV of the shown patches into a folder; asks where to."""
        found = path or QFileDialog.getExistingDirectory(self, "Folder for pictures and table")
        if not found:
            return
        folder, tables = Path(found), self.session.tables
        hits = [item.hit for item in self.model.items]
        work = [(h, tables.get(h.table), self.thumbs.reader(h.table, h.row)) for h in hits]
        said = "Saved {} pictures and hits.csv in " + folder.name + "."
        self._saving.ask(
            lambda: save_hits(work, folder), lambda many: self.title.setText(said.format(many))
        )

    def renew_colors(self, look: Colors) -> None:
        """The style sheet of the dock does it."""

    def close_events(self) -> None:
        """Stop following the session, and give the keys back."""
        chosen = self.session.selection
        chosen.answered.disconnect(self._answered)
        chosen.table_changed.disconnect(self.renew)
        self._bound.close()
        self._saving.close()
        self.thumbs.close()

    def _make_controls(self) -> None:
        self.title = QLabel(_NOTHING)
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.pick = QCheckBox("Pick")
        self.pick.setChecked(True)
        self.pick.setToolTip("Clicks in the image choose patches.\nOff: they are napari's alone.")
        self.pick.toggled.connect(self._pick)
        self.count = QSpinBox()
        self.count.setRange(1, _MOST)
        self.count.setValue(self.session.search.rules.k)
        self.count.setToolTip("How many of the most similar places, 1 to 200.\ncommand line: -k")
        self.count.setAccessibleName("Show")
        calm(self.count)
        self.count.valueChanged.connect(lambda k: self.session.search.change(k=k))
        self.where = combo("Where to look.\ncommand line: --table", "In")
        self.where.addItems([text for _, text in _WHERE])
        self.where.activated.connect(lambda i: self.session.search.change(where=_WHERE[i][0]))
        self.label_button = LabelButton(self.session, self.rows, "the shown patches")
        self.label_button.labelled.connect(self._labelled)
        tip = "Writes the pictures and a table into a folder."
        self.save_button = flat("Save…", lambda: self.save(), tip)
        self._row = QHBoxLayout()
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.addWidget(self.title, 1)
        for widget in (self.pick, QLabel("Show"), self.count, QLabel("In"), self.where):
            self._row.addWidget(widget)
        self._row.addWidget(self.label_button)
        self._row.addWidget(self.save_button)

    def _make_list(self) -> None:
        self.list, self.sights = QListView(), SightList()
        dress(self.list, "Thumbnails")
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.setModel(self.model)
        self.list.clicked.connect(lambda index: self._clicked(index.row()))
        self.list.doubleClicked.connect(lambda index: self.ask_like(index.row()))
        self.list.entered.connect(lambda index: self._hover(index.row()))
        self.list.viewportEntered.connect(lambda: self._hover(-1))
        self.list.customContextMenuRequested.connect(self._menu)
        for number in range(KEYS + 1):
            key = QShortcut(QKeySequence(str(number)), self.list)
            key.setContext(Qt.ShortcutContext.WidgetShortcut)
            key.activated.connect(partial(self.label_one, number))

    def _clicked(self, row: int) -> None:
        held = QApplication.keyboardModifiers()
        if held & Qt.KeyboardModifier.ControlModifier:
            self.ask_like(row, unlike=True)
        elif held & Qt.KeyboardModifier.ShiftModifier:
            self.ask_like(row, add=True)
        else:
            self.go(row)

    def _hover(self, row: int) -> None:
        chosen = self.session.selection
        known = 0 <= row < len(self.model.items) and self.model.items[row].hit.table == chosen.key
        chosen.hover_over(self.model.items[row].hit.row if known else -1)

    def leaveEvent(self, event: Any) -> None:
        """No picture is under the pointer any more."""
        self._hover(-1)

    def _menu(self, at: QPoint) -> None:
        index = self.list.indexAt(at)
        if index.isValid():
            self.menu_of(index.row()).exec(self.list.viewport().mapToGlobal(at))

    def menu_of(self, row: int) -> QMenu:
        """What a right click on a picture offers."""
        menu = QMenu(self)
        acts: tuple[tuple[str, Callable[[], object]], ...] = (
            ("Go there", lambda: self.go(row)),
            ("More like this", lambda: self.ask_like(row, add=True)),
            ("Not like this", lambda: self.ask_like(row, unlike=True)),
            ("Only this as the example", lambda: self.ask_like(row)),
            ("Copy position", lambda: self._copy(row)),
        )
        for text, act in acts:
            menu.addAction(text, act)
        return menu

    def _copy(self, row: int) -> None:
        hit = self.model.items[row].hit
        table = self.session.tables.get(hit.table)
        QApplication.clipboard().setText(say_position(table, hit.row))

    def _answered(self) -> None:
        self.show_sights("", ())

    def _labelled(self, said: str) -> None:
        self.renew()
        self.title.setText(said)

    def _pick(self, on: bool) -> None:
        picker = self.session.canvas.picker
        if picker is not None:
            picker.resting = not on

    def _say(self, many: int) -> str:
        chosen = self.session.selection
        if chosen.table is None or not (chosen.like or len(chosen.rows)):
            return _NOTHING
        if not many and self.session.search.busy:
            return "Looking …"
        if not chosen.like:
            return f"{many} nearest to the middle of {chosen.said or 'what is chosen'}"
        if len(chosen.like) == 1 and not chosen.unlike:
            row = chosen.like[0].row
            where = say_position(chosen.table, row) if row >= 0 else "the rectangle"
            return f"{many} most like {where}"
        return f"{many} most like: {len(chosen.like)} like this, {len(chosen.unlike)} not"
