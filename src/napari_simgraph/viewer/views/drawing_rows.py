"""What is drawn: of which class, how many, and what is varied, as rows of a dock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QSpinBox, QWidget
from superqt import QLabeledDoubleSlider

from napari_simgraph.core.drawing import AGAIN, VARIETY
from napari_simgraph.viewer.controls import calm, combo, stepped
from napari_simgraph.viewer.footer import button, flat
from napari_simgraph.viewer.views.parts import column, row

FARTHEST, MOST = 3.0, 64  # spreads a direction goes either way; pictures at once
MOST_VARIED = 1.5  # farther out next to nothing is of the class
SHOWN, ALL = 2, 8  # directions shown at first, and in all: more say next to nothing
ANY = "all in turn"


class WantedRows(QWidget):
    """Class, how many, how varied, and another draw; `changed` when one of them is another."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.kind = combo("What to draw.\ncommand line: --class", "Class")
        self.many = QSpinBox()
        self.many.setRange(1, MOST)
        self.many.setValue(16)
        self.many.setToolTip("How many.\ncommand line: -n")
        self.many.setAccessibleName("How many")
        self.many.setKeyboardTracking(False)
        calm(self.many)
        tip = "Draws others of the same kind.\ncommand line: --seed"
        self.again = button("Draw again", self._again, tip)
        self.seed = 0
        tip = "How far from the usual one draws; less is plainer.\ncommand line: --spread"
        self.variety = slider("Variety", tip, (0.0, MOST_VARIED), VARIETY)
        self.check = QCheckBox("Draw anew what looks like another class")
        self.check.setToolTip(
            f"Each is looked at, and drawn anew up to {AGAIN} times; takes twice as long.\n"
            "command line: --again"
        )
        self.check.setChecked(True)
        layout = column(self)
        self.kind_row = row("Class", self.kind)
        layout.addWidget(self.kind_row)
        layout.addWidget(row("How many", self.many, self.again))
        layout.addWidget(row("Variety", self.variety))
        layout.addWidget(self.check)
        self.kind.currentIndexChanged.connect(lambda _: self.changed.emit())
        for one in (self.many, self.variety):
            one.valueChanged.connect(lambda _: self.changed.emit())
        self.check.toggled.connect(lambda _: self.changed.emit())

    @property
    def times(self) -> int:
        """How often, at most, what looks like another class is drawn anew."""
        return AGAIN if self.check.isChecked() else 0

    @property
    def name(self) -> str:
        """The class that is wanted, "" for all in turn."""
        return str(self.kind.currentText()) if self.kind.currentIndex() > 0 else ""

    def show_classes(self, names: Sequence[str], first: str = "", reads: bool = False) -> None:
        """List the classes of a model; the choice stays where it knows it, too.

        What it draws can be checked where it `reads` the class of a picture.
        """
        before = self.name if self.name in names else first
        self.kind.blockSignals(True)
        self.kind.clear()
        self.kind.addItems([ANY, *names])
        self.kind.setCurrentIndex([*names].index(before) + 1 if before in names else 0)
        self.kind.blockSignals(False)
        self.kind_row.setVisible(bool(names))
        self.check.setVisible(reads)

    def _again(self) -> None:
        self.seed += 1
        self.changed.emit()


class DirectionRows(QWidget):
    """A slider for each direction, the most telling one first; `moved` when one is moved."""

    moved = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.sliders = [_direction(number) for number in range(ALL)]
        self._rows = [row(f"Direction {at}", one) for at, one in enumerate(self.sliders, 1)]
        tip = "Shows further directions, or hides them.\nEach changes less than the one before."
        self.more = flat("More", self._more, tip)
        self._known, self._open = 0, False
        layout = column(self)
        for one in self._rows:
            layout.addWidget(one)
        layout.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        for one in self.sliders:
            one.valueChanged.connect(lambda _: self.moved.emit())
        self.show_count(0)

    @property
    def values(self) -> tuple[float, ...]:
        """How far along each direction."""
        return tuple(float(one.value()) for one in self.sliders[: self._known])

    def show_count(self, known: int) -> None:
        """Show as many directions as a model has."""
        self._known = min(known, ALL)
        shown = self._known if self._open else min(SHOWN, self._known)
        for number, one in enumerate(self._rows):
            one.setVisible(number < shown)
        self.more.setVisible(self._known > SHOWN)
        self.more.setText("Fewer" if self._open else f"More ({max(0, self._known - SHOWN)})")

    def reset(self) -> None:
        """All in the middle again."""
        for one in self.sliders:
            one.blockSignals(True)
            one.setValue(0.0)
            one.blockSignals(False)

    def _more(self) -> None:
        self._open = not self._open
        self.show_count(self._known)


class _Slider(QLabeledDoubleSlider):
    """A slider that a double-click sets to where it stood first."""

    usual = 0.0

    def mouseDoubleClickEvent(self, event: Any) -> None:
        """Back to where it stood first."""
        self.setValue(self.usual)


def slider(name: str, tip: str, ends: tuple[float, float], usual: float) -> QLabeledDoubleSlider:
    """A slider in steps of a tenth."""
    made = _Slider(Qt.Orientation.Horizontal)
    made.setRange(*ends)
    made.setSingleStep(0.1)
    made.setDecimals(1)
    made.usual = usual
    made.setValue(usual)
    made.setToolTip(tip)
    for part in (made, *made.findChildren(QWidget)):
        part.setAccessibleName(name)
        part.setToolTip(tip)
    stepped(made)
    return made


def _direction(number: int) -> QLabeledDoubleSlider:
    tip = "What the drawing varies in. Double-click sets 0.\ncommand line: --directions"
    return slider(f"Direction {number + 1}", tip, (-FARTHEST, FARTHEST), 0.0)
