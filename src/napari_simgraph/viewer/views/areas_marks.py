"""The tab My regions: painted classes, marks of a file, and what is normal."""

from __future__ import annotations

from napari.layers import Labels as LabelsLayer
from napari.layers import Layer
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QDoubleSpinBox, QFileDialog, QLabel, QSizePolicy, QWidget

from napari_simgraph.core.marks import Marks
from napari_simgraph.core.patches import PatchGrid
from napari_simgraph.core.raster import Labels, LabelsSet
from napari_simgraph.io.geojson import LIKE
from napari_simgraph.viewer.areas.marked import MarkBook
from napari_simgraph.viewer.controls import calm, combo
from napari_simgraph.viewer.footer import flat
from napari_simgraph.viewer.layer_combo import LayerCombo
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.views.areas_painted import classes_of, painted_on, refuse_painted
from napari_simgraph.viewer.views.parts import column, row

PAINTED, MARKED, UNLIKE = 0, 1, 2
# What can be learned from, and what the big button then says.
_SOURCES = (
    ("painted labels", "Learn from what is painted"),
    ("marks of a file", "Learn from these marks"),
    ("what is normal", "Show what is unlike normal"),
)
_TIP = "Labels; outlines of QuPath; or regions without anything odd.\ncommand line: --marks"
_UNLIKE = "Mark places without anything odd: what is unlike them scores high."
_FILES = "Marks (*.geojson *.json)"


class MarksPage(QWidget):
    """What is learned from: painted classes, the marks of a file, or what is drawn as normal.

    `changed` says that something is different, `told` brings a state and a sentence.
    """

    changed = Signal()
    told = Signal(str, str)

    def __init__(self, session: Session, book: MarkBook) -> None:
        super().__init__()
        self._session, self.book = session, book
        self.source = combo(_TIP, "Learn from")
        self.source.addItems([words for words, _ in _SOURCES])
        tip = "Labels painted on the image.\ncommand line: --marks"
        self.painted = LayerCombo(session.viewer, LabelsLayer, refuse_painted)
        self.painted.setToolTip(tip)
        self.painted.setAccessibleName("Painted in")
        self.wanted = combo("The class that is looked for.\ncommand line: --wanted", "Class")
        self.share = _share_box()
        self.cost, self.read, self.normal = (_faint() for _ in range(3))
        self._lay()
        self.source.currentIndexChanged.connect(self._renew)
        self.painted.chosen.connect(self._renew)
        self.wanted.currentIndexChanged.connect(lambda _: self.changed.emit())
        book.changed.connect(self._renew)
        self._renew()

    @property
    def way(self) -> int:
        """What is learned from: `PAINTED`, `MARKED` or `UNLIKE`."""
        return int(self.source.currentIndex())

    @property
    def main(self) -> tuple[str, bool]:
        """The words of the big button, and whether it can be pressed."""
        ready = self.layer is not None, bool(self.book.classes), bool(self._normal)
        return _SOURCES[self.way][1], ready[self.way]

    @property
    def looked_for(self) -> str:
        """The class that is looked for; "" for what was clicked as interesting."""
        name = str(self.wanted.currentText())
        return "" if self.way == UNLIKE or (self.way == MARKED and name == LIKE) else name

    def say_cost(self, cost: str) -> None:
        """Tell how long it takes."""
        said = f"Where much is marked, a network learns from it. {cost}"
        self.cost.setText(_UNLIKE if self.way == UNLIKE else said)

    @property
    def layer(self) -> Layer | None:
        """The painted layer."""
        return self.painted.layer

    def given(self, grid: PatchGrid, layers: list[Layer | None]) -> Marks | Labels | LabelsSet:
        """What is to be learned from, fixed at this moment.

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
        if self.way != PAINTED:
            return self.book.marks
        return painted_on(self._session, self.layer, grid, layers)

    def open(self, path: str = "") -> None:
        """Take the marks of a file; asks which."""
        found = path or QFileDialog.getOpenFileName(self, "Marks", "", _FILES)[0]
        if not found:
            return
        try:
            said = self.book.open(found)
        except (ValueError, OSError) as error:
            self.told.emit("error", str(error))
            return
        self.source.setCurrentIndex(MARKED if self.book.classes else UNLIKE)
        self.told.emit("ready", said)

    def draw(self) -> None:
        """Begin to draw around what is normal."""
        if self.way == PAINTED:
            self.source.setCurrentIndex(UNLIKE)
        try:
            self.book.draw()
        except ValueError as error:
            self.told.emit("error", str(error))

    def close_events(self) -> None:
        """Stop following the viewer."""
        self.painted.close_events()
        self.book.close()

    def _lay(self) -> None:
        tip = "Marks of QuPath, or of ours, as GeoJSON.\ncommand line: --marks"
        self.open_button = flat("Open…", lambda: self.open(), tip)
        tip = "Draws around what is normal; it can be changed later.\nkey: R; command line: --marks"
        self.draw_button = flat("Mark normal (R)", self.draw, tip)
        layout = column(self)
        layout.addWidget(self.cost)
        layout.addWidget(row("Learn from", self.source))
        self._rows = (
            row("Painted in", self.painted),
            row("Marks", self.read, self.open_button),
            row("Class", self.wanted, self.share),
            row("Normal", self.normal, self.draw_button),
        )
        for line in self._rows:
            layout.addWidget(line)

    @property
    def _normal(self) -> int:
        return sum(one.role == "normal" for one in self.book.marks)

    def _renew(self, *_: object) -> None:
        way, before = self.way, self.wanted.currentText()
        seen = (way == PAINTED, way == MARKED, way != UNLIKE, way != PAINTED)
        for line, shown in zip(self._rows, seen, strict=True):
            line.setVisible(shown)
        self.share.setVisible(way == PAINTED)
        names = self.book.classes
        if way == PAINTED:
            names = [] if self.layer is None else list(classes_of(self.layer)[0].names)
        self.wanted.blockSignals(True)
        self.wanted.clear()
        self.wanted.addItems(names)
        self.wanted.setCurrentIndex(max(0, self.wanted.findText(before)) if names else -1)
        self.wanted.blockSignals(False)
        read, normal = self.book.read, self._normal
        self.read.setText("none yet" if read is None else f"{len(read)} of {read.name}")
        self.normal.setText(f"{normal} region{'' if normal == 1 else 's'}" if normal else "none")
        self.changed.emit()


def _share_box() -> QDoubleSpinBox:
    made = QDoubleSpinBox()
    made.setRange(0.1, 100)
    made.setValue(50)
    made.setSuffix(" %")
    made.setDecimals(1)
    tip = "So much of what is painted in a patch must be of the class.\ncommand line: --share"
    made.setToolTip(tip)
    made.setAccessibleName("Share of a patch")
    calm(made)
    return made


def _faint() -> QLabel:
    made = QLabel()
    made.setObjectName("faint")
    made.setWordWrap(True)
    made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return made
