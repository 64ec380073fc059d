"""Finding places to check: objects and walls in, a list of places out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels as LabelsLayer
from napari.layers import Layer
from qtpy.QtCore import QObject, Signal

from napari_simgraph.analysis.suspects import SuspectTable
from napari_simgraph.capabilities import objects
from napari_simgraph.core.job import Job
from napari_simgraph.core.raster import Image, Labels
from napari_simgraph.viewer.jobs import Ending, Task
from napari_simgraph.viewer.layers import image_of
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.views.correct_places import Spot
from napari_simgraph.viewer.views.objects_chosen import numbers_of


class Finding(QObject):
    """Looks for places as a job; `found` brings them, `failed` how it ended without."""

    found = Signal(object)
    failed = Signal(object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.task: Task | None = None

    def start(self, layer: LabelsLayer, most: int) -> None:
        """Look at the objects of a layer as they are now.

        Raises
        ------
        ValueError
            The picture that they lie on is not open.
        """
        source = picture_of(self._session.viewer, layer)
        if source is None:
            raise ValueError("Open the picture that these objects lie on.")
        walls = self._walls(source)
        config = objects.Suspects(most=most)
        room, jobs = self._session.room("places to check"), self._session.jobs
        pixels = image_of(layer)
        space: dict[str, Any] = {"spacing": pixels.spacing, "unit": pixels.unit}

        def make() -> Job[SuspectTable]:
            # A copy: what is corrected meanwhile is another matter.
            labels = Labels(np.asarray(numbers_of(layer)), meaning="objects", **space)
            return jobs.apart(objects.suspects, labels, walls, config=config, room=room)

        self.task = jobs.submit(f"Find places to check in {layer.name}", make)
        self.task.ended.connect(self._ended)

    def _walls(self, source: Layer) -> Image:
        """How sure a wall is, where a model said it; else the picture itself."""
        sure = self._session.result(source, "sure")
        known = isinstance(sure, Image) and sure.classes is not None and sure.classes.boundary()
        return sure if known and isinstance(sure, Image) else self._session.image(source)

    def _ended(self, ending: Ending) -> None:
        self.task = None
        if ending.result is None:
            self.failed.emit(ending)
        else:
            self.found.emit(spots_of(ending.result))


def spots_of(table: SuspectTable) -> list[Spot]:
    """The rows of a table as places to check."""
    names = ("kind", "section", "y", "x", "object", "other", "probability")
    rows = zip(*(table[name].tolist() for name in names), strict=True)
    return [
        Spot(kind, z, y, x, (one, other) if other else (one,), sure)
        for kind, z, y, x, one, other, sure in rows
    ]


def merge_lists(new: Sequence[Spot], old: Sequence[Spot], near: float = 12.0) -> list[Spot]:
    """New places, with what was said of the same ones before.

    Parameters
    ----------
    new, old
        Lists of places.
    near
        Pixels within which two places in a section are the same.
    """
    known = [spot for spot in old if spot.done]
    found = []
    for spot in new:
        same = (
            one.done
            for one in known
            if one.z == spot.z and np.hypot(one.y - spot.y, one.x - spot.x) <= near
        )
        found.append(spot.marked(next(same, "")))
    return found


def picture_of(viewer: Any, layer: Layer) -> ImageLayer | None:
    """The picture that objects were made from, or one of their size."""
    wanted, shape = about(layer).get("image"), tuple(numbers_of(layer).shape)
    images = [one for one in viewer.layers if isinstance(one, ImageLayer)]
    plain = [one for one in images if "result" not in about(one)]
    named = [one for one in plain if wanted and about(one).get("id") == wanted]
    fitting = [one for one in plain if _shape(one) == shape]
    return next(iter(named or fitting), None)


def _shape(layer: Layer) -> tuple[int, ...]:
    data = layer.data[0] if layer.multiscale else layer.data
    return tuple(int(n) for n in data.shape[: layer.ndim])
