"""Pane 2 of the Browser, turned over: groups against classes, and how many groups there are."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPen, QPolygonF

from napari_simgraph.analysis.signature_clusters import STABLE
from napari_simgraph.analysis.signature_paths import CLUSTER
from napari_simgraph.viewer.signatures.book import Book
from napari_simgraph.viewer.theme import Colors
from napari_simgraph.viewer.views.browser_parts import BLUE, ORANGE, Pane, elided

_LABEL = 26  # px of the names of groups
_MOST = 24  # px of a row
_NO_CLASSES = "No patch has a class: label some in Classes or Map, and record again."
_NOT_TRIED = "The number of groups was given. With Groups at 'suggest', 2 to 20 are tried."


class _Grouped(Pane):
    """A pane about how the signatures were grouped."""

    @property
    def told(self) -> dict[str, Any]:
        """What grouping found."""
        table = self.book.table
        return dict(table.made.get("clusters", {})) if table is not None else {}


class ClassesPane(_Grouped):
    """How many patches of each class are in each group; a click chooses them."""

    def __init__(self, book: Book) -> None:
        super().__init__(book, "Groups by classes")

    def missing(self) -> str:
        """See `Pane`."""
        return super().missing() or ("" if self.told.get("classes") else _NO_CLASSES)

    def paint(self, painter: QPainter, look: Colors) -> None:
        """See `Pane`."""
        counts, names = np.asarray(self.told["counts"]), self.told["classes"]
        line = painter.fontMetrics().height()
        share = counts / np.maximum(1, counts.sum(1, keepdims=True))
        tall, wide = self._cell(line)
        middle = Qt.AlignmentFlag.AlignCenter
        for j, name in enumerate(names):
            box = QRectF(_LABEL + j * wide, 0, wide, line)
            painter.setPen(QColor(look.text))
            painter.drawText(box, middle, elided(painter, str(name), wide - 2))
        for i in range(len(counts)):
            top = line + i * tall
            painter.setPen(QColor(look.text))
            left = Qt.AlignmentFlag.AlignVCenter
            if tall >= line - 3 or i % 2 == 0:
                painter.drawText(QRectF(0, top, _LABEL, tall), left, f"g{i + 1}")
            for j in range(len(names)):
                box = QRectF(_LABEL + j * wide, top, wide - 1, tall - 1)
                color = QColor(BLUE)
                color.setAlphaF(float(share[i, j]))
                painter.fillRect(box, QColor(look.foreground))
                painter.fillRect(box, color)
                if counts[i, j] and tall >= line - 3:
                    light = share[i, j] > 0.5 or look.dark
                    painter.setPen(QColor("#FFFFFF" if light else look.text))
                    painter.drawText(box, middle, f"{counts[i, j]:,}")
        painter.setPen(QColor(look.text))
        below = QRectF(0, self.height() - line, self.width(), line)
        painter.drawText(below, elided(painter, self.sentence, self.width()))

    @property
    def sentence(self) -> str:
        """How groups and classes agree."""
        told = self.told
        if not told.get("classes"):
            return ""
        chance = float(told["chance"])
        p = f"p = {chance:.3f}" if chance > 0.001 else "p ≤ 0.001"
        return f"purity {told['purity']:.2f} · information {told['information']:.2f} · {p}"

    def mousePressEvent(self, event: Any) -> None:
        """A cell chooses its patches, the name of a group all of its patches."""
        cell, table = self.cell_at(event.position()), self.book.table
        if cell is None or table is None:
            return
        group, name = cell
        kept = np.asarray(table.columns[CLUSTER]) == group
        if name:
            kept &= table.classes() == name
        said = f"group {group + 1}" + (f", {name}" if name else "")
        self.book.choose(np.flatnonzero(kept), said)

    def mouseMoveEvent(self, event: Any) -> None:
        """Say what the figures mean."""
        cell = self.cell_at(event.position())
        if cell is None or not cell[1]:
            self.setToolTip(
                "Purity: patches of their group's commonest class. Information: mutual, adjusted\n"
                "for chance, 0 to 1. p: how often shuffled classes agree as well."
            )
            return
        self.setToolTip(f"group {cell[0] + 1}, {cell[1]}: click to choose these patches.")

    def cell_at(self, place: QPointF) -> tuple[int, str] | None:
        """Group and class ("" for the names of groups) at a place; None where there is none."""
        names = self.told.get("classes")
        if not names:
            return None
        line = self.letters().height()
        tall, wide = self._cell(line)
        group = int((place.y() - line) // max(1e-6, tall))
        if not 0 <= group < len(self.told["counts"]) or place.y() < line:
            return None
        at = int((place.x() - _LABEL) // max(1e-6, wide))
        if place.x() < _LABEL:
            return group, ""
        return (group, str(names[at])) if at < len(names) else None

    def _cell(self, line: int) -> tuple[float, float]:
        """Height and width of a cell."""
        told = self.told
        room = self.height() - 2 * line - 2
        tall = min(float(_MOST), room / max(1, len(told["counts"])))
        return tall, (self.width() - _LABEL) / max(1, len(told["classes"]))


class NumberPane(_Grouped):
    """Silhouette and stability of each number of groups that was tried."""

    def __init__(self, book: Book) -> None:
        super().__init__(book, "How many groups")

    def missing(self) -> str:
        """See `Pane`."""
        return super().missing() or ("" if self.told.get("tried") else _NOT_TRIED)

    def paint(self, painter: QPainter, look: Colors) -> None:
        """See `Pane`."""
        told, line = self.told, painter.fontMetrics().height()
        tried = list(told["tried"])
        room = QRectF(24, line + 2, self.width() - 32, self.height() - 2.4 * line - 4)
        self._frame(painter, look, room, line)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        wide = room.width() / max(1, tried[-1] - tried[0])
        for name, color in (("stability", ORANGE), ("silhouette", BLUE)):
            places = [
                QPointF(room.left() + (k - tried[0]) * wide, _height(room, value))
                for k, value in zip(tried, told[name], strict=True)
            ]
            painter.setPen(QPen(QColor(color), 2.0))
            painter.drawPolyline(QPolygonF(places))
            painter.setBrush(QColor(color))
            for k, place in zip(tried, places, strict=True):
                big = 4.0 if k == told["number"] else 2.0
                painter.drawEllipse(place, big, big)
        painter.setPen(QColor(look.text))
        centre = Qt.AlignmentFlag.AlignHCenter
        for k in tried:
            if (k - tried[0]) % 2 == 0 or k == told["number"]:
                box = QRectF(room.left() + (k - tried[0]) * wide - 12, room.bottom() + 2, 24, line)
                if k == told["number"] or abs(k - told["number"]) > 1:
                    painter.drawText(box, centre, f"{k}{'<' if k == told['number'] else ''}")

    def _frame(self, painter: QPainter, look: Colors, room: QRectF, line: int) -> None:
        """Legend, 0 and 1, and the line above which a number counts as stable."""
        left = 24.0
        for name, color in (("stable in halves", ORANGE), ("silhouette", BLUE)):
            painter.fillRect(QRectF(left, line / 2 - 2, 12, 4), QColor(color))
            painter.setPen(QColor(look.text))
            painter.drawText(QPointF(left + 16, line - 3.0), name)
            left += 28 + painter.fontMetrics().horizontalAdvance(name)
        painter.drawText(QRectF(0, room.top() - line / 2, 20, line), "1")
        painter.drawText(QRectF(0, room.bottom() - line / 2, 20, line), "0")
        painter.fillRect(room, QColor(look.foreground))
        painter.setPen(QPen(QColor(look.text), 1.0, Qt.PenStyle.DotLine))
        at = _height(room, STABLE)
        painter.drawLine(QPointF(room.left(), at), QPointF(room.right(), at))

    def mouseMoveEvent(self, event: Any) -> None:
        """Say what the figures mean."""
        said = str(self.told.get("said", ""))
        self.setToolTip(
            f"{said}\nAbove the dotted line ({STABLE}) another half of the patches gives the same "
            "groups.\nThe silhouette says how far groups lie apart."
        )


def _height(room: QRectF, value: float) -> float:
    return float(room.bottom() - room.height() * min(1.0, max(0.0, float(value))))
