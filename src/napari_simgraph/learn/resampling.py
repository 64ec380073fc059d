"""Resampling: pixels seen at another size, box by box; the whole image is never made.

Both grids cover the same area edge on edge. A weight depends on the place in the whole image alone,
so boxes that are read one by one fit together without a seam.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from napari_simgraph.learn.painting import Write
from napari_simgraph.learn.windows import Span

_STRIP = 2**22  # pixels read at a time, so that shrinking a fine image takes little memory
_PIECE = 512  # px written at a time, like the chunks of results


class Sliceable(Protocol):
    """What both numpy arrays and files offer."""

    shape: tuple[int, ...]
    dtype: Any

    def __getitem__(self, index: Any) -> Any:
        """Pixels of a box."""
        ...


@dataclass(frozen=True)
class Line:
    """One axis of a grid that lies on another.

    Parameters
    ----------
    below, size
        Pixels of the grid below, and of this one.
    step
        Length of a pixel of this grid in pixels of the one below.
    """

    below: int
    size: int
    step: float

    @property
    def radius(self) -> float:
        """How far a pixel's weights reach: linear, and as wide as the pixel when it is larger."""
        return max(1.0, self.step)

    def places(self, start: int, stop: int) -> NDArray[np.float64]:
        """Where the middles of pixels lie in the grid below, no farther out than its last pixel."""
        middles = (np.arange(start, stop) + 0.5) * self.step - 0.5
        return np.clip(middles, 0, self.below - 1)

    def nearest(self, start: int, stop: int) -> NDArray[np.intp]:
        """The pixel below each pixel's middle."""
        return np.floor(self.places(start, stop) + 0.5).astype(np.intp)

    def span(self, start: int, stop: int) -> Span:
        """The pixels below that some pixels are made of."""
        first, last = self.places(start, start + 1)[0], self.places(stop - 1, stop)[0]
        low, high = math.floor(first - self.radius) + 1, math.ceil(last + self.radius)
        return max(0, low), min(self.below, high)

    def owned(self, start: int, stop: int) -> Span:
        """The pixels that lie nearest to some pixels below."""
        first, last = np.searchsorted(self.nearest(0, self.size), [start, stop])
        return int(first), int(last)

    def weights(self, start: int, stop: int, dtype: Any) -> Any:
        """How much each pixel of `span` counts, a sparse matrix ``(stop - start, span)``."""
        low, high = self.span(start, stop)
        places = self.places(start, stop)[:, None]
        taps = np.arange(math.ceil(2 * self.radius) + 1)
        near = np.floor(places - self.radius).astype(np.intp) + taps
        weights = np.maximum(0, 1 - np.abs(places - near) / self.radius)
        weights[(near < 0) | (near >= self.below)] = 0
        weights /= weights.sum(1, keepdims=True)
        rows, used = np.nonzero(weights)
        ends = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=stop - start))])
        parts = (weights[rows, used].astype(dtype), near[rows, used] - low, ends)
        return sparse.csr_array(parts, shape=(stop - start, high - low))


@dataclass(frozen=True)
class Resized:
    """An array seen at another pixel size; sections are as they were.

    Parameters
    ----------
    pixels
        ``(Z, Y, X, C)``, without Z or C where there is none.
    axes
        Which of them there are, as in Raster.
    down, across
        Its rows and columns.
    pick
        Take the nearest pixel (for labels) instead of a mean of near ones.
    """

    pixels: Sliceable
    axes: str
    down: Line
    across: Line
    pick: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Size along each axis."""
        sizes = {"Y": self.down.size, "X": self.across.size}
        return tuple(sizes.get(a, n) for a, n in zip(self.axes, self.pixels.shape, strict=True))

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of the pixels where they are picked, else float."""
        kind: np.dtype[Any] = np.dtype(self.pixels.dtype)
        if self.pick:
            return kind
        exact = kind.itemsize <= 2 or kind == np.float32
        return np.dtype(np.float32 if exact else np.float64)

    def __getitem__(self, index: Any) -> NDArray[Any]:
        """A box: an integer or a slice without steps for each axis, all of those not named."""
        given = index if isinstance(index, tuple) else (index,)
        parts = dict(zip(self.axes, given, strict=False))
        spans = [
            _span(parts.get(axis), line) for axis, line in (("Y", self.down), ("X", self.across))
        ]
        channel = parts.get("C", slice(None))
        z = parts.get("Z", slice(None))
        if "Z" not in self.axes:
            planes = self._section((), *spans)
        elif isinstance(z, slice):
            each = range(self.pixels.shape[0])[z]
            planes = np.stack([self._section((k,), *spans) for k in each])
        else:
            planes = self._section((z,), *spans)
        return planes[..., channel] if "C" in self.axes else planes

    def _section(self, z: tuple[int, ...], rows: Span, columns: Span) -> NDArray[Any]:
        left, right = self.across.span(*columns)
        height = max(1, int(_STRIP / (right - left) / self.down.radius))
        strips = pieces(rows, height)
        return np.concatenate([self._strip(z, strip, columns) for strip in strips])

    def _strip(self, z: tuple[int, ...], rows: Span, columns: Span) -> NDArray[Any]:
        top, left = self.down.span(*rows), self.across.span(*columns)
        pixels = np.asarray(self.pixels[(*z, slice(*top), slice(*left))])
        if self.pick:
            down, across = self.down.nearest(*rows), self.across.nearest(*columns)
            return pixels[np.ix_(down - top[0], across - left[0])]
        return blend(pixels.astype(self.dtype), (self.down, self.across), (rows, columns))


def _span(part: Any, line: Line) -> Span:
    start, stop, step = (part if isinstance(part, slice) else slice(None)).indices(line.size)
    if step != 1 or not (part is None or isinstance(part, slice)):
        raise IndexError("Rows and columns of a resized array are read by slices without steps.")
    return start, stop


def pieces(span: Span, size: int) -> Iterator[Span]:
    """A span cut at multiples of a size."""
    start = span[0]
    while start < span[1]:
        stop = min(span[1], (start // size + 1) * size)
        yield start, stop
        start = stop


def blend(pixels: NDArray[Any], lines: tuple[Line, Line], boxes: tuple[Span, Span]) -> NDArray[Any]:
    """Pixels ``(Y, X, ...)`` of a box, from all those below it that count."""
    down, across = (
        line.weights(*box, pixels.dtype) for line, box in zip(lines, boxes, strict=True)
    )
    rest = pixels.shape[2:]
    tall = (down @ pixels.reshape(len(pixels), -1)).reshape(-1, *pixels.shape[1:])
    turned = np.ascontiguousarray(tall.swapaxes(0, 1))
    wide = (across @ turned.reshape(len(turned), -1)).reshape(-1, len(tall), *rest)
    mixed: NDArray[Any] = wide.swapaxes(0, 1)
    return mixed


@dataclass(frozen=True)
class Back:
    """Writes what was found at one pixel size on the grid of another.

    Parameters
    ----------
    write
        Takes section, rows, columns and values ``(K, Y, X)`` on the other grid.
    lines
        Rows and columns of the other grid, on that of the values.
    """

    write: Write
    lines: Sequence[Line]

    @property
    def margin(self) -> int:
        """Pixels around a tile that are needed with it."""
        return max(math.ceil(line.radius + 0.5) for line in self.lines)

    def __call__(self, z: int, rows: Span, columns: Span, values: NDArray[np.float32]) -> None:
        """Write the pixels of a tile; its values come with the margin, less at borders."""
        down, across = self.lines
        top, left = (max(0, span[0] - self.margin) for span in (rows, columns))
        last = np.moveaxis(values, 0, -1)
        for high in pieces(down.owned(*rows), _PIECE):
            for wide in pieces(across.owned(*columns), _PIECE):
                tall, broad = down.span(*high), across.span(*wide)
                box = (slice(tall[0] - top, tall[1] - top), slice(broad[0] - left, broad[1] - left))
                mixed = blend(last[box], (down, across), (high, wide))
                self.write(z, high, wide, np.moveaxis(mixed, -1, 0))
