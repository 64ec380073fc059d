"""Choosing a class colour in place: the palette, and any other as #RRGGBB."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from qtpy.QtCore import QRegularExpression, QSize
from qtpy.QtGui import QRegularExpressionValidator
from qtpy.QtWidgets import QGridLayout, QLineEdit, QMenu, QToolButton, QWidget, QWidgetAction

from napari_simgraph.core.classes import PALETTE
from napari_simgraph.viewer.theme import Colors, swatch

NAMES = ("yellow", "blue", "vermilion", "sky blue", "white", "orange", "pink", "green", "black")
_COLORS = (*PALETTE, "#000000")  # black is what H&E leaves free
_ACROSS, _SIZE = 3, 22


class ColorPopup(QMenu):
    """Nine colours that all eyes can tell apart, and a field for any other.

    Parameters
    ----------
    used
        The class that has a colour already, by colour: said in its tooltip.
    choose
        Called with the chosen colour as ``#RRGGBB``.
    """

    def __init__(
        self, parent: QWidget, look: Colors, used: Mapping[str, str], choose: Callable[[str], None]
    ) -> None:
        super().__init__(parent)
        self._choose = choose
        page, grid = QWidget(), QGridLayout()
        self.buttons: list[QToolButton] = []
        for number, (color, name) in enumerate(zip(_COLORS, NAMES, strict=True)):
            button = self._button(color, name, look, used.get(color, ""))
            grid.addWidget(button, number // _ACROSS, number % _ACROSS)
        self.field = QLineEdit()
        self.field.setPlaceholderText("#RRGGBB")
        self.field.setAccessibleName("Colour as #RRGGBB")
        self.field.setToolTip("Any other colour: six hexadecimal digits, then Enter.")
        self.field.setMaximumWidth(_ACROSS * (_SIZE + 14))
        self.field.setValidator(
            QRegularExpressionValidator(QRegularExpression("#[0-9A-Fa-f]{6}"), self.field)
        )
        self.field.returnPressed.connect(lambda: self._take(self.field.text()))
        grid.addWidget(self.field, len(_COLORS) // _ACROSS, 0, 1, _ACROSS)
        page.setLayout(grid)
        action = QWidgetAction(self)
        action.setDefaultWidget(page)
        self.addAction(action)

    def _button(self, color: str, name: str, look: Colors, user: str) -> QToolButton:
        made = QToolButton()
        made.setIcon(swatch(color, look, _SIZE))
        made.setIconSize(QSize(_SIZE, _SIZE))
        made.setAccessibleName(name)
        made.setToolTip(f"{name}, used by {user}" if user else name)
        made.clicked.connect(partial(self._take, color))
        self.buttons.append(made)
        return made

    def _take(self, color: str, *_: object) -> None:
        self.close()
        self._choose(color.upper())
