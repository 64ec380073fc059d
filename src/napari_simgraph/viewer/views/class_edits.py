"""Taking a class out and back, going to where it is painted, and colours that all layers share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels as LabelsLayer
from napari.layers import Layer
from napari.utils.colormaps import DirectLabelColormap

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.viewer.footer import Button
from napari_simgraph.viewer.looks import ramp_look
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.views.taking_out import Taken, put_back, take_out

if TYPE_CHECKING:
    from napari_simgraph.viewer.views.painting import Painting

_SURE = "sure "  # before the class in the name of a probability layer


@dataclass(frozen=True)
class Said:
    """What was done to a class, the button that undoes it, and the number that is gone, if any."""

    sentence: str
    button: Button | None = None
    gone: int = 0


def remove_class(painting: Painting, value: int) -> Said:
    """Take a class off the list; what is painted of it becomes unlabelled."""
    row, layer = painting.classes.table.rows[value - 1], painting.layer
    count = painting.numbering.counts().get(value, 0)
    overlap, full = painting.overlap.isChecked(), painting.zero.isChecked()
    if full and value == 1:
        return Said(f"'{row.name}' is what 0 means here: untick it, or rename the class.")
    if count and not overlap and not (layer is not None and isinstance(layer.data, np.ndarray)):
        return Said(f"'{row.name}' is painted in a file that can't be changed: it stays.")
    held = painting.numbering.layer_value(value) if count else 0
    number = painting.classes.take_away(value)  # first: whoever follows hears of the class alone
    taken = []
    if count and not overlap:
        taken = [take_out(each, held) for each in painting.painted_layers]
    said = f"Removed '{row.name}'."
    if taken:
        where = f"are '{painting.classes.table.names[0]}'" if full else "are unlabelled"
        said = f"Removed '{row.name}': {sum(t.count for t in taken):,} px {where} now."
    return Said(said, ("Undo", partial(_undo, painting, number, taken)), number)


def join_class(painting: Painting, value: int, into: int) -> Said:
    """Take a class into another one; what is painted of it is of that one now."""
    classes = painting.classes
    row, other = classes.table.rows[value - 1], classes.table.rows[into - 1]
    layers, count = painting.painted_layers, painting.numbering.counts().get(value, 0)
    full = painting.overlap.isChecked() or painting.zero.isChecked() or painting.numbering.ranked
    if full or (count and not all(isinstance(layer.data, np.ndarray) for layer in layers)):
        return Said(f"'{row.name}' can't be joined: only painted strokes can.")
    number, kept = classes.numbers[value - 1], classes.numbers[into - 1]
    painting.joining.emit(number, kept)
    classes.take_away(value)
    taken = [take_out(layer, number, kept) for layer in layers] if count else []
    said = f"Joined '{row.name}' with '{other.name}'."
    return Said(said, ("Undo", partial(_undo, painting, number, taken)), number)


def go_to_class(viewer: Any, layer: LabelsLayer, value: int) -> None:
    """Move the view to the section where most of this value is painted, and to its middle there."""
    pixels = np.asarray(layer.data)
    planes = pixels if pixels.ndim == 3 else pixels[None]
    z = int(np.argmax([np.count_nonzero(plane == value) for plane in planes]))
    places = np.argwhere(planes[z] == value)
    if not len(places):
        return
    middle = places[len(places) // 2]
    world = layer.data_to_world((z, *middle) if pixels.ndim == 3 else tuple(middle))
    viewer.dims.point = (*viewer.dims.point[: -len(world)], *world)
    viewer.scene.camera.center = (0.0, *world[-2:])


def follow_colors(viewer: Any, image: Layer, table: ClassTable) -> None:
    """Give the results of an image the colours that its classes have in the list, by name."""
    colors = {row.name: row.color for row in table}
    mine = about(image).get("id")
    for layer in viewer.layers:
        told = about(layer)
        if "result" not in told or mine is None or told.get("image") != mine:
            continue
        if isinstance(layer, LabelsLayer):
            _recolor(layer, colors.get)
        elif isinstance(layer, ImageLayer):
            name = str(told.get("thing", "")).removeprefix(_SURE)
            if name in colors and not layer.colormap.name.endswith(colors[name]):
                layer.colormap = ramp_look(colors[name])["colormap"]


def _recolor(layer: LabelsLayer, find: Callable[[str], str | None]) -> None:
    if "class" not in layer.features or not isinstance(layer.colormap, DirectLabelColormap):
        return
    before = dict(layer.colormap.color_dict)
    named = zip(layer.features["index"], layer.features["class"], strict=True)
    wanted = {int(i): color for i, name in named if (color := find(str(name)))}
    after = DirectLabelColormap(color_dict=before | wanted)
    if any(not np.allclose(after.color_dict[i], before.get(i, -1)) for i in wanted):
        layer.colormap = after


def _undo(painting: Painting, number: int, taken: Sequence[Taken]) -> None:
    painting.said = None
    painting.classes.bring_back(number)
    for each in taken:
        put_back(each)
    painting.changed.emit()
