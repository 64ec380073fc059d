"""Ends of strokes: what was painted, erased, filled or taken back, as events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from napari.layers import Labels as LabelsLayer
from napari.layers import Layer
from qtpy.QtCore import QObject, QTimer, Signal

from napari_simgraph.core.raster import Box
from napari_simgraph.viewer.live.fields import corner_of
from napari_simgraph.viewer.live.shadow import Shadow
from napari_simgraph.viewer.records import stroke_boxes

# Undo tells of no place: all that was painted is compared once it is quiet. Longer than between
# two presses of a held Ctrl+Z, shorter than a person waits for an answer.
_QUIET_MS = 150
_EVERYWHERE = slice(0, 2**31)


class StrokeWatch(QObject):
    """Follows painted layers of one image and says what each stroke left.

    `painted` brings a list of Strokes, one per section, at the end of a stroke, an undo or redo.

    Parameters
    ----------
    shadow
        What the model was told so far.
    """

    painted = Signal(object)

    def __init__(self, shadow: Shadow) -> None:
        super().__init__()
        self._shadow = shadow
        self._layers: list[LabelsLayer] = []
        self._dirty: list[tuple[LabelsLayer, int, tuple[slice, slice]]] = []
        self._now, self._quiet = QTimer(self), QTimer(self)
        self._now.setSingleShot(True)
        self._now.setInterval(0)  # napari tells of some changes just before it makes them
        self._now.timeout.connect(self._compare_dirty)
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(_QUIET_MS)
        self._quiet.timeout.connect(self.compare_known)

    def watch(self, layers: list[LabelsLayer]) -> None:
        """Follow these layers from now on."""
        for layer in self._layers:
            if layer not in layers:
                layer.events.paint.disconnect(self._painted)
                layer.events.set_data.disconnect(self._perhaps_undone)
        for layer in layers:
            if layer not in self._layers:
                layer.events.paint.connect(self._painted)
                layer.events.set_data.connect(self._perhaps_undone)
        self._layers = list(layers)
        self._dirty = [place for place in self._dirty if place[0] in layers]

    def compare_all(self) -> None:
        """Say what is painted and was not told yet, in all sections."""
        self._tell([(layer, z, _whole()) for layer in self._layers for z in range(_depth(layer))])

    def compare_known(self) -> None:
        """The same in the sections that something was painted in before."""
        self._quiet.stop()
        known = self._shadow.sections
        self._tell(
            [(layer, z, _whole()) for layer in self._layers for z in known if z < _depth(layer)]
        )

    def _painted(self, event: Any) -> None:
        layer = event.source
        boxes = stroke_boxes(event.value, layer.ndim)
        if boxes is None:
            self._dirty += [(layer, z, _whole()) for z in range(_depth(layer))]
        else:
            self._dirty += [(layer, z, span) for z, span in _by_section(boxes, layer)]
        self._now.start()

    def _compare_dirty(self) -> None:
        dirty, self._dirty = self._dirty, []
        self._tell(dirty)

    def _perhaps_undone(self, event: Any) -> None:
        self._quiet.start()

    def _tell(self, places: list[tuple[LabelsLayer, int, tuple[slice, slice]]]) -> None:
        found = []
        for layer, z, span in places:
            pixels = layer.data[z] if layer.ndim == 3 else layer.data
            rows, columns = (
                slice(s.start, min(s.stop, n)) for s, n in zip(span, pixels.shape, strict=True)
            )
            found += self._shadow.differing(pixels, z, corner_of(layer), (rows, columns))
        if found:
            self.painted.emit(found)


def _by_section(boxes: list[Box], layer: Layer) -> Iterator[tuple[int, tuple[slice, slice]]]:
    """One box for each section that a stroke touched."""
    found: dict[int, list[Box]] = {}
    for box in boxes:
        sections = box[0] if layer.ndim == 3 else slice(0, 1)
        for z in range(sections.start, min(sections.stop, _depth(layer))):
            found.setdefault(z, []).append(box[-2:])
    for z, spans in found.items():
        tops, bottoms = zip(*((s[0].start, s[0].stop) for s in spans), strict=True)
        lefts, rights = zip(*((s[1].start, s[1].stop) for s in spans), strict=True)
        yield z, (slice(max(0, min(tops)), max(bottoms)), slice(max(0, min(lefts)), max(rights)))


def _whole() -> tuple[slice, slice]:
    return _EVERYWHERE, _EVERYWHERE


def _depth(layer: Layer) -> int:
    return int(layer.data.shape[0]) if layer.ndim == 3 else 1
