"""Keys of the Areas dock, and what the mouse does on the canvas; told in its fold Keys."""

from __future__ import annotations

from napari_simgraph.viewer.front_keys import FrontKeys

_MOUSE = (
    ("Click", "choose this patch"),
    ("Shift+click", "interesting"),
    ("Ctrl+click", "not interesting"),
    ("Shift+drag, Ctrl+drag", "the same for a rectangle"),
)
# napari's name of the key, ours on screen, what it does.
KEYS = (
    ("Y", "Y", "the asked patch is interesting"),
    ("U", "U", "it is not"),
    ("N", "N", "go to the asked patch; again: another one"),
    ("R", "R", "draw around what is normal"),
    ("Control-Z", "Ctrl+Z", "a step back, where no labels layer is active"),
    ("Control-Enter", "Ctrl+Enter", "what the big button says"),
)
OF_IMAGES = ("Y",)  # of napari's images in 3-D: the plane's normal along y


def key_rows(keys: FrontKeys) -> list[tuple[str, str, bool]]:
    """Key or gesture, what it does, and whether it is ours."""
    mouse = [(shown, does, True) for shown, does in _MOUSE]
    return [*mouse, *((shown, does, keys.holds(key)) for key, shown, does in KEYS)]
