"""The table of objects as Qt sees it: sorted and filtered by whole columns, drawn by cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtGui import QIcon

from napari_simgraph.core.objects import ObjectTable

Ids = NDArray[np.int64]
_DIGITS = 3  # of sizes on screen
_LEAST = 0.00001  # µm³: less is a few voxels of EM, and its zeros would fill the column


class Shown(NamedTuple):
    """A column on screen: title, the table's column, how a value is written, what it means."""

    title: str
    column: str
    say: Callable[[Any], str]
    tip: str


def say_size(value: float) -> str:
    """A size with three digits and no exponent: ``0.0503``; the CSV has all digits."""
    if 0 < value < _LEAST:
        return f"<{_LEAST:.5f}"
    if value == int(value):
        return str(int(value))
    return str(np.format_float_positional(value, _DIGITS, unique=False, fractional=False, trim="-"))


def unit_of(column: str) -> str:
    """The unit at the end of a column's name, as it is said."""
    return {"volume_um3": "µm³", "area_um2": "µm²", "pixels": "px"}.get(column, "")


def shown_columns(table: ObjectTable) -> list[Shown]:
    """The columns on screen, most wanted first: a dock is 356 px wide."""
    size = table.size
    kind = {"volume_um3": "Volume", "area_um2": "Area"}.get(size, "Size")
    size_tip = f"{kind} of all its pixels, in {unit_of(size)}."
    found = [Shown("No.", "id", str, "Its number: the value of its pixels.")]
    if len(set(table["class"].tolist())) > 1:
        found.append(Shown("Class", "class", str, "The class that it is a piece of."))
    found.append(Shown(unit_of(size), size, say_size, size_tip))
    if "sections" in table:
        found.append(Shown("z", "section_first", str, "From which section to which it goes."))
    if "mean_grey" in table:
        found.append(Shown("Grey", "mean_grey", lambda v: f"{v:.0f}", "Mean grey value inside."))
    edge = "The edge of the image may cut it: its size is a lower bound."
    found.append(Shown("Cut", "touches_border", lambda v: "cut" if v else "", edge))
    return found


class ObjectModel(QAbstractTableModel):
    """Rows of an ObjectTable; `order` holds the table's rows in the order shown.

    Parameters
    ----------
    icon
        The picture beside an object's number, by its number.
    """

    def __init__(self, icon: Callable[[int], QIcon]) -> None:
        super().__init__()
        self.table: ObjectTable | None = None
        self.order: NDArray[np.intp] = np.zeros(0, np.intp)
        self.columns: list[Shown] = []
        self._icon = icon
        self._mask: NDArray[np.bool_] = np.zeros(0, bool)
        self._sorted: tuple[str, bool] = ("", False)

    def show(self, table: ObjectTable | None, *, edited: bool = False) -> None:
        """Show another table, or none; it is sorted as the one before.

        One that was `edited` keeps its columns, also where one class is left.
        """
        self.beginResetModel()
        self.table = table
        if not edited:
            self.columns = shown_columns(table) if table is not None else []
        self._mask = np.ones(len(table) if table is not None else 0, bool)
        if self._sorted[0] not in [c.column for c in self.columns] and table is not None:
            self._sorted = (table.size, True)  # the largest first
        self._arrange()
        self.endResetModel()

    def filter(self, kind: str, low: float, high: float) -> None:
        """Show only one class ("" for all) and sizes from `low` to `high`."""
        if self.table is None:
            return
        self.beginResetModel()
        size = self.table[self.table.size]
        self._mask = (size >= low) & (size <= high)
        if kind:
            self._mask &= self.table["class"] == kind
        self._arrange()
        self.endResetModel()

    def sort(self, column: int, order: Any = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; equal values stay in the order of their numbers."""
        if 0 <= column < len(self.columns):
            self.layoutAboutToBeChanged.emit()
            self._sorted = (self.columns[column].column, order == Qt.SortOrder.DescendingOrder)
            self._arrange()
            self.layoutChanged.emit()

    @property
    def sorted_column(self) -> tuple[int, bool]:
        """The place of the column that it is sorted by, and whether the highest comes first."""
        names = [c.column for c in self.columns]
        name, falls = self._sorted
        return (names.index(name) if name in names else -1), falls

    def ids(self, rows: Sequence[int] | NDArray[np.intp]) -> Ids:
        """The objects in these rows on screen."""
        if self.table is None:
            return np.zeros(0, np.int64)
        return np.asarray(self.table["id"][self.order[np.asarray(rows, np.intp)]], np.int64)

    def rows(self, ids: Ids) -> list[int]:
        """The rows on screen of these objects; those that are filtered out have none."""
        if self.table is None or not len(ids):
            return []
        place = np.full(len(self.table), -1)
        place[self.order] = np.arange(len(self.order))
        found = place[self.table.rows_of(ids)]
        return [int(row) for row in found if row >= 0]

    @property
    def hidden(self) -> Ids:
        """The objects that are filtered out."""
        if self.table is None:
            return np.zeros(0, np.int64)
        return np.asarray(self.table["id"][~self._mask], np.int64)

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """How many objects are shown."""
        return 0 if parent is not None and parent.isValid() else len(self.order)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """How many columns are shown."""
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Any, role: int = 0) -> Any:
        """Titles, and what they mean."""
        if orientation != Qt.Orientation.Horizontal or section >= len(self.columns):
            return None
        column = self.columns[section]
        return {_TEXT: column.title, _TIP: column.tip}.get(role)

    def data(self, index: QModelIndex, role: int = 0) -> Any:
        """A cell; only those in view are asked for."""
        if self.table is None or not index.isValid():
            return None
        column, row = self.columns[index.column()], self.order[index.row()]
        if role == _TEXT:
            said = column.say(self.table[column.column][row])
            if column.column != "section_first":
                return said
            last = self.table["section_last"][row]
            return said if str(last) == said else f"{said}–{last}"
        if role == _ICON and column.column == "id":
            return self._icon(int(self.table["id"][row]))
        if role == _TIP:
            return self._say_all(int(row))
        right = column.column not in ("class", "touches_border")
        return int(_RIGHT if right else _LEFT) if role == _ALIGN else None

    def _say_all(self, row: int) -> str:
        """Every figure of an object."""
        assert self.table is not None
        values = ((name, column[row]) for name, column in self.table.columns.items())
        return "\n".join(f"{name}: {_plain(value)}" for name, value in values)

    def _arrange(self) -> None:
        rows = np.flatnonzero(self._mask)
        name, falls = self._sorted
        if self.table is not None and name in self.table:
            values = self.table[name][rows]
            if name == "class":
                values = np.unique(values.astype(str), return_inverse=True)[1]
            values = values.astype(float)
            rows = rows[np.argsort(-values if falls else values, kind="stable")]
        self.order = rows


def _plain(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


_TEXT, _TIP = Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole
_ICON, _ALIGN = Qt.ItemDataRole.DecorationRole, Qt.ItemDataRole.TextAlignmentRole
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
