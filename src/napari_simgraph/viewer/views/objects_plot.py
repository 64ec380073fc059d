"""How much of each section the classes cover, with a mark at the section in view."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from napari_simgraph.core.classes import default_colors
from napari_simgraph.core.objects import FractionTable
from napari_simgraph.viewer.theme import Colors

_HEIGHT = 84
_DASHES = ("SolidLine", "DashLine", "DotLine", "DashDotLine")  # beside colour, for every eye
_MOST = 8  # classes: more lines can't be told apart


class SharesPlot(QWidget):
    """One line a class, in percent of the section; a click goes to the section."""

    asked = Signal(int)

    def __init__(self, look: Colors) -> None:
        super().__init__()
        self._look = look
        self._table: FractionTable | None = None
        self._region, self._colors = "", dict[str, str]()
        self._legend = QLabel()
        self._legend.setTextFormat(Qt.TextFormat.RichText)
        self._legend.setWordWrap(True)
        self._legend.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._plot = pg.PlotWidget()
        self._plot.setFixedHeight(_HEIGHT)
        self._plot.setMinimumWidth(200)
        self._plot.setMenuEnabled(False)
        self._plot.hideButtons()
        self._plot.setMouseEnabled(False, False)
        self._plot.setToolTip("Share of each section that a class covers.\nClick to go there.")
        self._plot.wheelEvent = lambda event: event.ignore()  # the wheel scrolls the dock
        self._mark = pg.InfiniteLine(angle=90, movable=False)
        self._plot.getPlotItem().scene().sigMouseClicked.connect(self._clicked)
        for name in ("left", "bottom"):
            self._plot.getAxis(name).enableAutoSIPrefix(False)
        self._plot.getAxis("left").setWidth(34)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        self.line = QHBoxLayout()  # legend, and room for a button
        self.line.addWidget(self._legend, 1)
        column.addLayout(self.line)
        column.addWidget(self._plot)
        self.hide()

    def show_shares(self, table: FractionTable | None, colors: dict[str, str]) -> None:
        """Draw a table of several sections; of several regions the first."""
        self._table, self._colors = table, colors
        flat = table is None or len(table) == 0 or int(table["section"].max()) < 1
        self.setVisible(not flat)
        if flat or table is None:
            return
        self._region = str(table["region"][0])
        self._draw()

    def mark(self, section: int) -> None:
        """Show which section is in view."""
        self._mark.setValue(section)

    def renew_colors(self, look: Colors) -> None:
        """Take on the theme's colours."""
        self._look = look
        self._draw()

    def _draw(self) -> None:
        look, table = self._look, self._table
        self._plot.setBackground(look.background)
        self._mark.setPen(pg.mkPen(look.text, width=1))
        for name in ("left", "bottom"):
            axis = self._plot.getAxis(name)
            axis.setPen(pg.mkPen(look.primary))
            axis.setTextPen(pg.mkPen(look.text))
        self._plot.clear()
        self._plot.addItem(self._mark)
        said = []
        if table is not None:
            shown = enumerate(self._names(table)[:_MOST])
            said = [self._line(table, name, number) for number, name in shown]
        self._legend.setText(f"% of the section: {' '.join(said)}")

    def _names(self, table: FractionTable) -> list[str]:
        """The classes, without what is only the rest of another one."""
        every = list(dict.fromkeys(table["class"].tolist()))
        return [n for n in every if n != "background" and not n.startswith("not ")]

    def _line(self, table: FractionTable, name: str, number: int) -> str:
        """Draw a class; what the legend says of it."""
        rows = (table["class"] == name) & (table["region"] == self._region)
        rows &= table["section"] >= 0
        shares = 100 * np.nan_to_num(table["fraction"][rows])
        wanted = self._colors.get(name) or default_colors([name])[0]
        color = QColor(wanted)
        if not self._look.dark and color.lightness() > 128:  # yellow and white vanish on light
            color = color.darker(180)
        style = getattr(Qt.PenStyle, _DASHES[number % len(_DASHES)])
        pen = pg.mkPen(color, width=2, style=style)
        self._plot.plot(table["section"][rows], shares, pen=pen, antialias=True)
        return f'<span style="color: {color.name()}">■</span>&nbsp;{escape(name)}'

    def _clicked(self, event: Any) -> None:
        place = self._plot.getPlotItem().vb.mapSceneToView(event.scenePos())
        if self._table is not None:
            last = int(self._table["section"].max())
            self.asked.emit(int(min(max(round(place.x()), 0), last)))
