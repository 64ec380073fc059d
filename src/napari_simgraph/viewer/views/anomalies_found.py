"""What Anomalies found: what is shown, the threshold, the worst places, images by score."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from qtpy.QtCore import QSize, Qt, QTimer, Signal
from qtpy.QtGui import QPixmap
from qtpy.QtWidgets import QAbstractItemView, QLabel, QTreeWidget, QTreeWidgetItem, QWidget
from superqt import QLabeledDoubleSlider

from napari_simgraph.analysis.odd_places import OddPlace
from napari_simgraph.viewer.controls import combo, stepped
from napari_simgraph.viewer.footer import flat
from napari_simgraph.viewer.views.folder_choice import left
from napari_simgraph.viewer.views.parts import column, row
from napari_simgraph.viewer.views.ranked import icon_of

MAP, EXPECTED, HIDDEN = "anomaly", "expected", "hidden"
SHOWN = ((MAP, "anomaly map"), (EXPECTED, "what it expected"), (HIDDEN, "what was hidden"))
_SIDE = 26  # px of a picture
_ROWS = 5  # seen at once; more scroll
LISTED = 100  # places shown with a picture; the count says how many there are
_SOON_MS = 400  # a slider that is dragged tells of every step, and labels are made anew
_RATES = (0.1, 10.0)  # % of normal area
_USUAL = 1.0


class Line(NamedTuple):
    """A row of the list of places: what it is, where it is in full and short, its picture."""

    place: OddPlace
    where: str
    short: str
    picture: Callable[[int], QPixmap | None]  # of so many px


class FoundRows(QWidget):
    """What came out, and what to do with it.

    `shown` brings what is to lie over the image, `alarms` the false alarms as a share, `going`
    a place, `judged` a place and whether it is right, `image_going` the name of an image, `saving`
    wants the scores as CSV.
    """

    shown = Signal(str)
    alarms = Signal(float)
    going = Signal(object)
    judged = Signal(object, bool)
    image_going = Signal(str)
    saving = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[Line] = []
        self.show_menu = combo("The map, the picture it expected, or the hidden parts.", "Show")
        self.show_menu.addItems([words for _, words in SHOWN])
        self.slider = QLabeledDoubleSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(*(float(np.log10(rate)) for rate in _RATES))
        self.slider.setSingleStep(0.05)
        self.slider.setToolTip("Share of normal area that may be marked. Sets the threshold.")
        self.slider.setAccessibleName("False alarms in normal")
        self.slider.setEdgeLabelMode(QLabeledDoubleSlider.EdgeLabelMode.NoLabel)
        self.slider._label.hide()  # it would say the logarithm
        stepped(self.slider)
        self.limit, self.count = QLabel(), QLabel()
        self.places, self.images = _tree(["", "Score", "Where"]), _tree(["Image", "Score"])
        self.places.setIconSize(QSize(_SIDE, _SIDE))
        self.places.setAccessibleName("Worst places")
        self.images.setAccessibleName("Images by score")
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON_MS)
        self._soon.timeout.connect(lambda: self.alarms.emit(self.rate))
        self._lay()
        self.set_rate(_USUAL / 100)
        self.show_menu.activated.connect(lambda at: self.shown.emit(SHOWN[at][0]))
        self.slider.valueChanged.connect(self._moved)
        self.places.currentItemChanged.connect(lambda *_: self._chosen())
        self.places.itemClicked.connect(lambda *_: self._chosen())
        self.images.itemClicked.connect(lambda item, _: self.image_going.emit(item.text(0)))

    @property
    def rate(self) -> float:
        """Share of normal area that may be marked."""
        return float(10 ** self.slider.value() / 100)

    @property
    def line(self) -> Line | None:
        """The chosen place."""
        at = self.places.indexOfTopLevelItem(self.places.currentItem())
        return self.lines[at] if 0 <= at < len(self.lines) else None

    def set_rate(self, rate: float) -> None:
        """Show a share that was not set here."""
        self.slider.blockSignals(True)
        self.slider.setValue(float(np.log10(100 * rate)))
        self.slider.blockSignals(False)

    def say_limit(self, limit: float) -> None:
        """The share, and the score that it stands for."""
        self.limit.setText(f"{100 * self.rate:.2g} % → {limit:.2f}")

    def offer(self, hidden: bool) -> None:
        """The map is shown, and others can be; a quick look hides nothing."""
        self.show_menu.setCurrentIndex(0)
        item = self.show_menu.model().item([kind for kind, _ in SHOWN].index(HIDDEN))
        item.setEnabled(hidden)
        item.setToolTip("" if hidden else "A fast look hides nothing.")

    def show_places(self, lines: list[Line], count: int) -> None:
        """List these places, of so many in all."""
        self.lines = lines[:LISTED]
        self.places.blockSignals(True)
        self.places.clear()
        for line in self.lines:
            item = QTreeWidgetItem(["", f"{line.place.score:.2f}", line.where])
            item.setIcon(0, icon_of(line.picture(_SIDE)))
            self.places.addTopLevelItem(item)
        self.places.blockSignals(False)
        self.places.setVisible(bool(lines))
        self.count.setText(f"Worst places {count:,}")
        for button in (self.next_button, self.right_button, self.no_button):
            button.setEnabled(bool(lines))

    def show_images(self, scores: Mapping[str, float]) -> None:
        """List images by score, the oddest first; hidden where there is only one."""
        self.images.clear()
        for name, score in sorted(scores.items(), key=lambda pair: -pair[1]):
            self.images.addTopLevelItem(QTreeWidgetItem([name, f"{score:.3f}"]))
        many = len(scores) > 1
        self.images.setVisible(many)
        self.images_line.setVisible(many)

    def choose(self, place: OddPlace) -> None:
        """Choose a place that was chosen elsewhere, and go there."""
        at = next((n for n, line in enumerate(self.lines) if line.place == place), -1)
        if at >= 0:
            self.places.blockSignals(True)
            self.places.setCurrentItem(self.places.topLevelItem(at))
            self.places.blockSignals(False)
            self._chosen()

    def walk(self, by: int = 1) -> None:
        """Go to the next place, or the last."""
        if self.lines:
            at = self.places.indexOfTopLevelItem(self.places.currentItem()) + by
            item = self.places.topLevelItem(min(max(at, 0), len(self.lines) - 1))
            self.places.setCurrentItem(item)

    def judge(self, right: bool) -> None:
        """Say whether the chosen place is odd."""
        if self.line is not None:
            self.judged.emit(self.line.place, right)

    def _lay(self) -> None:
        self.next_button = flat("Next (N)", self.walk, "The next worst place.\nkey: N")
        tip = "It is odd; the threshold stays below it.\nkey: Y"
        self.right_button = flat("Right (Y)", lambda: self.judge(True), tip)
        tip = "It is normal; the threshold goes above it.\nkey: U"
        self.no_button = flat("No (U)", lambda: self.judge(False), tip)
        buttons = left(self.count)
        across = buttons.layout()
        for number, made in enumerate((self.next_button, self.right_button, self.no_button)):
            across.insertWidget(number + 1, made)
        tip = "Image and score of each, as CSV.\ncommand line: anomaly apply --out DIR"
        self.images_line = row("", QLabel("Images by score"), flat("CSV…", self.saving.emit, tip))
        layout = column(self)
        layout.addWidget(row("Show", self.show_menu))
        layout.addWidget(row("False alarms in normal", self.slider, self.limit))
        for part in (buttons, self.places, self.images_line, self.images):
            layout.addWidget(part)
        self.images.hide()
        self.images_line.hide()

    def _moved(self, _: float) -> None:
        self.limit.setText(f"{100 * self.rate:.2g} % …")
        self._soon.start()

    def _chosen(self) -> None:
        if self.line is not None:
            self.going.emit(self.line.place)


def _tree(titles: list[str]) -> QTreeWidget:
    tree = QTreeWidget()
    tree.setHeaderLabels(titles)
    tree.setRootIsDecorated(False)
    tree.setUniformRowHeights(True)
    tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    tree.setFixedHeight((_ROWS + 1) * (_SIDE + 4))
    tree.setColumnWidth(0, _SIDE + 16 if not titles[0] else 220)
    tree.setColumnWidth(1, 56)
    tree.setToolTip("The oddest first. A click goes there.")
    return tree
