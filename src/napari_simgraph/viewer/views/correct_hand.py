"""What the tools of Correct do on the canvas: choose, merge, split, fill, paint, go to places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from napari.layers import Labels as LabelsLayer
from numpy.typing import NDArray
from qtpy.QtCore import QObject, QTimer, Signal

from napari_simgraph.analysis import acts
from napari_simgraph.analysis.acts import Act, Target
from napari_simgraph.analysis.corrected import Corrected, Place, Step
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.views.correct_modes import MERGE, Modes, section_of
from napari_simgraph.viewer.views.corrector import Corrector
from napari_simgraph.viewer.views.objects_chosen import Chosen, Picker, look_at, numbers_of

Ids = NDArray[np.int64]
_FLASH_MS = 700  # what was made is outlined for so long
_BRUSH = 10  # px: a new object is painted in a few strokes
_AROUND = 96.0  # px of the image that are in view around a place that is gone to
_SLICES = 4  # sections that merging reads for each one where two objects touch, about


class Hand(QObject):
    """Acts on the objects of one layer.

    `changed` says that a mode began or ended or that others are chosen, `said` what was done or
    what has to be done first.

    Parameters
    ----------
    session
        Whose viewer it is.
    through
        Whether to act in all sections.
    """

    changed = Signal()
    said = Signal(str)

    def __init__(self, session: Session, through: Callable[[], bool]) -> None:
        super().__init__()
        self._viewer, self._through = session.viewer, through
        self._in_front = False
        self.smooth_width = 2.0
        self.ids: Ids = np.zeros(0, np.int64)
        self.corrector = Corrector(session)
        self.chosen = Chosen(session.viewer)
        self.picker = Picker(session.viewer, self._find, self._picked)
        self.modes = Modes(session.viewer, self._find, self.changed.emit, self._drawn)
        self._flash = QTimer(self)
        self._flash.setSingleShot(True)
        self._flash.setInterval(_FLASH_MS)
        self._flash.timeout.connect(lambda: self.choose(self.ids[:0]))

    @property
    def layer(self) -> LabelsLayer | None:
        """The layer that is corrected."""
        return self.corrector.layer

    @property
    def number(self) -> int:
        """The object that is chosen, 0 for none."""
        return int(self.ids[0]) if len(self.ids) else 0

    def come(self, in_front: bool) -> None:
        """Take clicks from now on, or leave them to others."""
        self._in_front = in_front
        if not in_front:
            self.modes.leave()
            self.chosen.clear()
            self.ids = self.ids[:0]

    def take(self, layer: LabelsLayer | None) -> None:
        """Act on this layer, or on none."""
        self.modes.leave()
        self.chosen.clear()
        self.ids = self.ids[:0]
        if layer is None:
            self.corrector.drop()
        else:
            self.corrector.take(layer)

    def prepare(self) -> None:
        """Make the layer one that can be corrected and painted on."""
        layer = self.layer
        if layer is None:
            return
        if self.corrector.objects is None:
            self.corrector.prepare()
        if self.corrector.objects is not None and not layer.editable:
            layer.editable = True
            layer.mode = "pan_zoom"

    def choose(self, ids: Ids) -> None:
        """Outline these objects."""
        self._flash.stop()
        self.ids = ids
        if self.layer is not None and self._in_front:
            self.chosen.show(self.layer, ids)
            if len(ids) and self.layer.mode == "pan_zoom":
                self.layer.selected_label = int(ids[0])
        self.changed.emit()

    def mode(self, mode: str) -> None:
        """Begin a mode with what is chosen, or leave it."""
        if self.corrector.objects is not None:
            self.modes.begin(mode, self.number)

    def delete(self, number: int = 0) -> None:
        """Take out this object, or the chosen ones."""
        ids = [number] if number else self.ids.tolist()
        if ids:
            self._do("Delete", lambda at: acts.delete(at, ids))
        else:
            self.said.emit("Click an object first, then delete it.")

    def smooth(self) -> None:
        """Round the chosen object."""
        number, width = self.number, self.smooth_width
        if number:
            depth = self._plane * (self._depth if self._through() else 1)
            self._do(f"Smooth {number}", lambda at: acts.rounded(at, number, width), depth)
        else:
            self.said.emit("Click an object first, then smooth it.")

    def fill_between(self) -> None:
        """Fill the object that is chosen or painted between two sections."""
        layer = self.layer
        if layer is not None:
            number = self.number or int(layer.selected_label)
            depth = self._plane * self._depth
            self._do(f"Fill {number}", lambda at: acts.fill_between(at, number), depth)

    def new(self) -> None:
        """Take the brush with a number that no object has."""
        layer, objects = self.layer, self.corrector.objects
        if layer is None or objects is None:
            return
        self.modes.leave()
        self.choose(self.ids[:0])
        self._viewer.layers.selection.active = layer
        layer.selected_label = objects.new_number()
        layer.brush_size, layer.mode = _BRUSH, "paint"
        self.said.emit(f"Paint object {layer.selected_label}. Z takes the hand again.")

    def undo(self) -> None:
        """Take the last step back and go where it was."""
        self._went(self.corrector.undo())

    def redo(self) -> None:
        """Take the step that was undone last once more."""
        self._went(self.corrector.redo())

    def go(self, place: Place, around: float = _AROUND) -> None:
        """Go to a place, section and camera, as far as it is not in view."""
        layer = self.layer
        if layer is None:
            return
        world = np.asarray(layer.data_to_world(place[-layer.ndim :]))
        if layer.ndim == 3:
            self._viewer.dims.set_point(range(self._viewer.dims.ndim)[-3], world[0])
        look_at(self._viewer, world[-2:], np.asarray(layer.scale[-2:]) * around)

    def below(self) -> int:
        """The object under the pointer, 0 for none."""
        return self.picker.under(self._viewer.cursor.position)

    def close(self) -> None:
        """Stop following the viewer."""
        self.take(None)
        self.picker.close()

    @property
    def _plane(self) -> int:
        return int(np.prod(numbers_of(self.layer).shape[-2:])) if self.layer is not None else 0

    @property
    def _depth(self) -> int:
        return (
            int(self.layer.data.shape[0]) if self.layer is not None and self.layer.ndim > 2 else 1
        )

    def _find(self) -> LabelsLayer | None:
        return self.layer if self._in_front else None

    def _do(self, title: str, make: Callable[[Target], Act], pixels: int = 0) -> None:
        self.corrector.do(title, lambda objects: make(self._target(objects)), pixels)

    def _target(self, objects: Corrected) -> Target:
        """Where tools act: in the section that is in view, at the pointer."""
        layer = self.layer
        assert layer is not None
        place = np.asarray(layer.world_to_data(self._viewer.cursor.position[-layer.ndim :]))[-2:]
        y, x = (int(np.clip(v, 0, n - 1)) for v, n in zip(place, objects.volume[1:], strict=True))
        return Target(objects, (section_of(self._viewer, layer), y, x), self._through())

    def _picked(self, number: int, add: bool) -> None:
        """An object was clicked: for the mode, or to be chosen."""
        if self.modes.mode == MERGE:
            self.modes.clicked(number)
            if self.modes.first:
                self.choose(np.array([self.modes.first], np.int64))
        elif not self.modes.mode:
            before = self.ids if add else self.ids[:0]
            ids = np.array([number] if number else [], np.int64)
            self.choose(np.concatenate([ids, before[before != number]]))

    def _drawn(self, mode: str, what: Any) -> None:
        """A mode has all it needs."""
        if mode == MERGE:
            first, second = what
            pixels = _SLICES * self._plane
            # The first object is the one that the second becomes part of.
            self._do(f"Merge {second}", lambda at: acts.merge(at, second, first), pixels)
            self._shine((first,))
            return
        number, line = what
        if not number:
            self.said.emit("The line crosses no object: draw it across one.")
            return
        depth = self._plane * (self._depth if self._through() else 1)
        y, x = (int(value) for value in np.mean(line, 0))

        def make(at: Target) -> Act:
            return acts.split(at._replace(place=(at.place[0], y, x)), number, line)

        self._do(f"Split {number}", make, depth)

    def _went(self, step: Step | None) -> None:
        if step is not None:
            self.go(step.place)
            self._shine(step.objects)

    def _shine(self, numbers: tuple[int, ...]) -> None:
        """Outline what was made for a moment."""
        self.choose(np.array(numbers, np.int64))
        self._flash.start()
