"""One Labels menu per class, for classes that overlap."""

from __future__ import annotations

from typing import Any

from napari.layers import Labels as LabelsLayer
from napari.layers import Layer
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.viewer.layer_combo import LayerCombo, Refusal
from napari_simgraph.viewer.views.parts import column, row


class MaskRows(QWidget):
    """The labels layer of each class; `changed` when another one was chosen."""

    changed = Signal()

    def __init__(self, viewer: Any, refuse: Refusal) -> None:
        super().__init__()
        self._viewer, self._refuse = viewer, refuse
        self._names: tuple[str, ...] = ()
        self._combos: list[LayerCombo] = []
        self._column = column(self)
        self.hide()

    def show_table(self, table: ClassTable) -> None:
        """A row for each class; the layers chosen before stay, also where one was renamed."""
        if table.names == self._names:
            return
        before = self._names if len(self._names) != len(table) else table.names
        chosen = {name: menu.layer for name, menu in zip(before, self._combos, strict=False)}
        self.close_events()
        self._names = table.names
        while item := self._column.takeAt(0):
            item.widget().deleteLater()
        self._combos = []
        for name in self._names:
            menu = LayerCombo(self._viewer, LabelsLayer, self._refuse)
            menu.setToolTip(f"Where '{name}' is painted.\ncommand line: --class {name}=PATH")
            menu.setAccessibleName(name)
            if name in chosen:
                menu.choose(chosen[name])
            menu.chosen.connect(self.changed)
            self._combos.append(menu)
            self._column.addWidget(row(name, menu))

    def layers(self) -> list[Layer]:
        """The chosen layers, in the order of the classes.

        Raises
        ------
        ValueError
            A class has none.
        """
        found = [menu.layer for menu in self._combos]
        for name, layer in zip(self._names, found, strict=True):
            if layer is None:
                raise ValueError(f"Choose the labels layer of '{name}'.")
        return [layer for layer in found if layer is not None]

    def renew(self) -> None:
        """List the layers again."""
        for menu in self._combos:
            menu.renew()

    def close_events(self) -> None:
        """Stop following the viewer."""
        for menu in self._combos:
            menu.close_events()
