"""The list of groups: colour, name, how many, and three typical pictures of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QIcon, QPainter, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTreeWidget, QTreeWidgetItem

from napari_simgraph.core.groups import Group
from napari_simgraph.viewer.theme import Colors, swatch
from napari_simgraph.viewer.views.color_popup import ColorPopup

_NAME, _COUNT, _TYPICAL = range(3)
PICTURE, PICTURES = 26, 3  # px of a typical picture, and how many
_ROWS = 6  # seen at once; more scroll
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_SWATCH = 22  # px at the left of a row that open the palette


class GroupList(QTreeWidget):
    """Groups, one a row; several can be chosen.

    Signals bring names: `picked` the chosen ones, `renamed` old and new, `recolored` name and
    colour, `joining` and `classing` those that a menu entry is about.
    """

    picked = Signal(list)
    renamed = Signal(str, str)
    recolored = Signal(str, str)
    joining = Signal(list)
    classing = Signal(list)

    def __init__(self) -> None:
        super().__init__()
        self._look: Colors | None = None
        self._groups: tuple[Group, ...] = ()
        self._filling = False
        self.setHeaderHidden(True)
        self.setColumnCount(3)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.setAccessibleName("Groups")
        self.setToolTip(
            "Click shows the patches of a group; double-click renames it.\n"
            "A name that there is already joins the two; click the square for its colour."
        )
        self.setIconSize(QSize(PICTURES * (PICTURE + 2), PICTURE))
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(_COUNT, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_TYPICAL, QHeaderView.ResizeMode.Fixed)
        self.setColumnWidth(_TYPICAL, PICTURES * (PICTURE + 2) + 6)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)
        self.itemSelectionChanged.connect(self._chosen)
        self.itemChanged.connect(self._edited)

    @property
    def names(self) -> list[str]:
        """The chosen groups, from above."""
        rows = sorted(self.indexOfTopLevelItem(item) for item in self.selectedItems())
        return [self._groups[row].name for row in rows]

    def show_groups(self, groups: Sequence[Group]) -> None:
        """Show these; those chosen before stay chosen."""
        kept = set(self.names)
        self._groups = tuple(groups)
        self._filling = True
        self.clear()
        for one in self._groups:
            item = QTreeWidgetItem([one.name, f"{one.count:,}", ""])
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            item.setTextAlignment(
                _COUNT, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            )
            item.setSizeHint(_TYPICAL, QSize(0, PICTURE + 4))
            if self._look is not None:
                item.setIcon(_NAME, swatch(one.color, self._look))
            self.addTopLevelItem(item)
            item.setSelected(one.name in kept)
        self._filling = False
        self.setFixedHeight(min(max(2, len(self._groups)), _ROWS) * (PICTURE + 5) + 4)

    def show_pictures(self, pictures: Mapping[str, Sequence[QPixmap | None]]) -> None:
        """Show typical pictures by group; those not read yet are grey."""
        self._filling = True
        for row, one in enumerate(self._groups):
            self.topLevelItem(row).setData(
                _TYPICAL, Qt.ItemDataRole.DecorationRole, strip_of(pictures.get(one.name, ()))
            )
        self._filling = False

    def renew_colors(self, look: Colors) -> None:
        """Swatches with a rim in the theme's colour."""
        self._look = look
        self.show_groups(self._groups)

    def pick_color(self, row: int) -> None:
        """Open the palette below a row."""
        if self._look is None:
            return
        name = self._groups[row].name
        used = {one.color.upper(): one.name for one in self._groups}
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
        menu, names = QMenu(self), self.names or [self._groups[row].name]
        menu.addAction("Rename", lambda: self.editItem(self.topLevelItem(row), _NAME))
        menu.addAction("Colour", lambda: self.pick_color(row))
        join = menu.addAction(f"Join {len(names)} groups", lambda: self.joining.emit(names))
        join.setEnabled(len(names) > 1)
        menu.addAction("Make it a class", lambda: self.classing.emit(names))
        return menu

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
        row, new = self.indexOfTopLevelItem(item), item.text(_NAME).strip()
        old = self._groups[row].name
        if new and new != old:
            groups = list(self._groups)
            groups[row] = replace(groups[row], name=new)
            self._groups = tuple(groups)  # so that it stays chosen
            self.renamed.emit(old, new)
        else:
            self.show_groups(self._groups)  # the name before comes back


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
