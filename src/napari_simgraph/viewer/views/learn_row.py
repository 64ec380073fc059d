"""While I paint, or once: the two ways of learning from what is painted."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QRadioButton, QWidget

from napari_simgraph.viewer.controls import LABEL_WIDTH


class LearnRow(QWidget):
    """Two radio buttons in one row."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.while_painting = QRadioButton("while I paint")
        self.while_painting.setToolTip("Answers after every stroke, and learns on beside you.")
        self.once = QRadioButton("once")
        self.once.setToolTip(
            "Learns for some minutes from all that is painted; also from full masks.\n"
            "command line: segmentation train"
        )
        self.while_painting.setChecked(True)
        label = QLabel("Learn")
        label.setFixedWidth(LABEL_WIDTH)
        across = QHBoxLayout(self)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(4)
        across.addWidget(label)
        across.addWidget(self.while_painting)
        across.addWidget(self.once, 1)
        self.while_painting.toggled.connect(lambda _: self.changed.emit())

    @property
    def live(self) -> bool:
        """Whether one learns while painting."""
        return bool(self.while_painting.isChecked())

    def choose(self, live: bool) -> None:
        """Choose one of the two."""
        (self.while_painting if live else self.once).setChecked(True)
