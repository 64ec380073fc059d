"""Odd places: where a map of anomalies lies above a threshold, the oddest place first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from napari_simgraph.analysis.linking import groups
from napari_simgraph.core.classified import names_of_pictures
from napari_simgraph.core.raster import Image, ImageSet, each_image

MOST = 500  # places that are listed; more of them are a wrong threshold
_HELD = 2**28  # pixels of a mask that is held; a larger one is made where it is looked at
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


def names_apart(image: Image | ImageSet) -> list[str]:
    """What each image is called: its name; with its folder or a number where some have the same."""
    names = [one.name for one in each_image(image)]
    if isinstance(image, ImageSet) and len(set(names)) < len(names):
        names = list(names_of_pictures(image))
    seen: Counter[str] = Counter()
    for number, name in enumerate(names):
        seen[name] += 1
        names[number] = name if seen[name] == 1 else f"{name} {seen[name]}"
    return names


def odd_places(maps: Sequence[Image], above: float) -> tuple[list[OddPlace], int]:
    """The oddest places of all sections of all maps, at most `MOST`, and how many there are."""
    found = [
        place
        for number, one in enumerate(maps)
        for z in range(one.sections)
        for place in _places(one, above, (number, z))
    ]
    found.sort(key=lambda place: -place.score)
    return found[:MOST], len(found)


def odd_mask(one: Image, above: float) -> Any:
    """1 where a map lies above a threshold, an array of 8 bits."""
    mask = Above(one, above)
    if mask.size > _HELD:
        return mask
    whole = np.zeros(one.shape, np.uint8)
    for z, (rows, columns) in one.squares():
        place = (z, rows, columns) if one.axes.startswith("Z") else (rows, columns)
        whole[place] = mask[place]
    return whole


class Above:
    """The mask of a map, made where it is looked at."""

    dtype = np.dtype(np.uint8)

    def __init__(self, one: Image, above: float) -> None:
        self._map, self._above = one.levels[0], above
        self.shape = one.shape
        self.ndim, self.size = len(self.shape), int(np.prod(self.shape, dtype=np.int64))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[np.uint8]:
        return np.asarray(np.asarray(self._map[key]) > self._above, np.uint8)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[...], dtype)


def highest(maps: Sequence[Image]) -> float:
    """The highest score of all maps."""
    return max(float(one.section(z, box).max()) for one in maps for z, box in one.squares())


class _Pieces(NamedTuple):
    """What hangs together in a square: ends ``(n, 4)``, highest score and pixels of each piece.

    The ends are the first and after-last row and column.
    """

    ends: NDArray[np.int64]
    tops: NDArray[np.float64]
    sizes: NDArray[np.int64]


def _places(one: Image, above: float, where: tuple[int, int]) -> list[OddPlace]:
    """What hangs together in a section: found square by square, joined where squares meet."""
    found = [_Pieces(np.zeros((1, 4), np.int64), np.zeros(1), np.zeros(1, np.int64))]
    pairs: list[NDArray[np.int64]] = [np.zeros((2, 0), np.int64)]
    over, below = np.zeros((2, one.plane[1]), np.int64)  # last rows of the squares above and here
    beside, count = np.zeros(0, np.int64), 1
    for z, (rows, columns) in one.squares([where[1]]):
        if columns.start == 0:
            over, below, beside = below, np.zeros_like(below), np.zeros(0, np.int64)
        numbers, pieces = _look(one.section(z, (rows, columns))[..., 0], above)
        pieces = pieces._replace(ends=pieces.ends + _corner(rows, columns))
        numbers = np.where(numbers > 0, numbers + (count - 1), 0)
        pairs += [_touching(over[columns], numbers[0]), _touching(beside, numbers[:, 0])]
        below[columns], beside = numbers[-1], numbers[:, -1]
        found.append(pieces)
        count += len(pieces.tops)
    whole = _Pieces(*(np.concatenate(part) for part in zip(*found, strict=True)))
    touching = np.concatenate(pairs, axis=1)
    return _joined(whole, groups((touching[0], touching[1]), count), where)


def _look(values: NDArray[np.float32], above: float) -> tuple[NDArray[np.int64], _Pieces]:
    """Pieces of a square by number from 1, and what is known of them."""
    from scipy.ndimage import find_objects, label, maximum

    numbers, count = label(values > above)
    tops = np.asarray(maximum(values, numbers, np.arange(1, count + 1)), np.float64)
    sizes = np.bincount(numbers.ravel(), minlength=count + 1)[1:]
    spans = [(r.start, r.stop, c.start, c.stop) for r, c in find_objects(numbers)]
    ends = np.array(spans, np.int64).reshape(-1, 4)
    return numbers.astype(np.int64), _Pieces(ends, tops, sizes)


def _corner(rows: slice, columns: slice) -> NDArray[np.int64]:
    return np.array([rows.start] * 2 + [columns.start] * 2)


def _touching(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pairs of numbers ``(2, n)`` that lie face to face along an edge of two squares."""
    both = (one[: len(other)] > 0) & (other[: len(one)] > 0)
    return np.unique(np.stack([one[both], other[both]]), axis=1)


def _joined(pieces: _Pieces, group: NDArray[np.int64], where: tuple[int, int]) -> list[OddPlace]:
    """Pieces of one group as a place each; group 0 is what lies below the threshold."""
    many = int(group.max()) + 1
    low, high = np.full((many, 4), np.iinfo(np.int64).max), np.zeros((many, 4), np.int64)
    tops: NDArray[np.float64] = np.full(many, -np.inf)
    sizes: NDArray[np.int64] = np.zeros(many, np.int64)
    np.minimum.at(low, group, pieces.ends)
    np.maximum.at(high, group, pieces.ends)
    np.maximum.at(tops, group, pieces.tops)
    np.add.at(sizes, group, pieces.sizes)
    return [
        OddPlace(
            *where,
            (int(low[n, 0]), int(high[n, 1])),
            (int(low[n, 2]), int(high[n, 3])),
            float(tops[n]),
            int(sizes[n]),
        )
        for n in np.flatnonzero(sizes >= _LEAST)
        if n > 0
    ]
