"""The map as a widget: dots or density; the wheel zooms, a drag chooses or moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QImage, QPainter, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_simgraph.viewer.map_picture import DOTS, Dots, Places, Shades, Window, draw, inside
from napari_simgraph.viewer.theme import Colors
from napari_simgraph.viewer.views.map_paint import ORANGE, paint_names, paint_rings

LASSO, BOX, MOVE = "lasso", "box", "move"
_DOT = 5  # px, of a patch
_NEAR = 10  # px around the pointer in which a patch is hovered or clicked
_STILL = 4  # px; a press that moves more is no click
_STEP = 1.25  # of the zoom, one notch of the wheel
_KEYS_MOVE = 40  # px that an arrow key moves the map
_RINGS = 60  # patches with rings; more hide each other and show by their colour alone


class Name(NamedTuple):
    """A group's name at a place of the map."""

    text: str
    x: float
    y: float


class MapView(QWidget):
    """Points of a map; tells what is hovered, clicked and encircled.

    Attributes
    ----------
    window
        What part is seen.
    mode
        What a drag does: ``lasso``, ``box`` or ``move``.
    """

    hovered = Signal(int)  # row, -1 for none
    clicked = Signal(int)
    encircled = Signal(object, bool)  # rows; whether they join those chosen before
    moved = Signal()  # another part is seen

    def __init__(self) -> None:
        super().__init__()
        self.mode = LASSO
        self.places: Places = np.zeros((0, 2), np.float32)
        self.window = Window(0.0, 0.0, 1.0, (1, 1))
        self.shades = Shades(np.zeros(0, np.intp), np.zeros((1, 3), np.uint8))
        self._names: tuple[Name, ...] = ()
        self._strong: NDArray[np.bool_] | None = None
        self._rings: dict[str, NDArray[np.intp]] = {}
        self._hover = -1
        self._seen: Places = self.places
        self._picture: QImage | None = None
        self._drag: QPolygonF | None = None
        self._pulled = False  # the drag moves the map, whatever the mode
        self._fitted = True
        self._look: Colors | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Map of the patches")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_places(self, places: Places) -> None:
        """Another layout; all of it comes into view."""
        self.places, self._hover = places, -1
        self._strong, self._rings = None, {}
        if len(self.shades.number) != len(places):
            self.shades = Shades(np.zeros(len(places), np.intp), self.shades.palette)
            self._names = ()
        self.fit()

    def show_colors(self, shades: Shades) -> None:
        """Other colours."""
        self.shades = shades
        self._renew()

    def show_names(self, names: Sequence[Name]) -> None:
        """Names where groups lie; where two have no room the first is seen."""
        self._names = tuple(names)
        self.update()

    def show_chosen(
        self, strong: NDArray[np.bool_] | None, rings: dict[str, NDArray[np.intp]]
    ) -> None:
        """What keeps its colour while the rest turns grey (None: all), and what gets rings.

        Rings by kind: ``chosen``, ``query``, ``hit``.
        """
        self._strong = strong
        self._rings = {kind: rows for kind, rows in rings.items() if len(rows) <= _RINGS}
        self._renew()

    def show_hover(self, row: int) -> None:
        """Mark the patch that is hovered somewhere else."""
        self._hover = row
        self.update()

    @property
    def in_view(self) -> int:
        """How many patches are seen."""
        return len(inside(self._seen, self.window.size))

    @property
    def as_density(self) -> bool:
        """Whether there are too many for dots."""
        return self.in_view > DOTS

    def fit(self) -> None:
        """Bring all into view."""
        self._fitted = True
        self.go(Window.of(self.places, self._size()))

    def row_at(self, place: QPointF) -> int:
        """The patch nearest to a place of the widget, -1 where there is none near."""
        if not len(self._seen):
            return -1
        ratio = self.devicePixelRatioF()
        away = np.abs(self._seen - np.array([place.x() * ratio, place.y() * ratio])).max(1)
        best = int(away.argmin())
        return best if away[best] <= _NEAR * ratio else -1

    def renew_colors(self, look: Colors) -> None:
        """Take on the theme's colours."""
        self._look = look
        self._renew()

    def sizeHint(self) -> QSize:
        """As wide as there is room, and never less than can be read."""
        return QSize(500, 120)

    def resizeEvent(self, event: Any) -> None:
        """More or less is seen, at the same zoom; all of it where all was seen."""
        if self._fitted:
            self.fit()
        else:
            self.go(replace(self.window, size=self._size()))

    def paintEvent(self, event: Any) -> None:
        """The picture, names, rings, and the line that is being drawn."""
        look = self._look
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if look is not None:  # on light themes a darker ground, on which white is seen
            ground = look.background if look.dark else look.foreground
            painter.fillRect(self.rect(), QColor(ground))
        if self._picture is not None:
            painter.drawImage(QRectF(self.rect()), self._picture)
        ratio = self.devicePixelRatioF()
        for kind, rows in self._rings.items():
            paint_rings(painter, self._seen[rows] / ratio, kind)
        if 0 <= self._hover < len(self._seen):
            paint_rings(painter, self._seen[[self._hover]] / ratio, "hover")
        if look is not None and self._names:
            named = np.array([(one.x, one.y) for one in self._names], np.float32)
            words = [one.text for one in self._names]
            paint_names(painter, words, self.window.to_screen(named) / ratio, look)
        if self._drag is not None and not self._pulled:
            painter.setPen(QPen(QColor(ORANGE), 1.5, Qt.PenStyle.DashLine))
            painter.setBrush(QColor(230, 159, 0, 30))
            painter.drawPolygon(self._outline())
        painter.end()

    def wheelEvent(self, event: Any) -> None:
        """Zoom around the pointer."""
        ratio, at = self.devicePixelRatioF(), event.position()
        factor = _STEP ** (event.angleDelta().y() / 120)
        self._fitted = False
        self.go(self.window.zoomed(factor, at.x() * ratio, at.y() * ratio))
        event.accept()

    def mousePressEvent(self, event: Any) -> None:
        """Begin to choose, or to move with the middle or right button."""
        left = event.button() == Qt.MouseButton.LeftButton
        self._pulled = self.mode == MOVE or not left
        self._drag = QPolygonF([event.position()])

    def mouseMoveEvent(self, event: Any) -> None:
        """Go on choosing or moving; without a button tell what is under the pointer."""
        here = event.position()
        if self._drag is None:
            row = self.row_at(here)
            if row != self._hover:
                self._hover = row
                self.hovered.emit(row)
                self.update()
            return
        if self._pulled:
            last, ratio = self._drag[self._drag.size() - 1], self.devicePixelRatioF()
            by = (here - last) * ratio
            self._fitted = False
            self.go(self.window.moved(by.x(), by.y()))
        self._drag.append(here)
        self.update()

    def mouseReleaseEvent(self, event: Any) -> None:
        """A click chooses the patch, a drag what it went around."""
        drag, self._drag = self._drag, None
        if drag is None:
            return
        first, here = drag[0], event.position()
        box = drag.boundingRect()
        if max(box.width(), box.height()) <= _STILL:
            if event.button() == Qt.MouseButton.LeftButton:
                self.clicked.emit(self.row_at(first))
        elif not self._pulled:
            drag.append(here)
            self._drag = drag
            rows = self.within(self._outline())
            self._drag = None
            add = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.encircled.emit(rows, add)
        self.update()

    def mouseDoubleClickEvent(self, event: Any) -> None:
        """All of it again."""
        self._drag = None
        self.fit()

    def keyPressEvent(self, event: Any) -> None:
        """Arrows move, plus and minus zoom, Home shows all, Esc chooses nothing."""
        key, wide, high = event.key(), *self.window.size
        arrows = {
            Qt.Key.Key_Left: (1, 0),
            Qt.Key.Key_Right: (-1, 0),
            Qt.Key.Key_Up: (0, 1),
            Qt.Key.Key_Down: (0, -1),
        }
        zooms = {Qt.Key.Key_Plus: _STEP, Qt.Key.Key_Minus: 1 / _STEP}
        if key in arrows or key in zooms:
            self._fitted = False
            right, down = arrows.get(key, (0, 0))
            zoomed = self.window.zoomed(zooms.get(key, 1.0), wide / 2, high / 2)
            self.go(zoomed.moved(right * _KEYS_MOVE, down * _KEYS_MOVE))
        elif key == Qt.Key.Key_Home:
            self.fit()
        elif key == Qt.Key.Key_Escape:
            self._drag = None
            self.encircled.emit(np.zeros(0, np.intp), False)
        else:
            super().keyPressEvent(event)

    def leaveEvent(self, event: Any) -> None:
        """Nothing is under the pointer any more."""
        if self._hover >= 0:
            self._hover = -1
            self.hovered.emit(-1)
            self.update()

    def go(self, window: Window) -> None:
        """See another part of the map."""
        self.window = window
        self._seen = window.to_screen(self.places)
        self._renew()
        self.moved.emit()

    def _renew(self) -> None:
        """Draw the picture anew."""
        if len(self.shades.number) != len(self._seen) or min(self.window.size) < 2:
            self._picture = None
        else:
            dot = max(3, round(_DOT * self.devicePixelRatioF()))
            light = self._look is not None and not self._look.dark
            seen, size = self._seen, self.window.size
            drawn = draw(seen, self.shades, size, Dots(dot, self._strong, light))
            whole = np.ascontiguousarray(drawn)
            kind = QImage.Format.Format_RGBA8888
            self._picture = QImage(whole.data, *size, 4 * size[0], kind).copy()
        self.update()

    def _size(self) -> tuple[int, int]:
        ratio = self.devicePixelRatioF()
        return max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))

    def _outline(self) -> QPolygonF:
        assert self._drag is not None  # while one drags
        if self.mode == BOX:
            return QPolygonF(QRectF(self._drag[0], self._drag[self._drag.size() - 1]).normalized())
        return self._drag

    def within(self, outline: QPolygonF) -> NDArray[np.intp]:
        """The rows in view inside an outline."""
        from skimage.measure import points_in_poly

        ratio = self.devicePixelRatioF()
        corners = np.array([(p.x(), p.y()) for p in (outline[i] for i in range(outline.size()))])
        rows = inside(self._seen, self.window.size)
        within: NDArray[np.intp] = rows[points_in_poly(self._seen[rows], corners * ratio)]
        return within
