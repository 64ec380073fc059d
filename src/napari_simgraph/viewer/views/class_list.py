"""The list of classes: colour, name, key, how much is painted, and what is painted next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTreeWidget, QTreeWidgetItem

from napari_simgraph.core.classes import ClassTable, default_colors
from napari_simgraph.viewer.theme import Colors, swatch

PRESETS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "EM": (("membrane", "cytoplasm", "mitochondrion", "synapse"), ()),
    # On H&E, classes are told apart by outlines in colours that are rare in stained tissue.
    "Tissue": (
        ("tumour", "stroma", "gland", "other"),
        ("#009E73", "#D55E00", "#F0E442", "#000000"),
    ),
    "Two classes": (("background", "object"), ()),
}
MAX_CLASSES = 32
_NAME, _KEY, _PAINTED, _AGREEMENT = range(4)
_SHOWN_ROWS = 8
_TIP = (
    "Click to paint it. Double-click renames.\nCounted are painted pixels; command line: --classes"
)


def preset_classes(name: str) -> ClassTable:
    """The classes of a preset."""
    names, table_colors = PRESETS[name]
    return ClassTable.of(names, list(table_colors) or None)


class ClassList(QTreeWidget):
    """Classes in order of value; the chosen one is what the brush paints.

    `edited` says that names, number or order of classes changed, `picked` that a person chose a
    row (its value).
    """

    edited = Signal()
    picked = Signal(int)

    def __init__(self, look: Colors) -> None:
        super().__init__()
        self._look, self._table = look, ClassTable(())
        self._counts: Mapping[int, int] = {}
        self._scores: Mapping[str, float] = {}
        self._filling = False
        self.setColumnCount(4)
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setIconSize(QSize(14, 14))
        self.setToolTip(_TIP)
        self.setAccessibleName("Classes")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.header().setStretchLastSection(False)
        self.header().setMinimumSectionSize(20)
        self.header().setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        for column in (_KEY, _PAINTED, _AGREEMENT):
            mode = QHeaderView.ResizeMode.ResizeToContents
            self.header().setSectionResizeMode(column, mode)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)
        self.itemChanged.connect(self._renamed)
        self.currentItemChanged.connect(self._pick)

    @property
    def table(self) -> ClassTable:
        """The classes as they are listed."""
        return self._table

    @property
    def value(self) -> int:
        """The value of the chosen class; 0 where none is chosen."""
        return int(self.indexOfTopLevelItem(self.currentItem()) + 1)

    def show_table(self, table: ClassTable) -> None:
        """List these classes."""
        chosen = max(1, self.value)
        self._table = table
        self._filling = True
        self.clear()
        for row in table:
            item = QTreeWidgetItem(
                [row.name, f"Ctrl+{row.value}" if row.value < 10 else "", "", ""]
            )
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            item.setTextAlignment(_PAINTED, int(_RIGHT))
            item.setTextAlignment(_AGREEMENT, int(_RIGHT))
            item.setSizeHint(_NAME, QSize(0, self.fontMetrics().height() + 6))
            self.addTopLevelItem(item)
        self._filling = False
        self.show_counts(self._counts)
        self.show_agreement(self._scores)
        self.renew_colors(self._look)
        self.choose(min(chosen, len(table)))
        self._fit()

    def show_counts(self, counts: Mapping[int, int]) -> None:
        """Say how many pixels of each class are painted."""
        self._counts = counts
        self._filling = True
        for row in self._table:
            count = counts.get(row.value, 0)
            self.topLevelItem(row.value - 1).setText(_PAINTED, f"{count:,} px" if count else "–")
        self._filling = False

    def show_agreement(self, scores: Mapping[str, float]) -> None:
        """Say how well each class was found on what was kept aside; a dash where it is unknown."""
        self._scores = scores
        self._filling = True
        for row in self._table:
            score = scores.get(row.name)
            said = f"{score:.2f}" if score is not None else "–"
            self.topLevelItem(row.value - 1).setText(_AGREEMENT, said if scores else "")
        self._filling = False

    def choose(self, value: int) -> None:
        """Choose a class without saying so."""
        self._filling = True
        if 1 <= value <= len(self._table):
            self.setCurrentItem(self.topLevelItem(value - 1))
        self._filling = False

    def renew_colors(self, look: Colors) -> None:
        """Swatches with a rim in the theme's colour."""
        self._look = look
        self._filling = True
        for row in self._table:
            self.topLevelItem(row.value - 1).setIcon(_NAME, swatch(row.color, look))
        self._filling = False

    def add(self, name: str = "") -> None:
        """One more class, ready to be named."""
        names, number = self._table.names, len(self._table) + 1
        if number > MAX_CLASSES:
            return
        new = name or f"class {number}"
        table_colors = default_colors([*names, new])
        kept = [row.color for row in self._table]
        self.show_table(ClassTable.of([*names, new], [*kept, table_colors[-1]]))
        self.edited.emit()
        if not name:
            self.editItem(self.topLevelItem(number - 1), _NAME)

    def remove_last(self) -> None:
        """Take away the last class; those before keep their values."""
        rows = list(self._table)[:-1]
        self.show_table(ClassTable(tuple(rows)))
        self.edited.emit()

    def edit(self, index: Any, trigger: Any = None, event: Any = None) -> Any:
        """Only names can be edited."""
        if trigger is None:
            return super().edit(index)
        return index.column() == _NAME and super().edit(index, trigger, event)

    def _pick(self, item: Any, before: Any) -> None:
        if item is not None and not self._filling:
            self.picked.emit(self.value)

    def _renamed(self, item: QTreeWidgetItem, column: int) -> None:
        if self._filling or column != _NAME:
            return
        names = list(self._table.names)
        names[self.indexOfTopLevelItem(item)] = item.text(_NAME).strip()
        kept = [row.color for row in self._table]
        try:
            if "" in names:
                raise ValueError("A class needs a name.")
            table = ClassTable.of(names, kept)
        except ValueError:
            self.show_table(self._table)  # the name before comes back
            return
        self.show_table(table)
        self.edited.emit()

    def _menu(self, position: Any) -> None:
        item, menu = self.itemAt(position), QMenu(self)
        if item is None:
            return
        menu.addAction("Rename", lambda: self.editItem(item, _NAME))
        last = self.indexOfTopLevelItem(item) == len(self._table) - 1
        remove = menu.addAction("Remove", self.remove_last)
        painted = self._counts.get(len(self._table), 0)
        remove.setEnabled(last and not painted and len(self._table) > 1)
        menu.exec(self.viewport().mapToGlobal(position))

    def _fit(self) -> None:
        """As high as its rows, up to eight."""
        rows = min(max(2, len(self._table)), _SHOWN_ROWS)
        height = self.sizeHintForRow(0) if len(self._table) else 20
        self.setFixedHeight(rows * max(18, height) + 6)


_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
