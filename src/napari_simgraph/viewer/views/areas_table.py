"""The table of areas: rank, a typical patch, size, score and where; a tick turns one down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QSize, Qt, Signal
from qtpy.QtGui import QIcon, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from napari_simgraph.analysis.areas import Area
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.viewer.thumbs import Thumbs
from napari_simgraph.viewer.views.areas_say import say_sections, say_size
from napari_simgraph.viewer.views.thumbs_model import say_position

_TITLES = ("", "", "Size", "Score", "Where")
_TICK, _PICTURE, _SIZE, _SCORE, _WHERE = range(5)
_SIDE = 26  # px of a picture
_ROWS = 3  # seen at once where the dock is low; more scroll
_TIPS = (
    "Off turns the area down; its patches count as 'not' from then on.",
    "The most typical patch.",
    "What it covers, in all sections.",
    "Mean score of its patches.",
    "Sections it reaches through, or its image; in a single picture its typical patch.",
)
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class AreaModel(QAbstractTableModel):
    """Areas as rows; the last `down` of them were turned down."""

    ticked = Signal(object, bool)

    def __init__(self, thumbs: Thumbs) -> None:
        super().__init__()
        self._thumbs = thumbs
        self._key = ""
        self._table: EmbeddingTable | None = None
        self.areas: list[Area] = []
        self.down = 0
        thumbs.came.connect(self._came)

    def show(
        self, key: str, table: EmbeddingTable | None, areas: Sequence[Area], down: int
    ) -> None:
        """Show these areas of a table."""
        self.beginResetModel()
        self._key, self._table, self.areas, self.down = key, table, list(areas), down
        self.endResetModel()

    def is_down(self, row: int) -> bool:
        """Whether the area of a row was turned down."""
        return row >= len(self.areas) - self.down

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """How many areas."""
        return len(self.areas)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Columns."""
        return len(_TITLES)

    def flags(self, index: QModelIndex) -> Any:
        """The first column can be ticked."""
        tick = Qt.ItemFlag.ItemIsUserCheckable if index.column() == _TICK else 0
        return super().flags(index) | tick if tick else super().flags(index)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, tick, picture and tooltip."""
        area, column = self.areas[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(area, column)
        if role == Qt.ItemDataRole.CheckStateRole and column == _TICK:
            off, on = Qt.CheckState.Unchecked, Qt.CheckState.Checked
            return off if self.is_down(index.row()) else on
        if role == Qt.ItemDataRole.DecorationRole and column == _PICTURE:
            return self._icon(area)
        if role == Qt.ItemDataRole.TextAlignmentRole and column in (_SIZE, _SCORE):
            return _RIGHT
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(area, index.row())
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """A tick that was changed: what it means comes back with the next areas."""
        if role != Qt.ItemDataRole.CheckStateRole:
            return False
        self.ticked.emit(self.areas[index.row()], Qt.CheckState(value) == Qt.CheckState.Unchecked)
        return True

    def headerData(
        self, section: int, way: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Titles with their tooltips."""
        if way != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.ToolTipRole:
            return _TIPS[section]
        return _TITLES[section] if role == Qt.ItemDataRole.DisplayRole else None

    def _text(self, area: Area, column: int) -> str | None:
        assert self._table is not None  # there are areas of it
        cells = {
            _TICK: str(area.number),
            _SIZE: say_size(area),
            _SCORE: f"{area.mean:.2f}",
            _WHERE: say_sections(self._table.grid, area)
            or say_position(self._table, area.exemplar),
        }
        return cells.get(column)

    def _tip(self, area: Area, row: int) -> str:
        many = f"{len(area.rows):,} patch{'' if len(area.rows) == 1 else 'es'}"
        stands = "Turned down." if self.is_down(row) else "Click goes to its typical patch."
        return f"Area {area.number}: {many}, {say_size(area)}, score {area.mean:.2f}.\n{stands}"

    def _icon(self, area: Area) -> QIcon:
        picture = self._thumbs.picture(self._key, area.exemplar)
        if picture is None:
            picture = QPixmap(_SIDE, _SIDE)
            picture.fill(Qt.GlobalColor.gray)
        icon = QIcon()
        for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
            icon.addPixmap(picture, mode)
        return icon

    def _came(self) -> None:
        if self.areas:
            last = self.index(len(self.areas) - 1, _PICTURE)
            self.dataChanged.emit(self.index(0, _PICTURE), last, [Qt.ItemDataRole.DecorationRole])


class AreaTable(QTableView):
    """The view; `chosen` brings the area of the row that was gone to."""

    chosen = Signal(object)

    def __init__(self, thumbs: Thumbs) -> None:
        super().__init__()
        self.areas = AreaModel(thumbs)
        self._quiet = False
        self.setModel(self.areas)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setIconSize(QSize(_SIDE, _SIDE))
        self.setAccessibleName("Areas")
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(_SIDE + 4)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_PICTURE, QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(_WHERE, QHeaderView.ResizeMode.Stretch)
        self.setColumnWidth(_PICTURE, _SIDE + 8)
        self.setMinimumHeight((_ROWS + 1) * (_SIDE + 4) + 4)
        self.selectionModel().currentRowChanged.connect(self._moved)
        self.clicked.connect(self._clicked)

    @property
    def area(self) -> Area | None:
        """The area of the chosen row."""
        row = self.currentIndex().row()
        return self.areas.areas[row] if 0 <= row < len(self.areas.areas) else None

    def show_areas(
        self, key: str, table: EmbeddingTable | None, areas: Sequence[Area], down: int
    ) -> None:
        """Show these; the choice stays on the area of the same typical patch."""
        before = self.area
        self._quiet = True
        self.areas.show(key, table, areas, down)
        if before is not None:
            same = [n for n, one in enumerate(areas) if one.exemplar == before.exemplar]
            if same:
                self.selectRow(same[0])
        self._quiet = False

    def choose_patch(self, row: int) -> None:
        """Choose the area that a patch belongs to, without going there."""
        self._quiet = True
        found = [n for n, one in enumerate(self.areas.areas) if row in one.rows]
        if found:
            self.selectRow(found[0])
            self.scrollTo(self.areas.index(found[0], 0))
        else:
            self.setCurrentIndex(QModelIndex())
            self.clearSelection()
        self._quiet = False

    def _moved(self, index: QModelIndex, before: QModelIndex) -> None:
        if not self._quiet and self.area is not None:
            self.chosen.emit(self.area)

    def _clicked(self, index: QModelIndex) -> None:
        """A click on the row that is chosen already goes there again."""
        if index.column() != _TICK and self.area is not None:
            self.chosen.emit(self.area)
