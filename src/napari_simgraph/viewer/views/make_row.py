"""What to make of an image: classes, how sure each is, objects."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QGridLayout, QWidget

from napari_simgraph.learn.making import KINDS
from napari_simgraph.viewer.views.parts import column, row

_TIPS = {
    "classes": "A layer with a colour per class.\ncommand line: --output classes",
    "probability": "One layer a class, from 0 to 1.\ncommand line: --output probability",
    "instances": "Each cell or piece with a colour of its own.\ncommand line: --output instances",
}


class MakeRow(QWidget):
    """Boxes to tick; `changed` when one is."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.classes, self.sure = QCheckBox("classes"), QCheckBox("how sure")
        self.objects = QCheckBox("objects")
        self._boxes = dict(zip(_TIPS, (self.classes, self.sure, self.objects), strict=True))
        self._chosen = False
        self.objects.clicked.connect(self._keep_choice)
        self.classes.setChecked(True)
        for kind, box in self._boxes.items():
            box.setToolTip(_TIPS[kind])
            box.toggled.connect(self.changed)
        choice = QWidget()
        choice.setToolTip("Layers to make.\ncommand line: --output")
        grid = QGridLayout(choice)  # three in a row would need more than 300 px
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(4)
        for number, box in enumerate(self._boxes.values()):
            grid.addWidget(box, number // 2, number % 2)
        grid.setColumnStretch(2, 1)
        column(self).addWidget(row("Make", choice))

    def suggest_objects(self, wanted: bool) -> None:
        """Tick objects or not, until the person has said it."""
        if not self._chosen:
            self.objects.setChecked(wanted)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The names of the results that are ticked."""
        return tuple(kind for kind, box in self._boxes.items() if box.isChecked())

    @property
    def word(self) -> str:
        """What is ticked as `--output` says it; classes where nothing is."""
        return next((word for word, kinds in KINDS.items() if kinds == self.kinds), "classes")

    def _keep_choice(self) -> None:
        self._chosen = True
