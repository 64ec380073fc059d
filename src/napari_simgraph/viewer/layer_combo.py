"""A menu of layers that keeps up with the viewer and says why a layer can't be used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from napari.layers import Image, Labels, Layer
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox

from napari_simgraph.core.geometry import say_spacing
from napari_simgraph.viewer.controls import calm
from napari_simgraph.viewer.layers import image_of
from napari_simgraph.viewer.words import short

Refusal = Callable[[Layer], str]

_EVENTS = ("inserted", "removed", "reordered", "renamed")


def say_shape(layer: Layer) -> str:
    """The size of a layer in words: ``50x1024x1024``, ``3508x2480 RGB``."""
    data = layer.data[0] if getattr(layer, "multiscale", False) else layer.data
    size = "x".join(str(n) for n in data.shape[: layer.ndim])
    return f"{size} RGB" if getattr(layer, "rgb", False) else size


def say_facts(layer: Layer) -> str:
    """Shape and pixel size: ``50x1024x1024 · 4 nm, sections 50 nm``."""
    try:
        noun = image_of(layer)
    except ValueError:  # empty, or four axes: its size is told once an axis is chosen
        return say_shape(layer)
    return f"{say_shape(layer)} · {say_spacing(noun.spacing, noun.unit)}"


class LayerCombo(QComboBox):
    """Layers of one kind, newest first; those that can't be used are grey and say why.

    Parameters
    ----------
    viewer
        The viewer whose layers it lists.
    kind
        The class of layers to list.
    refuse
        Gives the reason why a layer can't be used, or "".
    none
        The text of a first entry that means no layer; "" where there has to be one.
    """

    chosen = Signal()

    def __init__(self, viewer: Any, kind: type[Layer], refuse: Refusal, none: str = "") -> None:
        super().__init__()
        self._viewer, self._kind, self._refuse, self._none = viewer, kind, refuse, none
        self._layers: list[Layer | None] = []
        self._picked = False
        policy = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        self.setSizeAdjustPolicy(policy)
        self.setMinimumContentsLength(8)
        calm(self)
        for name in _EVENTS:
            getattr(viewer.layers.events, name).connect(self.renew)
        self.currentIndexChanged.connect(lambda _: self.chosen.emit())
        self.activated.connect(self._pick)
        self.activated.connect(self.clearFocus)  # a combo box swallows the viewer's keys
        self.renew()

    def close_events(self) -> None:
        """Stop following the viewer."""
        for name in _EVENTS:
            getattr(self._viewer.layers.events, name).disconnect(self.renew)

    @property
    def layer(self) -> Layer | None:
        """The chosen layer, or None."""
        index = self.currentIndex()
        return self._layers[index] if 0 <= index < len(self._layers) else None

    def choose(self, layer: Layer | None) -> None:
        """Choose a layer that is in the list."""
        if layer in self._layers:
            self._picked = True
            self.setCurrentIndex(self._layers.index(layer))

    def choose_active(self) -> None:
        """Choose the viewer's active layer, if it can be used."""
        active = self._viewer.layers.selection.active
        if active in self._layers and self.model().item(self._layers.index(active)).isEnabled():
            self.choose(active)

    def renew(self, event: Any = None) -> None:
        """List the viewer's layers again and keep the choice while its layer is there."""
        before = self.layer
        listed = [layer for layer in self._viewer.layers if isinstance(layer, self._kind)]
        self._layers = [*([None] if self._none else []), *reversed(listed)]
        reasons = [self._why_not(layer) if layer is not None else "" for layer in self._layers]
        self.blockSignals(True)
        self.clear()
        for layer, reason in zip(self._layers, reasons, strict=True):
            self._add(layer, reason)
        new = event.value if getattr(event, "type", "") == "inserted" else None
        self.setCurrentIndex(self._choice(before, reasons, new))
        self.blockSignals(False)
        if self.layer != before or event is None:
            self.chosen.emit()

    def _why_not(self, layer: Layer) -> str:
        if isinstance(layer, Image | Labels) and 0 in layer.data.shape:
            return "no pixels"
        return self._refuse(layer)

    def _pick(self, index: int) -> None:
        self._picked = True

    def _add(self, layer: Layer | None, reason: str) -> None:
        if layer is None:
            self.addItem(self._none)
            return
        facts = say_facts(layer)
        name = short(layer.name)
        self.addItem(f"{name} ({reason})" if reason else f"{name}   {say_shape(layer)}")
        self.setItemData(self.count() - 1, f"{layer.name}\n{reason or facts}", _TIP)
        self.model().item(self.count() - 1).setEnabled(not reason)

    def _choice(self, before: Layer | None, reasons: list[str], new: Layer | None) -> int:
        """The index of the layer to choose: the one before, else the active one, else the newest.

        A new layer in view takes the place of one that is hidden and that nobody chose.
        """
        usable = [i for i, reason in enumerate(reasons) if not reason]
        hidden = before is not None and not before.visible and not self._picked
        takes_over = new if hidden and new is not None and new.visible else None
        for wanted in (takes_over, before, self._viewer.layers.selection.active):
            if wanted is not None and wanted in self._layers:
                index = self._layers.index(wanted)
                if index in usable:
                    return index
        seen = [i for i in usable if (layer := self._layers[i]) is None or layer.visible]
        return (seen or usable or [-1])[0]


_TIP = Qt.ItemDataRole.ToolTipRole
