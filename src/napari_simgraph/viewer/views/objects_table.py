"""The table on screen: class and size to show, rows, and what to do with them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QEvent, QItemSelection, QItemSelectionModel, Qt, QTimer, Signal
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QAbstractItemView, QHBoxLayout, QHeaderView, QLabel, QTableView, QWidget
from superqt import QDoubleRangeSlider

from napari_simgraph.core.objects import ObjectTable
from napari_simgraph.viewer.controls import combo
from napari_simgraph.viewer.footer import button
from napari_simgraph.viewer.views.objects_model import ObjectModel, say_size, unit_of
from napari_simgraph.viewer.views.parts import column, row

Ids = NDArray[np.int64]
_ROWS = 6  # seen at once where the dock is low
_SIGN = 18  # px beside a title, for the sign of sorting
_WAIT_MS = 50  # while the slider is dragged
_STEPS = 1000  # of the slider, over the powers of ten between the smallest and the largest
_ALL = "all classes"
KEYS = (
    ("Click", "choose the object in the image", True),
    ("Shift+click", "and this one", True),
    ("Delete", "delete the chosen rows, or the object under the pointer", True),
    ("Ctrl+Z, Ctrl+Shift+Z", "a step back, forth again (in the table)", True),
    ("Ctrl+Enter", "measure (in this dock)", True),
)
_MOST_CHOSEN = 10_000  # rows selected by program at once; Qt keeps a range for each


class Rows(QTableView):
    """Rows that can be deleted and undone by their usual keys."""

    deleting = Signal()
    undoing = Signal()
    redoing = Signal()

    def keyPressEvent(self, event: Any) -> None:
        """Delete takes the chosen objects out, Ctrl+Z and Ctrl+Shift+Z go back and forth."""
        if event.key() == Qt.Key.Key_Delete:
            self.deleting.emit()
        elif event.matches(QKeySequence.StandardKey.Undo):
            self.undoing.emit()
        elif event.matches(QKeySequence.StandardKey.Redo):
            self.redoing.emit()
        else:
            super().keyPressEvent(event)


class TablePanel(QWidget):
    """Filters, rows and buttons; hidden until there is a table.

    `chosen` brings the objects whose rows are selected, the current one first.
    """

    chosen = Signal(object)

    def __init__(self, model: ObjectModel) -> None:
        super().__init__()
        self.model = model
        self._ends = (0.0, 0.0)  # log10 of the smallest and the largest size
        self.kind = combo("Show only objects of this class.", "Class")
        self.size = QDoubleRangeSlider(Qt.Orientation.Horizontal)
        self.size.setRange(0, _STEPS)
        self.size.setValue((0, _STEPS))
        self.size.setToolTip("Show only objects of these sizes; each step is a power of ten.")
        self.size.setAccessibleName("Size")
        self.said = QLabel()
        self.said.setObjectName("faint")
        self.rows = Rows()
        self._make_rows()
        self.delete_button = button("Delete", self.rows.deleting.emit, _DELETE_TIP)
        self.others_button = button("Delete hidden", lambda: None)
        self.fill_button = button("Fill holes", lambda: None, _FILL_TIP)
        self.save_button = button("CSV…", lambda: None, _SAVE_TIP)
        self._lay()
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(_WAIT_MS)
        self._wait.timeout.connect(self._filter)
        self.size.valueChanged.connect(lambda _: self._wait.start())
        self.kind.currentIndexChanged.connect(lambda _: self._filter())

    def show_table(self, table: ObjectTable | None, *, edited: bool = False) -> None:
        """Show a table, or none; filters and choice stay where it is one that was edited."""
        before = self.ids() if edited else np.zeros(0, np.int64)
        self.model.show(table, edited=edited)
        self.setVisible(table is not None)
        if table is None:
            return
        if not edited:
            self._renew_filters(table)
        index, falls = self.model.sorted_column
        order = Qt.SortOrder.DescendingOrder if falls else Qt.SortOrder.AscendingOrder
        self.rows.horizontalHeader().setSortIndicator(index, order)
        self._filter(before)

    def ids(self) -> Ids:
        """The objects whose rows are selected, the current one first."""
        spans = self.rows.selectionModel().selection()  # ranges: single rows are slow when many
        parts = [np.arange(span.top(), span.bottom() + 1) for span in spans]
        rows = np.unique(np.concatenate([*parts, np.zeros(0, int)]))
        current = self.rows.currentIndex().row()
        return self.model.ids(rows[np.argsort(rows != current, kind="stable")])

    def choose(self, ids: Ids, *, scroll: bool = True) -> None:
        """Select the rows of these objects; those that are filtered out have none."""
        rows = self.model.rows(ids)[:_MOST_CHOSEN]
        picked = QItemSelection()
        for one in rows:
            place = self.model.index(one, 0)
            picked.select(place, place)
        flags = QItemSelectionModel.SelectionFlag
        model = self.rows.selectionModel()
        model.select(picked, flags.ClearAndSelect | flags.Rows)
        if rows:
            model.setCurrentIndex(self.model.index(rows[0], 0), flags.NoUpdate)
            if scroll:
                self.rows.scrollTo(self.model.index(rows[0], 0))

    def _make_rows(self) -> None:
        rows = self.rows
        rows.setModel(self.model)
        rows.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        rows.setSortingEnabled(True)
        rows.setWordWrap(False)
        rows.setAlternatingRowColors(False)
        rows.setShowGrid(False)
        rows.setAccessibleName("Objects")
        height = rows.fontMetrics().lineSpacing() + 6
        rows.verticalHeader().hide()
        rows.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.verticalHeader().setDefaultSectionSize(height)
        rows.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        rows.horizontalHeader().setResizeContentsPrecision(_ROWS)  # those in view say enough
        rows.horizontalHeader().setHighlightSections(False)
        rows.setMinimumHeight((_ROWS + 1) * height + 8)
        # no lambda: Python can't see that Qt's selection model has it, and would never let it go
        rows.selectionModel().selectionChanged.connect(self._selected)

    def _selected(self, *_: object) -> None:
        self.chosen.emit(self.ids())

    def _lay(self) -> None:
        layout = column(self)
        layout.addWidget(row("Show", self.kind))
        layout.addWidget(row("Size", self.size))
        layout.addWidget(self.said)
        layout.addWidget(self.rows)
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        for made in (self.delete_button, self.others_button, self.fill_button, self.save_button):
            made.setMinimumWidth(0)
            buttons.addWidget(made, 1)
        layout.addLayout(buttons)
        self.hide()

    def changeEvent(self, event: Any) -> None:
        """Take on letters of another size: item views keep theirs under a style sheet."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit_letters()

    def _fit_letters(self) -> None:
        size = self.said.font().pointSizeF()
        if size > 0 and self.rows.font().pointSizeF() != size:
            font = self.rows.font()
            font.setPointSizeF(size)
            self.rows.setFont(font)
            self.rows.horizontalHeader().setFont(font)
            height = self.rows.fontMetrics().lineSpacing() + 6
            self.rows.verticalHeader().setDefaultSectionSize(height)
            self._fit_columns()

    def _renew_filters(self, table: ObjectTable) -> None:
        sizes = table[table.size]
        low, high = (float(sizes.min()), float(sizes.max())) if len(table) else (1.0, 1.0)
        self._ends = (float(np.log10(low)), float(np.log10(high)))
        classes = sorted({str(name) for name in table["class"]} - {""})
        for widget in (self.kind, self.size):
            widget.blockSignals(True)
        self.kind.clear()
        self.kind.addItems([_ALL, *classes])
        self.kind.parentWidget().setVisible(len(classes) > 1)
        self.size.setValue((0, _STEPS))
        for widget in (self.kind, self.size):
            widget.blockSignals(False)
        self._fit_columns()

    def _fit_columns(self) -> None:
        """Room for figures and titles; the class takes what is left, so nothing is off the side."""
        rows, metrics = self.rows, self.rows.fontMetrics()
        rows.resizeColumnsToContents()
        head, stretch = rows.horizontalHeader(), QHeaderView.ResizeMode.Stretch
        named = [shown.title for shown in self.model.columns]
        for number, title in enumerate(named):
            head.setSectionResizeMode(number, QHeaderView.ResizeMode.Interactive)
            least = metrics.horizontalAdvance("000–000 ") if title == "z" else 0
            wide = metrics.horizontalAdvance(title) + _SIGN
            rows.setColumnWidth(number, max(rows.columnWidth(number), least, wide))
        if named:
            wide = named.index("Class") if "Class" in named else len(named) - 1
            head.setSectionResizeMode(wide, stretch)

    def limits(self) -> tuple[float, float]:
        """The sizes that are shown, from and to."""
        low, high = self.size.value()
        start, end = self._ends
        least = 10 ** (start + (end - start) * low / _STEPS) if low > 0 else 0.0
        most = 10 ** (start + (end - start) * high / _STEPS) if high < _STEPS else np.inf
        return least, most

    def _filter(self, keep: Ids | None = None) -> None:
        table = self.model.table
        if table is None:
            return
        before = self.ids() if keep is None else keep
        kind = self.kind.currentText() if self.kind.currentIndex() > 0 else ""
        self.model.filter(kind, *self.limits())
        titles = [shown.title for shown in self.model.columns]
        if "Class" in titles:
            self.rows.setColumnHidden(titles.index("Class"), bool(kind))  # it would say one word
        self.choose(before, scroll=False)
        hidden, unit = len(self.model.hidden), unit_of(table.size)
        said = f"{len(self.model.order):,} of {len(table):,} objects" if hidden else ""
        said = said or f"{len(table):,} object{'s' if len(table) != 1 else ''}"
        sizes = table[table.size][self.model.order]
        ends = [say_size(end) for end in (sizes.min(), sizes.max())] if len(sizes) else []
        self.said.setText(f"{said} · {' to '.join(dict.fromkeys(ends))} {unit}" if ends else said)
        self.others_button.setEnabled(hidden > 0)
        self.others_button.setToolTip(
            f"Takes out the {hidden:,} objects that the filter hides. Undo takes it back.\n"
            "command line: --smallest, --largest"
        )


_DELETE_TIP = (
    "Takes the chosen objects out. Undo takes it back.\nkey: Delete; command line: --remove"
)
_FILL_TIP = (
    "Background inside one object becomes part of it: of the chosen, else of all shown.\n"
    "command line: --fill-holes"
)
_SAVE_TIP = "Writes all figures of all objects.\ncommand line: objects measure --out"
