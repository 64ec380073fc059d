"""Curves of a job: error as a line, scores as dots, against time. Imported when first shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QPainter, QPen, QPixmap
from qtpy.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_simgraph.viewer.theme import Colors

Points: TypeAlias = Sequence[tuple[float, float]]

_HEIGHT = 130
_NAMES = {"loss": "error", "baseline": "grey values alone"}  # plain words on screen
# Blue and orange stay apart for every kind of colour vision; the darker pair is for light themes.
_LINE = {True: "#56B4E9", False: "#0072B2"}
_DOTS = {True: "#E69F00", False: "#B35900"}
_IN_SECONDS = 120  # up to here the axis counts seconds, then minutes
_BASELINE = "baseline"  # the score that a rule of thumb reaches: a broken line
_SMOOTH = 0.04  # the line is the mean over this share of the curve; single steps scatter


class Curves(QWidget):
    """A small plot of the values that a job tells; errors on the left axis, scores 0 to 1 right."""

    def __init__(self, look: Colors) -> None:
        super().__init__()
        self._look = look
        self._seen: tuple[int, ...] = ()
        self._unit = 1.0  # seconds in one unit of the axis
        self._legend, self._more = QHBoxLayout(), QHBoxLayout()
        for line in (self._legend, self._more):
            line.setSpacing(2)
        self._plot = pg.PlotWidget()
        self._plot.setFixedHeight(_HEIGHT)
        self._plot.setMinimumWidth(200)
        self._plot.setMenuEnabled(False)
        self._plot.hideButtons()
        self._plot.setMouseEnabled(False, False)
        # The wheel scrolls the dock, not the plot.
        self._plot.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._scores = pg.ViewBox(enableMouse=False, enableMenu=False)
        self._raw = pg.PlotDataItem()
        self._line = pg.PlotDataItem(antialias=True)
        self._dots = pg.PlotDataItem(antialias=True)
        self._plain = pg.PlotDataItem(antialias=True)
        self._make_axes()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(self._legend)
        column.addLayout(self._more)
        column.addWidget(self._plot)
        self.renew_colors(look)

    def show_curves(self, curves: Mapping[str, Points]) -> None:
        """Draw what there is, where anything is new."""
        seen = tuple(hash(points[-1]) for points in curves.values() if points)
        if seen == self._seen:
            return
        self._seen = seen
        end = max((points[-1][0] for points in curves.values() if points), default=1.0)
        self._unit = 1.0 if end <= _IN_SECONDS else 60.0
        self._plot.setXRange(0, max(end, 1.0) / self._unit, padding=0.02)
        errors = [name for name in curves if _is_error(name)]
        scores = [name for name in curves if not _is_error(name) and name != _BASELINE]
        self._show_error(curves[errors[0]] if errors else ())
        self._show_score(curves[scores[0]] if scores else ())
        plain = curves.get(_BASELINE, ())
        level = plain[-1][1] if plain else float("nan")
        self._plain.setData([0.0, max(end, 1.0) / self._unit], [level, level])
        named = [*errors[:1], *scores[:1], *([_BASELINE] if plain else [])]
        self._say({name: curves[name] for name in named})

    def renew_colors(self, look: Colors) -> None:
        """Take on the theme's colours, which pyqtgraph does not read from style sheets."""
        self._look, self._seen = look, ()
        self._plot.setBackground(look.background)
        line, dots = QColor(_LINE[look.dark]), QColor(_DOTS[look.dark])
        faint = QColor(line)
        faint.setAlphaF(0.35)
        self._raw.setPen(pg.mkPen(faint, width=1))
        self._line.setPen(pg.mkPen(line, width=2))
        self._plain.setPen(pg.mkPen(dots, width=1.5, style=Qt.PenStyle.DashLine))
        self._dots.setPen(None)
        self._dots.setSymbol("o")
        self._dots.setSymbolSize(6)
        self._dots.setSymbolBrush(dots)
        self._dots.setSymbolPen(pg.mkPen(look.background, width=1))
        for name in ("left", "bottom", "right"):
            axis = self._plot.getAxis(name)
            axis.setPen(pg.mkPen(look.primary))
            axis.setTextPen(pg.mkPen(look.text))

    def _make_axes(self) -> None:
        item = self._plot.getPlotItem()
        item.showAxis("right")
        item.scene().addItem(self._scores)
        item.getAxis("right").linkToView(self._scores)
        self._scores.setXLink(item)
        self._scores.setYRange(0, 1, padding=0.04)
        item.addItem(self._raw)
        item.addItem(self._line)
        self._scores.addItem(self._plain)
        self._scores.addItem(self._dots)
        item.vb.sigResized.connect(self._follow)
        for name, width in (("left", 34), ("right", 28)):
            item.getAxis(name).setWidth(width)
            item.getAxis(name).enableAutoSIPrefix(False)
        item.getAxis("bottom").enableAutoSIPrefix(False)
        item.getAxis("right").setTicks([[(v, f"{v:.1f}") for v in (0, 0.5, 1)]])
        item.setContentsMargins(0, 4, 0, 0)

    def _follow(self) -> None:
        self._scores.setGeometry(self._plot.getPlotItem().vb.sceneBoundingRect())

    def _show_error(self, points: Points) -> None:
        times, values = self._split(points)
        self._raw.setData(times, values)
        self._line.setData(times, _smooth(values))
        self._plot.getPlotItem().getAxis("left").setStyle(showValues=bool(points))
        if len(values):
            top = float(np.percentile(values, 99))  # one wild step would flatten all the others
            self._plot.setYRange(0, max(top, 1e-6), padding=0.04)

    def _show_score(self, points: Points) -> None:
        times, values = self._split(points)
        self._dots.setData(times, values)
        self._plot.getPlotItem().getAxis("right").setStyle(showValues=bool(points))
        self._follow()

    def _split(self, points: Points) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Times in the unit of the axis, and values."""
        table = np.asarray(points, np.float64).reshape(-1, 2)
        return table[:, 0] / self._unit, table[:, 1]

    def _say(self, curves: Mapping[str, Points]) -> None:
        """What each line is, and its last value."""
        for line in (self._legend, self._more):
            while item := line.takeAt(0):
                if item.widget() is not None:
                    item.widget().hide()
                    item.widget().deleteLater()
        for name, points in curves.items():
            colors = _LINE if _is_error(name) else _DOTS
            line = self._more if name == _BASELINE else self._legend
            sign, label = QLabel(), QLabel(f"{_NAMES.get(name, name)} {points[-1][1]:.2f}")
            sign.setPixmap(_sign(colors[self._look.dark], name))
            line.addWidget(sign)
            line.addWidget(label)
            line.addSpacing(4)
        for line in (self._legend, self._more):
            line.addStretch(1)
        unit = QLabel("s" if self._unit == 1 else "min")
        unit.setObjectName("faint")
        self._legend.addWidget(unit)


def _is_error(name: str) -> bool:
    return "loss" in name or "error" in name


def _smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of each value and of those just before it."""
    width = max(1, round(_SMOOTH * len(values)))
    if width == 1:
        return values
    sums = np.cumsum(np.concatenate(([0.0], values)))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(0, ends - width)
    means: NDArray[np.float64] = (sums[ends] - sums[starts]) / (ends - starts)
    return means


def _sign(color: str, name: str) -> QPixmap:
    """A line, a broken line or a dot, as in the plot."""
    pixmap = QPixmap(14, 14)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    broken = name == _BASELINE
    style = Qt.PenStyle.DotLine if broken else Qt.PenStyle.SolidLine
    painter.setPen(QPen(QColor(color), 2, style))
    painter.setBrush(QColor(color))
    if broken or _is_error(name):
        painter.drawLine(0, 7, 14, 7)
    else:
        painter.drawEllipse(4, 4, 6, 6)
    painter.end()
    return pixmap
