"""How the rows of what is painted lie below each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from napari_simgraph.viewer.footer import flat
from napari_simgraph.viewer.views.parts import column, row
from napari_simgraph.viewer.views.presets import PRESETS

if TYPE_CHECKING:
    from napari_simgraph.viewer.views.painting import Painting


def lay_out(painting: Painting) -> tuple[QPushButton, QPushButton]:
    """The buttons for a new layer and for a new class; all rows are in their place."""
    new = flat(
        "New strokes layer",
        painting.new_strokes,
        "An empty layer in the class colours, brush 5 px.\nPaint short strokes on it.",
    )
    add = flat("+ Class", painting.classes.add, "One more class, to be named.")
    painting.preset.addItems(["Preset", *PRESETS])
    painting.preset.setMinimumContentsLength(6)
    layout = column(painting)
    layout.addWidget(row("Labels", painting.layers))
    layout.addWidget(_line(painting.zero, new))
    layout.addWidget(_line(QLabel("Classes"), add, painting.preset))
    for each in (painting.classes, painting.masks, painting.boundary, painting.overlap):
        layout.addWidget(each)
    return new, add


def _line(first: QWidget, *others: QWidget) -> QWidget:
    line = QWidget()
    across = QHBoxLayout(line)
    across.setContentsMargins(0, 0, 0, 0)
    across.addWidget(first, 1)
    for other in others:
        across.addWidget(other)
    return line
