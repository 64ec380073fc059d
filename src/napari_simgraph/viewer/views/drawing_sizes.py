"""Try sizes: a table of errors of several sizes of the network, one of which is taken."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from napari_simgraph.capabilities import generation
from napari_simgraph.core.objects import Columns
from napari_simgraph.io.tables import write_csv
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.views.parts import column

FILE = "sizes.csv"  # beside the run in the workspace
_SHOWN = (
    ("latent", "numbers", "How many numbers a patch is drawn from."),
    ("width", "width", "Features of the first layer."),
    ("error", "error", "Mean squared error of redrawn kept-aside patches, light from 0 to 1."),
    ("error_pca", "PCA", "The same of as many principal components."),
    ("in_use", "in use", "How many of the numbers vary from patch to patch."),
)
_ROW = 24  # px


class SizeModel(QAbstractTableModel):
    """Rows of a table of sizes; the least error is set bold by its mark."""

    def __init__(self) -> None:
        super().__init__()
        self.table: Columns | None = None

    def show(self, table: Columns) -> None:
        """Show another table."""
        self.beginResetModel()
        self.table = table
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """One row a size."""
        return 0 if self.table is None else len(self.table)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Sizes and figures."""
        return len(_SHOWN)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A figure; the least error has a mark."""
        if self.table is None:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        name = _SHOWN[index.column()][0]
        value = self.table[name][index.row()]
        if not name.startswith("error"):
            return f"{int(value)}"
        best = name == "error" and index.row() == best_row(self.table)
        return f"{'★ ' if best else ''}{value:.4f}" if value == value else "–"

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """What the columns are."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.ToolTipRole:
            return _SHOWN[section][2]
        return _SHOWN[section][1] if role == Qt.ItemDataRole.DisplayRole else None


class SizesTable(QWidget):
    """What sizes came to; hidden until some were tried. `taken` brings latent size and width."""

    taken = Signal(int, int)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.model = SizeModel()
        self.view = QTableView()
        self.view.setModel(self.model)
        self.view.setToolTip(
            "Errors by size. Double-click takes a size.\ncommand line: generation search"
        )
        self.view.setAccessibleName("Sizes tried")
        self.view.verticalHeader().hide()
        self.view.verticalHeader().setDefaultSectionSize(_ROW)
        self.view.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.view.doubleClicked.connect(lambda index: self._take(index.row()))
        column(self).addWidget(self.view)
        self.hide()

    def show_sizes(self, table: Columns, room: str) -> None:
        """Show a table, and keep it beside the run that made it."""
        self.model.show(table)
        self.view.setFixedHeight(_ROW * (len(table) + 1) + 8)
        self.show()
        folder = self._session.ensure_workspace().run_folder(room)
        folder.mkdir(parents=True, exist_ok=True)
        self._session.keeper.do(partial(write_csv, table, folder / FILE))

    def _take(self, row: int) -> None:
        table = self.model.table
        assert table is not None  # a row of it was clicked
        self.taken.emit(int(table["latent"][row]), int(table["width"][row]))


def best_row(table: Columns) -> int:
    """The size with the least error."""
    return int(table["error"].argmin())


def search_of(config: generation.Train) -> generation.Search:
    """The usual sizes, each learned as long as the form says for one."""
    return generation.Search.from_json(config.to_json())


def run_name() -> str:
    """A name for the run of a search."""
    return f"sizes {datetime.now():%Y-%m-%d %H%M%S}"
