"""Keys of the Classes dock; told in its fold Keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from napari_simgraph.viewer.held_keys import Taken
from napari_simgraph.viewer.views.bottom import shown_page

_TOLD = (
    ("Click", "choose this patch"),
    ("1 … 9", "label the chosen patch and go to the next"),
    ("0", "take its class off"),
    (", and .", "walk through the thumbnails"),
)


class ClassesKeys:
    """Binds keys to a viewer as long as the dock is open; one that somebody else holds is left."""

    def __init__(self, dock: Any) -> None:
        self._dock, self._ours = dock, Taken(dock.session.keys)
        acts: dict[str, tuple[str, str, Callable[[Any], object]]] = {
            "N": ("N", "next hard case", lambda _: self._next(1)),
            "Shift-N": ("Shift+N", "the one before", lambda _: self._next(-1)),
            "Control-Enter": ("Ctrl+Enter", "what the big button says", lambda _: dock.run_main()),
        }
        self._rows = [
            (shown, does, self._ours.take(key, act)) for key, (shown, does, act) in acts.items()
        ]

    def rows(self) -> list[tuple[str, str, bool]]:
        """Key or gesture, what it does, and whether it is ours."""
        return [*((shown, does, True) for shown, does in _TOLD), *self._rows]

    def close(self) -> None:
        """Give the keys back."""
        self._ours.close()

    def _next(self, by: int) -> None:
        """The next thumbnail; hard cases are listed where none are yet."""
        page = shown_page(self._dock.viewer, "Thumbnails")
        if page is None or not page.model.items:
            self._dock.label.show_hard()
        else:
            page.walk(by)
