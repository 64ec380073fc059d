"""Keys that work while one of our docks is open; none of napari's is taken."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from napari_simgraph.viewer.frame import DockFrame
from napari_simgraph.viewer.held_keys import Taken
from napari_simgraph.viewer.stacking import about

CLASSES = 9  # Ctrl+1 to Ctrl+9
# napari's name of the key, ours on screen, what it does. Q and W stand beside each other for the
# left hand; nothing that changes data stands beside them.
KEYS: dict[str, tuple[str, str]] = {
    "Control-Enter": ("Ctrl+Enter", "what the big button says"),
    **{f"Control-{n}": (f"Ctrl+{n}", f"paint class {n}") for n in range(1, CLASSES + 1)},
    "Q": ("Q", "section down"),
    "W": ("W", "section up"),
    "H": ("H", "hide all our results while held"),
    "Control-Shift-S": ("Ctrl+Shift+S", "save the workspace now"),
}


class DockKeys:
    """Binds the keys to a viewer for a dock; a key that somebody else holds is left alone.

    Parameters
    ----------
    dock
        Whose main button and session the keys act on.
    pick_class
        Called with the value of the class to paint.
    """

    def __init__(self, dock: DockFrame, pick_class: Callable[[int], object]) -> None:
        acts: dict[str, Callable[..., Any]] = {
            "Control-Enter": lambda viewer: dock.run_main(),
            "Q": lambda viewer: step(viewer, -1),
            "W": lambda viewer: step(viewer, 1),
            "H": hide_while_held,
            "Control-Shift-S": lambda viewer: dock.session.flush(),
        }
        for n in range(1, CLASSES + 1):
            acts[f"Control-{n}"] = lambda viewer, n=n: pick_class(n)
        self._ours = Taken(dock.session.keys)
        for key, act in acts.items():
            self._ours.take(key, act)

    def rows(self) -> list[tuple[str, str, bool]]:
        """Key, what it does, and whether it is ours; the nine classes in one row."""
        rows = []
        for key, (shown, does) in KEYS.items():
            if key == "Control-1":
                ours = all(f"Control-{n}" in self._ours for n in range(1, CLASSES + 1))
                rows.append((f"Ctrl+1 … {CLASSES}", "paint class 1 … 9", ours))
            elif not does.startswith("paint class"):
                rows.append((shown, does, key in self._ours))
        return rows

    def close(self) -> None:
        """Give the keys back."""
        self._ours.close()


def step(viewer: Any, by: int) -> None:
    """Go a section down or up; at the ends it stays."""
    dims = viewer.dims
    for axis in dims.not_displayed[-1:]:
        place = dims.current_step[axis] + by
        dims.set_current_step(axis, min(max(place, 0), int(dims.nsteps[axis]) - 1))


def hide_while_held(viewer: Any) -> Generator[None, None, None]:
    """Hide what we made until the key is let go."""
    shown = [layer for layer in viewer.layers if layer.visible and about(layer).get("thing")]
    for layer in shown:
        layer.visible = False
    yield
    for layer in shown:
        layer.visible = True
