"""Keys of live learning, bound while its page is in front."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from napari.layers import Layer

from napari_simgraph.viewer.held_keys import Taken, plain
from napari_simgraph.viewer.session import Session

# napari's name of the key, ours on screen, what it does, whether it belongs to the painted layers.
KEYS = (
    ("R", "R", "mark a complete region", True),
    ("N", "N", "next place to look", False),
    ("Shift-N", "Shift+N", "the place before", False),
)


class LiveKeys:
    """Binds keys to the viewer and to painted layers; what somebody else holds is left alone."""

    def __init__(self, session: Session, acts: Mapping[str, Callable[[], object]]) -> None:
        self._on_viewer, self._acts = Taken(session.keys), acts
        self._on_layers: list[tuple[Layer, str]] = []

    def bind(self, layers: Sequence[Layer]) -> None:
        """Bind all keys, with those of the layers on these."""
        self.free()
        for key, _, _, of_layer in KEYS:
            if not of_layer:
                self._on_viewer.take(key, plain(self._acts[key]))
            for layer in layers if of_layer else ():
                self._try(layer, key)

    def free(self) -> None:
        """Give the keys back."""
        self._on_viewer.close()
        for layer, key in self._on_layers:
            layer.bind_key(key, None)
        self._on_layers = []

    def rows(self) -> list[tuple[str, str, bool]]:
        """Key, what it does, and whether it is ours."""
        held = {key for _, key in self._on_layers}
        return [
            (shown, does, key in self._on_viewer or key in held or (of_layer and not held))
            for key, shown, does, of_layer in KEYS
        ]

    def _try(self, layer: Layer, key: str) -> None:
        try:
            layer.bind_key(key, plain(self._acts[key]))
        except ValueError:
            return
        self._on_layers.append((layer, key))
