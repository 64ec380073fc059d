"""Keys of the dock in front: two docks of ours may mean different things by the same key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from napari.utils.key_bindings import coerce_keybinding
from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QDockWidget, QWidget

from napari_simgraph.viewer.placing import parent_of

_OURS = "napari_simgraph."


class FrontKeys:
    """Binds keys to a viewer while its dock is in front.

    What another dock of ours had bound comes back afterwards; another plugin's is left alone.

    Parameters
    ----------
    viewer
        Whose keys.
    acts
        What each key does, by napari's name of it.
    """

    def __init__(self, viewer: Any, acts: Mapping[str, Callable[[], object]]) -> None:
        self._viewer, self._acts = viewer, acts
        self._before: dict[str, Any] = {}

    def bind(self) -> None:
        """Take the keys."""
        for key, act in self._acts.items():
            held = self._viewer.keymap.get(coerce_keybinding(key))
            if key in self._before or not _is_ours(held):
                continue
            self._before[key] = held
            self._viewer.bind_key(key, lambda _, act=act: act() and None, overwrite=True)

    def free(self) -> None:
        """Give them back to whom they were taken from."""
        for key, held in self._before.items():
            self._viewer.bind_key(key, held, overwrite=True)
        self._before = {}

    def holds(self, key: str) -> bool:
        """Whether a key is ours now, or would be in front."""
        return key in self._before or _is_ours(self._viewer.keymap.get(coerce_keybinding(key)))


class Front(QObject):
    """Says whether a widget's dock is the one that is seen among its tabs.

    `came` brings True when it comes to the front, False when another one covers it.
    """

    came = Signal(bool)

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self._dock: QDockWidget | None = None

    def watch(self) -> None:
        """Follow the dock that the widget was put into."""
        dock = parent_of(self._widget, QDockWidget)
        if dock is not None and dock is not self._dock:
            self._dock = dock
            dock.visibilityChanged.connect(self.came)


def _is_ours(held: Any) -> bool:
    """Whether a binding may be taken for a while: there is none, or it is of a dock of ours."""
    return held is None or str(getattr(held, "__module__", "")).startswith(_OURS)
