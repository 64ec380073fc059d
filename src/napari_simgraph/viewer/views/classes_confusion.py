"""The table of confusions: how many patches of each class were found as which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QBrush, QColor
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from napari_simgraph.viewer.theme import Colors

_SHORT = 6  # letters of a class above its column; the tooltip has all
_ROW, _SEEN = 24, 8  # px of a row, and how many are seen at once
_RIGHT, _WRONG = "#0072B2", "#D55E00"  # blue and vermilion: told apart by all eyes
_FAINT = 0.75  # strongest tint, so that the number can still be read


class ConfusionTable(QTableWidget):
    """Rows are what patches are, columns what they were found as; `asked` brings both names."""

    asked = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self._names: tuple[str, ...] = ()
        self._counts: NDArray[np.int64] = np.zeros((0, 0), np.int64)
        self._ground = "#262930"
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAccessibleName("Confusions")
        self.setToolTip(
            "Rows: what kept-aside patches are. Columns: what they were found as.\n"
            "Click a number to see those patches."
        )
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setMinimumSectionSize(24)
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)  # ends are cut off
        self.verticalHeader().setDefaultSectionSize(_ROW)
        self.cellClicked.connect(self._clicked)
        self.hide()

    def show_counts(self, names: Sequence[str], counts: NDArray[np.int64] | None) -> None:
        """Show ``(K, K)`` counts; None hides the table."""
        self.setVisible(counts is not None)
        if counts is None:
            return
        self._names, self._counts = tuple(names), np.asarray(counts)
        self.setRowCount(len(names))
        self.setColumnCount(len(names))
        self.setVerticalHeaderLabels([short(name, 2 * _SHORT) for name in names])
        self.setHorizontalHeaderLabels([short(name, _SHORT) for name in names])
        totals = np.maximum(self._counts.sum(1), 1)
        for row, name in enumerate(names):
            self.verticalHeaderItem(row)
            self.horizontalHeaderItem(row).setToolTip(name)
            for column, other in enumerate(names):
                many = int(self._counts[row, column])
                item = QTableWidgetItem(f"{many:,}" if many else "·")
                item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                item.setToolTip(f"{many:,} of {name} found as {other}")
                item.setBackground(self._tint(row == column, many / totals[row]))
                self.setItem(row, column, item)
        head = self.horizontalHeader().sizeHint().height()
        self.setFixedHeight(head + _ROW * min(len(names), _SEEN) + 4)

    def renew_colors(self, look: Colors) -> None:
        """Tint on the theme's ground."""
        self._ground = look.background
        if len(self._names):
            shown = self.isVisible()
            self.show_counts(self._names, self._counts)
            self.setVisible(shown)

    def _tint(self, right: bool, share: float) -> QBrush:
        """The colour of right or wrong answers, more of it the more there are."""
        ground, tint = QColor(self._ground), QColor(_RIGHT if right else _WRONG)
        part = _FAINT * share
        mixed = [
            round((1 - part) * a + part * b)
            for a, b in zip(ground.getRgb()[:3], tint.getRgb()[:3], strict=True)
        ]
        return QBrush(QColor(*mixed))

    def _clicked(self, row: int, column: int) -> None:
        self.asked.emit(self._names[row], self._names[column])


def short(name: str, length: int) -> str:
    """The name of a class, cut off after so many letters."""
    return name if len(name) <= length else name[: length - 1] + "…"
