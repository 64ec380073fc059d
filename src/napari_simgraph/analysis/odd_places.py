"""Odd places: where a map of anomalies lies above a threshold, the oddest place first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.raster import Image

MOST = 500  # places that are listed; more of them are a wrong threshold
_LEAST = 16  # px: one cell of the grid on which parts are blurred; less is the tip of something


class OddPlace(NamedTuple):
    """A connected area of one section: image, section, box (first and after-last), highest score.

    All in pixels of the map.
    """

    image: int
    z: int
    rows: tuple[int, int]
    columns: tuple[int, int]
    score: float
    pixels: int

    @property
    def middle(self) -> tuple[float, float]:
        """Row and column of the middle of the box."""
        return (sum(self.rows) - 1) / 2, (sum(self.columns) - 1) / 2


def odd_places(maps: Sequence[Image], above: float) -> tuple[list[OddPlace], int]:
    """The oddest places of all sections of all maps, at most `MOST`, and how many there are."""
    found = [
        place
        for number, one in enumerate(maps)
        for z in range(one.sections)
        for place in _places(one.section(z)[..., 0], above, (number, z))
    ]
    found.sort(key=lambda place: -place.score)
    return found[:MOST], len(found)


def odd_mask(one: Image, above: float) -> NDArray[np.uint8]:
    """1 where a map lies above a threshold, section by section."""
    mask = np.zeros(one.shape, np.uint8)
    for z in range(one.sections):
        section = mask[z] if one.axes.startswith("Z") else mask
        section[...] = one.section(z)[..., 0] > above
    return mask


def highest(maps: Sequence[Image]) -> float:
    """The highest score of all maps."""
    return max(float(one.section(z).max()) for one in maps for z in range(one.sections))


def _places(values: NDArray[np.float32], above: float, where: tuple[int, int]) -> list[OddPlace]:
    from scipy.ndimage import find_objects, label, maximum

    numbers, count = label(values > above)
    if not count:
        return []
    tops = np.atleast_1d(maximum(values, numbers, np.arange(1, count + 1)))
    sizes = np.bincount(numbers.ravel(), minlength=count + 1)[1:]
    spans = find_objects(numbers)
    return [
        OddPlace(*where, (r.start, r.stop), (c.start, c.stop), float(top), int(size))
        for (r, c), top, size in zip(spans, tops, sizes, strict=True)
        if size >= _LEAST
    ]
