"""The list of classes: colour, name, key, how much is painted, and what is painted next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTreeWidget, QTreeWidgetItem

from napari_simgraph.core.classes import ClassRow, ClassTable, default_colors
from napari_simgraph.viewer.theme import Colors, swatch
from napari_simgraph.viewer.views.color_popup import ColorPopup

MAX_CLASSES = 32
_NAME, _KEY, _PAINTED, _AGREEMENT = range(4)
_SHOWN_ROWS = 8
_TIP = (
    "Click to paint it, its square to change the colour. Double-click renames.\n"
    "Counted are painted pixels; command line: --classes"
)
_SCORE_TIP = (
    "Agreement on what was kept aside, from 0 to 1; a dash where there was none.\n"
    "In brackets: what grey values alone reach there."
)
_SWATCH = 20  # px at the left of a row that are its colour


class ClassList(QTreeWidget):
    """Classes in order of value; the chosen one is what the brush paints.

    Each class has a number that stands for it in the painted layer. Where a class was taken out
    the others keep their numbers, so that what is painted, and its undo, stays true.

    `edited` says that names, colours or number of classes changed, `picked` that a person chose a
    class, `removing` and `going` that one is to be taken out or shown where it is painted (its
    value, from 1 in the order of the rows), `joining` that one is to be taken into another.
    """

    edited = Signal()
    picked = Signal(int)
    removing = Signal(int)
    going = Signal(int)
    joining = Signal(int, int)

    def __init__(self, look: Colors) -> None:
        super().__init__()
        self._look, self._table = look, ClassTable(())
        self._numbers: tuple[int, ...] = ()
        self._gone: dict[int, ClassRow] = {}
        self._popup: ColorPopup | None = None
        self._counts: Mapping[int, int | None] = {}
        self._strokes: Mapping[int, int] | None = None
        self._scores: Mapping[str, float] = {}
        self._plain: Mapping[str, float] = {}
        self._filling = False
        self.setColumnCount(4)
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setIconSize(QSize(14, 14))
        self.setToolTip(_TIP)
        self.setAccessibleName("Classes")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.header().setStretchLastSection(False)
        self.header().setMinimumSectionSize(20)
        self.header().setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        for column in (_KEY, _PAINTED, _AGREEMENT):
            mode = QHeaderView.ResizeMode.ResizeToContents
            self.header().setSectionResizeMode(column, mode)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)
        self.itemChanged.connect(self._renamed)
        self.currentItemChanged.connect(self._pick)

    @property
    def table(self) -> ClassTable:
        """The classes as they are listed."""
        return self._table

    @property
    def numbers(self) -> tuple[int, ...]:
        """What stands for each class in the painted layer."""
        return self._numbers

    @property
    def value(self) -> int:
        """The value of the chosen class; 0 where none is chosen."""
        return int(self.indexOfTopLevelItem(self.currentItem()) + 1)

    def show_table(self, table: ClassTable, numbers: Sequence[int] = ()) -> None:
        """List these classes; by default their numbers are their values."""
        chosen = max(1, self.value)
        self._table = table
        self._numbers = tuple(numbers) or tuple(row.value for row in table)
        self._filling = True
        self.clear()
        for row in table:
            item = QTreeWidgetItem(
                [row.name, f"Ctrl+{row.value}" if row.value < 10 else "", "", ""]
            )
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            item.setTextAlignment(_PAINTED, int(_RIGHT))
            item.setTextAlignment(_AGREEMENT, int(_RIGHT))
            self.addTopLevelItem(item)
        self._filling = False
        self.show_counts(self._counts)
        self.show_agreement(self._scores, self._plain)
        self.renew_colors(self._look)
        self.choose(min(chosen, len(table)))

    def show_counts(self, counts: Mapping[int, int | None]) -> None:
        """Say how many pixels of each class are painted; None is what no other class has."""
        self._counts = counts
        self._say_painted()

    def show_strokes(self, strokes: Mapping[int, int] | None) -> None:
        """Say how many strokes of each class there are, by its number; None says pixels again."""
        if strokes != self._strokes:
            self._strokes = strokes
            self._say_painted()

    def _say_painted(self) -> None:
        self._filling = True
        for row, number in zip(self._table, self._numbers, strict=True):
            count = self._counts.get(row.value, 0)
            said = f"{count:,} px" if count else "the rest" if count is None else "–"
            if self._strokes is not None:
                count = self._strokes.get(number, 0)
                said = f"{count:,} stroke{'s' if count != 1 else ''}" if count else "–"
            self.topLevelItem(row.value - 1).setText(_PAINTED, said)
        self._filling = False

    def show_agreement(
        self, scores: Mapping[str, float], plain: Mapping[str, float] | None = None
    ) -> None:
        """Say how well each class was found on what was kept aside; a dash where it is unknown.

        In brackets, what grey values alone reach.
        """
        self._scores, self._plain = scores, plain or {}
        self._filling = True
        for row in self._table:
            item, score = self.topLevelItem(row.value - 1), scores.get(row.name)
            said = _say_score(score, self._plain.get(row.name))
            item.setText(_AGREEMENT, said if scores else "")
            item.setToolTip(_AGREEMENT, _SCORE_TIP if scores else "")
        self._filling = False

    def choose(self, value: int) -> None:
        """Choose a class without saying so."""
        self._filling = True
        if 1 <= value <= len(self._table):
            self.setCurrentItem(self.topLevelItem(value - 1))
        self._filling = False

    def renew_colors(self, look: Colors) -> None:
        """Swatches with a rim in the theme's colour, rows as high as its letters."""
        self._look = look
        self._filling = True
        self.ensurePolished()
        for row in self._table:
            item = self.topLevelItem(row.value - 1)
            item.setIcon(_NAME, swatch(row.color, look))
            item.setSizeHint(_NAME, QSize(0, self.fontMetrics().height() + 6))
        self._filling = False
        self._fit()

    def add(self, name: str = "") -> None:
        """One more class, ready to be named; numbers are never used twice."""
        number = max((*self._numbers, *self._gone, 0)) + 1
        count = len(self._table) + 1
        if count > MAX_CLASSES:
            return
        free = (f"class {n}" for n in range(count, 2 * count + 1))
        new = name or next(n for n in free if n not in self._table.names)
        color = default_colors([*self._table.names, new])[-1]
        self._insert(len(self._table), new, color, number)
        if not name:
            self.editItem(self.topLevelItem(count - 1), _NAME)

    def bring_back(self, number: int) -> None:
        """The class that stood for this number, where it stood; a new one if there was none."""
        row = self._gone.pop(number, None)
        place = sum(other < number for other in self._numbers)
        name, color = (row.name, row.color) if row else (f"class {number}", "")
        if name in self._table.names:
            name = f"{name} {number}"
        color = color or default_colors([*self._table.names, name])[-1]
        self._insert(place, name, color, number)

    def take_away(self, value: int) -> int:
        """The number of the class that is gone from the list now."""
        place = value - 1
        number, rows = self._numbers[place], list(self._table)
        self._gone[number] = rows.pop(place)
        numbers = self._numbers[:place] + self._numbers[value:]
        table = ClassTable.of([r.name for r in rows], [r.color for r in rows])
        self.show_table(table, numbers)
        self.edited.emit()
        return number

    def recolor(self, value: int, color: str) -> None:
        """Give a class another colour."""
        shades = [color if row.value == value else row.color for row in self._table]
        self.show_table(ClassTable.of(self._table.names, shades), self._numbers)
        self.edited.emit()

    def pick_color(self, value: int) -> None:
        """Open the palette below the row of a class."""
        used = {row.color.upper(): row.name for row in self._table}
        self._popup = ColorPopup(self, self._look, used, partial(self.recolor, value))
        below = self.visualItemRect(self.topLevelItem(value - 1)).bottomLeft()
        self._popup.popup(self.viewport().mapToGlobal(below))

    def mouseReleaseEvent(self, event: Any) -> None:
        """A click on the square of a row opens the palette."""
        super().mouseReleaseEvent(event)
        place = event.position().toPoint()
        item = self.itemAt(place)
        if item is not None and place.x() < _SWATCH and event.button() == Qt.MouseButton.LeftButton:
            self.pick_color(self.indexOfTopLevelItem(item) + 1)

    def edit(self, index: Any, trigger: Any = None, event: Any = None) -> Any:
        """Only names can be edited."""
        if trigger is None:
            return super().edit(index)
        return index.column() == _NAME and super().edit(index, trigger, event)

    def _pick(self, item: Any, before: Any) -> None:
        if item is not None and not self._filling:
            self.picked.emit(self.value)

    def _renamed(self, item: QTreeWidgetItem, column: int) -> None:
        if self._filling or column != _NAME:
            return
        names = list(self._table.names)
        names[self.indexOfTopLevelItem(item)] = item.text(_NAME).strip()
        kept = [row.color for row in self._table]
        try:
            if "" in names:
                raise ValueError("A class needs a name.")
            table = ClassTable.of(names, kept)
        except ValueError:
            self.show_table(self._table, self._numbers)  # the name before comes back
            return
        self.show_table(table, self._numbers)
        self.edited.emit()

    def _insert(self, place: int, name: str, color: str, number: int) -> None:
        rows = [(row.name, row.color) for row in self._table]
        rows.insert(place, (name, color))
        numbers = (*self._numbers[:place], number, *self._numbers[place:])
        table = ClassTable.of([n for n, _ in rows], [c for _, c in rows])
        self.show_table(table, numbers)
        self.edited.emit()

    def _menu(self, position: Any) -> None:
        item, menu = self.itemAt(position), QMenu(self)
        if item is None:
            return
        value = self.indexOfTopLevelItem(item) + 1
        menu.addAction("Rename", lambda: self.editItem(item, _NAME))
        menu.addAction("Colour", lambda: self.pick_color(value))
        go = menu.addAction("Go to strokes", lambda: self.going.emit(value))
        go.setEnabled(bool(self._counts.get(value)))
        join = menu.addMenu("Join with")
        join.setEnabled(len(self._table) > 1)
        for row in self._table:
            if row.value != value:
                join.addAction(row.name, partial(self.joining.emit, value, row.value))
        remove = menu.addAction("Remove", lambda: self.removing.emit(value))
        remove.setEnabled(len(self._table) > 1)
        menu.popup(self.viewport().mapToGlobal(position))

    def _fit(self) -> None:
        """As high as its rows, up to eight."""
        rows = min(max(2, len(self._table)), _SHOWN_ROWS)
        height = self.sizeHintForRow(0) if len(self._table) else 20
        self.setFixedHeight(rows * max(18, height) + 6)


_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def _say_score(score: float | None, beside: float | None) -> str:
    said = f"{score:.2f}" if score is not None else "–"
    return f"{said} ({beside:.2f})" if score is not None and beside is not None else said
