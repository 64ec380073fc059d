"""Clicks in the image: which patch they choose, which rectangle they draw, and going to places."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.marked import rows_under
from napari_simgraph.core.early import EARLY
from napari_simgraph.core.marks import Mark
from napari_simgraph.core.patches import Rows
from napari_simgraph.viewer.ground import Ground, Under
from napari_simgraph.viewer.selection import Place, Selection
from napari_simgraph.viewer.views.objects_chosen import STILL_PX, look_at

RESTS = "Picking rests while you paint. Press Z to pick."
FLAT = "Switch to 2-D to pick patches."
NOTHING = "No patch here: background was left out."


class Picker:
    """Chooses patches by clicks and rectangles by Shift+drag, in pan/zoom mode and in 2-D.

    Parameters
    ----------
    viewer, selection
        Whose canvas it listens to, and what it changes.
    ground
        Gives the ground of the table in front, None while there is none.
    say
        Called with a sentence where a click chooses nothing.
    drawn
        Called with the place of a rectangle that was drawn.
    """

    def __init__(
        self,
        viewer: Any,
        selection: Selection,
        ground: Callable[[], Ground | None],
        say: Callable[[str], object],
        drawn: Callable[[Place], object],
    ) -> None:
        self._viewer, self._selection, self._ground = viewer, selection, ground
        self._say, self._drawn = say, drawn
        self.resting = False  # where the person switched picking off
        # Set by the dock in front where Shift and Ctrl mean something else: rows, and if Shift.
        self.judge: Callable[[Rows, bool], object] | None = None
        viewer.mouse_drag_callbacks.append(self._pressed)
        selection.going.connect(self._go)

    def close(self) -> None:
        """Stop listening."""
        self._selection.going.disconnect(self._go)
        if self._pressed in self._viewer.mouse_drag_callbacks:
            self._viewer.mouse_drag_callbacks.remove(self._pressed)

    def row_at(self, world: Any) -> int:
        """The patch under a place of the world whose middle is nearest; -1 for none."""
        under, ground = self._under(world), self._ground()
        if under is None or ground is None:
            return -1
        rows = ground.grid.covering(under.image, under.z, under.y, under.x)
        table = self._selection.table
        if not len(rows) and table is not None and table.made.get(EARLY):
            return ground.nearest(under)
        return int(rows[0]) if len(rows) else -1

    def pick(self, world: Any, modifiers: Any = ()) -> None:
        """What a click does; with Shift the patch joins the examples, with Ctrl it is unwanted."""
        under = self._under(world)
        if under is None:
            return  # beside all images: napari's own business
        row = self.row_at(world)
        if row < 0:
            self._say(NOTHING)
            return
        if self.judge is not None and ("Shift" in modifiers or "Control" in modifiers):
            self.judge(np.array([row]), "Shift" in modifiers)
            return
        one, chosen = self._selection.example(row), self._selection
        like = [each for each in chosen.like if each.row != row]
        unlike = [each for each in chosen.unlike if each.row != row]
        if "Shift" in modifiers:
            chosen.ask([*like, one], unlike)
        elif "Control" in modifiers and chosen.like:
            if like:
                chosen.ask(like, [*unlike, one])
        else:
            chosen.ask([one])

    def go(self, place: Place, of: Ground | None = None) -> None:
        """Show a place: its section, and the camera moved as little as brings it into view.

        It lies on the ground of the table in front, or on another one.
        """
        ground = of or self._ground()
        image = -1 if ground is None else ground.number(place.image)
        layer = None if ground is None or image < 0 else ground.layer(image)
        if ground is None or layer is None:
            return
        data = ground.data(image, place.z, place.y, place.x)
        world = np.asarray(layer.data_to_world(data))
        if layer.ndim > 2:
            self._viewer.dims.set_point(range(self._viewer.dims.ndim)[-3], world[-3])
        size = np.abs(np.asarray(layer.scale)[-2:]) * place.size
        if not layer.visible:
            layer.visible = True
        look_at(self._viewer, world[-2:], size)

    def _go(self, place: Place) -> None:
        self.go(place)

    def _under(self, world: Any) -> Under | None:
        ground = self._ground()
        return None if ground is None else ground.under(world)

    def _pressed(self, viewer: Any, event: Any) -> Generator[None, None, None]:
        if event.button != 1 or self._rests(event):
            return
        start, position, modifiers = np.asarray(event.pos, float), event.position, event.modifiers
        far = False
        yield
        while event.type == "mouse_move":
            far = far or float(np.abs(np.asarray(event.pos, float) - start).max()) > STILL_PX
            yield
        if not far:
            self.pick(position, modifiers)
        elif "Shift" in modifiers or (self.judge is not None and "Control" in modifiers):
            ends = np.asarray(position, float), np.asarray(event.position, float)
            self._rectangle(*ends, "Shift" in modifiers)

    def _rests(self, event: Any) -> bool:
        """Whether a press is none of ours; says why where the person may wonder."""
        if self._ground() is None or self.resting:
            return True
        active = self._viewer.layers.selection.active
        painting = active is not None and str(active.mode) != "pan_zoom"
        if painting or self._viewer.dims.ndisplay != 2:
            self._say(RESTS if painting else FLAT)
            return True
        return False

    def _rectangle(self, start: NDArray[np.float64], end: NDArray[np.float64], like: bool) -> None:
        """A drawn rectangle: its patches are judged, or a square around its middle is looked at."""
        ground, first, last = self._ground(), self._under(start), self._under(end)
        if ground is None or first is None or last is None or first.image != last.image:
            self._say("Draw the rectangle inside one image.")
            return
        if self.judge is not None:
            corners = _around((first.y, first.x), (last.y, last.x))
            name = ground.grid.sources[first.image].fingerprint
            box = Mark("box", (np.array(corners),), first.z, name)
            self.judge(rows_under(box, ground.grid), like)
            return
        side = max(abs(last.y - first.y), abs(last.x - first.x))
        source = ground.grid.sources[first.image]
        middle = (first.y + last.y) / 2, (first.x + last.x) / 2
        self._drawn(Place(source.fingerprint, first.z, *middle, max(side, 1.0)))


def _around(one: tuple[float, float], other: tuple[float, float]) -> list[tuple[float, float]]:
    """The four corners of a rectangle, in turn."""
    (top, left), (bottom, right) = one, other
    return [(top, left), (top, right), (bottom, right), (bottom, left)]
