"""Pane 1 of the Browser: how well A and B part at each layer; a click looks at the layer."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QColor, QPainter

from napari_simgraph.analysis.probes import Parted, part_at
from napari_simgraph.viewer.signatures.book import Book
from napari_simgraph.viewer.theme import Colors
from napari_simgraph.viewer.views.browser_parts import BLUE, ORANGE, Pane, elided

_NAME, _SCORE = 0.42, 34  # share of the width for names, px for scores
_MOST_ROW = 22  # px


class LayersPane(Pane):
    """A row for each layer: name, bar from chance to 1, score."""

    def __init__(self, book: Book) -> None:
        super().__init__(book, "Layers: how well A and B part")

    def paint(self, painter: QPainter, look: Colors) -> None:
        """See `Pane`."""
        table, compared = self.book.table, self.book.compared
        assert table is not None  # else it says what is missing
        known = {one.layer: one for one in compared.curve} if compared is not None else {}
        at = part_at(compared.curve) if compared is not None else None
        for number, layer in enumerate(table.layers):
            box = self._row(number)
            if layer.name == self.book.layer:
                painter.fillRect(box, QColor(look.primary))
            self._paint_row(painter, look, box, (layer.name, known.get(layer.name), at))

    def _paint_row(
        self,
        painter: QPainter,
        look: Colors,
        box: QRectF,
        what: tuple[str, Parted | None, Parted | None],
    ) -> None:
        name, one, at = what
        wide = box.width() * _NAME
        painter.setPen(QColor(look.text))
        middle = Qt.AlignmentFlag.AlignVCenter
        short = elided(painter, self.book.short(name), wide - 8)
        painter.drawText(box.adjusted(4, 0, 0, 0), middle, short)
        if one is None or one.score != one.score:  # NaN is unequal to itself
            return
        room = QRectF(wide, box.top() + 3, box.width() - wide - _SCORE, box.height() - 6)
        share = max(0.0, (one.score - one.chance) / max(1e-6, 1 - one.chance))
        painter.fillRect(room, QColor(look.foreground))
        here = at is not None and name == at.layer
        color = QColor(ORANGE if here else BLUE)
        painter.fillRect(
            QRectF(room.left(), room.top(), room.width() * share, room.height()), color
        )
        said = f"{one.score:.2f}{'<' if here else ''}"
        right = QRectF(room.right() + 4, box.top(), _SCORE, box.height())
        painter.drawText(right, middle, said)

    def mousePressEvent(self, event: Any) -> None:
        """Look at the layer under the pointer."""
        self._go(self._at(event.position().y()))

    def keyPressEvent(self, event: Any) -> None:
        """Up and down go from layer to layer."""
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        table = self.book.table
        if event.key() not in steps or table is None:
            super().keyPressEvent(event)
            return
        names = [one.name for one in table.layers]
        now = names.index(self.book.layer) if self.book.layer in names else 0
        self._go(min(max(now + steps[event.key()], 0), len(names) - 1))

    def mouseMoveEvent(self, event: Any) -> None:
        """Say what a row is."""
        at, table = self._at(event.position().y()), self.book.table
        if table is not None and 0 <= at < len(table.layers):
            one = table.layers[at]
            shape = " × ".join(map(str, one.shape))
            self.setToolTip(f"{one.name}: {one.kind}, {shape}")

    def _go(self, at: int) -> None:
        table = self.book.table
        if table is not None and 0 <= at < len(table.layers):
            self.book.look(table.layers[at].name)

    def _row(self, number: int) -> QRectF:
        return QRectF(0, number * self._height, self.width(), self._height)

    @property
    def _height(self) -> float:
        count = len(self.book.table.layers) if self.book.table is not None else 1
        return float(min(_MOST_ROW, self.height() / max(1, count)))

    def _at(self, y: float) -> int:
        return int(y // self._height)
