"""The list of groups: colour, name, how many, and three typical pictures of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QIcon, QPainter, QPixmap
from qtpy.QtWidgets import QHeaderView, QMenu, QTreeWidgetItem

from napari_simgraph.core.groups import Group
from napari_simgraph.viewer.views.named_rows import RIGHT, NamedRows

_COUNT, _TYPICAL = 1, 2
PICTURE, PICTURES = 26, 3  # px of a typical picture, and how many
_ROWS = 6  # seen at once; more scroll


class GroupList(NamedRows):
    """Groups, one a row; `classing` brings those that shall be a class."""

    classing = Signal(list)

    def __init__(self) -> None:
        super().__init__("groups", 3)
        self.setHeaderHidden(True)
        self.setToolTip(
            "Click shows the patches of a group; double-click renames it.\n"
            "A name that there is already joins the two; click the square for its colour."
        )
        self.setIconSize(QSize(PICTURES * (PICTURE + 2), PICTURE))
        self.header().setSectionResizeMode(_TYPICAL, QHeaderView.ResizeMode.Fixed)
        self.setColumnWidth(_TYPICAL, PICTURES * (PICTURE + 2) + 6)

    def show_pictures(self, pictures: Mapping[str, Sequence[QPixmap | None]]) -> None:
        """Show typical pictures by group; those not read yet are grey."""
        self._filling = True
        for row, one in enumerate(self._rows):
            self.topLevelItem(row).setData(
                _TYPICAL, Qt.ItemDataRole.DecorationRole, strip_of(pictures.get(one.name, ()))
            )
        self._filling = False

    def menu_of(self, row: int) -> QMenu:
        """What a right click on a row offers."""
        menu, names = super().menu_of(row), self.names or [self._rows[row].name]
        menu.addAction("Make it a class", lambda: self.classing.emit(names))
        return menu

    def _item(self, number: int, one: Group) -> QTreeWidgetItem:
        item = QTreeWidgetItem([one.name, f"{one.count:,}", ""])
        item.setTextAlignment(_COUNT, RIGHT)
        item.setSizeHint(_TYPICAL, QSize(0, PICTURE + 4))
        return item

    def _fit(self) -> None:
        self.setFixedHeight(min(max(2, len(self._rows)), _ROWS) * (PICTURE + 5) + 4)


def strip_of(pictures: Sequence[QPixmap | None]) -> QIcon:
    """Pictures beside each other, in their own colours also where the row is chosen."""
    strip = QPixmap(PICTURES * (PICTURE + 2), PICTURE)
    strip.fill(Qt.GlobalColor.transparent)
    painter = QPainter(strip)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    for number in range(PICTURES):
        left = number * (PICTURE + 2)
        picture = pictures[number] if number < len(pictures) else None
        if picture is not None:
            painter.drawPixmap(left, 0, PICTURE, PICTURE, picture)
        elif number < len(pictures):
            painter.fillRect(left, 0, PICTURE, PICTURE, Qt.GlobalColor.gray)
    painter.end()
    icon = QIcon()
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
        icon.addPixmap(strip, mode)
    return icon
