"""Grey values alone: what agreement one gets without a network, on the same squares.

Each pixel gets the class that is commonest among the labelled pixels of its grey value (of its
colour, where there are three channels). Of three weightings of rare classes the one that agrees
best with the labels learned from is taken, so the baseline is no straw man: it is the best rule
that looks at one pixel at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.raster import Labels
from napari_simgraph.learn.sampling import PRESENT, Field, Found, blank, marks
from napari_simgraph.learn.windows import Span, Windows

_BINS = {1: 64, 2: 24, 3: 12, 4: 8}  # per channel: some thousands of boxes at most
_RANGE = 3.0  # spreads around the mean; what lies beyond is in the outermost box
_WEIGHTS = (0.0, 0.5, 1.0)  # rare classes count as much as common ones … as they are
_EDGE = 512  # px of a square that is read
_SQUARES = 64  # at most, spread over all that is labelled: 16 million pixels, about a second


@dataclass(frozen=True, eq=False)
class GreyValues:
    """Which classes a grey value stands for.

    Parameters
    ----------
    table
        Per class and box of grey values ``(K, B)``: whether the class is found there.
    channels
        How many channels a pixel has.
    """

    table: NDArray[np.bool_]
    channels: int

    def found(self, inputs: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Per class ``(K, Y, X)``: where it is, in a network input ``(C, Y, X)``."""
        return np.asarray(self.table[:, boxes(inputs, self.channels)])


def boxes(inputs: NDArray[np.float32], channels: int) -> NDArray[np.intp]:
    """The box of grey values of each pixel ``(Y, X)``; of neighbour sections only the middle."""
    middle = inputs.shape[0] // channels // 2
    own = inputs[middle * channels : (middle + 1) * channels][:4]
    n = _BINS[len(own)]
    steps = np.clip((own + _RANGE) * (n / (2 * _RANGE)), 0, n - 1).astype(np.intp)
    box = np.zeros(own.shape[1:], np.intp)
    for one in steps:
        box = box * n + one
    return box


def grey_values(
    windows: Sequence[Windows],
    labels: Sequence[Labels],
    found: Sequence[Found],
    kept: Sequence[Field],
) -> GreyValues:
    """What grey values say, from the labels that are learned from (see `pairs.Material`)."""
    classes, channels = len(labels[0].classes), windows[0].image.channels
    size = _BINS[min(channels, 4)] ** min(channels, 4)
    counts = np.zeros((classes, 2, size), np.float64)  # absent, present
    for image, z, rows, columns in _squares(windows, found):
        box = boxes(windows[image].read(z, rows, columns), channels)
        block = marks(labels[image], z, rows, columns)
        blank(block, image, z, (rows[0], columns[0]), kept)
        for k, plane in enumerate(block):
            for present in (0, 1):
                here = box[plane == PRESENT - 1 + present]
                counts[k, present] += np.bincount(here, minlength=size)
    tables = [_decide(counts, weight, labels[0].exclusive) for weight in _WEIGHTS]
    scores = [_dice(counts, table) for table in tables]
    return GreyValues(tables[int(np.argmax(scores))], channels)


def _decide(counts: NDArray[np.float64], weight: float, exclusive: bool) -> NDArray[np.bool_]:
    """Per class and box whether the class is found; where nothing is known, by number alone."""
    total = counts.sum(2, keepdims=True)
    shares = (counts + total / counts[0].size) / np.maximum(total, 1) ** (1 - weight)
    if exclusive:
        best = shares[:, 1].argmax(0)
        return np.asarray(best == np.arange(len(counts))[:, None])
    return np.asarray(shares[:, 1] > shares[:, 0])


def _dice(counts: NDArray[np.float64], table: NDArray[np.bool_]) -> float:
    both = (counts[:, 1] * table).sum(1)
    size = (counts.sum(1) * table).sum(1) + counts[:, 1].sum(1)
    there = counts[:, 1].sum(1) > 0
    return float((2 * both[there] / size[there]).mean()) if there.any() else 0.0


def _squares(
    windows: Sequence[Windows], found: Sequence[Found]
) -> Iterator[tuple[int, int, Span, Span]]:
    """Squares that hold labels, spread over all of them."""
    every = [
        (one.image, one.z, int(row), int(column))
        for one in found
        for row, column in np.unique(np.concatenate(one.places) // _EDGE, axis=0)
    ]
    step = max(1.0, len(every) / _SQUARES)
    for number in range(min(len(every), _SQUARES)):
        image, z, row, column = every[int(number * step)]
        height, width = windows[image].image.plane
        rows = (row * _EDGE, min((row + 1) * _EDGE, height))
        yield image, z, rows, (column * _EDGE, min((column + 1) * _EDGE, width))
