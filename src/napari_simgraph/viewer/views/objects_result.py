"""What the Objects dock knows of a layer, and the layer of numbered objects that it adds."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from napari.layers import Layer
from napari.utils.colormaps import DirectLabelColormap
from qtpy.QtGui import QColor, QIcon

from napari_simgraph.core.objects import FractionTable, ObjectTable
from napari_simgraph.viewer.provenance import command
from napari_simgraph.viewer.records import identify
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.theme import Colors, swatch
from napari_simgraph.viewer.views.objects_job import Measured, class_names

THING = "objects"
_DIGITS = 3
_ICON = 12  # px, in line with the text of a row


class Known(NamedTuple):
    """A layer of labels, the layer with its objects (perhaps itself), and their figures.

    `colors` are those of the classes by name.
    """

    labels: Layer
    objects: Layer
    table: ObjectTable
    shares: FractionTable | None
    colors: dict[str, str]

    def belongs(self, layer: Layer | None) -> bool:
        """Whether this is about a layer."""
        return layer is not None and layer in (self.labels, self.objects)

    def edited(self, table: ObjectTable) -> Known:
        """The same after an edit; such a layer is never replaced by a later run."""
        if "result" in about(self.objects):
            self.objects.metadata["simgraph"] = {**about(self.objects), "edited": True}
        show_features(self.objects, table)
        return self._replace(table=table)


def take_in(session: Session, made: Measured, layer: Layer, source: Layer) -> Known:
    """What is known now; numbers that are new become a layer above the labels."""
    objects = layer
    if made.numbers is not None:
        viewer = session.viewer
        active = viewer.layers.selection.active
        resting = active is not None and str(active.mode) == "pan_zoom"
        labels = str(about(layer).get("result") or identify(layer, "p"))
        thing = free_thing(session, source, labels)
        info = {
            "capability": "objects",
            "verb": "find",
            "labels": labels,
            "figures": {"objects": len(made.table)},
            "command": command("objects", "find", {"labels": "", "out": "objects.tif"}, {}),
        }
        objects = session.add_result(made.numbers, source, thing, info).layers[0]
        if active is not None and active in viewer.layers and not resting:
            viewer.layers.selection.active = active  # whoever paints goes on painting
        else:
            viewer.layers.selection.active = objects  # the status bar tells its figures
    show_features(objects, made.table)
    return Known(layer, objects, made.table, made.shares, class_colors(layer))


def free_thing(session: Session, source: Layer, labels: str) -> str:
    """``objects``, or with a number where other labels or a person's edits have that name."""
    number = 1
    while True:
        thing = THING if number == 1 else f"{THING} {number}"
        there = [about(layer) for layer in session.result_layers(source, thing)]
        if all(told.get("labels") == labels and not told.get("edited") for told in there):
            return thing
        number += 1


def show_features(layer: Any, table: ObjectTable) -> None:
    """Give a layer its objects' class and size, so that napari's status bar tells them."""
    features: dict[str, Any] = {"index": np.concatenate([[0], table["id"]])}
    if any(table["class"]):
        features["class"] = np.concatenate([["–"], table["class"]]).astype(object)
    size = table[table.size]
    rounded = size if table.size == "pixels" else _rounded(size)
    features[table.size] = np.concatenate([[0], rounded])
    if "sections" in table:
        features["sections"] = np.concatenate([[0], table["sections"]])
    layer.features = features


def class_colors(layer: Any) -> dict[str, str]:
    """The colour of each class in a layer of classes."""
    if not isinstance(layer.colormap, DirectLabelColormap):
        return {}
    known = layer.colormap.color_dict
    names = enumerate(class_names(layer), 1)
    found = {name: known[value] for name, value in ((n, v) for v, n in names) if value in known}
    return {
        name: QColor.fromRgbF(*(float(part) for part in color[:3])).name()
        for name, color in found.items()
    }


def object_icon(layer: Any, number: int, look: Colors) -> QIcon:
    """The colour that an object has in its layer."""
    color = layer.get_color(number) if layer is not None else None
    named = QColor.fromRgbF(*(float(c) for c in color[:3])) if color is not None else QColor()
    return swatch(named.name(), look, _ICON)


def _rounded(values: Any) -> Any:
    """Values with three digits."""
    with np.errstate(divide="ignore"):
        power = np.floor(np.log10(np.abs(values), where=values > 0, out=np.zeros(len(values))))
    scale = 10.0 ** (_DIGITS - 1 - power)
    return np.round(values * scale) / scale
