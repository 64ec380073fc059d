"""What the Objects dock computes beside the window: numbers, table and shares of one layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import zarr
from napari.layers import Labels as LabelsLayer
from napari.layers import Shapes
from napari.utils.colormaps import DirectLabelColormap
from numpy.typing import NDArray
from skimage.draw import polygon2mask

from napari_simgraph.analysis.corrected import Corrected
from napari_simgraph.capabilities import objects
from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.job import Job, Progress
from napari_simgraph.core.objects import FractionTable, ObjectTable
from napari_simgraph.core.raster import Image, Labels
from napari_simgraph.core.room import Room
from napari_simgraph.io.labels import LabelOptions, as_labels
from napari_simgraph.viewer.layers import image_of
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.views.objects_chosen import numbers_of

Polygon = NDArray[np.float64]  # (N, 2) rows and columns
_MEASURING = 0.85  # of the time; the rest are the shares of classes
_CORNERS = 64  # of the polygon that stands for an ellipse
_CLOSED = ("polygon", "rectangle", "ellipse")


@dataclass(frozen=True)
class Ask:
    """What to compute.

    Parameters
    ----------
    pixels
        What the layer shows.
    classes
        What its values mean; empty where nothing says it.
    as_objects
        Each value is one object.
    editable
        The numbers may be edited where they lie.
    image
        For the grey values.
    regions
        Outlines drawn on it, for the shares.
    config
        Settings.
    """

    pixels: Image
    classes: ClassTable
    as_objects: bool
    editable: bool
    image: Image | None
    regions: Sequence[Polygon]
    config: objects.Measure


class Measured(NamedTuple):
    """What came out; `numbers` None where the layer itself holds them, `shares` for classes."""

    table: ObjectTable
    numbers: Labels | None
    shares: FractionTable | None


def ask_of(
    layer: LabelsLayer, as_objects: bool, image: Image | None, regions: Shapes | None
) -> Ask:
    """What the layer asks for, with the default settings."""
    names = class_names(layer)
    drawn = outlines(regions, layer) if regions is not None else []
    pixels, classes = image_of(layer), ClassTable.of(names)
    asked = Ask(pixels, classes, as_objects, is_editable(layer), image, drawn, objects.Measure())
    is_mask = len(names) == 2 and names[0] == f"not {names[1]}"
    return replace(asked, config=objects.Measure(only=names[1])) if is_mask else asked


def class_names(layer: LabelsLayer) -> list[str]:
    """The names of the classes 1, 2, 3 …; none where the layer doesn't say them."""
    told = layer.features
    if "class" not in told or "index" not in told or len(told) > 1 + _MOST_CLASSES:
        return []
    named = dict(zip(told["index"].tolist(), told["class"].tolist(), strict=True))
    values = sorted(value for value in named if value > 0)
    return [str(named[v]) for v in values] if values == list(range(1, len(values) + 1)) else []


def looks_like_objects(layer: LabelsLayer) -> bool:
    """Whether each value of a layer is most likely one object, from what is known without reading.

    Objects have numbers of 32 bits and more and no colours of their own.
    """
    if str(about(layer).get("thing", "")).startswith("objects"):
        return True
    named = bool(class_names(layer)) or isinstance(layer.colormap, DirectLabelColormap)
    return not named and np.dtype(numbers_of(layer).dtype).itemsize >= 4


def is_editable(layer: LabelsLayer) -> bool:
    """Whether the numbers can be written where they lie."""
    data = layer.data
    if layer.multiscale:
        return False
    if isinstance(data, zarr.Array):
        return not data.read_only
    if isinstance(data, Corrected):
        return True
    return isinstance(data, np.ndarray) and bool(data.flags.writeable)


def outlines(shapes: Shapes, layer: LabelsLayer) -> list[Polygon]:
    """The closed shapes of a layer in rows and columns of a section of another one."""
    found = []
    for kind, corners in zip(shapes.shape_type, shapes.data, strict=True):
        if kind not in _CLOSED:
            continue
        corners = _ellipse(corners) if kind == "ellipse" else np.asarray(corners, float)
        world = np.array([shapes.data_to_world(corner) for corner in corners])
        whole = np.zeros((len(world), layer.ndim))
        shared = min(layer.ndim, world.shape[1])
        whole[:, -shared:] = world[:, -shared:]
        found.append(np.array([layer.world_to_data(corner)[-2:] for corner in whole]))
    return found


def compute(ask: Ask, room: Room) -> Job[Measured]:
    """Numbers of the objects, their table, and how much of each section the classes cover."""
    labels = _labels(ask)
    numbers: Labels | None = None
    if labels.meaning == "objects" and not ask.editable:
        labels = numbers = yield from objects.find(labels, config=objects.Find(), room=room)
    job = objects.measure(labels, ask.image, config=ask.config, room=room)
    table = yield from _scaled(job, 0.0, _MEASURING)
    if labels.meaning == "objects" or not len(labels.classes):  # nothing is painted yet
        return Measured(table, numbers, None)
    array = room.array("objects", labels.shape, np.int32)  # where `measure` put the numbers
    space: dict[str, Any] = {"spacing": labels.spacing, "unit": labels.unit}
    numbers = Labels(array, meaning="objects", origin=labels.origin, name=labels.name, **space)
    regions = _drawn(ask.regions, labels) if ask.regions else None
    job_of_shares = objects.fractions(labels, regions, config=objects.Fractions(), room=room)
    shares = yield from _scaled(job_of_shares, _MEASURING, 1.0)
    return Measured(table, numbers, shares)


def _labels(ask: Ask) -> Labels:
    """What the layer means; painted pixels are copied, so that later strokes don't reach in."""
    pixels = ask.pixels
    data = pixels.levels[0]
    data = data.copy() if isinstance(data, np.ndarray) else data
    space: dict[str, Any] = {"spacing": pixels.spacing, "unit": pixels.unit}
    space |= {"origin": pixels.origin, "name": pixels.name}
    if ask.as_objects:
        return Labels(data, meaning="objects", **space)
    if len(ask.classes):
        return Labels(data, classes=ask.classes, **space)
    made = as_labels([Image(data, **space)], LabelOptions(labels_are="marked")).labels
    assert isinstance(made, Labels)  # one image was given
    if made.meaning == "classes" and len(made.classes) == 1:  # a mask is what it is called
        return made.replace(classes=ClassTable.of([pixels.name]))
    return made


def _drawn(polygons: Sequence[Polygon], labels: Labels) -> Labels:
    """Outlines as regions, the same in every section."""
    flat = np.zeros(labels.plane, np.uint8 if len(polygons) < 256 else np.uint16)
    for number, polygon in enumerate(polygons, 1):
        flat[polygon2mask(labels.plane, polygon)] = number
    table = ClassTable.of([f"region {number}" for number in range(1, len(polygons) + 1)])
    return Labels(np.broadcast_to(flat, labels.shape), classes=table)


def _ellipse(corners: Any) -> Polygon:
    """A polygon inside the four corners of an ellipse's box."""
    a, b, _, d = np.asarray(corners, float)
    turn = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)[:, None]
    middle, one, other = (b + d) / 2, (b - a) / 2, (d - a) / 2
    return np.asarray(middle + np.cos(turn) * one + np.sin(turn) * other)


def _scaled(job: Job[Any], low: float, high: float) -> Job[Any]:
    """A job as a part of a larger one."""
    signal = None
    try:
        tick = next(job)
        while True:
            if isinstance(tick, Progress):
                left = -1.0 if high < 1 else tick.seconds_left
                tick = replace(tick, done=low + (high - low) * tick.done, seconds_left=left)
            signal = yield tick
            tick = job.send(signal)
    except StopIteration as end:
        return end.value
    finally:
        job.close()


_MOST_CLASSES = 64  # more values than anyone draws classes are objects
