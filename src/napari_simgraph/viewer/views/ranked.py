"""Ranked pictures as a list that Qt shows: a picture, two lines below it, a tooltip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from qtpy.QtCore import QAbstractListModel, QModelIndex, QSize, Qt
from qtpy.QtGui import QIcon, QPixmap
from qtpy.QtWidgets import QListView

from napari_simgraph.viewer.thumbs import SIZE


class RankedModel(QAbstractListModel):
    """Items in the order of their rank.

    Parameters
    ----------
    picture
        The picture of an item. An item has a `text` that stands below it, and what is `told` where
        the pointer rests.
    """

    def __init__(self, picture: Callable[[Any], QIcon]) -> None:
        super().__init__()
        self._picture = picture
        self.items: Sequence[Any] = ()

    def put(self, items: Sequence[Any]) -> None:
        """Show these."""
        self.beginResetModel()
        self.items = items
        self.endResetModel()

    def renew_pictures(self) -> None:
        """Ask for the pictures again."""
        if self.items:
            first, last = self.index(0), self.index(len(self.items) - 1)
            self.dataChanged.emit(first, last, [Qt.ItemDataRole.DecorationRole])

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """How many."""
        return len(self.items)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, picture and tooltip of an item."""
        item = self.items[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return item.text
        if role == Qt.ItemDataRole.ToolTipRole:
            return item.told
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return item.told.replace("\n", ", ")
        if role == Qt.ItemDataRole.DecorationRole:
            return self._picture(item)
        return None


def dress(made: QListView, name: str) -> None:
    """Make a list one of ranked pictures."""
    made.setViewMode(QListView.ViewMode.IconMode)
    made.setResizeMode(QListView.ResizeMode.Adjust)
    made.setMovement(QListView.Movement.Static)
    made.setUniformItemSizes(True)
    made.setLayoutMode(QListView.LayoutMode.Batched)
    made.setIconSize(QSize(SIZE, SIZE + 4))
    made.setSpacing(3)
    made.setWordWrap(True)
    made.setMouseTracking(True)
    made.setAccessibleName(name)


def icon_of(picture: QPixmap | None) -> QIcon:
    """A picture as an icon that Qt doesn't tint where it is selected."""
    icon = QIcon()
    if picture is not None:
        for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
            icon.addPixmap(picture, mode)
    return icon
