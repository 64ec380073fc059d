"""Patches on the canvas: the ground of the table in front, clicks on it, and what is drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari.layers import Image as ImageLayer
from napari.layers import Layer
from psygnal import Signal

from napari_simgraph.core.patches import Source
from napari_simgraph.viewer.ground import Ground, find_layers
from napari_simgraph.viewer.marking import Overlay
from napari_simgraph.viewer.patch_layers import PatchLayers
from napari_simgraph.viewer.picking import Picker
from napari_simgraph.viewer.placing import PLUGIN
from napari_simgraph.viewer.selection import Place, Selection
from napari_simgraph.viewer.tables import Tables


class Canvas:
    """One for each Session; it listens to the canvas while a dock that shows patches is open.

    Attributes
    ----------
    overlay, picker, patches
        What is marked, what is clicked, and all patches as layers; None while no dock needs them.
    """

    said = Signal(str)  # why a click chose nothing
    drawn = Signal(Place)  # a rectangle

    def __init__(self, viewer: Any, selection: Selection, tables: Tables) -> None:
        self._viewer, self._selection, self._tables = viewer, selection, tables
        self._ground: Ground | None = None
        self._users = 0
        self.overlay: Overlay | None = None
        self.picker: Picker | None = None
        self.patches: PatchLayers | None = None

    @property
    def ground(self) -> Ground | None:
        """Where the images of the table in front lie; None without a table."""
        table = self._selection.table
        if table is None:
            return None
        if self._ground is None or self._ground.grid is not table.grid:
            told = self._tables.about(self._selection.key)
            layers = find_layers(self._viewer, table.grid, told)
            self._ground = Ground(table.grid, layers)
        return self._ground

    def attach(self) -> None:
        """A dock that shows patches was opened."""
        self._users += 1
        if self._users > 1:
            return
        self.overlay = Overlay(self._viewer, self._selection, lambda: self.ground)
        self.picker = Picker(
            self._viewer, self._selection, lambda: self.ground, self.said.emit, self.drawn.emit
        )
        self.patches = PatchLayers(self._viewer, self._selection, self._tables, lambda: self.ground)
        events = self._viewer.layers.events
        events.inserted.connect(self._layers_changed)
        events.removed.connect(self._layers_changed)

    def detach(self) -> None:
        """It was closed; with the last one clicks and overlay go."""
        self._users -= 1
        if self._users:
            return
        events = self._viewer.layers.events
        events.inserted.disconnect(self._layers_changed)
        events.removed.disconnect(self._layers_changed)
        for part in (self.picker, self.overlay, self.patches):
            if part is not None:
                part.close()
        self.overlay = self.picker = self.patches = None

    def open_source(self, source: Source) -> Layer | None:
        """The layer of an image of a table, opened where it was not; None where it can't be."""
        if not source.path or not Path(source.path.partition("::")[0]).exists():
            self.said.emit(f"{source.name} is not where it was.")
            return None
        made = self._viewer.open(source.path, plugin=PLUGIN)
        return made[0] if made else None

    def go_to(self, key: str, place: Place) -> None:
        """Show a place of a table that is not in front; the choice stays as it is."""
        grid = self._tables.get(key).grid
        layers = find_layers(self._viewer, grid, self._tables.about(key))
        if self.picker is not None:
            self.picker.go(place, Ground(grid, layers))

    def _layers_changed(self, event: Any) -> None:
        if isinstance(event.value, ImageLayer):
            self._ground = None
            if self.patches is not None:
                self.patches.renew_soon()  # their image came, or is gone
