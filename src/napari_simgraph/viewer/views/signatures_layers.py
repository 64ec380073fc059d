"""The list of a network's layers: which are recorded, what they give, how much that takes."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QListWidget, QListWidgetItem

from napari_simgraph.core.signatures import OVER_PATCH, LayerTable
from napari_simgraph.viewer.words import say_bytes

_ROWS = 5  # that are seen; more scroll
_HALF = 2  # bytes of a number


class LayerList(QListWidget):
    """Layers with ticks: all but the first stage at the beginning.

    `ticked` says that other layers are to be recorded.
    """

    ticked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._table: LayerTable | None = None
        self._patches = 0
        self.setAccessibleName("Layers")
        self.setToolTip("Tick the layers to record.\ncommand line: --layers")
        self.setFixedHeight(_ROWS * (self.fontMetrics().lineSpacing() + 4) + 6)
        self.itemChanged.connect(lambda _: self.ticked.emit())

    def show_layers(self, table: LayerTable | None) -> None:
        """The stages of a network; None while they are not known."""
        self._table = table
        self.blockSignals(True)
        self.clear()
        for number, row in enumerate(self._stages()):
            item = QListWidgetItem()
            item.setData(Qt.ItemDataRole.UserRole, row)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            on = number > 0 or len(self._stages()) == 1
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
            self.addItem(item)
        self.blockSignals(False)
        self.show_patches(self._patches)
        self.ticked.emit()

    def show_patches(self, patches: int) -> None:
        """Say for each layer how much so many patches take."""
        self._patches = patches
        self.blockSignals(True)
        for at in range(self.count()):
            item = self.item(at)
            row = int(item.data(Qt.ItemDataRole.UserRole))
            shape, size = self._of(row, "shape"), say_bytes(_HALF * patches * self._width(row))
            item.setText(f"{self._of(row, 'layer')}   {shape.replace(' x ', ' × ')}   {size}")
            item.setToolTip(f"{self._of(row, 'layer')}: {self._of(row, 'kind')}")
        self.blockSignals(False)

    @property
    def rows(self) -> list[int]:
        """The rows of the table whose layers are ticked."""
        there = [self.item(at) for at in range(self.count())]
        on = [item for item in there if item.checkState() == Qt.CheckState.Checked]
        return [int(item.data(Qt.ItemDataRole.UserRole)) for item in on]

    @property
    def names(self) -> str:
        """The ticked layers, as settings have them."""
        return ",".join(self._of(row, "layer") for row in self.rows)

    @property
    def columns(self) -> int:
        """How many numbers a patch has in them."""
        return sum(self._width(row) for row in self.rows)

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
