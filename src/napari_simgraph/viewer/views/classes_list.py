"""The list of classes: colour, name, key, how many patches, and how well it is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTreeWidget, QTreeWidgetItem

from napari_simgraph.viewer.label_keys import KEYS
from napari_simgraph.viewer.theme import Colors, swatch
from napari_simgraph.viewer.views.color_popup import ColorPopup

_NAME, _KEY, _COUNT, _FIGURE = range(4)
_ROWS, _ROW = 7, 24  # seen at once, more scroll; px of a row
_SWATCH = 22  # px at the left of a row that open the palette
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True)
class ClassLine:
    """A row: name, colour, how many patches, and how well it is found, in words."""

    name: str
    color: str
    count: int
    figure: str = ""


class ClassRows(QTreeWidget):
    """Classes, one a row, in the order of their keys.

    Signals bring names: `picked` the chosen ones, `renamed` old and new, `recolored` name and
    colour, `joining` those to be joined, `removing` the one that goes.
    """

    picked = Signal(list)
    renamed = Signal(str, str)
    recolored = Signal(str, str)
    joining = Signal(list)
    removing = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._look: Colors | None = None
        self._lines: tuple[ClassLine, ...] = ()
        self._filling = False
        self.setHeaderLabels(["Class", "Key", "Patches", "Found"])
        self.setColumnCount(4)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked)
        self.setAccessibleName("Classes")
        self.setToolTip(
            "Click shows the patches of a class; double-click renames it.\n"
            "Found: share of its kept-aside patches that get it, as 0.00 to 1.00."
        )
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        for column in (_KEY, _COUNT, _FIGURE):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)
        self.itemSelectionChanged.connect(self._chosen)
        self.itemChanged.connect(self._edited)

    @property
    def names(self) -> list[str]:
        """The chosen classes, from above."""
        rows = sorted(self.indexOfTopLevelItem(item) for item in self.selectedItems())
        return [self._lines[row].name for row in rows]

    @property
    def all_names(self) -> list[str]:
        """All classes, from above."""
        return [one.name for one in self._lines]

    def show_lines(self, lines: Sequence[ClassLine]) -> None:
        """Show these; those chosen before stay chosen."""
        kept = set(self.names)
        self._lines = tuple(lines)
        self._filling = True
        self.clear()
        for number, one in enumerate(self._lines, 1):
            key = str(number) if number <= KEYS else ""
            item = QTreeWidgetItem([one.name, key, f"{one.count:,}", one.figure])
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            item.setToolTip(_NAME, one.name)
            for column in (_KEY, _COUNT, _FIGURE):
                item.setTextAlignment(column, _RIGHT)
            if self._look is not None:
                item.setIcon(_NAME, swatch(one.color, self._look))
            self.addTopLevelItem(item)
            item.setSelected(one.name in kept)
        self._filling = False
        rows = min(max(2, len(self._lines)), _ROWS)
        self.setFixedHeight(self.header().sizeHint().height() + rows * self._row_height() + 4)

    def renew_colors(self, look: Colors) -> None:
        """Swatches with a rim in the theme's colour."""
        self._look = look
        self.show_lines(self._lines)

    def pick_color(self, row: int) -> None:
        """Open the palette below a row."""
        if self._look is None:
            return
        name = self._lines[row].name
        used = {one.color.upper(): one.name for one in self._lines}
        self._popup = ColorPopup(self, self._look, used, partial(self.recolored.emit, name))
        below = self.visualItemRect(self.topLevelItem(row)).bottomLeft()
        self._popup.popup(self.viewport().mapToGlobal(below))

    def mouseReleaseEvent(self, event: Any) -> None:
        """A click on the square of a row opens the palette."""
        super().mouseReleaseEvent(event)
        place = event.position().toPoint()
        item = self.itemAt(place)
        if item is not None and place.x() < _SWATCH and event.button() == Qt.MouseButton.LeftButton:
            self.pick_color(self.indexOfTopLevelItem(item))

    def edit(self, index: Any, trigger: Any = None, event: Any = None) -> Any:
        """Only names can be edited."""
        if trigger is None:
            return super().edit(index)
        return index.column() == _NAME and super().edit(index, trigger, event)

    def menu_of(self, row: int) -> QMenu:
        """What a right click on a row offers."""
        menu, name = QMenu(self), self._lines[row].name
        names = self.names or [name]
        menu.addAction("Rename", lambda: self.editItem(self.topLevelItem(row), _NAME))
        menu.addAction("Colour", lambda: self.pick_color(row))
        join = menu.addAction(f"Join {len(names)} classes", lambda: self.joining.emit(names))
        join.setEnabled(len(names) > 1)
        menu.addAction("Remove", lambda: self.removing.emit(name))
        return menu

    def _row_height(self) -> int:
        item = self.topLevelItem(0)
        return max(_ROW, self.visualItemRect(item).height() if item is not None else 0)

    def _menu(self, at: Any) -> None:
        item = self.itemAt(at)
        if item is not None:
            self.menu_of(self.indexOfTopLevelItem(item)).popup(self.viewport().mapToGlobal(at))

    def _chosen(self) -> None:
        if not self._filling:
            self.picked.emit(self.names)

    def _edited(self, item: QTreeWidgetItem, column: int) -> None:
        if self._filling or column != _NAME:
            return
        old, new = self._lines[self.indexOfTopLevelItem(item)].name, item.text(_NAME).strip()
        if new and new != old:
            self.renamed.emit(old, new)
        else:
            self.show_lines(self._lines)  # the name before comes back
