"""Keys of Correct: those of the layer that is corrected, and those of the page in front."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from napari.layers import Layer

from napari_simgraph.viewer.held_keys import Taken, plain
from napari_simgraph.viewer.session import Session

# napari's name of the key, ours on screen, what it does, whether it belongs to the layer.
KEYS = (
    ("G", "G", "merge two objects", True),
    ("K", "K", "split an object; Enter does it, Esc leaves", True),
    ("D", "D", "fill in between two painted sections", True),
    ("M", "M", "brush with a new number", True),
    ("Delete", "Delete", "delete the object under the pointer", True),
    ("Control-Z", "Ctrl+Z", "a step back, and go where it was", True),
    ("Control-Shift-Z", "Ctrl+Shift+Z", "a step forth again", True),
    ("N", "N", "next place to check", False),
    ("Shift-N", "Shift+N", "the place before", False),
    ("Y", "Y", "this place is all right", False),
    ("U", "U", "skip this place", False),
)
# On our own layer these do what napari's do there, through the one history of all tools.
_OURS_ON_LAYER = ("M", "Control-Z", "Control-Shift-Z", "Delete")


class CorrectKeys:
    """Binds keys while the page is in front; those that somebody else holds are left alone."""

    def __init__(self, session: Session, acts: Mapping[str, Callable[[], object]]) -> None:
        self._on_viewer, self._acts = Taken(session.keys), acts
        self._on_layer: tuple[Layer, list[str]] | None = None

    def bind(self, layer: Layer | None) -> None:
        """Bind all keys, with those of the layer on this one."""
        self.free()
        for key, _, _, of_layer in KEYS:
            if not of_layer:
                self._on_viewer.take(key, plain(self._acts[key]))
        if layer is not None:
            wanted = [key for key, _, _, of_layer in KEYS if of_layer]
            found = [key for key in wanted if self._try(layer, key, key in _OURS_ON_LAYER)]
            self._on_layer = (layer, found)

    def free(self) -> None:
        """Give the keys back."""
        self._on_viewer.close()
        if self._on_layer is not None:
            layer, keys = self._on_layer
            for key in keys:
                layer.bind_key(key, None)
        self._on_layer = None

    def rows(self) -> list[tuple[str, str, bool]]:
        """Key, what it does, and whether it is ours."""
        held = self._on_layer[1] if self._on_layer else ()
        there = self._on_layer is not None
        return [
            (shown, does, key in self._on_viewer or key in held or (of_layer and not there))
            for key, shown, does, of_layer in KEYS
        ]

    def _try(self, layer: Layer, key: str, overwrite: bool) -> bool:
        try:
            layer.bind_key(key, plain(self._acts[key]), overwrite=overwrite)
        except ValueError:
            return False
        return True
