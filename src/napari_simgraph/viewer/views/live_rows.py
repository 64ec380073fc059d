"""The rows of live learning: regions, what is shown, and where to look next."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget

from napari_simgraph.viewer.controls import combo
from napari_simgraph.viewer.footer import button
from napari_simgraph.viewer.live.live_keys import LiveKeys
from napari_simgraph.viewer.live.overlay import SHOWN
from napari_simgraph.viewer.live.places import Places
from napari_simgraph.viewer.live.regions import Regions
from napari_simgraph.viewer.live.teaching import Teaching
from napari_simgraph.viewer.looks import FILL
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.views.painting import Painting
from napari_simgraph.viewer.views.parts import column, row

_WORD, _SLIDER = 92, 40  # px: "How sure" is read, and a handle moves, where a dock has 300 px


class LiveRows(QWidget):
    """Mark a region, choose what lies over the image, go to where the model is least sure."""

    def __init__(self, session: Session, painting: Painting) -> None:
        super().__init__()
        viewer = session.viewer
        self._teaching: Teaching | None = None
        self.regions, self.places = Regions(viewer, painting), Places(viewer)
        acts = {"R": self.regions.begin, "N": self.places.forward, "Shift-N": self.places.back}
        self.keys = LiveKeys(session, acts)
        self.region = button(
            "Mark region complete  R",
            self.regions.begin,
            "Draw a rectangle or polygon: all in it counts; unpainted is of the chosen class.\n"
            "Outside, unpainted means unknown.",
        )
        self.region.setCheckable(True)
        self.show = combo("What lies over the image. Hold H to look below.", "Show")
        self.show.setMinimumWidth(_WORD)
        for name in SHOWN:
            self.show.addItem(name.capitalize(), name)
        self.clear = QSlider(Qt.Orientation.Horizontal)
        self.clear.setRange(0, 100)
        self.clear.setMinimumWidth(_SLIDER)
        self.clear.setValue(round(100 * (1 - FILL)))
        self.clear.setToolTip("How far the image is seen through the answer.")
        self.clear.setAccessibleName("See-through")
        self.percent = QLabel()
        self.next = button(
            "Next place to look  N",
            self.places.forward,
            "Goes to the least sure place you have not seen.\nShift+N goes back.",
        )
        self.left = QLabel("")
        self._lay()
        self.show.currentIndexChanged.connect(self._show)
        self.clear.valueChanged.connect(self._show)
        self.regions.drawing.connect(self.region.setChecked)
        self.places.changed.connect(self._say_left)
        self.follow(None)
        self._show()

    def _lay(self) -> None:
        layout = column(self)
        layout.addWidget(self.region)
        layout.addWidget(row("Show", self.show, self.clear, self.percent))
        line = QWidget()
        across = QHBoxLayout(line)
        across.setContentsMargins(0, 0, 0, 0)
        across.addWidget(self.next, 1)
        across.addWidget(self.left)
        layout.addWidget(line)

    def follow(self, teaching: Teaching | None) -> None:
        """Act on this session from now on, or on none."""
        self._teaching = teaching
        self.regions.follow(teaching)
        self.places.follow(teaching)
        for each in (self.region, self.next):
            each.setEnabled(teaching is not None)
        self._show()
        self._say_left()

    def _show(self, *_: object) -> None:
        self.percent.setText(f"{self.clear.value()} %")
        if self._teaching is not None:
            opacity = 1 - self.clear.value() / 100
            self._teaching.overlay.set_shown(str(self.show.currentData()), opacity)

    def _say_left(self) -> None:
        self.left.setText(self.places.said)
