"""The tab Label: the classes with names, colours, keys and counts, and what to look at next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QWidget

from napari_simgraph.core.classes import PALETTE, default_colors
from napari_simgraph.core.groups import CLASSES, class_names
from napari_simgraph.core.patches import Rows
from napari_simgraph.viewer.footer import flat
from napari_simgraph.viewer.label_keys import PatchKeys
from napari_simgraph.viewer.map_colors import NOTHING
from napari_simgraph.viewer.selection import Hit
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.theme import Colors
from napari_simgraph.viewer.views.bottom import show_page
from napari_simgraph.viewer.views.classes_input import ClassesInput
from napari_simgraph.viewer.views.classes_job import (
    FOUND_COLUMN,
    SURE_COLUMN,
    hard_rows,
    kept_rows,
    wrong_rows,
)
from napari_simgraph.viewer.views.classes_list import ClassLine, ClassRows
from napari_simgraph.viewer.views.classes_run import ClassesRun
from napari_simgraph.viewer.views.classes_taken import taken_from
from napari_simgraph.viewer.views.parts import beside, column

_MOST = 200  # thumbnails at once
_RARE = "rare"
_TAKE_TIP = (
    "Labels patches below the painted classes, points or shapes of the chosen layer.\n"
    "command line: classification train --marks"
)
_LABEL_TIP = (
    "Puts the chosen patches into the class that is chosen in the list.\n"
    "key on the layer of patches: 1 to 9"
)
_ADD_TIP = "One more class.\nDouble-click names it, a click on its square colours it."


class LabelPage(QWidget):
    """The list of classes; `said` brings what was done, for the footer."""

    said = Signal(str)

    def __init__(self, session: Session, source: ClassesInput, run: ClassesRun) -> None:
        super().__init__()
        self._session, self._input, self._run = session, source, run
        self._new: list[str] = []  # classes without a patch yet
        self._keys: PatchKeys | None = None
        self.list = ClassRows()
        self.keys = QCheckBox("Keys 1-9 label")
        self.keys.setToolTip(
            "1 to 9 label the chosen patch and go to the next, 0 clears.\n"
            "Only while the patches layer or the thumbnails are active."
        )
        self.add_button = flat("+ Class", self.add, _ADD_TIP)
        tip = "The least sure patches first, those without a class before the others.\nkey: N"
        self.hard_button = flat("Hard cases", self.show_hard, tip)
        tip = "Kept-aside patches that got another class, the surest first.\nkeys: 1 to 9 label"
        self.wrong_button = flat("Wrong ones", self.show_wrong, tip)
        self.undo_button = flat("Undo", session.edits.undo)
        self.take_button = flat("Take from layer", self.take, _TAKE_TIP)
        self.label_button = flat("Label as chosen class", self.label_chosen, _LABEL_TIP)
        layout = column(self)
        layout.addWidget(self.list)
        layout.addWidget(beside(self.add_button, self.label_button, self.undo_button))
        layout.addWidget(beside(self.hard_button, self.wrong_button))
        layout.addWidget(beside(self.keys, self.take_button))
        self._connect()
        self.keys.setChecked(True)
        self.renew()

    def renew(self, *_: object) -> None:
        """Show the classes there are now."""
        self._recolor()
        self.list.show_rows(self._lines())
        table, edits = self._input.table, self._session.edits
        self.hard_button.setEnabled(table is not None and SURE_COLUMN in table.columns)
        self.wrong_button.setEnabled(table is not None and len(self._wrong()) > 0)
        self.undo_button.setEnabled(bool(edits.last))
        last = edits.last or "Nothing yet."
        self.undo_button.setToolTip(f"Takes the last label back.\n{last}")
        self.label_button.setEnabled(table is not None)
        self.take_button.setEnabled(table is not None)
        self.add_button.setEnabled(table is not None)

    def add(self) -> None:
        """A class without patches, to be named."""
        taken = {name.casefold() for name in self.list.all_names}
        number = next(n for n in range(1, 1000) if f"class {n}" not in taken)
        self._new.append(f"class {number}")
        self.renew()
        self.list.editItem(self.list.topLevelItem(self.list.topLevelItemCount() - 1), 0)

    def label_chosen(self) -> None:
        """Put the chosen patches into the chosen class."""
        names, rows = self.list.names, self._session.selection.rows
        if len(names) != 1:
            self.said.emit("Choose one class in the list first.")
        elif not len(rows):
            self.said.emit("Choose patches first: click one, or encircle some on the map.")
        else:
            colors = {one.name: one.color for one in self._lines()}
            self._session.edits.label(rows, names[0], colors[names[0]])

    def take(self) -> None:
        """Label patches as what is painted, pointed at or outlined in the layer in front says."""
        layer = self._session.viewer.layers.selection.active
        try:
            taken = taken_from(self._session, layer)
        except ValueError as error:
            self.said.emit(str(error))
            return
        self._session.edits.take(taken.names, taken.colors, layer.name)

    def show_hard(self) -> None:
        """Thumbnails of the patches that the network is least sure of."""
        table = self._input.table
        if table is not None and SURE_COLUMN in table.columns:
            rows = hard_rows(table)[:_MOST]
            sure = float(table.columns[SURE_COLUMN][rows[0]]) if len(rows) else 0.0
            self._show(f"{len(rows)} hard cases, the least sure first ({sure:.2f})", rows)

    def show_wrong(self) -> None:
        """Thumbnails of kept-aside patches that got another class."""
        rows = self._wrong()[:_MOST]
        self._show(f"{len(rows)} kept-aside patches that got another class", rows)

    def show_confused(self, said: str, found: str) -> None:
        """Thumbnails of kept-aside patches of a class that were found as another."""
        table, model = self._input.table, self._run.model
        if table is None or model is None:
            return
        rows = kept_rows(table, model)
        same = np.char.lower(table.classes()[rows]) == said.casefold()
        same &= np.char.lower(np.asarray(table.columns[FOUND_COLUMN])[rows]) == found.casefold()
        self._show(f"{int(same.sum())} of {said} found as {found}", rows[same])

    def renew_colors(self, look: Colors) -> None:
        """Take on the theme's colours."""
        self.list.renew_colors(look)

    def close_events(self) -> None:
        """Stop following the session."""
        self._session.selection.table_changed.disconnect(self.renew)
        self._session.edits.changed.disconnect(self._edited)
        self._bind(False)

    def _connect(self) -> None:
        edits = self._session.edits
        self._session.selection.table_changed.connect(self.renew)
        edits.changed.connect(self._edited)
        self._input.changed.connect(self.renew)
        self._run.changed.connect(self.renew)
        self.keys.toggled.connect(self._bind)
        self.list.picked.connect(self._picked)
        self.list.renamed.connect(self._rename)
        self.list.recolored.connect(lambda name, shade: edits.recolor(name, shade, CLASSES))
        self.list.joining.connect(lambda names: edits.merge(names, CLASSES))
        self.list.removing.connect(self._remove)

    def _lines(self) -> list[ClassLine]:
        words, counts = np.unique(self._input.classes(), return_counts=True)
        many = {str(w): int(n) for w, n in zip(words, counts, strict=True) if w}
        table = self._input.table
        names = list(class_names(table)) if table is not None else sorted(many)
        self._new = [name for name in self._new if name not in names]
        names += self._new
        known = table.colors.get(CLASSES, {}) if table is not None else {}
        colors = _colored(names, known)
        figures = self._figures()
        return [
            ClassLine(n, colors[n], many.get(n, 0), figures.get(n.casefold(), "")) for n in names
        ]

    def _figures(self) -> Mapping[str, str]:
        """How well each class is found: while it learns, else of the last model."""
        live = self._run.agreements()
        if live:
            return {name.casefold(): f"{value:.2f}" for name, value in live.items()}
        model = self._run.model
        if model is None:
            return {}
        begin = "recall "
        found = {
            name.removeprefix(begin).casefold(): f"{value:.2f}"
            for name, value in model.metrics.items()
            if name.startswith(begin) and not name.endswith(" plain")
        }
        rare = {str(name).casefold(): _RARE for name in model.data.get("likeness", ())}
        return {name: f"{found[name]} {_RARE}" if name in found else _RARE for name in rare} | {
            name: value for name, value in found.items() if name not in rare
        }

    def _wrong(self) -> Rows:
        table = self._input.table
        return np.zeros(0, np.intp) if table is None else wrong_rows(table, self._run.model)

    def _show(self, title: str, rows: Rows) -> None:
        """Choose patches, and show them as thumbnails in this order."""
        session, key = self._session, self._input.key
        if key != session.selection.key:
            session.selection.show_table(session.tables.get(key), key)
        table = session.selection.table
        assert table is not None  # it was in the session
        sure = np.nan_to_num(np.asarray(table.columns.get(SURE_COLUMN, np.ones(len(table)))))
        page = show_page(session.viewer, "Thumbnails")
        page.show_hits(title, [Hit(key, int(row), float(sure[row])) for row in rows])
        if len(rows):
            session.selection.go(session.selection.example(int(rows[0])).place)

    def _picked(self, names: list[str]) -> None:
        table = self._input.table
        if table is None or not names or self._input.key != self._session.selection.key:
            return
        rows = np.flatnonzero(np.isin(table.classes(), names))
        self._session.selection.choose(rows, " and ".join(names))

    def _rename(self, old: str, new: str) -> None:
        if old in self._new:
            self._new[self._new.index(old)] = new
            self.renew()
        elif self._input.table is not None:
            self._session.edits.rename(old, new, CLASSES)

    def _remove(self, name: str) -> None:
        """Take the class off its patches; one without patches just goes."""
        table = self._input.table
        if name in self._new:
            self._new.remove(name)
            self.renew()
        elif table is not None:
            self._session.edits.label(table.classes() == name, "")

    def _recolor(self) -> None:
        """Points are not coloured by what was found where another table came to the front."""
        patches, front = self._session.canvas.patches, self._session.selection.table
        if patches is None or front is None or FOUND_COLUMN in front.columns:
            return
        if patches.color == FOUND_COLUMN:
            patches.show(color=NOTHING)

    def _edited(self, said: str) -> None:
        patches = self._session.canvas.patches
        if patches is not None and patches.color == NOTHING:
            patches.show(color=CLASSES)  # one sees what one has labelled
        self.renew()
        self.said.emit(said)

    def _bind(self, on: bool) -> None:
        if self._keys is not None:
            self._keys.close()
        self._keys = PatchKeys(self._session) if on else None


def _colored(names: Sequence[str], known: Mapping[str, str]) -> dict[str, str]:
    """A colour for each class: its own, else its usual one or the next that none has yet."""
    colors = dict(known)
    for name, usual in zip(names, default_colors(names), strict=True):
        free = (one for one in (usual, *PALETTE) if one not in colors.values())
        colors.setdefault(name, next(free, usual))
    return colors
