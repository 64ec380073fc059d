"""Keys of the Similar dock, and what the mouse does on the canvas; told in its fold Keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from napari_simgraph.viewer.held_keys import Taken
from napari_simgraph.viewer.session import Session

_TOLD = (
    ("Click", "what is like this place"),
    ("Shift+click", "more like this"),
    ("Ctrl+click", "not like this"),
    ("Shift+drag", "what is like this rectangle"),
    (", and .", "walk through the thumbnails"),
)


class SimilarKeys:
    """Binds keys to a viewer as long as the dock is open; one that somebody else holds is left.

    Parameters
    ----------
    session
        Whose selection goes back and forward.
    run
        What the big button does.
    """

    def __init__(self, session: Session, run: Callable[[], object]) -> None:
        chosen, self._ours = session.selection, Taken(session.keys)
        acts: dict[str, tuple[str, str, Callable[[Any], object]]] = {
            "Alt-Left": ("Alt+Left", "back to the place before", lambda _: chosen.back()),
            "Alt-Right": ("Alt+Right", "forward again", lambda _: chosen.forward()),
            "Control-Enter": ("Ctrl+Enter", "what the big button says", lambda _: run()),
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
