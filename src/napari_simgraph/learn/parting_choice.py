"""Parting choice: the threshold that parts objects best in what was kept aside."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import nn

from napari_simgraph.analysis.across import informed
from napari_simgraph.analysis.agglomeration import Hierarchy, hierarchy
from napari_simgraph.analysis.choosing import choose_threshold
from napari_simgraph.core.job import Note, Progress, Signal, Tick
from napari_simgraph.core.raster import Image
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.device import Place
from napari_simgraph.learn.pairs import Material
from napari_simgraph.learn.predict import Predictor, Tiled
from napari_simgraph.learn.sampling import PRESENT, Field, marks
from napari_simgraph.learn.windows import Span, Windows
from napari_simgraph.nets import folded, reach

Cells = NDArray[np.bool_]
Steps = Generator[Tick, Signal | None, dict[str, float]]

_EDGE = 1024  # px: enough cells, and a few seconds a section
_SECTIONS = 6
_AVERAGE = "full"  # as results are made unless otherwise asked for
_DENSE = 0.9  # share of labelled pixels: strokes say nothing about where cells end
NOT_CHOSEN = "Nothing fully labelled was kept aside: objects are parted at the usual threshold."


class Finished(NamedTuple):
    """A network that has learned: name and options, itself, what a boundary pixel counted."""

    network: Mapping[str, Any]
    module: nn.Module
    weight: float


def choose_parting(what: Finished, material: Material, place: Place, aside: Aside) -> Steps:
    """The threshold and its scores (`choosing.choose_threshold`); empty where it can't be chosen.

    Parameters
    ----------
    what
        The finished network.
    material
        What was kept aside; up to six sections spread over it are looked at, and those above and
        below them, which help to part objects as they do in use.
    place, aside
        Where it is computed, and who computes.
    """
    if not material.boundary or aside.halt.stopped:
        return {}
    labels = material.labels[0]
    wall = labels.classes.names.index(material.boundary)
    looks = reach(what.network["name"], what.network["options"])
    how = Tiled(looks, labels.exclusive, _AVERAGE)
    seen = _Seen(Predictor(folded(what.module), how, place, aside), material, wall)
    trees: list[Hierarchy] = []
    truths: list[Cells] = []
    for field in _spread(material, wall):
        found: list[Hierarchy] = []
        for near in _with_neighbours(material, field):
            tree = yield from seen.tree(near, aside)
            if tree is None:  # stopped
                return {}
            found.append(tree)
        decide = partial(informed, found[0], found[1:], what.weight)
        trees.append((yield from aside.wait(decide, _tick)))
        truths.append(_cells(material, field, wall))
    if not trees:
        aside.halt.hear((yield Note(NOT_CHOSEN)))
        return {}
    return (yield from aside.wait(partial(choose_threshold, trees, truths)))


def _spread(material: Material, wall: int) -> Sequence[Field]:
    """Fully labelled fields that hold cells, of a size that can be looked at."""
    fields = [_cut(field) for field in material.kept]
    step = max(1.0, len(fields) / _SECTIONS)
    some = [fields[int(i * step)] for i in range(min(_SECTIONS, len(fields)))]
    return [field for field in some if _is_dense(material, field, wall)]


def _cut(field: Field) -> Field:
    """Its middle, where it is too large."""
    spans = []
    for low, high in (field.rows, field.columns):
        over = max(0, high - low - _EDGE)
        spans.append((low + over // 2, low + over // 2 + min(_EDGE, high - low)))
    return field._replace(rows=spans[0], columns=spans[1])


def _marks(material: Material, field: Field, wall: int) -> NDArray[np.uint8]:
    """0 unlabelled, 1 no boundary, 2 boundary."""
    labels = material.labels[field.image]
    own: NDArray[np.uint8] = marks(labels, field.z, field.rows, field.columns)[wall]
    return own


def _is_dense(material: Material, field: Field, wall: int) -> bool:
    found = _marks(material, field, wall)
    return bool((found > 0).mean() >= _DENSE and ((found > 0) & (found != PRESENT)).any())


def _cells(material: Material, field: Field, wall: int) -> Cells:
    found = _marks(material, field, wall)
    return np.asarray((found > 0) & (found != PRESENT))


def _with_neighbours(material: Material, field: Field) -> list[Field]:
    """A field, and the same of the sections above and below."""
    count = material.windows[field.image].image.sections
    near = [z for z in (field.z - 1, field.z + 1) if 0 <= z < count]
    return [field, *(field._replace(z=z) for z in near)]


class _Seen:
    """What boundaries part in fields; each is looked at once."""

    def __init__(self, predictor: Predictor, material: Material, wall: int) -> None:
        self._predictor, self._material, self._wall = predictor, material, wall
        self._known: dict[tuple[Any, ...], Hierarchy] = {}

    def tree(self, field: Field, aside: Aside) -> Generator[Tick, Signal | None, Hierarchy | None]:
        """That of a field; None when stopped on the way."""
        key = (field.image, field.z, field.rows, field.columns)
        if key not in self._known:
            walls = yield from self._walls(field)
            if walls is None:
                return None
            self._known[key] = yield from aside.wait(partial(hierarchy, walls), _tick)
        return self._known[key]

    def _walls(self, field: Field) -> Generator[Tick, Signal | None, NDArray[np.float32] | None]:
        """How sure the boundary is, ``(Y, X)``."""
        whole = self._material.windows[field.image]
        n, last = whole.neighbours, whole.image.sections - 1
        near = [min(max(z, 0), last) for z in range(field.z - n, field.z + n + 1)]
        box = (slice(*field.rows), slice(*field.columns))
        pixels = np.stack([whole.image.section(z, box) for z in near])
        windows = Windows(Image(pixels, "ZYXC"), whole.statistics, n, whole.noise)
        walls = np.zeros(pixels.shape[1:3], np.float32)

        def write(z: int, rows: Span, columns: Span, values: NDArray[np.float32]) -> None:
            walls[slice(*rows), slice(*columns)] = values[self._wall]

        done = yield from self._predictor.section(windows, n, write, lambda share: _tick())
        return walls if done else None


def _tick() -> Progress:
    return Progress(1.0, "choosing where objects part")
