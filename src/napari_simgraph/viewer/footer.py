"""The pinned foot of a dock: main button or progress, one sentence, what next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from qtpy.QtCore import QEvent, Qt, Signal
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from napari_simgraph.viewer.theme import STATE_COLORS, state_pixmap

Button: TypeAlias = tuple[str, Callable[[], object]]

MAIN_HEIGHT = 34
_GAP = 2  # px between sentence and buttons
STATUS_LINES = 2  # sentences stay below 90 characters: two lines at 380 px


class Bar(QProgressBar):
    """A progress bar that can be clicked."""

    clicked = Signal()

    def mouseReleaseEvent(self, event: Any) -> None:
        """A click anywhere on it."""
        self.clicked.emit()


def button(text: str, callback: Callable[[], object], tooltip: str = "") -> QPushButton:
    """A push button with its callback and tooltip."""
    made = QPushButton(text)
    made.clicked.connect(lambda: callback())
    made.setToolTip(tooltip or text)
    made.setAccessibleName(text)
    return made


def flat(text: str, callback: Callable[[], object], tooltip: str = "") -> QPushButton:
    """A small button in line with text; rich-text links are dark blue on the dark theme."""
    made = button(text, callback, tooltip)
    made.setFlat(True)
    return made


class Footer(QWidget):
    """Main button, status and chips, of the same height in every state."""

    def __init__(self) -> None:
        super().__init__()
        self._status_button: Button | None = None
        self._chips: list[Button] = []
        self._shown: tuple[Button | None, tuple[Button, ...]] = (None, ())
        self._make_main()
        self._make_status()
        rule = QFrame()
        rule.setObjectName("rule")
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 2, 8, 6)
        column.setSpacing(4)
        column.addWidget(rule)
        column.addLayout(self._stack)
        column.addLayout(self._status_row())
        self.show_running(False)
        self.show_status("ready", "")
        self._fit()

    def show_running(self, running: bool) -> None:
        """Put bar and three buttons in the place of the main button, or it back."""
        self._stack.setCurrentIndex(int(running))

    @property
    def running(self) -> bool:
        """Whether bar and buttons are shown."""
        return bool(self._stack.currentIndex() == 1)

    def show_status(self, state: str, sentence: str, button: Button | None = None) -> None:
        """One sentence of state and at most one button."""
        self._stripe.setStyleSheet(f"background: {STATE_COLORS[state]}; padding: 0;")
        self._icon.setPixmap(state_pixmap(state))
        self._icon.setContentsMargins(0, 4, 0, 0)  # in line with the first line of text
        self._icon.setAccessibleName(state)
        self.sentence.setText(sentence)
        self.sentence.setToolTip(sentence)
        self._status_button = button
        self._renew_actions()
        self._fit()

    def set_next(self, chips: Sequence[Button]) -> None:
        """Up to two chips: what to do next."""
        self._chips = list(chips[:2])
        self._renew_actions()

    def event(self, event: Any) -> bool:
        """Measure again when font or theme change."""
        done = bool(super().event(event))
        if event.type() in (QEvent.Type.Show, QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()
        return done

    def _make_main(self) -> None:
        self.main = QPushButton()
        self.main.setObjectName("main")
        self.main.setMinimumHeight(MAIN_HEIGHT)
        self.main.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.bar = Bar()
        self.bar.setRange(0, 1000)
        self.bar.setToolTip("How far it is.\nClick to see the curves in Jobs.")
        self.pause = QPushButton("Pause")
        self.pause.setToolTip("Holds; memory is kept.")
        self.stop = QPushButton("Stop and keep")
        self.stop.setToolTip("Ends now and keeps what was made.")
        self.cancel = QPushButton("Cancel")
        self.cancel.setToolTip("Ends now and drops it; the earlier model stays.")
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        for widget, share in ((self.pause, 2), (self.stop, 3), (self.cancel, 2)):
            buttons.addWidget(widget, share)
        running = _page(self.bar)
        running.layout().addLayout(buttons)
        self._stack = QStackedLayout()
        self._stack.addWidget(_page(self.main))
        self._stack.addWidget(running)

    def _make_status(self) -> None:
        self._stripe, self._icon, self.sentence = QFrame(), QLabel(), QLabel()
        self._stripe.setFixedWidth(3)
        self.sentence.setObjectName("sentence")
        self.sentence.setWordWrap(True)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        # A wrapping label asks for the width of its longest word; the frame decides instead.
        self.sentence.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._actions = QWidget()
        row = QHBoxLayout(self._actions)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)

    def _status_row(self) -> QHBoxLayout:
        words = QVBoxLayout()
        words.setSpacing(_GAP)
        words.addWidget(self.sentence)
        words.addWidget(self._actions)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self._stripe)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        return row

    def _renew_actions(self) -> None:
        """Other buttons; the same stay, so that a press in mid-change is not lost."""
        wanted = (self._status_button, tuple(self._chips))
        if wanted == self._shown:
            return
        self._shown = wanted
        row = self._actions.layout()
        while item := row.takeAt(0):
            if item.widget() is not None:
                item.widget().hide()
                item.widget().deleteLater()
        if self._status_button:
            row.addWidget(flat(*self._status_button))
        if self._chips:
            row.addWidget(QLabel("Next:"))
        for chip in self._chips:
            row.addWidget(flat(*chip))
        row.addStretch(1)
        self._fit()

    def _fit(self) -> None:
        """Room for sentence and buttons by the font; without buttons the sentence has it all."""
        words = STATUS_LINES * self.sentence.fontMetrics().lineSpacing() + 8
        below = self.pause.sizeHint().height()
        bare = not (self._status_button or self._chips)
        self._actions.setVisible(not bare)
        self._actions.setFixedHeight(below)
        self.sentence.setFixedHeight(words + (below + _GAP if bare else 0))


def _page(widget: QWidget) -> QWidget:
    """A page of the stack with the widget at its top."""
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 2, 0, 2)
    column.setSpacing(4)
    column.addWidget(widget)
    return page
