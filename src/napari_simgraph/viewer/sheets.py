"""Contact sheets in the window: what the pointer is over, and images that come in late."""

from __future__ import annotations

import weakref
from typing import Any

from napari.layers import Layer
from qtpy.QtCore import QObject, QTimer
from qtpy.QtWidgets import QApplication

from napari_simgraph.core.sheet import Spot
from napari_simgraph.io.sheet import Sheet

# Drawing may take a tenth of a second; what is missing is read between two redraws.
_PATIENCE, _PIECE = 0.1, 0.03
_EVERY_MS, _PIECES_PER_DRAWING = 1, 10


def sheet_of(layer: Layer) -> Sheet | None:
    """The contact sheet that a layer shows at its finest level; None for other layers."""
    data: Any = getattr(layer, "data", None)
    finest = data[0] if getattr(layer, "multiscale", False) else data
    return finest if isinstance(finest, Sheet) else None


def spot_at(layer: Layer, world: Any) -> Spot | None:
    """The image of a contact sheet at a place in the world, and the pixel in it."""
    sheet = sheet_of(layer)
    if sheet is None:
        return None
    y, x = layer.world_to_data(world)[-2:]
    return sheet.layout.find(float(y), float(x))


def follow_sheets(viewer: Any) -> None:
    """From now on contact sheets that are added tell what is under the pointer."""
    viewer.layers.events.inserted.connect(_added)


def say_spot(sheet: Sheet, spot: Spot) -> str:
    """Name and class of an image, and the pixel in it: ``084 · adipose · y 22, x 132``."""
    image = sheet.images.images[spot.image]
    classes = sheet.images.image_classes
    its_class = classes[spot.image] if classes else ""
    said = f"{image.name} · {its_class}" if its_class else image.name
    return f"{said} · y {round(spot.y)}, x {round(spot.x)}"


class _Status:
    """A layer's line in the status bar, with the image under the pointer.

    Image layers have no features that napari would show there, as Labels and Points have.
    """

    def __init__(self, layer: Layer) -> None:
        self._layer = weakref.ref(layer)

    def __call__(self, position: Any = None, **how: Any) -> dict[str, str]:
        """What napari says, and after the coordinates what we know."""
        layer = self._layer()
        if layer is None:
            return {}
        told: dict[str, str] = type(layer).get_status(layer, position, **how)
        sheet = sheet_of(layer)
        spot = spot_at(layer, position) if position is not None and how.get("world") else None
        if sheet is not None and spot is not None:
            told["coordinates"] += f" · {say_spot(sheet, spot)}"
        return told


def _added(event: Any) -> None:
    layer = event.value
    sheet = sheet_of(layer)
    if sheet is None or isinstance(layer.get_status, _Status):
        return
    layer.get_status = _Status(layer)
    if not sheet.source.stacked and QApplication.instance() is not None:
        filler = _Filler(layer)
        sheet.hurry(_PATIENCE, filler.start)


class _Filler(QObject):
    """Reads the images that a drawing left out, a little at a time, and draws them."""

    def __init__(self, layer: Layer) -> None:
        super().__init__(QApplication.instance())
        self._layer, self._pieces = weakref.ref(layer), 0
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self._go_on)

    def start(self) -> None:
        """Begin, unless it has begun."""
        if not self._timer.isActive():
            self._timer.start()

    def _go_on(self) -> None:
        layer = self._layer()
        sheet = None if layer is None else sheet_of(layer)
        if layer is None or sheet is None:
            self.deleteLater()
            return
        more = sheet.fill(_PIECE)
        self._pieces += 1
        if not more:
            self._timer.stop()
        if not more or self._pieces % _PIECES_PER_DRAWING == 0:
            layer.refresh(thumbnail=not more, extent=False)
