"""Keys of the dock in front: two docks of ours may mean different things by the same key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from napari.layers import Image as ImageLayer
from napari.layers import Layer
from napari.utils.key_bindings import coerce_keybinding
from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QDockWidget, QWidget

from napari_simgraph.viewer.held_keys import Taken, plain
from napari_simgraph.viewer.placing import parent_of
from napari_simgraph.viewer.session import Session


class FrontKeys:
    """Binds keys to a viewer while its dock is in front.

    What another dock of ours had bound comes back afterwards; another plugin's is left alone.

    Parameters
    ----------
    session
        Whose viewer has the keys.
    acts
        What each key does, by napari's name of it.
    of_images
        Those of them that napari's image layers have for three dimensions; there they stay.
    """

    def __init__(
        self,
        session: Session,
        acts: Mapping[str, Callable[[], object]],
        of_images: Sequence[str] = (),
    ) -> None:
        self._viewer, self._taken = session.viewer, Taken(session.keys)
        self._acts, self._of_images = acts, of_images
        self._bound = False

    def bind(self) -> None:
        """Take the keys."""
        if self._bound:
            return
        self._bound = True
        for key, act in self._acts.items():
            self._taken.take(key, plain(act), over=True)
        for layer in self._viewer.layers:
            self._bind_image(layer)
        self._viewer.layers.events.inserted.connect(self._inserted)

    def free(self) -> None:
        """Give them back to whom they were taken from."""
        if not self._bound:
            return
        self._bound = False
        self._taken.close()
        self._viewer.layers.events.inserted.disconnect(self._inserted)
        for layer in self._viewer.layers:
            for key in self._of_images if isinstance(layer, ImageLayer) else ():
                layer.bind_key(key, None)

    def holds(self, key: str) -> bool:
        """Whether a key is ours now, or would be in front."""
        return key in self._taken or self._taken.may_take(key)

    def _inserted(self, event: Any) -> None:
        self._bind_image(event.value)

    def _bind_image(self, layer: Layer) -> None:
        """An image that is active hears a key before the viewer does."""
        if not isinstance(layer, ImageLayer):
            return
        for key in self._of_images:
            own = type(layer).class_keymap.get(coerce_keybinding(key))
            layer.bind_key(key, partial(self._of_image, key, own), overwrite=True)

    def _of_image(self, key: str, own: Any, layer: Layer) -> None:
        if self._viewer.dims.ndisplay == 3 and own is not None:
            own(layer)
        elif key in self._taken:
            self._acts[key]()


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
