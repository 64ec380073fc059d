"""``Go on with vnc_larva? [Go on] [Not now]``: a sentence with two answers below it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_simgraph.viewer.footer import button


class Answer(NamedTuple):
    """What stands on a button, what follows from it in a sentence, and what it does."""

    text: str
    tip: str
    act: Callable[[], object]


class Question(QWidget):
    """Asks one thing at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._answers: tuple[Answer, ...] = ()
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        self.first, self.second = self._button(0), self._button(1)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addStretch(1)
        row.addWidget(self.first)
        row.addWidget(self.second)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(4)
        column.addWidget(self.sentence)
        column.addLayout(row)

    def ask(self, sentence: str, first: Answer, second: Answer, tooltip: str = "") -> None:
        """Put a question."""
        self.sentence.setText(sentence)
        self.sentence.setToolTip(tooltip)
        self._answers = (first, second)
        for widget, answer in zip((self.first, self.second), self._answers, strict=True):
            widget.setText(answer.text)
            widget.setAccessibleName(answer.text)
            widget.setToolTip(f"{answer.text}\n{answer.tip}")

    def _button(self, number: int) -> QPushButton:
        return button("", lambda: self._answers[number].act())
