"""Answers on the canvas: classes, how sure and not sure, as layers that nobody paints on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels as LabelsLayer
from napari.layers import Layer
from numpy.typing import NDArray

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.live import Answer
from napari_simgraph.viewer.live.fields import EDGE, needs_fields, shifted
from napari_simgraph.viewer.looks import FILL, RAMPS, layer_name, ramp_look
from napari_simgraph.viewer.records import identify
from napari_simgraph.viewer.stacking import insert_index
from napari_simgraph.viewer.views.strokes import PLACE, dress, shape_of

CLASSES, SURE, UNSURE, NOTHING = "classes", "how sure", "not sure", "nothing"
SHOWN = (CLASSES, SURE, UNSURE, NOTHING)


class Overlay:
    """The layers that show what a live model answers; only one of them is seen at a time.

    Parameters
    ----------
    viewer, image
        Where, and over what.
    """

    def __init__(self, viewer: Any, image: Layer) -> None:
        self._viewer, self._image = viewer, image
        self._shown, self._opacity, self._value = CLASSES, FILL, 1
        self._layers: dict[str, Layer] = {}
        self._corner = (0, 0)
        self._table, self._numbers = ClassTable(()), tuple[int, ...]()
        self.answer: Answer | None = None

    def set_classes(self, table: ClassTable, numbers: Sequence[int], value: int) -> None:
        """Show these classes, and be sure of the one with this number."""
        again = value != self._value
        self._table, self._numbers, self._value = table, tuple(numbers), value
        layer = self._layers.get(CLASSES)
        if layer is not None:
            dress(layer, table, numbers)
            layer.opacity = self._opacity
        if again and self._shown == SURE and self.answer is not None:
            self._write(SURE, self.answer)

    def set_shown(self, shown: str, opacity: float) -> None:
        """Show classes, how sure, not sure or nothing, at this opacity."""
        self._shown, self._opacity = shown, opacity
        if shown != NOTHING and self.answer is not None:
            self._write(shown, self.answer)
        for name, layer in self._layers.items():
            layer.visible, layer.opacity = name == shown, opacity

    def prepare(self) -> None:
        """Put the layer of classes in: that takes a moment, which is not to come with a stroke."""
        self._layers[CLASSES] = self._made(CLASSES)

    def show(self, answer: Answer) -> None:
        """Write an answer in its place."""
        self.answer = answer
        self._write(CLASSES, answer)  # also where something else is shown: what was seen stays
        if self._shown not in (CLASSES, NOTHING):
            self._write(self._shown, answer)

    def likeliest(self, place: tuple[int, int, int]) -> list[str]:
        """The two likeliest classes of a place ``(z, y, x)``; none where no answer covers it."""
        answer = self.answer
        if answer is None or answer.z != place[0]:
            return []
        y, x = place[1] - answer.top, place[2] - answer.left
        if not (0 <= y < answer.classes.shape[0] and 0 <= x < answer.classes.shape[1]):
            return []
        order = np.argsort(answer.chances[:, y, x], kind="stable")[::-1][:2]
        names: dict[int, str] = dict(zip(self._numbers, self._table.names, strict=True))
        found = [names.get(answer.values[i], "") for i in order]
        return [name for name in found if name]

    def close(self) -> None:
        """Take the layers out."""
        for layer in self._layers.values():
            layer.locked = False
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)
        self._layers = {}

    def _write(self, name: str, answer: Answer) -> None:
        pixels = self._pixels(name, answer)
        self._make_room(answer)
        layer = self._layers.get(name)
        if layer is None or layer not in self._viewer.layers:
            layer = self._layers[name] = self._made(name)
        top, left = answer.top - self._corner[0], answer.left - self._corner[1]
        rows, columns = slice(top, top + len(pixels)), slice(left, left + pixels.shape[1])
        plane = layer.data[answer.z] if layer.ndim == 3 else layer.data
        plane[rows, columns] = pixels
        layer.refresh(thumbnail=False, highlight=False, extent=False)

    def _pixels(self, name: str, answer: Answer) -> NDArray[np.uint8]:
        if name == CLASSES:
            return answer.classes
        if name == UNSURE:
            return answer.unsure
        if self._value not in answer.values:
            return np.zeros_like(answer.classes)
        sure: NDArray[np.uint8] = answer.chances[answer.values.index(self._value)]
        return sure

    def _make_room(self, answer: Answer) -> None:
        """Move to where the answer is, over an image that is too large to be covered."""
        if not needs_fields(self._image):
            return
        box = ((answer.top, answer.classes.shape[0]), (answer.left, answer.classes.shape[1]))
        inside = zip(self._corner, box, strict=True)
        if all(start <= at and at + n <= start + EDGE for start, (at, n) in inside):
            return
        sizes = shape_of(self._image)[-2:]
        top, left = (
            max(0, min(at + n // 2 - EDGE // 2, size - EDGE))
            for (at, n), size in zip(box, sizes, strict=True)
        )
        self._corner = (top, left)
        for layer in self._layers.values():
            layer.data[...] = 0
            layer.translate = shifted(self._image, self._corner)

    def _made(self, name: str) -> Layer:
        shape = shape_of(self._image)
        if needs_fields(self._image):
            shape = (*shape[:-2], *(min(EDGE, n) for n in shape[-2:]))
        image, data = self._image, np.zeros(shape, np.uint8)
        placed = {key: getattr(image, key) for key in PLACE}
        placed |= {
            "translate": shifted(image, self._corner),
            "name": layer_name(image.name, name),
            "metadata": {
                "simgraph": {"thing": name, "answer": True, "image": identify(image, "i")}
            },
            "visible": name == self._shown,
        }
        if name == CLASSES:
            layer: Layer = LabelsLayer(data, **placed)
            dress(layer, self._table, self._numbers)
            layer.editable = False
        else:
            look = ramp_look(RAMPS.get(name, "viridis")) | {"contrast_limits": (0, 255)}
            layer = ImageLayer(data, **placed, **look)
        layer.opacity, layer.locked = self._opacity, True
        self._put_in(layer)
        return layer

    def _put_in(self, layer: Layer) -> None:
        """Above the image, and the layer that one paints on stays the active one."""
        layers = self._viewer.layers
        active = layers.selection.active
        layers.insert(insert_index(list(layers), layer, self._image), layer)
        if active is not None:
            layers.selection.active = active
