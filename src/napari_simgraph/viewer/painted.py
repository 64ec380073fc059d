"""How much of each class is painted, counted a little at a time so that painting stays fluent."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from napari.layers import Labels as LabelsLayer
from numpy.typing import NDArray
from qtpy.QtCore import QObject, QTimer, Signal

from napari_simgraph.viewer.records import stroke_boxes

_BLOCK = 512 * 512  # pixels counted at a time: about 2 ms
_BUDGET_S = 0.015  # of the GUI thread per turn
_QUIET_MS = 400  # undo tells of no place: the section in view is counted again once it is quiet
_FEW = 64  # different values; more are objects, not classes

Counts = dict[int, int]


class PaintCount(QObject):
    """Counts the values of a Labels layer, section by section, and follows strokes and undo.

    `changed` comes when the counts are complete again, `touched` at the end of a stroke.
    """

    changed = Signal()
    touched = Signal()

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = viewer
        self._layer: LabelsLayer | None = None
        self._blocks: dict[tuple[int, int], Counts] = {}
        self._dirty: set[tuple[int, int]] = set()
        self._turn, self._quiet = QTimer(self), QTimer(self)
        self._turn.timeout.connect(self._count)
        self._turn.setInterval(0)
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(_QUIET_MS)
        self._quiet.timeout.connect(self._count_section_in_view)

    def watch(self, layer: LabelsLayer | None) -> None:
        """Count this layer from now on, or none."""
        if layer == self._layer:
            return
        if self._layer is not None:
            self._layer.events.paint.disconnect(self._painted)
            self._layer.events.data.disconnect(self._replaced)
            self._layer.events.set_data.disconnect(self._perhaps_undone)
        self._layer = layer
        if layer is not None:
            layer.events.paint.connect(self._painted)
            layer.events.data.connect(self._replaced)
            layer.events.set_data.connect(self._perhaps_undone)
        self._replaced()

    @property
    def complete(self) -> bool:
        """Whether every block was counted."""
        return not self._dirty

    @property
    def pixels(self) -> Counts:
        """Pixels per value, without 0; as far as they are counted."""
        total: Counts = {}
        for counts in self._blocks.values():
            for value, count in counts.items():
                total[value] = total.get(value, 0) + count
        return {value: total[value] for value in sorted(total) if value}

    @property
    def sections(self) -> list[int]:
        """Sections with something painted."""
        return sorted({z for (z, _), counts in self._blocks.items() if any(counts)})

    def _planes(self) -> Any:
        """The pixels as ``(Z, Y, X)``, whatever they are kept in."""
        assert self._layer is not None
        data = self._layer.data[0] if self._layer.multiscale else self._layer.data
        return data if data.ndim == 3 else data[None]

    def _rows(self) -> int:
        return max(1, _BLOCK // max(1, int(self._planes().shape[2])))

    @property
    def too_many(self) -> bool:
        """Whether there are more values than classes ever are: objects, then."""
        return len(self.pixels) >= _FEW

    def _replaced(self, event: Any = None) -> None:
        self._blocks, self._dirty = {}, set()
        if self._layer is not None and self._layer.ndim <= 3:
            depth, height, _ = self._planes().shape
            bands = range(0, height, self._rows())
            self._dirty = {(z, band) for z in range(depth) for band in bands}
        self._turn.start()

    def _painted(self, event: Any) -> None:
        assert self._layer is not None
        self.touched.emit()
        boxes = stroke_boxes(event.value, self._layer.ndim)
        if boxes is None:
            self._replaced()
            return
        rows = self._rows()
        for box in boxes:
            sections = box[0] if len(box) == 3 else slice(0, 1)
            depth, height, _ = self._planes().shape
            first, last = box[-2].start // rows, (min(box[-2].stop, height) - 1) // rows
            for z in range(sections.start, min(sections.stop, depth)):
                self._dirty |= {(z, band * rows) for band in range(first, last + 1)}
        self._turn.start()

    def _perhaps_undone(self, event: Any = None) -> None:
        self._quiet.start()

    def _count_section_in_view(self) -> None:
        if self._layer is None or self._layer.ndim > 3:
            return
        depth, height, _ = self._planes().shape
        point = self._layer.world_to_data(self._viewer.dims.point)
        z = round(float(point[0])) if self._layer.ndim == 3 else 0
        if 0 <= z < depth:
            self._dirty |= {(z, band) for band in range(0, height, self._rows())}
            self._turn.start()

    def _count(self) -> None:
        until = time.monotonic() + _BUDGET_S
        rows = self._rows() if self._layer is not None else 1
        while self._dirty and time.monotonic() < until:
            z, start = self._dirty.pop()
            self._blocks[z, start] = count_values(self._planes()[z, start : start + rows])
        if not self._dirty:
            self._turn.stop()
            self.changed.emit()


def count_values(block: Any) -> Counts:
    """Pixels per value of a block, without 0; at most a few values are told apart."""
    pixels: NDArray[Any] = np.asarray(block).ravel()
    if pixels.dtype == bool:
        pixels = pixels.view(np.uint8)
    if pixels.size and int(pixels.max()) < 2**16 and int(pixels.min()) >= 0:
        counts = np.bincount(pixels)
        values = np.flatnonzero(counts)
        found = {int(v): int(counts[v]) for v in values if v}
    else:
        values, numbers = np.unique(pixels, return_counts=True)
        found = {int(v): int(n) for v, n in zip(values, numbers, strict=True) if v}
    return dict(list(found.items())[:_FEW])
