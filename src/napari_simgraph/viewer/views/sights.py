"""Places that are no patches of a table, as ranked pictures: a click goes there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from qtpy.QtCore import QAbstractListModel, QModelIndex, QSize, Qt
from qtpy.QtGui import QIcon, QPixmap
from qtpy.QtWidgets import QListView

from napari_simgraph.viewer.thumbs import SIZE


class Sight(NamedTuple):
    """A place as it is shown: two lines below its picture, a tooltip, and how one goes there."""

    text: str
    told: str
    picture: Callable[[int], QPixmap | None]  # of so many px
    go: Callable[[], object]


class SightModel(QAbstractListModel):
    """Places in the order of their rank."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[Sight] = []

    def show(self, sights: Sequence[Sight]) -> None:
        """Show these."""
        self.beginResetModel()
        self.items = list(sights)
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """How many."""
        return len(self.items)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, picture and tooltip of a place."""
        item = self.items[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{index.row() + 1}  {item.text}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return item.told
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return item.told.replace("\n", ", ")
        if role == Qt.ItemDataRole.DecorationRole:
            return icon_of(item.picture(SIZE))
        return None


class SightList(QListView):
    """Pictures of places under a title; the title is "" while there is nothing to show."""

    def __init__(self) -> None:
        super().__init__()
        self.title = ""
        self.sights = SightModel()
        dress(self, "Places")
        self.setModel(self.sights)
        self.clicked.connect(lambda index: self.go(index.row()))

    def show_sights(self, title: str, sights: Sequence[Sight]) -> None:
        """Show these under a title."""
        self.title = title
        self.sights.show(sights)

    def choose(self, row: int) -> None:
        """Light up a place that was chosen elsewhere."""
        if 0 <= row < len(self.sights.items):
            self.setCurrentIndex(self.sights.index(row))

    def walk(self, by: int) -> None:
        """Go to the next or last place."""
        if self.sights.items:
            now = self.currentIndex().row()
            self.go(min(max(now + by, 0), len(self.sights.items) - 1) if now >= 0 else 0)

    def go(self, row: int) -> None:
        """Go to a place."""
        self.choose(row)
        self.sights.items[row].go()


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
