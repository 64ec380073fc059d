"""The tools of Correct: where they act, what they do, and one step back or forth."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QRadioButton,
    QWidget,
)

from napari_simgraph.viewer.footer import button
from napari_simgraph.viewer.views.parts import column, row

_HIDDEN = "…"
_LONGEST = 22  # letters of what Undo names, so that both buttons stand in one row
_TOOLS = (
    ("merge", "Merge  G", "Makes two objects one. Click the first, then the second.\nkey: G"),
    (
        "split",
        "Split  K",
        "Cuts an object along a line that you draw across it.\nkey: K, then Enter",
    ),
    ("between", "Fill between  D", "Fills in between two painted sections.\nkey: D"),
    ("new", "New  M", "Takes the brush with a number that no object has yet.\nkey: M"),
    (
        "delete",
        "Delete",
        "Takes out the chosen object, or by key the one below the pointer.\nkey: Delete",
    ),
    ("smooth", "Smooth", "Rounds the chosen object by the width in Settings."),
)
_WHERE = "Where Merge, Split, Delete and Smooth act."


class Tools(QWidget):
    """Buttons that say what they are asked for: `asked` brings the word of a tool."""

    asked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.buttons: dict[str, QPushButton] = {}
        grid = QGridLayout()
        grid.setSpacing(4)
        for number, (word, text, tip) in enumerate(_TOOLS):
            made = button(text, partial(self.asked.emit, word), tip)
            made.setMinimumWidth(0)
            self.buttons[word] = made
            grid.addWidget(made, *divmod(number, 3))
        for word in ("merge", "split"):
            self.buttons[word].setCheckable(True)
        layout = column(self)
        self.act_on = self._act_on()
        layout.addWidget(self.act_on)
        layout.addLayout(grid)
        layout.addLayout(self._steps())

    @property
    def through(self) -> bool:
        """Whether tools act in all sections."""
        return bool(self.all_sections.isChecked())

    def show_mode(self, mode: str) -> None:
        """Press the button of the mode that lasts, and no other."""
        for word in ("merge", "split"):
            self.buttons[word].setChecked(word == mode)

    def show_steps(self, last: str, undone: str) -> None:
        """Say what Undo and Redo would do; "" where there is nothing."""
        said = f"{last[:1].lower()}{last[1:]}".rstrip(".").partition(":")[0].partition(" in ")[0]
        short = said if len(said) <= _LONGEST else said[: _LONGEST - 1].rstrip() + _HIDDEN
        self.undo.setText(f"Undo {short}".strip())
        self.undo.setToolTip(f"Takes back: {said}.\nkey: Ctrl+Z" if said else "Nothing to undo.")
        self.undo.setEnabled(bool(last))
        self.redo.setToolTip(f"Does again: {undone}\nkey: Ctrl+Shift+Z" if undone else "Nothing.")
        self.redo.setEnabled(bool(undone))

    def _act_on(self) -> QWidget:
        self.all_sections, self.this_one = QRadioButton("all sections"), QRadioButton("this one")
        self._group = QButtonGroup(self)
        for made in (self.all_sections, self.this_one):
            made.setToolTip(_WHERE)
            self._group.addButton(made)
        self.all_sections.setChecked(True)
        return row("Act on", self.all_sections, self.this_one)

    def _steps(self) -> QHBoxLayout:
        self.undo = button("Undo", lambda: self.asked.emit("undo"))
        self.redo = button("Redo", lambda: self.asked.emit("redo"))
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(self.undo, 3)
        line.addWidget(self.redo, 1)
        self.show_steps("", "")
        return line
