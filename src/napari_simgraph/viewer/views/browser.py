"""The page Browser: four linked panes of what a network sees: layers, groups, paths, a neuron."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QSplitter, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from napari_simgraph.viewer.sharing import session_of
from napari_simgraph.viewer.theme import Colors
from napari_simgraph.viewer.views.browser_groups import ClassesPane, NumberPane
from napari_simgraph.viewer.views.browser_heat import HeatPane
from napari_simgraph.viewer.views.browser_layers import LayersPane
from napari_simgraph.viewer.views.browser_neuron import NeuronPane
from napari_simgraph.viewer.views.browser_parts import Pane, framed, title_menu
from napari_simgraph.viewer.views.browser_paths import PathsPane

_NARROW = 700  # px; below, one pane at a time behind tabs
_SHARES = (3, 4, 3, 4)
_BETWEEN = 10  # px between two panes
_NAMES = ("Layers", "Groups", "Paths", "Neuron")
_SIDES = ("neurons", "classes", "number")
_ALL = "class…"  # the first entry of the menu of classes


class BrowserPage(QWidget):
    """Layers, groups by neurons, paths, and the neuron in hand; all of one selection."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.session = session_of(napari_viewer)
        self.book = self.session.signatures
        self.layers, self.heat = LayersPane(self.book), HeatPane(self.book)
        self.paths, self.neuron = PathsPane(self.book), NeuronPane(self.session)
        self.classes, self.number = ClassesPane(self.book), NumberPane(self.book)
        self.panes: tuple[Pane, ...] = (
            *(self.layers, self.heat, self.paths, self.neuron),
            *(self.classes, self.number),
        )
        self._groups = QStackedWidget()
        for pane in (self.heat, self.classes, self.number):
            self._groups.addWidget(pane)
        self.side = title_menu("What the groups are shown against.\nkey: arrows", _SIDES)
        self.side.currentIndexChanged.connect(self._turn)
        self.kind = title_menu("Choose all patches of a class: their paths.\nkey: arrows", ())
        self.kind.activated.connect(self._choose_class)
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.setChildrenCollapsible(False)
        self._split.setHandleWidth(_BETWEEN)
        self._holders, self._titles = [], []
        shown = (self.layers, self._groups, self.paths, self.neuron)
        menus = (None, self.side, self.kind, None)
        for pane, menu, share in zip(shown, menus, _SHARES, strict=True):
            holder, label = framed("", pane, menu)
            self._split.addWidget(holder)
            self._split.setStretchFactor(self._split.count() - 1, share)
            self._holders.append(holder)
            self._titles.append(label)
        self._tabs = QTabBar()
        self._lay()
        for signal, call in self._heard():
            signal.connect(call)
        self.renew()
        self._arrange()

    def _lay(self) -> None:
        """Tabs above the panes."""
        for name in _NAMES:
            self._tabs.addTab(name)
        self._tabs.setDrawBase(False)
        self._tabs.currentChanged.connect(lambda _: self._arrange())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._tabs)
        column.addWidget(self._split, 1)

    def renew(self, *_: object) -> None:
        """Show what is in hand."""
        for pane in self.panes:
            pane.renew()
        self._renew_classes()
        compared, layer = self.book.compared, self.book.layer_in_hand
        named = f": {compared.a} against {compared.b}" if compared is not None else ""
        where = f" of {self.book.short(layer.name)}" if layer is not None else ""
        neuron = f" {self.book.neuron}{where}" if self.book.neuron >= 0 else ""
        titles = (
            f"1 Layers{named}",
            f"2 Groups{'' if self.side.currentIndex() else where}",
            "3 Paths",
            f"4 Neuron{neuron}",
        )
        for label, text in zip(self._titles, titles, strict=True):
            label.setText(text)
            label.setToolTip(text)

    def _renew_classes(self) -> None:
        """Offer the classes that patches have."""
        table = self.book.table
        names = [] if table is None else [n for n in np.unique(table.classes()).tolist() if n]
        if [self.kind.itemText(at) for at in range(1, self.kind.count())] != names:
            self.kind.clear()
            self.kind.addItems([_ALL, *names])
        self.kind.setVisible(bool(names))

    def _choose_class(self, at: int) -> None:
        """Choose the patches of a class, or none: their paths are drawn."""
        table, name = self.book.table, self.kind.itemText(at)
        if table is None or not at:
            self.session.selection.clear()
            return
        self.book.choose(np.flatnonzero(table.classes() == name), name)

    def _turn(self, side: int) -> None:
        """Show the groups against something else."""
        self._groups.setCurrentIndex(side)
        self.renew()

    def renew_colors(self, look: Colors) -> None:
        """Take on the theme's colours."""
        for pane in self.panes:
            pane.renew_colors(look)

    def close_events(self) -> None:
        """Stop following the session."""
        for signal, call in self._heard():
            signal.disconnect(call)
        self.neuron.close()

    def resizeEvent(self, event: Any) -> None:
        """Narrow docks show one pane at a time."""
        super().resizeEvent(event)
        self._arrange()

    def _heard(self) -> list[tuple[Any, Callable[..., object]]]:
        """Signals of the session, and who hears them."""
        book, chosen = self.book, self.session.selection
        own = [(one, self.renew) for one in (book.changed, book.answered, book.looked)]
        shared = [(one, self._chosen) for one in (chosen.chosen, chosen.table_changed)]
        return [*own, *shared]

    def _chosen(self, *_: object) -> None:
        """Another choice: its path and its row."""
        self.heat.update()
        self.paths.update()
        if self.kind.currentText() != self.session.selection.said:
            self.kind.setCurrentIndex(0)

    def _arrange(self) -> None:
        narrow = self.width() < _NARROW
        self._tabs.setVisible(narrow)
        for number, holder in enumerate(self._holders):
            holder.setVisible(not narrow or number == self._tabs.currentIndex())
