"""Our colours, drawn from napari's theme and renewed with it; icons that need no font."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from napari.settings import get_settings
from napari.utils.theme import get_theme
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPen, QPixmap, QPolygonF
from qtpy.QtWidgets import QWidget

State: TypeAlias = Literal["empty", "ready", "running", "queued", "done", "stopped", "error"]

# Told apart by lightness too, for colour-blind eyes; napari's own error red has a contrast of
# only 1.8 on the dark theme. They colour bars and icons, never text.
STATE_COLORS: dict[str, str] = {
    "info": "#8A8F98",
    "empty": "#8A8F98",
    "ready": "#8A8F98",
    "running": "#56B4E9",
    "queued": "#8A8F98",
    "done": "#009E73",
    "stopped": "#E69F00",
    "error": "#D55E00",
}
WARNING = "#E69F00"


@dataclass(frozen=True)
class Colors:
    """The theme's colours as ``#rrggbb``, and the size of its letters as ``9pt``."""

    dark: bool
    text: str
    background: str
    foreground: str
    primary: str
    highlight: str
    current: str
    letters: str = "9pt"

    @property
    def focus(self) -> str:
        """The focus ring: napari's accent, darker on light themes, where it can't be seen."""
        return "#7C93EE" if self.dark else "#3B5BD0"

    @property
    def faint(self) -> str:
        """Text that may be overlooked, with a contrast of at least 4.5."""
        return "#A9AEB6" if self.dark else "#595959"


def colors(viewer: Any) -> Colors:
    """The colours of the viewer's theme."""
    theme = get_theme(viewer.theme)
    names = ("text", "background", "foreground", "primary", "highlight", "current")
    picked = {name: getattr(theme, name).as_hex(format="long") for name in names}
    letters = f"{get_settings().appearance.font_size}pt"
    return Colors(QColor(picked["background"]).lightness() < 128, **picked, letters=letters)


class ThemeWatch:
    """Calls `renew(colors)` now and whenever theme or letters change, until closed."""

    def __init__(self, viewer: Any, renew: Callable[[Colors], None]) -> None:
        self._viewer, self._renew = viewer, renew
        viewer.events.theme.connect(self._changed)
        self._appearance = get_settings().appearance
        self._appearance.events.font_size.connect(self._changed)
        self._changed()

    def _changed(self, event: Any = None) -> None:
        self._renew(colors(self._viewer))

    def close(self) -> None:
        """Stop watching."""
        self._viewer.events.theme.disconnect(self._changed)
        self._appearance.events.font_size.disconnect(self._changed)


def style_sheet(look: Colors) -> str:
    """What napari's style sheet lacks: a focus ring, flat links, chips and notes."""
    ring = f"border: 1px solid {look.focus};"
    return f"""
    QPushButton:focus, QToolButton:focus, QComboBox:focus, QAbstractSpinBox:focus,
    QLineEdit:focus, QCheckBox:focus, QListView:focus, QTableView:focus, QTreeView:focus
    {{ {ring} border-radius: 2px; }}
    QPushButton[flat="true"] {{ background: transparent; padding: 2px 4px;
        border: 1px solid {look.primary}; }}
    QPushButton[flat="true"]:hover {{ background: {look.primary}; }}
    QPushButton[flat="true"]:checked {{ background: {look.current}; }}
    QPushButton[flat="true"]:focus {{ {ring} }}
    QTreeView, QTableView, QListView, QToolButton, QPlainTextEdit, QSpinBox, QDoubleSpinBox
    {{ font-size: {look.letters}; }}
    QPushButton#main {{ font-weight: bold; }}
    QPushButton#main:enabled {{ background: {look.current}; }}
    QPushButton#main:enabled:hover {{ background: {look.highlight}; }}
    QPushButton#main:focus {{ border: 2px solid {look.text}; }}
    QToolButton#fold {{ background: transparent; border: 1px solid transparent;
        padding: 2px 2px; text-align: left; }}
    QToolButton#fold:focus {{ {ring} }}
    QLabel#faint {{ color: {look.faint}; }}
    QFrame#rule {{ background: {look.primary}; max-height: 1px; min-height: 1px; padding: 0; }}
    QProgressBar {{ text-align: center; color: {look.text}; }}
    QProgressBar::chunk {{ background: {look.current}; width: 1px; }}
    """


def restyle(widget: QWidget) -> None:
    """Read the style sheet again after a name or property of the widget changed."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def swatch(color: str, look: Colors, size: int = 14) -> QIcon:
    """A square of a class colour that keeps its colour when its row is selected."""
    pixmap = QPixmap(size, size)
    pixmap.fill(QColor(color))
    painter = QPainter(pixmap)
    painter.setPen(QColor(look.text))
    painter.drawRect(0, 0, size - 1, size - 1)
    painter.end()
    icon = QIcon()
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected, QIcon.Mode.Active, QIcon.Mode.Disabled):
        icon.addPixmap(pixmap, mode)
    return icon


def state_pixmap(state: str, size: int = 14) -> QPixmap:
    """A sign per state, so that nothing is told by colour alone."""
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(size / 14, size / 14)
    painter.setPen(QPen(QColor(STATE_COLORS[state]), 2))
    painter.setBrush(QColor(STATE_COLORS[state]))
    _draw(painter, state)
    painter.end()
    return pixmap


def _draw(painter: QPainter, state: str) -> None:
    """The sign of a state in a square of 14 points."""
    if state == "done":
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF([QPointF(2, 7), QPointF(5.5, 11), QPointF(12, 3)]))
    elif state == "error":
        painter.drawLine(QPointF(7, 2), QPointF(7, 8))
        painter.drawEllipse(QPointF(7, 12), 0.7, 0.7)
    elif state == "stopped":
        painter.drawRect(QRectF(3, 3, 8, 8))
    elif state == "running":
        painter.drawPolygon(QPolygonF([QPointF(4, 2), QPointF(12, 7), QPointF(4, 12)]))
    else:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if state == "info":  # the letter i: fonts on Linux often lack the sign for it
            painter.drawLine(QPointF(7, 6), QPointF(7, 12))
            painter.drawPoint(QPointF(7, 2.5))
            return
        painter.drawEllipse(QPointF(7, 7), 4.5, 4.5)
        if state == "queued":
            painter.drawPolyline(QPolygonF([QPointF(7, 4.5), QPointF(7, 7), QPointF(9.5, 7)]))
