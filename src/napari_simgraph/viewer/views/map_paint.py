"""What lies on the map above its picture: rings around patches, and names of groups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QFont, QPainter, QPen

from napari_simgraph.viewer.theme import Colors

ORANGE = "#E69F00"  # of what was found, as on the canvas
_RIM = "#000000"
_RINGS = {  # colour and reach in px, by kind; a query is a square
    "chosen": ("#FFFFFF", 3.5),
    "hit": (ORANGE, 5.0),
    "query": ("#FFFFFF", 6.0),
    "hover": ("#FFFFFF", 7.0),
}
_SMALLER, _SMALLEST = 0.9, 7.0  # letters beside those of the docks, and in points
_GAP = 6  # px between a name and the dots below it
_PLATE = 190  # of 255: dots shine through it


def paint_rings(painter: QPainter, places: NDArray[np.float32], kind: str) -> None:
    """Rings around places ``(N, 2)``, with a dark rim, so that they show on every colour."""
    color, reach = _RINGS[kind]
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for x, y in places.tolist():
        for pen in (QPen(QColor(_RIM), 3.0), QPen(QColor(color), 1.5)):
            painter.setPen(pen)
            if kind == "query":
                painter.drawRect(QRectF(x - reach, y - reach, 2 * reach, 2 * reach))
            else:
                painter.drawEllipse(QPointF(x, y), reach, reach)


def paint_names(
    painter: QPainter, names: Sequence[str], places: NDArray[np.float32], look: Colors
) -> None:
    """Names on plates above their places; where two have no room the first is seen."""
    font = QFont(painter.font())
    font.setPointSizeF(max(_SMALLEST, font.pointSizeF() * _SMALLER))
    painter.setFont(font)
    plate = QColor(look.background)
    plate.setAlpha(_PLATE)
    taken: list[QRectF] = []
    for name, (x, y) in zip(names, places.tolist(), strict=True):
        width = painter.fontMetrics().horizontalAdvance(name) + 6
        height = painter.fontMetrics().height()
        box = QRectF(x - width / 2, max(0.0, y - height - _GAP), width, height)
        if any(box.intersects(other) for other in taken):
            continue
        taken.append(box)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(plate)
        painter.drawRoundedRect(box, 3, 3)
        painter.setPen(QColor(look.text))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, name)
