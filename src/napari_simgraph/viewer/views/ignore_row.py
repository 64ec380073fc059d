"""What should not matter: differences that a network learns to ignore, as boxes to tick."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QGridLayout, QLabel, QWidget

from napari_simgraph.learn.view_settings import (
    AUTO,
    BRIGHTNESS,
    NOISE,
    NONE,
    ROTATION,
    STAIN,
    STROKE,
    USUAL,
)
from napari_simgraph.viewer.views.parts import column

_SAID = {
    ROTATION: ("rotation, flips", "Turned and mirrored patches are the same."),
    BRIGHTNESS: ("brightness", "Lighter, darker and softer patches are the same."),
    NOISE: ("blur, noise", "Grainy and blurred patches are the same."),
    STAIN: ("stain colour", "Patches with more or less of a stain are the same."),
    STROKE: ("stroke width", "Thicker and thinner strokes are the same."),
}


class IgnoreRow(QWidget):
    """Boxes, ticked by the kind of image until the person ticks one; `changed` when one is."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._chosen = False
        self._kind = "em"
        self._boxes = {name: QCheckBox(said) for name, (said, _) in _SAID.items()}
        page = QWidget()
        grid = QGridLayout(page)
        grid.setContentsMargins(8, 0, 0, 0)
        grid.setVerticalSpacing(2)
        for number, (name, box) in enumerate(self._boxes.items()):
            box.setToolTip(f"{_SAID[name][1]}\ncommand line: --ignore {name}")
            box.clicked.connect(self._keep_choice)
            grid.addWidget(box, number // 2, number % 2)
        title = QLabel("Should not matter")
        title.setToolTip("Differences the network learns to ignore.\ncommand line: --ignore")
        layout = column(self)
        layout.addWidget(title)
        layout.addWidget(page)
        self.suggest(self._kind)

    def suggest(self, kind: str) -> None:
        """Tick what is usual for images of a kind; what a person ticked stays.

        Stains are there for colour images only, strokes for digits only.
        """
        self._kind = kind
        self._boxes[STAIN].setVisible(kind == "slide")
        self._boxes[STROKE].setVisible(kind == "digits")
        if not self._chosen:
            for name, box in self._boxes.items():
                box.setChecked(name in USUAL[kind])

    @property
    def word(self) -> str:
        """What is ticked as `--ignore` says it."""
        ticked = [name for name, box in self._boxes.items() if box.isChecked()]
        if ticked == [name for name in self._boxes if name in USUAL[self._kind]]:
            return AUTO
        return ",".join(ticked) or NONE

    def _keep_choice(self) -> None:
        self._chosen = True
        self.changed.emit()
