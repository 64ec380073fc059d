"""Chosen patches beside their redrawn selves, and the way between the two chosen last."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from napari.layers import Layer
from numpy.typing import NDArray
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QLabel, QWidget
from superqt import QLabeledSlider

from napari_simgraph.core.patch_pixels import read_mirrored
from napari_simgraph.core.patches import Layout, PatchGrid, laid_out
from napari_simgraph.core.raster import Image
from napari_simgraph.viewer.controls import calm
from napari_simgraph.viewer.footer import flat
from napari_simgraph.viewer.ground import find_layers, images_on
from napari_simgraph.viewer.layers import image_of
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.sheets import sheet_of
from napari_simgraph.viewer.thumbs import to_pixmap
from napari_simgraph.viewer.views.drawing_click import SheetClicks
from napari_simgraph.viewer.views.parts import beside, column, row

STEPS = 33  # pictures on the way: a slider moves through them without a jump
MOST = 32  # chosen patches laid out side by side with their redrawn selves
_SIDE = 56  # px of a picture in the dock
NONE_CHOSEN = "Choose a patch or a picture in the image, the thumbnails or the map."


class Chosen(NamedTuple):
    """A chosen patch: the table's key, its row, its pixels ``(S, S, C)`` and its class."""

    key: str
    row: int
    pixels: NDArray[Any]
    kind: str


class Picture(QLabel):
    """A patch as a small picture; an empty frame where there is none."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setFixedSize(_SIDE, _SIDE)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setStyleSheet("border: 1px solid #8A8F98;")

    def show_pixels(
        self, pixels: NDArray[Any] | None, limits: tuple[float, float] = (0.0, 255.0)
    ) -> None:
        """Show pixels ``(S, S, C)``; None empties the frame."""
        if pixels is None:
            self.clear()
            return
        low, high = limits
        light = (np.nan_to_num(pixels.astype(np.float32)) - low) / max(high - low, 1e-12)
        grey = (np.clip(light, 0, 1) * 255).astype(np.uint8)
        self.setPixmap(to_pixmap(grey if grey.shape[-1] == 3 else grey[..., 0], _SIDE - 2))


class ChosenRows(QWidget):
    """Pictures of the chosen patch and of the way between the two chosen last.

    `wanted` says that a chosen patch is to be redrawn, `walked` that the place on the way is
    another, `side_by_side` that all chosen ones are wanted in the layer.
    """

    wanted = Signal()
    walked = Signal()
    side_by_side = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.last: list[Chosen] = []  # the two chosen last, the newer one at the end
        self.way: NDArray[Any] | None = None
        self.before, self.after = Picture("Chosen patch as it is"), Picture("The same redrawn")
        self.ends = (Picture("A: where the way begins"), Picture("B: where it ends"))
        self.here = Picture("The place on the way")
        self.missing = QLabel(NONE_CHOSEN)
        self.missing.setWordWrap(True)
        tip = "The chosen patches as one layer, below each as it is redrawn."
        tip += "\ncommand line: generation reconstruct"
        self.all = flat("Side by side", self.side_by_side.emit, tip)
        self.slider = _slider()
        layout = column(self)
        layout.addWidget(self.missing)
        self.pair = row("Chosen patch", beside(self.before, self.after))
        self.walk = row("Walk", beside(self.ends[0], self.here, self.ends[1]))
        self.walk_slider = row("From A to B", self.slider)
        layout.addWidget(self.pair)
        layout.addWidget(self.all, 0, Qt.AlignmentFlag.AlignLeft)
        for one in (self.walk, self.walk_slider):
            layout.addWidget(one)
        self.slider.valueChanged.connect(self._moved)
        session.selection.chosen.connect(self._chosen)
        self._clicks = SheetClicks(session.viewer, self._rests, self._clicked)
        self.renew()

    @property
    def chosen(self) -> Chosen | None:
        """The patch chosen last."""
        return self.last[-1] if self.last else None

    def many(self) -> list[Chosen]:
        """All chosen patches, the first ones where there are too many."""
        chosen = self._session.selection
        rows = [int(one) for one in chosen.rows[:MOST]]
        found = [_read(self._session, one) for one in rows]
        return [one for one in found if one is not None]

    def renew(self) -> None:
        """Show the rows that there is something for."""
        self.missing.setVisible(not self.last)
        self.pair.setVisible(bool(self.last))
        two = len(self.last) == 2
        self.walk.setVisible(two)
        self.walk_slider.setVisible(two)
        self.all.setVisible(len(self._session.selection.rows) > 1)

    def show_redrawn(self, pixels: NDArray[Any] | None, limits: tuple[float, float]) -> None:
        """Show the chosen patch, and the same redrawn."""
        chosen = self.chosen
        self.before.show_pixels(None if chosen is None else chosen.pixels, limits)
        self.after.show_pixels(pixels, limits)

    def show_way(self, way: NDArray[Any] | None, limits: tuple[float, float]) -> None:
        """Show where the slider stands on a way ``(n, P, P, C)``."""
        self.way = way
        for picture, one in zip(self.ends, self.last, strict=False):
            picture.show_pixels(one.pixels, limits)
        self._limits = limits
        self._moved()

    def close_events(self) -> None:
        """Stop following the selection."""
        self._session.selection.chosen.disconnect(self._chosen)
        self._clicks.close()

    def _rests(self) -> bool:
        here = self.isVisibleTo(self.window())  # not on another page, nor of a closed dock
        return not here or self._session.canvas.ground is not None

    def _clicked(self, layer: Layer, number: int) -> None:
        """A picture of a contact sheet was clicked that no table speaks of."""
        sheet = sheet_of(layer)
        assert sheet is not None  # `SheetClicks` found the picture on it
        one, classes = sheet.images.images[number], sheet.images.image_classes
        grid = laid_out(one, [Layout(0, one.plane, max(one.plane), max(one.plane))])
        pixels = _pixels(one, grid, 0)
        self._take(Chosen(layer.name, number, pixels, classes[number] if classes else ""))

    def _moved(self, _: int = 0) -> None:
        if self.way is None:
            self.here.show_pixels(None)
            return
        at = round(self.slider.value() / 100 * (len(self.way) - 1))
        self.here.show_pixels(self.way[at], self._limits)
        self.walked.emit()

    def _chosen(self) -> None:
        rows = self._session.selection.rows
        found = _read(self._session, int(rows[-1])) if len(rows) else None
        if found is not None:
            self._take(found)
        self.renew()

    def _take(self, found: Chosen) -> None:
        """The last two that were chosen are the ends of the way."""
        if (found.key, found.row) != self._newest:
            self.last = [*self.last, found][-2:]
            self.way = None
            self.renew()
            self.wanted.emit()

    @property
    def _newest(self) -> tuple[str, int]:
        return (self.last[-1].key, self.last[-1].row) if self.last else ("", -1)


def _read(session: Session, number: int) -> Chosen | None:
    """A patch of the table in front; None where its image is not open."""
    table, key = session.selection.table, session.selection.key
    if table is None or not 0 <= number < len(table):
        return None
    grid = table.grid
    layers = find_layers(session.viewer, grid, session.tables.about(key))
    image = int(grid.image[number])
    layer = layers[0 if len(layers) == 1 else image]
    if layer is None:
        return None
    on_sheet = images_on(layer, grid.sources)
    one = image_of(layer) if on_sheet is None else on_sheet[image]
    return Chosen(key, number, _pixels(one, grid, number), str(table.classes()[number]))


def _pixels(image: Image, grid: PatchGrid, number: int) -> NDArray[Any]:
    """What a patch shows, ``(S, S, C)``; beyond the border of the image it is mirrored."""
    side, top, left = (int(getattr(grid, name)[number]) for name in ("size", "y", "x"))
    box = ((top, top + side), (left, left + side))
    return read_mirrored(image, int(grid.z[number]), box, int(grid.level[number]))


def _slider() -> QLabeledSlider:
    made = QLabeledSlider(Qt.Orientation.Horizontal)
    made.setRange(0, 100)
    made.setValue(50)
    made.setToolTip("Pictures on the way from A to B, in per cent.\ncommand line: generation walk")
    for part in (made, *made.findChildren(QWidget)):
        part.setAccessibleName("From A to B")
        part.setToolTip(made.toolTip())
    calm(made)
    return made
