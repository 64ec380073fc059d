"""The tree of a network's layers: which are recorded, what they give, how much that takes."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHeaderView, QSizePolicy, QTreeWidget, QTreeWidgetItem

from napari_simgraph.core.signatures import OVER_PATCH, LayerTable
from napari_simgraph.viewer.words import say_bytes

_ROWS = 5  # that are seen; more scroll
_HALF = 2  # bytes of a number
_FEW = 2  # stages: one hidden layer and the answer, as a dense network has them
_NAME, _SHAPE, _SIZE = range(3)
_TITLES = ("Layers", "Gives", "On disk")
_ROOM = (84, 60)  # px of shape and size


class LayerList(QTreeWidget):
    """Layers with ticks, those inside of others folded; at the beginning stages but the first.

    `ticked` says that other layers are to be recorded.
    """

    ticked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._table: LayerTable | None = None
        self._patches = 0
        self._items: list[QTreeWidgetItem] = []
        self.setAccessibleName("Layers")
        self.setToolTip("Tick the layers to record; arrows open what is inside.")
        self.setHeaderLabels(_TITLES)
        self.setUniformRowHeights(True)
        self.setIndentation(12)
        self.setMinimumWidth(0)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        header = self.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(_ROOM[1])
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        for column, room in zip((_SHAPE, _SIZE), _ROOM, strict=True):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            self.setColumnWidth(column, room)
        line = self.fontMetrics().lineSpacing() + 6
        self.setFixedHeight(_ROWS * line + header.sizeHint().height() + 4)
        self.itemChanged.connect(lambda *_: self.ticked.emit())

    def show_layers(self, table: LayerTable | None) -> None:
        """The layers of a network; None while they are not known."""
        self._table = table
        self.blockSignals(True)
        self.clear()
        names = [] if table is None else [str(name) for name in table["layer"]]
        self._items = [QTreeWidgetItem() for _ in names]
        on = self._first()
        for row, above in enumerate(inside_of(names)):
            self._dress(row, names[row] if above < 0 else names[row][len(names[above]) + 1 :])
            state = Qt.CheckState.Checked if row in on else Qt.CheckState.Unchecked
            self._items[row].setCheckState(_NAME, state)
            if above < 0:
                self.addTopLevelItem(self._items[row])
            else:
                self._items[above].addChild(self._items[row])
        for row in self._stages():
            parent = self._items[row].parent()
            while parent is not None:
                parent.setExpanded(True)
                parent = parent.parent()
        self.blockSignals(False)
        self.show_patches(self._patches)
        self.ticked.emit()

    def show_patches(self, patches: int) -> None:
        """Say for each layer how much so many patches take."""
        self._patches = patches
        self.blockSignals(True)
        for row, item in enumerate(self._items):
            item.setText(_SIZE, say_bytes(_HALF * patches * self._width(row)))
        self.blockSignals(False)

    def count(self) -> int:
        """How many layers there are, those inside of others too."""
        return len(self._items)

    def item(self, row: int) -> QTreeWidgetItem:
        """What shows a row of the table of layers."""
        return self._items[row]

    @property
    def rows(self) -> list[int]:
        """The rows of the table whose layers are ticked."""
        on = Qt.CheckState.Checked
        return [row for row, item in enumerate(self._items) if item.checkState(_NAME) == on]

    @property
    def names(self) -> str:
        """The ticked layers, as settings have them."""
        return ",".join(self._of(row, "layer") for row in self.rows)

    @property
    def columns(self) -> int:
        """How many numbers a patch has in them."""
        return sum(self._width(row) for row in self.rows)

    def _dress(self, row: int, name: str) -> None:
        item, whole = self._items[row], self._of(row, "layer")
        item.setText(_NAME, name)
        item.setText(_SHAPE, self._of(row, "shape").replace(" x ", "×"))
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        shape = self._of(row, "shape").replace("x", "×")
        for column in (_NAME, _SHAPE, _SIZE):
            said = f"{whole}: {self._of(row, 'kind')}, gives {shape} for a patch"
            item.setToolTip(column, f"{said}\ncommand line: --layers")

    def _first(self) -> list[int]:
        """What is ticked at the beginning: of a single hidden layer that, too."""
        stages = self._stages()
        return stages[1:] if len(stages) > _FEW else stages

    def _stages(self) -> list[int]:
        if self._table is None:
            return []
        return [row for row, ends in enumerate(self._table["recorded"].tolist()) if ends]

    def _of(self, row: int, column: str) -> str:
        assert self._table is not None  # rows are there with it alone
        return str(self._table[column][row])

    def _width(self, row: int) -> int:
        single = "x" not in self._of(row, "shape")
        return int(self._of(row, "neurons")) * (1 if single else len(OVER_PATCH))


def inside_of(names: Sequence[str]) -> list[int]:
    """For each name the place of the one that it lies inside of, -1 for none: a.b lies in a."""
    known = {name: row for row, name in enumerate(names)}
    found = []
    for name in names:
        above = name.rpartition(".")[0]
        while above and above not in known:
            above = above.rpartition(".")[0]
        found.append(known.get(above, -1))
    return found
