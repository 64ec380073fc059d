"""Modes of Correct on the canvas: merge by two clicks, split by a drawn line."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

import numpy as np
from napari.layers import Labels as LabelsLayer
from napari.layers import Shapes
from numpy.typing import NDArray

from napari_simgraph.viewer.banner import Banner
from napari_simgraph.viewer.looks import layer_name
from napari_simgraph.viewer.views.objects_chosen import numbers_of

MERGE, SPLIT = "merge", "split"
_ENDS = " · Esc leaves"
_STEP = 2.0  # px of the image between two corners of a line that is being drawn
_WIDE = 2.0  # px of the image: seen on EM and on slides, and thinner than what it cuts
_COLOR = "#D55E00"  # of the banner: what is drawn belongs to the mode


class Modes:
    """One mode at a time, with banner, crosshair and keys of its own while it lasts.

    Parameters
    ----------
    viewer
        Whose canvas it is.
    find
        The layer that is corrected, or None.
    changed
        Called when a mode begins or ends.
    act
        Called with the mode and what was drawn: two numbers, or the number and corners of a line.
    """

    def __init__(
        self,
        viewer: Any,
        find: Callable[[], LabelsLayer | None],
        changed: Callable[[], object],
        act: Callable[[str, Any], object],
    ) -> None:
        self._viewer, self._find, self._changed, self._act = viewer, find, changed, act
        self.mode, self.said = "", ""
        self.first = 0  # the object that was clicked first
        self._banner = Banner(viewer)
        self._line: list[NDArray[np.float64]] = []
        self._drawn: Shapes | None = None
        self._cursor: tuple[LabelsLayer, str] | None = None
        self._keys: list[tuple[Any, str, Any]] = []  # who had it, and what it did there

    def begin(self, mode: str, first: int = 0) -> None:
        """Begin a mode, or leave it where it lasts already.

        Parameters
        ----------
        mode
            Which.
        first
            An object that is chosen already: to be merged, or to be split.
        """
        again = mode == self.mode
        self.leave()
        layer = self._find()
        if again or layer is None:
            return
        self.mode, self.first = mode, first
        self._viewer.layers.selection.active = layer
        layer.mode = "pan_zoom"
        self._cursor = (layer, str(layer.cursor))
        layer.cursor = "crosshair"
        self._bind(layer)
        if mode == SPLIT:
            self._viewer.scene.camera.mouse_pan = False
            self._viewer.mouse_drag_callbacks.append(self._pressed)
        self._say()
        self._changed()

    def clicked(self, number: int) -> None:
        """An object was clicked in the mode Merge; 0 is beside all of them."""
        if self.mode != MERGE or not number:
            return
        if not self.first:
            self.first = number
            self._say()
            self._changed()
        elif number != self.first:
            pair = (self.first, number)
            self.leave()
            self._act(MERGE, pair)

    def enter(self, *_: object) -> None:
        """Do what is drawn."""
        if self.mode != SPLIT or len(self._line) < 2:
            return
        line = [(float(y), float(x)) for y, x in self._line]
        number = self._object_below(line)
        self.leave()
        self._act(SPLIT, (number, line))

    def leave(self, *_: object) -> None:
        """End the mode and give back what it took."""
        if not self.mode:
            return
        self.mode, self.first, self._line = "", 0, []
        self._banner.hide()
        for holder, key, before in self._keys:
            holder.bind_key(key, None)
            if before is not None:
                holder.bind_key(key, before)
        self._keys = []
        if self._pressed in self._viewer.mouse_drag_callbacks:
            self._viewer.mouse_drag_callbacks.remove(self._pressed)
            self._viewer.scene.camera.mouse_pan = True
        if self._cursor is not None:
            layer, cursor = self._cursor
            layer.cursor = cursor
            self._cursor = None
        self._erase()
        self._changed()

    def _say(self) -> None:
        if self.mode == SPLIT:
            self.said = "Split: draw a line across the object, Enter"
        elif self.first:
            self.said = f"Merge {self.first} with: click the second object"
        else:
            self.said = "Merge: click the first object"
        self._banner.show(self.said + _ENDS)

    def _bind(self, layer: LabelsLayer) -> None:
        """Take both keys: a layer of labels has uses of its own for them, and is asked first."""
        for key, act in (("Enter", self.enter), ("Escape", self.leave)):
            for holder in (layer, self._viewer):
                self._keys.append((holder, key, holder.bind_key(key, None)))
                holder.bind_key(key, act)

    def draw(self, corners: Sequence[NDArray[np.float64]]) -> None:
        """Take these rows and columns as the line that is drawn."""
        layer = self._find()
        if layer is not None and self.mode == SPLIT:
            self._line = list(corners)
            self._draw(layer)

    def _pressed(self, viewer: Any, event: Any) -> Generator[None, None, None]:
        layer = self._find()
        if layer is None or event.button != 1 or viewer.dims.ndisplay != 2:
            return
        self._line = []
        self._take(layer, event.position)
        yield
        while event.type == "mouse_move":
            self._take(layer, event.position)
            yield
        self._take(layer, event.position)

    def _take(self, layer: LabelsLayer, position: Any) -> None:
        """One more corner of the line."""
        place = np.asarray(layer.world_to_data(position), float)[-2:]
        if not self._line or np.hypot(*(place - self._line[-1])) >= _STEP:
            self._line.append(place)
            self._draw(layer)

    def _draw(self, layer: LabelsLayer) -> None:
        if len(self._line) < 2:
            self._erase()
            return
        path = np.array(self._line)
        if self._drawn is None:
            name = layer_name(layer.name.partition(" · ")[0], "cut")
            self._drawn = Shapes(name=name, ndim=2, edge_color=_COLOR, **_plane(layer))
            self._viewer.layers.append(self._drawn)
            self._viewer.layers.selection.active = layer
        self._drawn.data = []
        self._drawn.add_paths([path], edge_width=_WIDE, edge_color=_COLOR)

    def _erase(self) -> None:
        drawn, self._drawn = self._drawn, None
        if drawn is not None and drawn in self._viewer.layers:
            self._viewer.layers.remove(drawn)

    def _object_below(self, line: list[tuple[float, float]]) -> int:
        """The object that was chosen if the line touches it, else the one it crosses most."""
        layer = self._find()
        if layer is None:
            return 0
        corners = np.array(line)
        steps = np.linspace(0, len(corners) - 1, 16 * len(corners))
        places = [np.interp(steps, np.arange(len(corners)), corners[:, i]) for i in (0, 1)]
        data = numbers_of(layer)
        rows, columns = (
            np.clip(np.round(p).astype(int), 0, n - 1)
            for p, n in zip(places, data.shape[-2:], strict=True)
        )
        z = [np.full(len(rows), section_of(self._viewer, layer))] if layer.ndim == 3 else []
        found = np.asarray(data[(*z, rows, columns)])
        numbers, counts = np.unique(found[found > 0], return_counts=True)
        if self.first in numbers:
            return self.first
        return int(numbers[counts.argmax()]) if len(numbers) else 0


def section_of(viewer: Any, layer: LabelsLayer) -> int:
    """The section of a layer that is in view; 0 of a flat one."""
    if layer.ndim < 3:
        return 0
    place = layer.world_to_data(viewer.dims.point[-layer.ndim :])
    return int(np.clip(round(float(place[0])), 0, numbers_of(layer).shape[0] - 1))


def _plane(layer: LabelsLayer) -> dict[str, Any]:
    """Where a section of a layer lies, for a flat layer on it."""
    return {
        "scale": layer.scale[-2:],
        "translate": layer.translate[-2:],
        "rotate": np.asarray(layer.rotate)[-2:, -2:],
        "affine": np.asarray(layer.affine.affine_matrix)[-3:, -3:],
        "units": layer.units[-2:],
        "axis_labels": layer.axis_labels[-2:],
    }
