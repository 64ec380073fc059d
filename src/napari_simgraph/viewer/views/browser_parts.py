"""What the panes of the Browser have in common: a title, a picture that is painted, the theme."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QColor, QFont, QFontMetrics, QPainter
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from napari_simgraph.viewer.controls import combo
from napari_simgraph.viewer.signatures.book import Book
from napari_simgraph.viewer.theme import Colors

BLUE, ORANGE = "#0072B2", "#E69F00"  # below and above the mean; told apart by all eyes
LETTERS = 0.85  # of the docks' letters
_LETTERS = 4  # of a name that is cut in the middle: with fewer nobody knows it
_WORD, _ARROW = "how many", 40  # what a menu of a title has room for, and px of its arrow


class Pane(QWidget):
    """A painted part of the Browser below its title.

    `said` brings a sentence for the line below the panes.
    """

    said = Signal(str)

    def __init__(self, book: Book, name: str) -> None:
        super().__init__()
        self.book = book
        self.look: Colors | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def renew(self, *_: object) -> None:
        """Paint anew."""
        self.update()

    def renew_colors(self, look: Colors) -> None:
        """Take on the theme's colours."""
        self.look = look
        self.update()

    def sizeHint(self) -> QSize:
        """A quarter of the dock."""
        return QSize(220, 120)

    def minimumSizeHint(self) -> QSize:
        """Narrower, nothing can be read."""
        return QSize(120, 60)

    def paintEvent(self, event: Any) -> None:
        """Paint what there is, or say what is missing."""
        if self.look is None:
            return
        painter = QPainter(self)
        painter.setFont(self._font())
        missing = self.missing()
        if missing:
            painter.setPen(QColor(self.look.faint))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect(), flags, missing)
        else:
            self.paint(painter, self.look)
        painter.end()

    def letters(self) -> QFontMetrics:
        """How large what is painted is written."""
        return QFontMetrics(self._font())

    def _font(self) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(max(7.0, font.pointSizeF() * LETTERS))
        return font

    def missing(self) -> str:
        """Why there is nothing to paint; "" where there is."""
        return "" if self.book.table is not None else "Nothing is recorded yet."

    def paint(self, painter: QPainter, look: Colors) -> None:
        """Paint it."""


def framed(title: str, pane: QWidget, menu: QWidget | None = None) -> tuple[QWidget, QLabel]:
    """A pane below its title, which may have a menu at its end; and the title."""
    holder, label = QWidget(), QLabel(title)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    column, line = QVBoxLayout(holder), QHBoxLayout()
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(2)
    line.setSpacing(2)
    line.addWidget(label, 1)
    if menu is not None:
        line.addWidget(menu)
    column.addLayout(line)
    column.addWidget(pane, 1)
    return holder, label


def title_menu(tooltip: str, entries: Sequence[str]) -> QComboBox:
    """A small menu at the end of a title."""
    made = combo(tooltip, tooltip.partition(".")[0])
    made.addItems(list(entries))
    letters = made.fontMetrics()
    made.setFixedSize(letters.horizontalAdvance(_WORD) + _ARROW, letters.height() + 4)
    return made


def elided(painter: QPainter, text: str, width: float) -> str:
    """A name as far as it fits; where there is room for few letters its last ones, ``1.0``."""
    letters, middle = painter.fontMetrics(), Qt.TextElideMode.ElideMiddle
    found = str(letters.elidedText(text, middle, int(width)))
    if found == text or len(found) > _LETTERS:
        return found
    tails = (text[at:] for at in range(1, len(text)))
    return next((tail for tail in tails if letters.horizontalAdvance(tail) <= width), found)
