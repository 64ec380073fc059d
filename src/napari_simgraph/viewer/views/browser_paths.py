"""Pane 3 of the Browser: how patches go from group to group through the layers."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from qtpy.QtCore import QPointF, QRectF, QSizeF, Qt
from qtpy.QtGui import QColor, QPainter, QPainterPath, QPen

from napari_simgraph.analysis.signature_paths import (
    Flow,
    along,
    column_of,
    flows,
    layers_with_clusters,
    path,
)
from napari_simgraph.core.signatures import SignatureTable
from napari_simgraph.viewer.signatures.book import Book
from napari_simgraph.viewer.theme import Colors
from napari_simgraph.viewer.views.browser_parts import ORANGE, Pane, elided

_NODE, _GAP, _TITLE = 7, 3, 14  # px: width of a group, between groups, names of layers
_FAINT = 90  # of 255: bands of all patches
_SINGLE = 3  # patches whose paths are drawn one by one; of more, shares


class Node(NamedTuple):
    """A group of a layer: which, and where it is painted."""

    layer: str
    cluster: int
    box: QRectF


class Band(NamedTuple):
    """Patches from one group to the next: which two, and where they are painted."""

    left: tuple[str, int]
    right: tuple[str, int]
    shape: QPainterPath


class PathsPane(Pane):
    """Columns of groups, joined by bands as wide as the patches that go along them are many."""

    def __init__(self, book: Book) -> None:
        super().__init__(book, "Paths through the groups of the layers")
        self.nodes: list[Node] = []
        self.bands: list[Band] = []
        self._flows: list[Flow] = []
        self._of: tuple[SignatureTable, int, int] | None = None

    def missing(self) -> str:
        """See `Pane`."""
        said = super().missing()
        if said or self.book.table is None:
            return said
        few = len(layers_with_clusters(self.book.table)) < 2
        return "Paths need two recorded layers with groups." if few else ""

    def paint(self, painter: QPainter, look: Colors) -> None:
        """See `Pane`."""
        self._lay_out()
        faint, strong = QColor(look.highlight), QColor(ORANGE)
        faint.setAlpha(_FAINT)
        lit = set(pairwise(self.book.steps))
        for band in self.bands:
            on = (band.left, band.right) in lit
            painter.fillPath(band.shape, strong if on else faint)
        for node in self.nodes:
            on = (node.layer, node.cluster) in self.book.steps
            painter.fillRect(node.box, strong if on else QColor(look.text))
        self._paint_shares(painter)
        self._paint_chosen(painter)
        self._paint_names(painter, look)

    def mousePressEvent(self, event: Any) -> None:
        """A band or a group chooses its patches."""
        steps = self.steps_at(event.position())
        table = self.book.table
        if table is None or not steps:
            return
        self.book.follow(steps)
        rows = along(table, steps)
        said = " → ".join(f"{layer} {cluster + 1}" for layer, cluster in steps)
        self.book.choose(rows, said)

    def mouseMoveEvent(self, event: Any) -> None:
        """Say how many patches go along."""
        steps, table = self.steps_at(event.position()), self.book.table
        if table is None or not steps:
            self.setToolTip("Click a band or a group to choose its patches.")
            return
        said = " → ".join(f"{layer}, group {cluster + 1}" for layer, cluster in steps)
        self.setToolTip(f"{said}: {len(along(table, steps)):,} patches")

    def steps_at(self, place: QPointF) -> tuple[tuple[str, int], ...]:
        """What lies at a place: a group, the two ends of a band, or nothing."""
        for node in self.nodes:
            if node.box.adjusted(-3, 0, 3, 0).contains(place):
                return ((node.layer, node.cluster),)
        for band in self.bands:
            if band.shape.contains(place):
                return (band.left, band.right)
        return ()

    def _lay_out(self) -> None:
        """Nodes and bands for this size, unless they are there."""
        table = self.book.table
        if table is None:
            return
        now = (table, self.width(), self.height())
        if self._of is not None and self._of[0] is table and self._of[1:] == now[1:]:
            return
        if self._of is None or self._of[0] is not table:
            self._flows = flows(table)
        self._of = now
        names = layers_with_clusters(table)
        step = (self.width() - 2 * _NODE) / max(1, len(names) - 1)
        self.nodes = []
        for number, name in enumerate(names):
            self.nodes += self._column(table, name, _NODE / 2 + number * step)
        boxes = {(node.layer, node.cluster): node.box for node in self.nodes}
        self.bands = [band for flow in self._flows for band in _bands(flow, boxes)]

    def _column(self, table: SignatureTable, name: str, x: float) -> list[Node]:
        """The groups of a layer, one below the other."""
        counts = np.bincount(np.asarray(table.columns[column_of(name)]))
        room = self.height() - _TITLE - _GAP * (len(counts) - 1)
        top, found = float(_TITLE), []
        for cluster, count in enumerate(counts.tolist()):
            tall = room * count / max(1, len(table))
            found.append(Node(name, cluster, QRectF(x, top, _NODE, max(1.0, tall))))
            top += tall + _GAP
        return found

    def _paint_shares(self, painter: QPainter) -> None:
        """How many chosen patches go along each band, where they are more than single paths."""
        table, chosen = self.book.table, self.book.chosen
        if table is None or self.book.steps or not _SINGLE < len(chosen) < len(table):
            return
        boxes = {(node.layer, node.cluster): node.box for node in self.nodes}
        some = Share(self._flows, flows(table, chosen), boxes)
        for shape in (*some.bands(), *some.groups()):
            painter.fillPath(shape, QColor(ORANGE))

    def _paint_chosen(self, painter: QPainter) -> None:
        """The path of the chosen patch, thick."""
        table, chosen = self.book.table, self.book.chosen
        if table is None or not 0 < len(chosen) <= _SINGLE:
            return
        boxes = {(node.layer, node.cluster): node.box for node in self.nodes}
        names = layers_with_clusters(table)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for row in chosen.tolist():
            steps = zip(names, path(table, row), strict=True)
            places = [boxes[step].center() for step in steps]
            line = QPainterPath(places[0])
            for before, after in pairwise(places):
                middle = (before.x() + after.x()) / 2
                line.cubicTo(QPointF(middle, before.y()), QPointF(middle, after.y()), after)
            for pen in (QPen(QColor("#000000"), 5.0), QPen(QColor(ORANGE), 3.0)):
                painter.setPen(pen)
                painter.drawPath(line)

    def _paint_names(self, painter: QPainter, look: Colors) -> None:
        painter.setPen(QColor(look.text))
        names = layers_with_clusters(self.book.table) if self.book.table is not None else []
        wide = self.width() / max(1, len(names))
        for number, name in enumerate(names):
            left = number * (self.width() - wide) / max(1, len(names) - 1)
            side = Qt.AlignmentFlag.AlignHCenter
            if number in (0, len(names) - 1):
                side = Qt.AlignmentFlag.AlignRight if number else Qt.AlignmentFlag.AlignLeft
            box = QRectF(left, 0, wide, _TITLE)
            painter.drawText(box, side, elided(painter, self.book.short(name), wide - 2))


class Share(NamedTuple):
    """Some of the patches on their way, as parts of the bands and groups of all."""

    whole: list[Flow]
    some: list[Flow]
    boxes: dict[tuple[str, int], QRectF]

    def bands(self) -> list[QPainterPath]:
        """The part of each band, at its upper edge."""
        pairs = zip(self.whole, self.some, strict=True)
        return [band.shape for all_, part in pairs for band in _bands(all_, self.boxes, part)]

    def groups(self) -> list[QPainterPath]:
        """The part of each group, from its top."""
        found = []
        for n, (flow, part) in enumerate(zip(self.whole, self.some, strict=True)):
            sides = [(flow.left, flow.counts.sum(1), part.counts.sum(1))] if n == 0 else []
            sides.append((flow.right, flow.counts.sum(0), part.counts.sum(0)))
            for layer, count, chosen in sides:
                for k, share in enumerate((chosen / np.maximum(1, count)).tolist()):
                    box = self.boxes[(layer, k)]
                    shape = QPainterPath()
                    shape.addRect(QRectF(box.topLeft(), QSizeF(_NODE, box.height() * share)))
                    found.append(shape)
        return found


def _bands(
    flow: Flow, boxes: dict[tuple[str, int], QRectF], part: Flow | None = None
) -> list[Band]:
    """Bands between two layers, in the order of their groups on both sides; or parts of them."""
    out, into = flow.counts.sum(1), flow.counts.sum(0)
    used_left, used_right, found = np.zeros(len(out)), np.zeros(len(into)), []
    for i, j in np.argwhere(flow.counts > 0).tolist():
        count = float(flow.counts[i, j])
        start, end = boxes[(flow.left, i)], boxes[(flow.right, j)]
        tall = start.height() * count / out[i], end.height() * count / into[j]
        top = start.top() + used_left[i], end.top() + used_right[j]
        used_left[i] += tall[0]
        used_right[j] += tall[1]
        share = 1.0 if part is None else float(part.counts[i, j]) / count
        shown = tall[0] * share, tall[1] * share
        shape = _ribbon(start.right(), end.left(), top, shown)
        if share:
            found.append(Band((flow.left, i), (flow.right, j), shape))
    return found


def _ribbon(
    x: float, end: float, top: tuple[float, float], tall: tuple[float, float]
) -> QPainterPath:
    middle = (x + end) / 2
    shape = QPainterPath(QPointF(x, top[0]))
    shape.cubicTo(QPointF(middle, top[0]), QPointF(middle, top[1]), QPointF(end, top[1]))
    shape.lineTo(QPointF(end, top[1] + tall[1]))
    low = top[0] + tall[0], top[1] + tall[1]
    shape.cubicTo(QPointF(middle, low[1]), QPointF(middle, low[0]), QPointF(x, low[0]))
    shape.closeSubpath()
    return shape
