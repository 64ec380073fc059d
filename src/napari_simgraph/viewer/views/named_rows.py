"""Rows with a colour and a name, as lists of groups and of classes have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTreeWidget, QTreeWidgetItem

from napari_simgraph.viewer.theme import Colors, swatch
from napari_simgraph.viewer.views.color_popup import ColorPopup

NAME = 0  # the column of names
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_SWATCH = 22  # px at the left of a row that open the palette


class NamedRows(QTreeWidget):
    """Rows that are chosen, renamed by a double-click and coloured by a click on their square.

    Signals bring names: `picked` the chosen ones, `renamed` old and new, `recolored` name and
    colour, `joining` those to be joined. What is shown are frozen dataclasses with `name` and
    `color`.

    Parameters
    ----------
    kind
        What several of them are called: ``groups``.
    columns
        How many columns; all but the first are as wide as what is in them.
    """

    picked = Signal(list)
    renamed = Signal(str, str)
    recolored = Signal(str, str)
    joining = Signal(list)

    def __init__(self, kind: str, columns: int) -> None:
        super().__init__()
        self._kind = kind
        self._look: Colors | None = None
        self._rows: tuple[Any, ...] = ()
        self._filling = False
        self.setColumnCount(columns)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        triggers = QAbstractItemView.EditTrigger
        self.setEditTriggers(triggers.DoubleClicked | triggers.EditKeyPressed)
        self.setAccessibleName(kind.capitalize())
        header = self.header()
        header.setStretchLastSection(False)
        for column in range(columns):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)
        self.itemSelectionChanged.connect(self._chosen)
        self.itemChanged.connect(self._edited)

    @property
    def names(self) -> list[str]:
        """The chosen ones, from above."""
        rows = sorted(self.indexOfTopLevelItem(item) for item in self.selectedItems())
        return [self._rows[row].name for row in rows]

    def show_rows(self, rows: Sequence[Any]) -> None:
        """Show these; those chosen before stay chosen."""
        kept = set(self.names)
        self._rows = tuple(rows)
        self._filling = True
        self.clear()
        for number, one in enumerate(self._rows, 1):
            item = self._item(number, one)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            if self._look is not None:
                item.setIcon(NAME, swatch(one.color, self._look))
            self.addTopLevelItem(item)
            item.setSelected(one.name in kept)
        self._filling = False
        self._fit()

    def renew_colors(self, look: Colors) -> None:
        """Swatches with a rim in the theme's colour."""
        self._look = look
        self.show_rows(self._rows)

    def pick_color(self, row: int) -> None:
        """Open the palette below a row."""
        if self._look is None:
            return
        name = self._rows[row].name
        used = {one.color.upper(): one.name for one in self._rows}
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
        return index.column() == NAME and super().edit(index, trigger, event)

    def menu_of(self, row: int) -> QMenu:
        """What a right click on a row offers."""
        menu, names = QMenu(self), self.names or [self._rows[row].name]
        menu.addAction("Rename", lambda: self.editItem(self.topLevelItem(row), NAME))
        menu.addAction("Colour", lambda: self.pick_color(row))
        join = menu.addAction(f"Join {len(names)} {self._kind}", lambda: self.joining.emit(names))
        join.setEnabled(len(names) > 1)
        return menu

    def _item(self, number: int, one: Any) -> QTreeWidgetItem:
        """The row of one, the first is number 1."""
        raise NotImplementedError

    def _fit(self) -> None:
        """Take the height that the rows need."""
        raise NotImplementedError

    def _menu(self, at: Any) -> None:
        item = self.itemAt(at)
        if item is not None:
            self.menu_of(self.indexOfTopLevelItem(item)).popup(self.viewport().mapToGlobal(at))

    def _chosen(self) -> None:
        if not self._filling:
            self.picked.emit(self.names)

    def _edited(self, item: QTreeWidgetItem, column: int) -> None:
        if self._filling or column != NAME:
            return
        row, new = self.indexOfTopLevelItem(item), item.text(NAME).strip()
        old = self._rows[row].name
        if new and new != old:
            rows = list(self._rows)
            rows[row] = replace(rows[row], name=new)
            self._rows = tuple(rows)  # so that it stays chosen
            self.renamed.emit(old, new)
        else:
            self.show_rows(self._rows)  # the name before comes back
