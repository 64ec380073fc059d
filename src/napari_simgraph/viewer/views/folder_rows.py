"""The files of a folder as Qt sees them: what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QSize, Qt, Signal
from qtpy.QtGui import QPixmap
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QStyledItemDelegate, QTableView

from napari_simgraph.io.run_table import Row, fraction_column
from napari_simgraph.viewer.theme import state_pixmap

_TITLES = ("File", "Result")
_SIGNS = {"done": "done", "failed": "error"}
_LOWEST = 150  # px; five rows and the titles
_NAMED = 2  # shares of classes in a cell; all of them are in its tooltip
_EMPTY = QModelIndex()


def say_row(row: Row) -> str:
    """What became of a file, as short as a cell: the largest shares, or what went wrong."""
    if row.status == "failed":
        return row.told
    shares = sorted(_shares(row).items(), key=lambda item: -item[1])
    if "objects" in row.figures:
        return f"{row.figures['objects']:,.0f} objects"
    return ", ".join(f"{name} {share:.0%}" for name, share in shares[:_NAMED]) or "done"


def _shares(row: Row) -> dict[str, float]:
    lead = fraction_column("")
    return {
        name.removeprefix(lead): share
        for name, share in row.figures.items()
        if name.startswith(lead)
    }


class FolderRows(QAbstractTableModel):
    """Files in their order, each with its row once it has one."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[str] = []
        self.rows: dict[str, Row] = {}
        self._numbers: dict[str, int] = {}
        self._pixmaps: dict[str, QPixmap] = {}

    def show(self, files: Sequence[str]) -> None:
        """Show these files, with nothing known of them."""
        self.beginResetModel()
        self.files, self.rows = list(files), {}
        self._numbers = {file: number for number, file in enumerate(files)}
        self.endResetModel()

    def take(self, row: Row) -> int:
        """Show what became of a file; the number of its row, or -1."""
        number = self._numbers.get(row.file, -1)
        if number >= 0:
            self.rows[row.file] = row
            ends = (self.index(number, 0), self.index(number, len(_TITLES) - 1))
            self.dataChanged.emit(*ends)
        return number

    def rowCount(self, parent: QModelIndex = _EMPTY) -> int:
        """How many files."""
        return 0 if parent.isValid() else len(self.files)

    def columnCount(self, parent: QModelIndex = _EMPTY) -> int:
        """File and result."""
        return 0 if parent.isValid() else len(_TITLES)

    def headerData(self, section: int, orientation: Any, role: int = 0) -> Any:
        """The titles of the columns."""
        across = orientation == Qt.Orientation.Horizontal
        return _TITLES[section] if across and role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: QModelIndex, role: int = 0) -> Any:
        """Text, sign and tooltip of a cell."""
        file = self.files[index.row()]
        row = self.rows.get(file)
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 0:
            return self._sign(row)
        if role == Qt.ItemDataRole.DisplayRole:
            said = say_row(row) if row else ""
            return file if index.column() == 0 else said
        if role == Qt.ItemDataRole.ToolTipRole:
            return file if index.column() == 0 or row is None else _tip(row)
        return None

    def _sign(self, row: Row | None) -> QPixmap:
        name = _SIGNS[row.status] if row else "queued"
        if name not in self._pixmaps:
            self._pixmaps[name] = state_pixmap(name)
        return self._pixmaps[name]


class FolderTable(QTableView):
    """The files of a folder; `opened` brings the Row that was double-clicked."""

    opened = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.rows = FolderRows()
        self.setModel(self.rows)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setItemDelegateForColumn(1, _Sentences(self))
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMinimumHeight(_LOWEST)
        self.setAccessibleName("Files and what became of them")
        self.setToolTip("Double-click opens the image with its result.")
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.activated.connect(self._activated)  # double-click and Enter

    def sizeHint(self) -> QSize:
        """Ten rows or so; the page scrolls if the dock is lower."""
        return QSize(300, 2 * _LOWEST)

    def minimumSizeHint(self) -> QSize:
        """Narrow enough for any dock."""
        return QSize(200, _LOWEST)

    def take(self, row: Row) -> None:
        """Show what became of a file, and keep it in view."""
        number = self.rows.take(row)
        if number >= 0:
            self.scrollTo(self.rows.index(number, 0))

    def _activated(self, index: QModelIndex) -> None:
        row = self.rows.rows.get(self.rows.files[index.row()])
        if row is not None:
            self.opened.emit(row)


class _Sentences(QStyledItemDelegate):
    """Sentences are cut at their end; of a path the middle says least."""

    def initStyleOption(self, option: Any, index: QModelIndex) -> None:
        """How a cell is drawn."""
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideRight


def _tip(row: Row) -> str:
    """All that is known of a file, a line each."""
    lines = [f"{name} {share:.1%}" for name, share in _shares(row).items()]
    size = f"{row.shape} px" + (f", {row.spacing} {row.unit}" if row.spacing else "")
    return "\n".join([*lines, *([size] if row.shape else []), *([row.told] if row.told else [])])
