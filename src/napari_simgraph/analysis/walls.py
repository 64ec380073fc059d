"""Walls: a boundary probability learned from a picture and the objects in it, without a network."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.feature import hessian_matrix, hessian_matrix_eigvals
from skimage.segmentation import find_boundaries

from napari_simgraph.analysis.blocks import Pace, Source
from napari_simgraph.core.job import Signal, Tick
from napari_simgraph.core.raster import Image

_BLURS = (1.0, 2.0, 4.0)  # px: grey values on the scales of walls and of what lies in cells
_RIDGES = (1.5, 3.0)  # px: half the width of the walls that are looked for
_INSIDE = 3  # px from any border: surely the inside of an object
_PIXELS = 20_000  # of each kind and section: more change nothing
_SECTIONS = 4  # spread over the stack

Read = Callable[[int], NDArray[Any]]


def walls_of(
    image: Image, ids: Source, boundary: str, pace: Pace
) -> Generator[Tick, Signal | None, Read]:
    """What gives the boundary probability of a section.

    Parameters
    ----------
    image
        A probability map whose classes name its channels, a map of one channel from 0 to 1, or a
        picture, whose walls are learned from the objects.
    ids
        The objects.
    boundary
        The class that separates cells; found by its name if empty.
    pace
        Told of each section that is learned from.

    Raises
    ------
    ValueError
        There is no such class, or the objects of a picture have no borders to learn from.
    """
    if image.dtype.kind == "f":
        channel = _channel(image, boundary)
        return lambda z: image.section(z)[..., channel]
    rows, columns = (slice(0, n) for n in ids.shape[1:])

    def grey(z: int) -> NDArray[Any]:
        seen: NDArray[Any] = np.asarray(image.section(z), np.float32).mean(-1)
        return seen

    learned = yield from learn_walls(grey, lambda z: ids.get(z, rows, columns), ids.shape[0], pace)
    if learned is None:
        raise ValueError("These objects have no borders: choose labels with several objects.")
    return lambda z: wall_map(grey(z), learned)


def _channel(image: Image, boundary: str) -> int:
    """Which channel of a map is the boundary."""
    if image.classes is not None:
        name = boundary or image.classes.boundary()
        if not name:
            raise ValueError("No class of the map is called membrane: name one with --boundary.")
        return image.classes.find(name).value - 1
    if image.channels == 1:
        return 0
    if not boundary.isdigit() or not 0 < int(boundary) <= image.channels:
        raise ValueError(
            f"Say which of the {image.channels} channels is the boundary: --boundary 1."
        )
    return int(boundary) - 1


def learn_walls(
    grey: Read, objects: Read, sections: int, pace: Pace
) -> Generator[Tick, Signal | None, Any]:
    """What walls look like in this picture, for `wall_map`; None where objects have no borders.

    Parameters
    ----------
    grey, objects
        Give a section ``(Y, X)`` of the picture, and of the objects, 0 between them.
    sections
        How many there are.
    pace
        Told of each section that is learned from.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(0)
    told, wanted = [], []
    for z in np.unique(np.linspace(0, sections - 1, _SECTIONS).round().astype(int)).tolist():
        numbers, seen = objects(z), features(grey(z))
        wall = find_boundaries(numbers, mode="thick") | (numbers == 0)
        inside = ndimage.distance_transform_edt(~wall) > _INSIDE
        for mask, kind in ((wall, True), (inside, False)):
            found = np.flatnonzero(mask)
            picked = rng.choice(found, min(_PIXELS, len(found)), replace=False)
            told.append(seen[picked])
            wanted.append(np.full(len(picked), kind))
        yield from pace.step(f"Learning walls: z {z}")
    target = np.concatenate(wanted)
    if not 0 < target.mean() < 1:
        return None
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(np.concatenate(told), target)


def features(grey: NDArray[Any]) -> NDArray[np.float32]:
    """Grey values and ridges at several widths, ``(Y * X, F)``."""
    plane = grey.astype(np.float32)
    found = [ndimage.gaussian_filter(plane, blur) for blur in _BLURS]
    for width in _RIDGES:
        bends = hessian_matrix(plane, width, use_gaussian_derivatives=False)
        found += list(hessian_matrix_eigvals(bends))
    return np.stack(found, -1).reshape(-1, len(found)).astype(np.float32)


def wall_map(grey: NDArray[Any], learned: Any) -> NDArray[np.float32]:
    """How likely each pixel of a section is a wall, by what `learn_walls` found."""
    chance: NDArray[np.float32] = learned.predict_proba(features(grey))[:, 1].astype(np.float32)
    return chance.reshape(grey.shape)
