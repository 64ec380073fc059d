"""Figures of each class on what was kept aside, beside those of the plain network."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from napari_simgraph.core.model import Model
from napari_simgraph.viewer.views.classes_confusion import short

_ROW, _SEEN = 24, 8  # px of a row, and how many are seen at once
_LETTERS = 12  # of a class before its row; the tooltip has all
_PLAIN = "plain"  # ends the names of figures of the plain network
_COLUMNS = (
    ("recall", "Found", "Recall: share of the class that was found, 0.00 to 1.00."),
    ("precision", "Right", "Precision: share of what got the class that has it, 0.00 to 1.00."),
    ("ap", "AP", "Average precision: how far up the class stands when sorted by its chance."),
)


class FiguresTable(QTableWidget):
    """A row a class, a column a figure; in brackets that of the plain network."""

    def __init__(self) -> None:
        super().__init__()
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Figures by class")
        self.setToolTip(
            "On what was kept aside; in brackets the plain network.\n"
            "command line: napari-simgraph info MODEL"
        )
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.verticalHeader().setDefaultSectionSize(_ROW)
        self.hide()

    def show_model(self, model: Model) -> None:
        """Show the figures of a model of classes."""
        names = model.classes.names
        self.setRowCount(len(names))
        self.setColumnCount(len(_COLUMNS))
        self.setVerticalHeaderLabels([short(name, _LETTERS) for name in names])
        self.setHorizontalHeaderLabels([said for _, said, _ in _COLUMNS])
        for column, (key, _, tip) in enumerate(_COLUMNS):
            self.horizontalHeaderItem(column).setToolTip(tip)
            for row, name in enumerate(names):
                item = QTableWidgetItem(_say(model, f"{key} {name}"))
                item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                item.setToolTip(f"{name}: {tip}")
                self.setItem(row, column, item)
        for row, name in enumerate(names):
            self.verticalHeaderItem(row).setToolTip(name)
        head = self.horizontalHeader().sizeHint().height()
        self.setFixedHeight(head + _ROW * min(len(names), _SEEN) + 4)


def _say(model: Model, name: str) -> str:
    """``0.91 (0.78)``; a dash where nothing of the class was kept aside."""
    value, plain = model.metrics.get(name), model.metrics.get(f"{name} {_PLAIN}")
    said = "–" if value is None else f"{value:.2f}"
    return said if value is None or plain is None else f"{said} ({plain:.2f})"
