"""The list of classes: colour, name, key, how many patches, and how well it is found."""

from __future__ import annotations

from dataclasses import dataclass

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QMenu, QTreeWidgetItem

from napari_simgraph.viewer.label_keys import KEYS
from napari_simgraph.viewer.views.named_rows import NAME, RIGHT, NamedRows

_ROWS, _ROW = 7, 24  # seen at once, more scroll; px of a row


@dataclass(frozen=True)
class ClassLine:
    """A row: name, colour, how many patches, and how well it is found, in words."""

    name: str
    color: str
    count: int
    figure: str = ""


class ClassRows(NamedRows):
    """Classes, one a row, in the order of their keys; `removing` brings the one that goes."""

    removing = Signal(str)

    def __init__(self) -> None:
        super().__init__("classes", 4)
        self.setHeaderLabels(["Class", "Key", "Patches", "Found"])
        self.setToolTip(
            "Click shows the patches of a class; double-click renames it.\n"
            "Found: share of its kept-aside patches that get it, as 0.00 to 1.00."
        )

    @property
    def all_names(self) -> list[str]:
        """All classes, from above."""
        return [one.name for one in self._rows]

    def menu_of(self, row: int) -> QMenu:
        """What a right click on a row offers."""
        menu, name = super().menu_of(row), self._rows[row].name
        menu.addAction("Remove", lambda: self.removing.emit(name))
        return menu

    def _item(self, number: int, one: ClassLine) -> QTreeWidgetItem:
        key = str(number) if number <= KEYS else ""
        item = QTreeWidgetItem([one.name, key, f"{one.count:,}", one.figure])
        item.setToolTip(NAME, one.name)
        for column in range(1, 4):
            item.setTextAlignment(column, RIGHT)
        return item

    def _fit(self) -> None:
        item = self.topLevelItem(0)
        row = max(_ROW, self.visualItemRect(item).height() if item is not None else 0)
        rows = min(max(2, len(self._rows)), _ROWS)
        self.setFixedHeight(self.header().sizeHint().height() + rows * row + 4)
