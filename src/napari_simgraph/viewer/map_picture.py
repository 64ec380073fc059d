"""The map as a picture: patches as dots, or as a density where there are too many; no Qt.

Drawn by numpy: 100 000 dots take milliseconds, also when their colours change.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Places: TypeAlias = NDArray[np.float32]
Picture: TypeAlias = NDArray[np.uint8]

DOTS = 20_000  # in view; more lie over each other, and their density says more
_MARGIN = 0.06  # of the map is left free around the points when all are in view
_STRETCH = 2.5  # at most; the two axes of a map have no unit, but near should look near
_CELL = 2  # screen pixels of a density cell: finer ones are noise
_FAINTEST = 0.35  # of a density cell with a single patch, so that strays are seen
_STRONG, _WEAK, _RIM = 235, 90, 90  # opacity of dots and of faded ones; grey of their rims
_GREY = 0.25  # how much of a patch's colour is left where others are chosen


@dataclass(frozen=True)
class Window:
    """What part of the map is seen, and how large.

    Parameters
    ----------
    x, y
        The middle, on the map.
    zoom
        Screen pixels to one unit of the map.
    size
        Width and height in screen pixels.
    stretch
        How much wider than high a square of the map is seen: docks are wide.
    """

    x: float
    y: float
    zoom: float
    size: tuple[int, int]
    stretch: float = 1.0

    @classmethod
    def of(cls, places: Places, size: tuple[int, int]) -> Window:
        """All places in view."""
        if not len(places):
            return cls(0.0, 0.0, 1.0, size)
        low, high = places.min(0).astype(float), places.max(0).astype(float)
        wide = np.maximum(high - low, 1e-9)
        zooms = np.array(size) * (1 - 2 * _MARGIN) / wide
        zoom, middle = float(zooms.min()), (low + high) / 2
        stretch = min(max(float(zooms[0] / zooms[1]), 1.0), _STRETCH)
        return cls(float(middle[0]), float(middle[1]), zoom, size, stretch)

    def to_screen(self, places: Places) -> Places:
        """Screen pixels ``(N, 2)`` of places; y of the map goes up."""
        wide, high = self.size
        seen = np.empty((len(places), 2), np.float32)
        seen[:, 0] = (places[:, 0] - self.x) * self.zoom * self.stretch + wide / 2
        seen[:, 1] = (self.y - places[:, 1]) * self.zoom + high / 2
        return seen

    def moved(self, right: float, down: float) -> Window:
        """The same with its content moved by screen pixels."""
        right /= self.stretch
        return replace(self, x=self.x - right / self.zoom, y=self.y + down / self.zoom)

    def zoomed(self, factor: float, right: float, down: float) -> Window:
        """The same zoomed around a screen pixel."""
        wide, high = self.size
        dx, dy = (right - wide / 2) / self.stretch, down - high / 2
        more = 1 / self.zoom - 1 / (self.zoom * factor)
        return replace(self, x=self.x + dx * more, y=self.y - dy * more, zoom=self.zoom * factor)


@dataclass(frozen=True)
class Shades:
    """The colour of each patch: a number ``(N,)`` into a palette ``(K, 3)`` of bytes."""

    number: NDArray[np.intp]
    palette: NDArray[np.uint8]


def inside(seen: Places, size: tuple[int, int], rim: int = 0) -> NDArray[np.intp]:
    """The rows whose screen pixel lies in view."""
    x, y = seen[:, 0], seen[:, 1]
    within = (x >= -rim) & (y >= -rim) & (x < size[0] + rim) & (y < size[1] + rim)
    return np.flatnonzero(within)


@dataclass(frozen=True)
class Dots:
    """How patches are drawn.

    Parameters
    ----------
    width
        Of a patch, in screen pixels.
    strong
        Which patches keep their colour, where some are chosen; the others fade. None: all.
    rim
        Whether dots get a dark rim, without which light ones vanish on a light ground.
    """

    width: int
    strong: NDArray[np.bool_] | None = None
    rim: bool = False


def draw(seen: Places, shades: Shades, size: tuple[int, int], dots: Dots) -> Picture:
    """The picture ``(H, W, 4)``, RGBA, clear where there is nothing.

    Parameters
    ----------
    seen
        Screen pixels of the patches.
    shades
        Their colours.
    size
        Width and height.
    dots
        How they are drawn; where there are too many, only whether they fade.
    """
    rows = inside(seen, size, dots.width)
    if len(rows) > DOTS:
        return _density(seen[rows], _rows(shades, rows), size, _of(dots.strong, rows))
    picture = np.zeros((size[1], size[0], 4), np.uint8)
    rows = np.random.default_rng(0).permutation(rows)  # else the last image covers the others
    if dots.strong is not None:
        faded = rows[~dots.strong[rows]]
        colors = _faded(shades.palette[shades.number[faded]])
        _stamp(picture, seen[faded], colors, (dots.width, _WEAK))
        rows = rows[dots.strong[rows]]
    colors = shades.palette[shades.number[rows]]
    if dots.rim:
        _stamp(picture, seen[rows], np.full_like(colors, _RIM), (dots.width + 2, _STRONG))
    _stamp(picture, seen[rows], colors, (dots.width, _STRONG))
    return picture


def _stamp(
    picture: Picture, seen: Places, colors: NDArray[np.uint8], disc: tuple[int, int]
) -> None:
    """Put a disc of some width and opacity at each place; of two the last one is seen."""
    height, width = picture.shape[:2]
    reach, alpha = disc[0] / 2, disc[1]
    steps = np.arange(-int(reach), int(reach) + 1)
    at = np.round(seen).astype(np.intp)
    for dy in steps:
        for dx in steps:
            if dx * dx + dy * dy > reach * reach:
                continue
            x, y = at[:, 0] + dx, at[:, 1] + dy
            there = (x >= 0) & (y >= 0) & (x < width) & (y < height)
            picture[y[there], x[there], :3] = colors[there]
            picture[y[there], x[there], 3] = alpha


def _density(
    seen: Places, shades: Shades, size: tuple[int, int], strong: NDArray[np.bool_] | None
) -> Picture:
    """The mean colour of the patches in each cell, the more opaque the more there are."""
    wide, high = (-(-n // _CELL) for n in size)
    cell = np.clip(seen // _CELL, 0, (wide - 1, high - 1)).astype(np.intp)
    number = cell[:, 1] * wide + cell[:, 0]
    colors = shades.palette[shades.number].astype(np.float32)
    weight = np.ones(len(seen), np.float32)
    if strong is not None:
        colors[~strong] = _faded(colors[~strong].astype(np.uint8))
        weight[~strong] = 0.05  # a chosen patch shows through all that are not
    total = np.bincount(number, weight, wide * high)
    count = np.bincount(number, minlength=wide * high)
    cells = np.zeros((wide * high, 4), np.float32)
    for channel in range(3):
        cells[:, channel] = np.bincount(number, weight * colors[:, channel], wide * high)
    cells[:, :3] /= np.maximum(total, 1e-9)[:, None]
    most = np.log1p(np.percentile(count[count > 0], 99)) if len(seen) else 1.0
    share = np.minimum(np.log1p(count) / max(float(most), 1e-9), 1)
    cells[:, 3] = np.where(count > 0, 255 * (_FAINTEST + (1 - _FAINTEST) * share), 0)
    picture = cells.astype(np.uint8).reshape(high, wide, 4)
    return picture.repeat(_CELL, 0).repeat(_CELL, 1)[: size[1], : size[0]]


def _faded(colors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Nearly grey, as light as they were."""
    light = colors.mean(1, keepdims=True)
    return np.asarray(_GREY * colors + (1 - _GREY) * light, np.uint8)


def _rows(shades: Shades, rows: NDArray[np.intp]) -> Shades:
    return Shades(shades.number[rows], shades.palette)


def _of(strong: NDArray[np.bool_] | None, rows: NDArray[np.intp]) -> NDArray[np.bool_] | None:
    return None if strong is None else strong[rows]
