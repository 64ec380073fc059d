"""Pane 2 of the Browser: groups by neurons; a click chooses a neuron, or the patches of a group."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QColor, QImage, QPainter, QPen

from napari_simgraph.analysis.signature_paths import CLUSTER
from napari_simgraph.core.signatures import Layer, SignatureTable
from napari_simgraph.viewer.signatures.book import Book
from napari_simgraph.viewer.theme import Colors
from napari_simgraph.viewer.views.browser_parts import BLUE, ORANGE, Pane

_LABEL = 26  # px of the names of groups
_CELL = 5  # px at least; of more neurons than fit those that differ most are shown
_MOST = 28  # px of a row
_FAR = 2.0  # spreads from the mean at which a colour is full


class HeatPane(Pane):
    """Mean of each neuron in each group, in spreads from its mean over all patches."""

    def __init__(self, book: Book) -> None:
        super().__init__(book, "Groups by neurons")
        self._values: NDArray[np.float32] = np.zeros((0, 0), np.float32)
        self.neurons: NDArray[np.intp] = np.zeros(0, np.intp)
        self._of: tuple[object, ...] = ()

    def missing(self) -> str:
        """See `Pane`."""
        said = super().missing()
        if said or self.book.table is None:
            return said
        return "" if CLUSTER in self.book.table.about else "No groups were found."

    def paint(self, painter: QPainter, look: Colors) -> None:
        """See `Pane`."""
        self._arrange()
        rows, columns = self._values.shape
        if not rows or not columns:
            return
        picture = colored(self._values, look)
        image = QImage(picture.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888)
        painter.drawImage(self._room(), image)
        painter.setPen(QColor(look.text))
        for number in range(rows):
            box = QRectF(0, self._room().top() + number * self._height, _LABEL, self._height)
            if self._height >= painter.fontMetrics().height() - 3 or number % 2 == 0:
                painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, f"g{number + 1}")
        self._mark(painter, look)

    def mousePressEvent(self, event: Any) -> None:
        """A cell or column is a neuron, a row's name its group."""
        cell = self.cell_at(event.position().x(), event.position().y())
        table = self.book.table
        if cell is None or table is None:
            return
        group, neuron = cell
        rows = np.flatnonzero(np.asarray(table.columns[CLUSTER]) == group)
        if neuron >= 0:
            self.book.look(self.book.layer, neuron)
        self.book.choose(rows, f"group {group + 1}")

    def mouseMoveEvent(self, event: Any) -> None:
        """Say what a cell is."""
        cell = self.cell_at(event.position().x(), event.position().y())
        if cell is None or cell[1] < 0:
            self.setToolTip("Click a group's name to choose its patches, a cell for its neuron.")
            return
        at = int(np.flatnonzero(self.neurons == cell[1])[0])
        off = float(self._values[cell[0], at])
        self.setToolTip(f"group {cell[0] + 1}, neuron {cell[1]}: {off:+.1f} spreads from the mean")

    def keyPressEvent(self, event: Any) -> None:
        """Left and right go from neuron to neuron."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if event.key() not in steps or not len(self.neurons):
            super().keyPressEvent(event)
            return
        now = np.flatnonzero(self.neurons == self.book.neuron)
        at = int(now[0]) + steps[event.key()] if len(now) else 0
        self.book.look(self.book.layer, int(self.neurons[at % len(self.neurons)]))

    def cell_at(self, x: float, y: float) -> tuple[int, int] | None:
        """Group and neuron (-1 for the names) at a place; None where there is none."""
        room = self._room()
        group = int((y - room.top()) // max(1e-6, self._height))
        if not 0 <= group < len(self._values):
            return None
        if x < room.left():
            return group, -1
        at = int((x - room.left()) / max(1.0, room.width()) * len(self.neurons))
        return (group, int(self.neurons[at])) if 0 <= at < len(self.neurons) else None

    def _arrange(self) -> None:
        """Choose and order the neurons, unless it is done."""
        table, layer = self.book.table, self.book.layer_in_hand
        if table is None or layer is None:
            return
        room = max(1, int((self.width() - _LABEL) // _CELL))
        now = (table, layer, self.book.compared, room)
        if self._of and all(a is b or a == b for a, b in zip(now, self._of, strict=True)):
            return
        self._of = now
        values = standing(table, layer)
        self.neurons = order_of(values, layer, self.book)[:room]
        self._values = values[:, self.neurons]

    def _mark(self, painter: QPainter, look: Colors) -> None:
        """Ring the row of the chosen patch and the column of the neuron in hand."""
        room, table = self._room(), self.book.table
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(look.text), 1.5))
        at = np.flatnonzero(self.neurons == self.book.neuron)
        wide = room.width() / max(1, len(self.neurons))
        if len(at):
            left = room.left() + int(at[0]) * wide
            painter.drawRect(QRectF(left, room.top(), wide, room.height()))
        chosen = self.book.chosen
        if table is not None and len(chosen):
            groups = np.unique(np.asarray(table.columns[CLUSTER])[chosen])
            if len(groups) == 1:
                top = room.top() + int(groups[0]) * self._height
                painter.drawRect(QRectF(room.left(), top, room.width(), self._height))

    def _room(self) -> QRectF:
        return QRectF(_LABEL, 0, self.width() - _LABEL - 1, self._height * len(self._values))

    @property
    def _height(self) -> float:
        return float(min(_MOST, (self.height() - 2) / max(1, len(self._values))))


def standing(table: SignatureTable, layer: Layer) -> NDArray[np.float32]:
    """Means of groups ``(K, C)`` in spreads from the mean over all patches."""
    of = layer.of()
    spread = table.about["spread"][of]
    off = table.about[CLUSTER][of].T - table.about["mean"][of]
    found: NDArray[np.float32] = np.divide(off, spread, out=np.zeros_like(off), where=spread > 0)
    return found


def order_of(values: NDArray[np.float32], layer: Layer, book: Book) -> NDArray[np.intp]:
    """Neurons that tell A from B best first; without those, the ones that differ most."""
    strength = np.abs(values).max(0)
    compared = book.compared
    if compared is None or layer.name not in compared.neurons["layer"]:
        return np.argsort(-strength, kind="stable")
    mine = compared.neurons.take(compared.neurons["layer"] == layer.name)
    auroc = np.full(layer.neurons, 0.5)
    auroc[mine["neuron"]] = mine["auroc"]
    return np.argsort(-np.abs(auroc - 0.5), kind="stable")


def colored(values: NDArray[np.float32], look: Colors) -> NDArray[np.uint8]:
    """Blue below the mean, orange above it, the theme's foreground at it ``(K, C, 3)``."""
    middle, low, high = (_rgb(one) for one in (look.foreground, BLUE, ORANGE))
    share = np.clip(np.abs(values) / _FAR, 0, 1)[..., None]
    ends = np.where(values[..., None] < 0, low, high)
    mixed: NDArray[np.uint8] = np.ascontiguousarray(
        (middle * (1 - share) + ends * share).round().astype(np.uint8)
    )
    return mixed


def _rgb(color: str) -> NDArray[np.float32]:
    return np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)], np.float32)
