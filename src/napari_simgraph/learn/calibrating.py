"""Calibrating: how odd normal places look, so that parts of a score can be added and judged.

Where pictures are aligned each place has its own mean and spread; elsewhere all have one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.learn.windows import Span

Maps = NDArray[np.float32]
CELLS = 64  # along a side of the maps of aligned pictures: finer than the blur of the parts
# How often the usual spread counts beside that of a place: quiet places of 42 pictures seem quieter
# than they are, and what is a little odd there stood out most (docs/benchmarks.md).
_USUAL = 4.0
_BLUR = 3.0  # cells: neighbours tell about a place too
FAR = 30.0  # spreads; what is farther is as odd as can be
RATES = np.geomspace(1e-4, 0.5, 128)  # false alarms whose thresholds are kept
# How much the groups of parts count; see docs/benchmarks.md for what each brings. Where pictures
# aren't aligned, a smooth or flat place is easier to redraw than tissue, however odd it is: errors
# say little there.
WEIGHTS = {
    "pixels": 0.1,
    "mended": 0.5,
    "doubt": 1.0,
    "tokens": 0.1,
    "texture": 2.0,
    "colors": 0.3,
}
ANYWHERE = {**WEIGHTS, "mended": 0.1}


class Standard(NamedTuple):
    """Mean and spread ``(P, h, w)`` of each part, one cell where places are all alike."""

    mean: Maps
    spread: Maps

    @classmethod
    def fit(cls, maps: Sequence[Maps], aligned: bool) -> Self:
        """Of the parts ``(P, h, w)`` of normal places."""
        if not aligned:
            flat = np.concatenate([_bent(one).reshape(len(one), -1) for one in maps], 1)
            mean, spread = flat.mean(1), flat.std(1)
            return cls(*(values[:, None, None] for values in (mean, _above_zero(spread))))
        from scipy.ndimage import gaussian_filter

        stack = np.stack([_bent(one) for one in maps])
        blur = (0.0, _BLUR, _BLUR)
        mean = gaussian_filter(stack.mean(0), blur)
        variance = gaussian_filter(np.square(stack - mean).mean(0), blur)
        usual = variance.mean((1, 2), keepdims=True)
        spread = np.sqrt((variance + _USUAL * usual) / (1 + _USUAL))
        return cls(mean, _above_zero(spread))

    @property
    def weights(self) -> Mapping[str, float]:
        """Of the groups of parts."""
        return ANYWHERE if self.mean.shape[1:] == (1, 1) else WEIGHTS

    def standard(self, values: Maps, place: Place) -> Maps:
        """Parts ``(P, Y, X)`` of a box in spreads above the mean of normal."""
        values = _bent(values)
        mean, spread = (_at(one, place) for one in self)
        found: Maps = np.clip((values - mean) / spread, -FAR, FAR)
        return found


class Place(NamedTuple):
    """A box of a plane: rows, columns, and the plane's size."""

    rows: Span
    columns: Span
    plane: tuple[int, int]


class Calibration(NamedTuple):
    """From parts to one score from 0 to 1.

    `levels` are the middle and the oddest hundredth of normal places, `alarms` the scores above
    which shares `RATES` of normal places lie, `shares` how much each part counts: kept, since the
    others hold for these alone (none in models of earlier versions: today's).
    """

    standard: Standard
    levels: NDArray[np.float32]
    alarms: NDArray[np.float32]
    shares: NDArray[np.float32]

    @classmethod
    def fit(cls, maps: Sequence[Maps], parts: Sequence[str], aligned: bool) -> Self:
        """Of the parts of normal places that nothing was learned from."""
        standard = Standard.fit(maps, aligned)
        whole = [Place((0, one.shape[1]), (0, one.shape[2]), one.shape[1:]) for one in maps]
        pairs = zip(maps, whole, strict=True)
        fused = np.concatenate(
            [
                fuse(standard.standard(one, place), parts, standard.weights).ravel()
                for one, place in pairs
            ]
        )
        levels = np.quantile(fused, [0.5, 0.99]).astype(np.float32)
        levels[1] = max(levels[1], levels[0] + 1e-3)
        scores = np.quantile(squashed(fused, levels), 1 - RATES)
        counted = shares(parts, standard.weights)
        return cls(standard, levels, scores.astype(np.float32), counted)

    def threshold(self, rate: float) -> float:
        """The score above which a share of normal places lies."""
        return float(np.interp(np.log(rate), np.log(RATES), self.alarms))

    def rate(self, score: float) -> float:
        """The share of normal places that lie above a score; the inverse of `threshold`."""
        return float(np.exp(np.interp(-score, -self.alarms, np.log(RATES))))

    def arrays(self, speed: str) -> dict[str, NDArray[Any]]:
        """As arrays of a model."""
        mean, spread = self.standard
        named = {"mean": mean, "spread": spread, "levels": self.levels, "alarms": self.alarms}
        named |= {"shares": self.shares}
        return {f"{speed}/{name}": values for name, values in named.items()}

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]], speed: str) -> Self:
        """The inverse of `arrays`."""
        mean, spread, levels, alarms = (
            np.array(arrays[f"{speed}/{name}"]) for name in ("mean", "spread", "levels", "alarms")
        )
        counted = np.array(arrays.get(f"{speed}/shares", ()), np.float32)
        return cls(Standard(mean, spread), levels, alarms, counted)


def fuse(standard: Maps, parts: Sequence[str], weights_of: Mapping[str, float]) -> Maps:
    """One map ``(Y, X)`` of parts in spreads: means of groups, by their weights."""
    total: Maps = np.tensordot(shares(parts, weights_of), standard, 1)
    return total


def shares(parts: Sequence[str], weights_of: Mapping[str, float]) -> NDArray[np.float32]:
    """How much each part counts: groups by their weights, in a group all alike.

    So several pretexts count no more than one, and what texture says keeps its weight.
    """
    groups = [group_of(part) for part in parts]
    found = [weights_of.get(group, 0.0) / groups.count(group) for group in groups]
    return np.array(found, np.float32) / np.float32(sum(found) or 1)


def group_of(part: str) -> str:
    """The group of a part: that of ``mae mended squared`` is ``mended``."""
    name, _, rest = part.partition(" ")
    if name in ("tokens", "texture"):
        return name
    if not rest:
        return "colors"
    first = rest.partition(" ")[0]
    return first if first in WEIGHTS else "pixels"


def squashed(fused: Any, levels: NDArray[np.float32]) -> Any:
    """From 0 to 1: a quarter in the middle of normal, half at its oddest hundredth.

    Beyond that it nears 1 slowly, so that very odd places stay apart. An array or a tensor.
    """
    middle, oddest = (float(level) for level in levels)
    beyond = (fused - oddest) / (oddest - middle)
    return 0.5 * (1 + beyond / (1 + abs(beyond)))


def _bent(values: Maps) -> Maps:
    """Roots of parts: squares of a few large errors would count more than all else."""
    rooted: Maps = np.sqrt(np.maximum(values, 0))
    return rooted


def _above_zero(spread: Maps) -> Maps:
    return np.maximum(spread, 1e-6).astype(np.float32)


def _at(cells: Maps, place: Place) -> Maps:
    """Cells ``(P, h, w)`` of a plane as pixels of a box, linear in between."""
    if cells.shape[1:] == (1, 1):
        return cells
    down = _weights(place.rows, place.plane[0], cells.shape[1])
    across = _weights(place.columns, place.plane[1], cells.shape[2])
    fine: Maps = np.asarray(down @ cells @ across.T, np.float32)
    return fine


def _weights(span: Span, n: int, cells: int) -> Maps:
    """What each pixel of a span takes of each cell ``(pixels, cells)``."""
    middles = (np.arange(*span) + 0.5) * cells / n - 0.5
    middles = np.clip(middles, 0, cells - 1)
    low = np.minimum(middles.astype(int), max(0, cells - 2))
    share = middles - low
    weights = np.zeros((len(middles), cells), np.float32)
    rows = np.arange(len(middles))
    weights[rows, low] = 1 - share
    weights[rows, np.minimum(low + 1, cells - 1)] += share
    return weights
