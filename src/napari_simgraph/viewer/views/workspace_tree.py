"""The tree of the Workspace dock: what is kept, part by part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QPoint, Qt, QUrl, Signal
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QApplication, QHeaderView, QMenu, QTreeWidget, QTreeWidgetItem

from napari_simgraph.viewer.views.workspace_rows import PARTS, Row

_ROW = Qt.ItemDataRole.UserRole
_HEIGHT = 320  # the parts and a few rows each; with less one scrolls all the time
_FOLDED = ("Runs",)  # long, and seldom looked at


class WorkspaceTree(QTreeWidget):
    """Rows under the name of their part; `chosen` brings the Row that was double-clicked."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Row] = []
        self.setColumnCount(2)
        self.setHeaderHidden(True)
        self.setMinimumHeight(_HEIGHT)
        self.setStyleSheet("QTreeView::item { padding: 3px 0; }")
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setAccessibleName("What the workspace keeps")
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._ask)
        self.itemActivated.connect(self._activated)  # double-click and Enter
        for part in PARTS:
            self.addTopLevelItem(QTreeWidgetItem([part, ""]))
            self.topLevelItem(self.topLevelItemCount() - 1).setExpanded(part not in _FOLDED)

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show these rows in the place of those before; what is folded stays so."""
        if list(rows) == self._rows:
            return
        self._rows = list(rows)
        for place, part in enumerate(PARTS):
            top, inside = self.topLevelItem(place), [row for row in rows if row.part == part]
            top.takeChildren()
            top.addChildren([_item(row) for row in inside])
            top.setText(1, str(len(inside) or ""))

    def _activated(self, item: QTreeWidgetItem) -> None:
        row = item.data(0, _ROW)
        if isinstance(row, Row):
            self.chosen.emit(row)

    def _ask(self, place: QPoint) -> None:
        item = self.itemAt(place)
        row: Any = item.data(0, _ROW) if item is not None else None
        if isinstance(row, Row):
            self.menu_of(row).exec(self.viewport().mapToGlobal(place))

    def menu_of(self, row: Row) -> QMenu:
        """What a right-click on a row offers."""
        menu = QMenu(self)
        menu.addAction("Open", lambda: self.chosen.emit(row))
        if row.folder:
            menu.addAction("Show in folder", lambda: show_folder(row.folder))
        if row.command:
            menu.addAction("Copy command", lambda: QApplication.clipboard().setText(row.command))
        return menu


def show_folder(folder: str) -> None:
    """Open a folder in the file manager."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(folder))


def _item(row: Row) -> QTreeWidgetItem:
    mark = "✓ " if row.layer else "! " if row.missing else ""
    item = QTreeWidgetItem([f"{mark}{row.name}", row.fact])
    item.setData(0, _ROW, row)
    for column in (0, 1):
        item.setToolTip(column, row.tip or row.name)
    return item
