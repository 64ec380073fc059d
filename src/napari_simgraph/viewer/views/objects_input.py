"""What is measured: a Labels layer, what its values mean, a picture for grey values, regions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels as LabelsLayer
from napari.layers import Layer, Shapes
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from napari_simgraph.analysis.components import Neighbours
from napari_simgraph.capabilities import objects
from napari_simgraph.core.raster import Image
from napari_simgraph.viewer.controls import combo
from napari_simgraph.viewer.facts import FactsLine
from napari_simgraph.viewer.forms import Form
from napari_simgraph.viewer.layer_combo import LayerCombo
from napari_simgraph.viewer.layers import image_of
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.views.objects_chosen import Outline, numbers_of
from napari_simgraph.viewer.views.objects_job import Ask, ask_of, looks_like_objects
from napari_simgraph.viewer.views.parts import column, row

_HELD = ("smallest", "largest", "remove", "fill_holes")  # the table has them
_MEANINGS = ("classes: their pieces count", "objects: each value is one")


class InputRows(QWidget):
    """The first rows of the dock, and the settings for its fold.

    `changed` says that another layer was chosen or that it is to be measured differently.
    """

    changed = Signal()

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = viewer
        self.menu = LayerCombo(viewer, LabelsLayer, _refuse)
        self.menu.setToolTip("The labels to count and measure.\ncommand line: --labels")
        self.menu.setAccessibleName("Labels")
        self.facts = FactsLine(viewer)
        self.meaning = combo("What the values of the labels are.", "Values are")
        self.meaning.setToolTip("What the values of the labels are.\ncommand line: --labels-are")
        self.meaning.addItems(_MEANINGS)
        self.grey = LayerCombo(viewer, ImageLayer, self._refuse_grey, "nothing")
        self.grey.setToolTip("The picture for mean grey values.\ncommand line: --image")
        self.grey.setAccessibleName("Grey of")
        self.regions = _RegionCombo(viewer, Shapes, lambda _: "", "the whole image")
        self.regions.setToolTip(
            "Closed shapes drawn on the image; each is a region in all sections.\n"
            "command line: objects fractions --regions"
        )
        self.regions.setAccessibleName("Shares in")
        self.form = Form(objects.Measure, held=_HELD)
        layout = column(self)
        layout.addWidget(row("Labels", self.menu))
        layout.addWidget(self.facts)
        layout.addWidget(row("Values are", self.meaning))
        layout.addWidget(row("Grey of", self.grey))
        self._regions_row = row("Shares in", self.regions)
        layout.addWidget(self._regions_row)
        self.menu.chosen.connect(self._renew_layer)
        self.facts.changed.connect(self.changed)
        self._renew_layer()

    @property
    def layer(self) -> Layer | None:
        """The chosen Labels layer, or None."""
        return self.menu.layer

    @property
    def any_layer(self) -> bool:
        """Whether there is any Labels layer."""
        return any(isinstance(layer, LabelsLayer) for layer in self._viewer.layers)

    @property
    def name(self) -> str:
        """What the labels are called."""
        return str(self.layer.name) if self.layer is not None else "labels"

    @property
    def pixels(self) -> float:
        """How many pixels are measured."""
        if self.layer is None:
            return 0.0
        return float(np.prod(numbers_of(self.layer).shape, dtype=float))

    def ask(self) -> Ask:
        """What is to be computed, with the settings of the form.

        Raises
        ------
        ValueError
            No layer is chosen, it has too many axes, or a setting can't be.
        """
        layer = self.layer
        if layer is None:
            raise ValueError("Choose a Labels layer first.")
        settings = self.form.value()
        asked = ask_of(layer, self.meaning.currentIndex() == 1, self.image(), self.regions.layer)
        return replace(asked, config=replace(settings, only=settings.only or asked.config.only))

    def image(self) -> Image | None:
        """The picture for grey values, or None."""
        return image_of(self.grey.layer) if self.grey.layer is not None else None

    def neighbours(self) -> Neighbours:
        """What holds an object together."""
        settings = self.form.value()
        return Neighbours(settings.corners, settings.through)

    def source(self, layer: Layer) -> Layer:
        """The picture that a layer of labels was made from, or the layer itself."""
        if self.grey.layer is not None:
            return self.grey.layer
        wanted = about(layer).get("image")
        images = [one for one in self._viewer.layers if isinstance(one, ImageLayer)]
        found = [one for one in images if wanted and about(one).get("id") == wanted]
        return found[0] if found else layer

    def renew(self) -> None:
        """Show the row of regions where there are any."""
        there = any(isinstance(layer, Shapes) for layer in self._viewer.layers)
        self._regions_row.setVisible(there)

    def close_events(self) -> None:
        """Stop following the viewer."""
        for part in (self.menu, self.grey, self.regions, self.facts):
            part.close_events()

    def _renew_layer(self) -> None:
        layer = self.layer
        self.facts.show_layer(layer)
        self.grey.renew()
        if layer is not None:
            self.meaning.setCurrentIndex(int(looks_like_objects(layer)))
            self._choose_grey(layer)
        self.renew()
        self.changed.emit()

    def _choose_grey(self, layer: Layer) -> None:
        """The picture that the labels lie on, as far as one of that size is there."""
        wanted = about(layer).get("image")
        fitting = [
            one
            for one in self._viewer.layers
            if isinstance(one, ImageLayer) and not self._refuse_grey(one)
        ]
        if fitting:
            named = [one for one in fitting if wanted and about(one).get("id") == wanted]
            self.grey.choose((named or fitting)[0])

    def _refuse_grey(self, layer: Layer) -> str:
        """Why a picture can't give grey values, or ""."""
        if self.layer is None:
            return ""
        shape = _shape(layer)
        return "" if shape == _shape(self.layer) else "another size"


class _RegionCombo(LayerCombo):
    """Layers of shapes; they have a number of outlines in the place of a size in pixels."""

    def _add(self, layer: Layer | None, reason: str) -> None:
        many = len(layer.data) if layer is not None else 0
        said = f"{layer.name}   {many} outline{'s' if many != 1 else ''}" if layer else self._none
        self.addItem(said)


def _shape(layer: Layer) -> tuple[int, ...]:
    data = layer.data[0] if getattr(layer, "multiscale", False) else layer.data
    return tuple(data.shape[: layer.ndim])


def _refuse(layer: Layer) -> str:
    """Why a Labels layer can't be measured, or ""."""
    if isinstance(numbers_of(layer), Outline):
        return "what is chosen now"
    return "" if layer.ndim in (2, 3) else "has more than 3 axes"
