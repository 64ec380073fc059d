"""Keys of live learning, bound while its page is in front."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from napari.layers import Layer

# napari's name of the key, ours on screen, what it does, whether it belongs to the painted layers.
KEYS = (
    ("R", "R", "mark a complete region", True),
    ("N", "N", "next place to look", False),
    ("Shift-N", "Shift+N", "the place before", False),
)


class LiveKeys:
    """Binds keys to the viewer and to painted layers; what somebody else holds is left alone."""

    def __init__(self, viewer: Any, acts: Mapping[str, Callable[[], object]]) -> None:
        self._viewer, self._acts = viewer, acts
        self._bound: list[tuple[Any, str]] = []

    def bind(self, layers: Sequence[Layer]) -> None:
        """Bind all keys, with those of the layers on these."""
        self.free()
        for key, _, _, of_layer in KEYS:
            for owner in layers if of_layer else [self._viewer]:
                self._try(owner, key)

    def free(self) -> None:
        """Give the keys back."""
        for owner, key in self._bound:
            owner.bind_key(key, None)
        self._bound = []

    def rows(self) -> list[tuple[str, str, bool]]:
        """Key, what it does, and whether it is ours."""
        held = {key for _, key in self._bound}
        there = any(owner is not self._viewer for owner, _ in self._bound)
        return [
            (shown, does, key in held or (of_layer and not there))
            for key, shown, does, of_layer in KEYS
        ]

    def _try(self, owner: Any, key: str) -> None:
        act = self._acts[key]
        try:
            owner.bind_key(key, lambda _: act() and None)
        except ValueError:
            return
        self._bound.append((owner, key))
