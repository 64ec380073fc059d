"""Classes of patches from what lies on their images: painted classes, points and shapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from napari.layers import Labels, Layer, Points, Shapes
from numpy.typing import NDArray

from napari_simgraph.analysis.marked import rows_under
from napari_simgraph.core.marks import Kind, Mark
from napari_simgraph.core.patch_classes import painted_classes
from napari_simgraph.viewer.ground import Ground
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.views.areas_painted import painted_on, refuse_painted

COLUMN = "class"  # the feature of points and shapes that says their class
WHICH = "Choose painted classes, points or shapes in the layer list first."
NOT_THERE = "Nothing in '{name}' lies on these patches."
_LINES = ("line", "path")  # kinds of shapes that have no inside
_AROUND = np.linspace(0, 2 * np.pi, 64, endpoint=False)  # places on an ellipse


class Taken(NamedTuple):
    """The class of each patch, "" where nothing says one, and colours by class."""

    names: NDArray[np.str_]
    colors: Mapping[str, str]


def may_be_taken(layer: Any) -> bool:
    """Whether a layer may say classes: one that a person made."""
    ours = bool(about(layer).get("thing")) if isinstance(layer, Points | Shapes) else False
    painted = isinstance(layer, Labels) and not refuse_painted(layer)
    return painted or (isinstance(layer, Points | Shapes) and not ours)


def taken_from(session: Session, layer: Layer | None) -> Taken:
    """The classes that a layer says of the patches in front.

    Of points and shapes the class is their feature ``class``, else the name of the layer.

    Raises
    ------
    ValueError
        The layer is of another kind, or nothing in it lies on the patches.
    """
    ground = session.canvas.ground
    if ground is None or layer is None or not may_be_taken(layer):
        raise ValueError(WHICH)
    if isinstance(layer, Labels):
        labels = painted_on(session, layer, ground.grid, ground.layers)
        found = painted_classes(ground.grid, labels)
        first = labels if not hasattr(labels, "labels") else labels.labels[0]
        taken = Taken(found, {one.name: one.color for one in first.classes})
    else:
        taken = Taken(_under(layer, ground), {})
    if not (taken.names != "").any():
        raise ValueError(NOT_THERE.format(name=layer.name))
    return taken


def _under(layer: Points | Shapes, ground: Ground) -> NDArray[np.str_]:
    """Of two marks on a patch the later one counts."""
    names = np.full(len(ground.grid), "", object)
    told = layer.features[COLUMN].astype(str).tolist() if COLUMN in layer.features else []
    for number, (kind, places) in enumerate(_drawn(layer)):
        mark = _mark(kind, np.array([layer.data_to_world(one) for one in places]), ground)
        if mark is None:
            continue
        try:
            rows = rows_under(mark, ground.grid)
        except ValueError:  # a section without patches
            continue
        names[rows] = told[number] if told else layer.name
    return names.astype(np.str_)


def _drawn(layer: Points | Shapes) -> Iterator[tuple[Kind, NDArray[np.float64]]]:
    """Kind and places of each point or shape, in data coordinates of the layer."""
    if isinstance(layer, Points):
        yield from (("point", one[None]) for one in np.asarray(layer.data, float))
        return
    for kind, corners in zip(layer.shape_type, layer.data, strict=True):
        places = np.asarray(corners, float)
        if kind == "ellipse":
            middle, across, down = places.mean(0), places[1] - places[0], places[3] - places[0]
            turns = np.stack([np.cos(_AROUND), np.sin(_AROUND)], 1) / 2
            places = middle + turns @ np.stack([across, down])
        yield ("stroke" if kind in _LINES else "polygon"), places


def _mark(kind: Kind, world: NDArray[np.float64], ground: Ground) -> Mark | None:
    """A mark on the image below its middle; None where there is none."""
    under = ground.under(world.mean(0))
    layer = None if under is None else ground.layer(under.image)
    if under is None or layer is None:
        return None
    places = np.array([layer.world_to_data(one[-layer.ndim :])[-2:] for one in world])
    if ground.sheet is not None:
        places = places - np.array(ground.sheet.place(under.image))
    return Mark(kind, (places,), under.z, ground.grid.sources[under.image].fingerprint)
