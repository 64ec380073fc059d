"""The tab My regions: painted classes, for a full training."""

from __future__ import annotations

import numpy as np
from napari.layers import Labels as LabelsLayer
from napari.layers import Layer
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QDoubleSpinBox, QLabel, QSizePolicy, QWidget

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.patches import PatchGrid
from napari_simgraph.core.raster import Labels, LabelsSet
from napari_simgraph.viewer.controls import calm, combo
from napari_simgraph.viewer.layer_combo import LayerCombo
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.views.parts import column, row
from napari_simgraph.viewer.views.strokes import read_classes, renumbered, shape_of

_MOST = 250  # values of a painted layer; more of them are numbers of objects


class MarksPage(QWidget):
    """Which layer is painted, which class is looked for, and how much of a patch must be of it."""

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        tip = "Labels painted on the image.\ncommand line: --marks"
        self.painted = LayerCombo(session.viewer, LabelsLayer, _refuse)
        self.painted.setToolTip(tip)
        self.painted.setAccessibleName("Painted in")
        self.wanted = combo("The class that is looked for.\ncommand line: --wanted", "Class")
        self.share = QDoubleSpinBox()
        self.share.setRange(0.1, 100)
        self.share.setValue(50)
        self.share.setSuffix(" %")
        self.share.setDecimals(1)
        tip = "So much of what is painted in a patch must be of the class.\ncommand line: --share"
        self.share.setToolTip(tip)
        self.share.setAccessibleName("Share of a patch")
        calm(self.share)
        self.told = QLabel()
        self.told.setObjectName("faint")
        self.told.setWordWrap(True)
        self.told.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        layout = column(self)
        layout.addWidget(self.told)
        layout.addWidget(row("Painted in", self.painted))
        layout.addWidget(row("Class", self.wanted, self.share))
        self.painted.chosen.connect(self._renew)
        self.wanted.currentIndexChanged.connect(lambda _: self.changed.emit())
        self._renew()

    def say_cost(self, cost: str) -> None:
        """Tell how long it takes."""
        self.told.setText(f"Where much is painted, a network learns from it. {cost}")

    @property
    def layer(self) -> Layer | None:
        """The painted layer."""
        return self.painted.layer

    def marks(self, grid: PatchGrid, layers: list[Layer | None]) -> Labels | LabelsSet:
        """What is painted, fixed at this moment.

        Parameters
        ----------
        grid
            The patches that it is to speak of.
        layers
            The image of each of its sources, where they are open.

        Raises
        ------
        ValueError
            Nothing is painted, or on another image.
        """
        layer = self.layer
        if layer is None:
            raise ValueError("Paint some classes on the image first, in Segment or with napari.")
        shapes = [one.shape for one in grid.sources]
        fits = [n for n, shape in enumerate(shapes) if shape == shape_of(layer)]
        if not fits:
            size, own = (" x ".join(map(str, one)) for one in (shape_of(layer), shapes[0]))
            raise ValueError(
                f"These labels have another shape ({size}) than the image ({own}). "
                "Choose labels drawn on it."
            )
        number = _same_place(layer, layers, fits)
        labels = _labels(self._session, layer)
        if not labels.read().any():
            raise ValueError(f"Nothing is painted in '{layer.name}' yet.")
        if len(grid.sources) == 1:
            return labels
        return LabelsSet(
            tuple(
                labels if n == number else _nothing(one.shape, labels)
                for n, one in enumerate(grid.sources)
            )
        )

    def close_events(self) -> None:
        """Stop following the viewer."""
        self.painted.close_events()

    def _renew(self) -> None:
        layer, before = self.layer, self.wanted.currentText()
        names = [] if layer is None else list(_classes(layer)[0].names)
        self.wanted.clear()
        self.wanted.addItems(names)
        self.wanted.setCurrentIndex(max(0, self.wanted.findText(before)) if names else -1)
        self.changed.emit()


def _refuse(layer: Layer) -> str:
    told = about(layer)
    return "a result of ours" if "result" in told or "answer" in told else ""


def _classes(layer: Layer) -> tuple[ClassTable, tuple[int, ...]]:
    """Names and values of what is painted; values where there are no names."""
    known = read_classes(layer)
    if known is not None:
        return known
    values = np.unique(np.asarray(layer.data))
    found = [int(value) for value in values if value > 0]
    if len(found) > _MOST:
        return ClassTable(()), ()
    return ClassTable.of(f"value {value}" for value in found), tuple(found)


def _labels(session: Session, layer: Layer) -> Labels:
    table, numbers = _classes(layer)
    if not numbers:
        raise ValueError(f"'{layer.name}' holds no painted classes: choose another layer.")
    every = ClassTable.of(f"value {n}" for n in range(1, max(numbers) + 1))
    return renumbered(session.labels(layer, every), numbers, table)


def _same_place(layer: Layer, layers: list[Layer | None], fits: list[int]) -> int:
    """Of several images of this shape the one that the labels lie on."""
    for number in fits:
        image = layers[number] if number < len(layers) else None
        if image is not None and np.allclose(image.translate, layer.translate):
            return number
    return fits[0]


def _nothing(shape: tuple[int, ...], like: Labels) -> Labels:
    return like.replace(data=np.zeros(shape, np.uint8))
