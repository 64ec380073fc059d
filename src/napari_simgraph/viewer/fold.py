"""Folded sections: an arrow, a title and what it hides."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget


class Fold:
    """A tool button that shows or hides `content`; the two are placed by whoever makes it.

    superqt's collapsible paints its arrow once, in black, which the dark theme swallows.
    """

    def __init__(self, title: str, tooltip: str) -> None:
        self._title = title
        self.button = QToolButton()
        self.button.setObjectName("fold")
        self.button.setCheckable(True)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setToolTip(tooltip)
        self.content = QWidget()
        self.layout = QVBoxLayout(self.content)
        self.layout.setContentsMargins(0, 2, 0, 4)
        self.button.toggled.connect(self._show)
        self._say("")
        self._show(False)
        self.button.hide()  # until there is something to fold

    def add(self, widget: QWidget) -> None:
        """Put a widget at the end of what is folded."""
        self.layout.addWidget(widget)
        self.button.show()

    def open(self, shown: bool = True) -> None:
        """Unfold it, or fold it again."""
        self.button.setChecked(shown)

    def _say(self, more: str) -> None:
        self.button.setText(f"{self._title}{more}")
        self.button.setAccessibleName(self.button.text())

    def _show(self, shown: bool) -> None:
        self.button.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)
        self.content.setVisible(shown)


class SettingsFold(Fold):
    """Folded settings that count what differs from the defaults, with Reset inside."""

    def __init__(self) -> None:
        super().__init__("Settings", "What is seldom changed.\nIt says how many differ.")
        self._reset: Callable[[], None] = lambda: None
        self._pages: list[QWidget] = []
        self.reset_button = QPushButton("Reset")
        self.reset_button.setFlat(True)
        self.reset_button.setToolTip("Sets everything here back to its default.")
        self.reset_button.clicked.connect(lambda: self._reset())
        self.layout.addWidget(self.reset_button, 0, Qt.AlignmentFlag.AlignRight)

    def add(self, widget: QWidget) -> None:
        """Put a widget above Reset."""
        self.layout.insertWidget(self.layout.count() - 1, widget)
        self.button.show()

    def show_page(self, page: QWidget) -> None:
        """Show one page of settings in the place of the others, for docks with tabs."""
        if page not in self._pages:
            self._pages.append(page)
            self.add(page)
        for other in self._pages:
            other.setVisible(other is page)

    def is_shown(self, page: QWidget) -> bool:
        """Whether this page is the one that is folded and counted here."""
        return not page.isHidden() and page in self._pages

    def set_changed(self, count: int) -> None:
        """Say how many settings differ from their default."""
        self._say(f" ({count} changed)" if count else "")
        self.reset_button.setEnabled(count > 0)

    def on_reset(self, callback: Callable[[], None]) -> None:
        """What Reset calls."""
        self._reset = callback


class KeysFold(Fold):
    """The keys that work in this dock; those that another plugin holds are struck through."""

    def __init__(self) -> None:
        super().__init__("Keys", "The keys that work here.\nStruck through: another plugin's.")
        self._grid = QGridLayout()
        self._grid.setColumnStretch(1, 1)
        self.layout.addLayout(self._grid)

    def set_rows(self, rows: Sequence[tuple[str, str, bool]]) -> None:
        """Show rows of key, what it does, and whether it is ours."""
        while item := self._grid.takeAt(0):
            if item.widget() is not None:
                item.widget().hide()  # it may be a while before Qt deletes it
                item.widget().deleteLater()
        for row, (key, does, ours) in enumerate(rows):
            for column, text in enumerate((key, does)):
                label = QLabel(text)
                font = label.font()
                font.setStrikeOut(not ours)
                label.setFont(font)
                label.setWordWrap(column == 1)
                self._grid.addWidget(label, row, column)
        self.button.setVisible(bool(rows))
