"""A set of images as one picture: a contact sheet that reads only the images in view."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.geometry import PIXEL
from napari_simgraph.core.raster import Image, ImageSet, Labels, LabelsSet, Raster
from napari_simgraph.core.sheet import EMPTY, SheetLayout, lay_out
from napari_simgraph.io.chunked import Held
from napari_simgraph.io.lazy import Lazy, PlaneCache
from napari_simgraph.io.many import Along
from napari_simgraph.io.sheet_light import Light, light_of

# Thumbnails of 70,000 digits at an eighth take 1 MB; of 10,000 photographs at 64 px 120 MB.
_THUMBS_BYTES = 256 * 2**20
_STACK_BYTES = 256 * 2**20  # packed stacks up to here are unpacked as a whole
_GATHERED = 4096  # images of a stack shrunk at a time: 16 MB of digits


def contact_sheet(images: ImageSet, order: str = "") -> tuple[Image, SheetLayout]:
    """The set as one flat image of several levels, and where each image lies on it.

    Of stacks the middle section is shown; grey and colour together become colour. Where pixels are
    of several kinds, as of 8 and 16 bits, each image is shown in bytes by its own range.

    Parameters
    ----------
    images
        Of any sizes.
    order
        ``name`` or ``class``; see `lay_out`.
    """
    layout = lay_out(images, order)
    return _sheet(images, layout), layout


def labels_sheet(labels: LabelsSet, layout: SheetLayout) -> Labels:
    """Labels of the images of a set, each where its image lies."""
    flat = [Image(**{f.name: getattr(one, f.name) for f in fields(Raster)}) for one in labels]
    found = _sheet(ImageSet(flat), layout, nearest=True)
    told = {f.name: getattr(found, f.name) for f in fields(Raster)}
    return Labels(**told | {"name": labels.name}, classes=labels.labels[0].classes)


def _sheet(images: ImageSet, layout: SheetLayout, nearest: bool = False) -> Image:
    some = images.images[:1] if isinstance(images.images, Along) else list(images)
    colour = any(image.channels == 3 for image in some)
    kinds = {image.dtype for image in some}
    dtype = np.result_type(*kinds) if len(kinds) == 1 or nearest else np.dtype(np.uint8)
    source = _Source(images, layout, (colour, nearest), dtype)
    source.mixed = len(kinds) > 1 and not nearest  # numbers of labels mean the same everywhere
    levels = [Sheet(source, factor) for factor in layout.factors]
    spacing, unit = _size(some)
    axes = "YXC" if colour else "YX"
    return Image(levels, axes, spacing, unit, name=images.name)


class Sheet(Lazy):
    """One level of a contact sheet; see `hurry` for how a window draws it in good time."""

    def __init__(self, source: _Source, factor: int) -> None:
        self.source, self.factor = source, factor
        height, width = (n // factor for n in source.layout.shape)
        super().__init__((height, width, *((3,) if source.colour else ())), source.dtype)

    @property
    def layout(self) -> SheetLayout:
        """Where the images lie."""
        return self.source.layout

    @property
    def images(self) -> ImageSet:
        """The images themselves."""
        return self.source.images

    def _block(self, box: tuple[slice, ...]) -> NDArray[Any]:
        tall, wide = (n // self.factor for n in self.layout.cell)
        spans = [range(s.start, s.stop) for s in box[:2]]
        if not all(spans):
            return np.zeros([len(range(*s.indices(s.stop))) for s in box], self.dtype)
        rows = range(spans[0][0] // tall, spans[0][-1] // tall + 1)
        columns = range(spans[1][0] // wide, spans[1][-1] // wide + 1)
        part = self._cells(rows, columns)
        corner = spans[0][0] - rows.start * tall, spans[1][0] - columns.start * wide
        ends = [start + len(span) for start, span in zip(corner, spans, strict=True)]
        inner = [slice(a, b, s.step) for a, b, s in zip(corner, ends, box, strict=False)]
        return part[(*inner, *box[2:])]

    def _cells(self, rows: range, columns: range) -> NDArray[Any]:
        """All pixels of these cells."""
        tall, wide = (n // self.factor for n in self.layout.cell)
        cells = self.layout.cells[rows.start : rows.stop, columns.start : columns.stop]
        out = np.zeros((len(rows), tall, len(columns), wide, *self.shape[2:]), self.dtype)
        if self.source.stacked:
            self.source.gather(cells, self.factor, out)
        else:
            thumbs = self.source.thumbs(cells[cells != EMPTY], self.factor, self._limit())
            for (row, column), number in np.ndenumerate(cells):
                thumb = thumbs.get(int(number))
                if thumb is not None:
                    out[row, : thumb.shape[0], column, : thumb.shape[1]] = thumb
        return out.reshape(len(rows) * tall, len(columns) * wide, *self.shape[2:])

    def _limit(self) -> float | None:
        """The time to have done by; None to take as long as it takes."""
        hurried = threading.current_thread() is threading.main_thread() and self.factor > 1
        patience = self.source.hurried[0] if self.source.hurried else None
        return None if patience is None or not hurried else time.monotonic() + patience

    def hurry(self, seconds: float, late: Callable[[], None]) -> None:
        """From now on leave out what can't be read in this time, and call `late`; see `fill`.

        That holds for coarse levels that the main thread asks for. Level 0, other threads and
        copies in other processes are always whole.
        """
        self.source.hurried = (seconds, late)

    def fill(self, seconds: float) -> bool:
        """Whether images of any level are still missing, after reading some for this long."""
        return self.source.fill(seconds)


class _Source:
    """The images of a sheet, and their thumbnails as far as they were read."""

    def __init__(
        self, images: ImageSet, layout: SheetLayout, how: tuple[bool, bool], dtype: np.dtype[Any]
    ) -> None:
        self.images, self.layout, self.dtype = images, layout, dtype
        self.colour, self._nearest = how
        self.hurried: tuple[float, Callable[[], None]] | None = None
        self.mixed = False  # whether pixels are of several kinds
        self._lights: dict[int, Light] = {}
        self._cache = PlaneCache(_THUMBS_BYTES)
        self._missing: dict[tuple[int, int], None] = {}
        self._held = Held()
        stack = images.images.stack() if isinstance(images.images, Along) else None
        fits = stack is not None and len(stack.shape) == 3 + self.colour
        small = fits and (isinstance(stack, np.ndarray) or _bytes(stack) <= _STACK_BYTES)
        self._stack: Any = stack if small and not self._nearest else None
        self.stacked = self._stack is not None

    def thumbs(
        self, numbers: NDArray[np.int64], factor: int, limit: float | None
    ) -> dict[int, NDArray[Any]]:
        """These images, shrunk; those that took too long are missing."""
        found = {}
        for number in map(int, numbers):
            known = self._cache.find((factor, number))
            late = limit is not None and factor > 1 and time.monotonic() > limit
            if known is None and late:
                self._missing[factor, number] = None
                continue
            found[number] = self._thumb(number, factor) if known is None else known
        if self._missing and self.hurried:
            self.hurried[1]()
        return found

    def fill(self, seconds: float) -> bool:
        """Whether thumbnails are still missing, after reading some for this long."""
        end = time.monotonic() + seconds
        while self._missing and time.monotonic() < end:
            factor, number = self._missing.popitem()[0]  # what was asked for last is in view
            self._thumb(number, factor)
        return bool(self._missing)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "hurried": None}

    def _thumb(self, number: int, factor: int) -> NDArray[Any]:
        """One image shrunk by a factor, from the level of its own that is next finer."""
        image = self.images.images[number]
        try:
            pixels, left = _nearest(image, factor)
        except ValueError:  # a file that broke since it was listed leaves its cell empty
            pixels, left = np.zeros((1, 1), self.dtype), 1
        if self.colour and pixels.ndim == 2:
            pixels = np.repeat(pixels[..., None], 3, -1)
        nearest = self._nearest or factor == 1
        small = pixels[::left, ::left] if nearest else shrunk(pixels[None], left)[0]
        thumb = self._lit(number, small) if self.mixed else small.astype(self.dtype)
        self._cache.keep((factor, number), thumb)
        return thumb

    def _lit(self, number: int, pixels: NDArray[Any]) -> NDArray[Any]:
        """Pixels of an image by its own range, the same at all levels."""
        if number not in self._lights:
            try:
                self._lights[number] = light_of(self.images.images[number])
            except ValueError:  # broken since it was listed
                return np.zeros_like(pixels, self.dtype)
        return self._lights[number].shown(pixels)

    def gather(self, cells: NDArray[np.int64], factor: int, out: NDArray[Any]) -> None:
        """Fill cells ``(rows, tall, columns, wide)`` with images of the stack, shrunk."""
        known = self._cache.find((factor, cells.tobytes()))
        if known is not None:
            out[...] = known
            return
        stack = self._whole_stack()
        rows, columns = np.nonzero(cells != EMPTY)
        for start in range(0, len(rows), _GATHERED):
            row, column = rows[start : start + _GATHERED], columns[start : start + _GATHERED]
            thumbs = shrunk(stack[cells[row, column]], factor)
            out[row, : thumbs.shape[1], column, : thumbs.shape[2]] = thumbs
        if factor == self.layout.factors[-1]:  # the one that is drawn again and again
            self._cache.keep((factor, cells.tobytes()), out)

    def _whole_stack(self) -> NDArray[Any]:
        with self._held.lock:
            if self._held.thing is None:  # memory maps stay maps
                mapped = isinstance(self._stack, np.ndarray)
                self._held.thing = self._stack if mapped else np.asarray(self._stack)
            whole: NDArray[Any] = self._held.thing
            return whole


def shrunk(pixels: NDArray[Any], factor: int) -> NDArray[Any]:
    """Images ``(N, Y, X)`` or ``(N, Y, X, C)`` with means of blocks; the last ones may be cut."""
    if factor == 1:
        return pixels
    mean = _mean(_mean(pixels, factor, 1), factor, 2)
    whole = pixels.dtype.kind in "uib"
    rounded: NDArray[Any] = np.round(mean) if whole else mean
    return rounded.astype(pixels.dtype)


def _mean(pixels: NDArray[Any], factor: int, axis: int) -> NDArray[np.float32]:
    """Means of `factor` neighbours along an axis; at the end of as many as there are."""
    length = pixels.shape[axis]
    if length % factor == 0:  # sums of every nth plane: several times as fast as reduceat
        before = (slice(None),) * axis
        total = pixels[(*before, slice(0, None, factor))].astype(np.float32)
        for i in range(1, factor):
            total += pixels[(*before, slice(i, None, factor))]
        return total / np.float32(factor)
    starts = np.arange(0, length, factor)
    counts = np.minimum(factor, length - starts).astype(np.float32)
    sums = np.add.reduceat(pixels, starts, axis, dtype=np.float32)
    mean: NDArray[np.float32] = sums / counts.reshape(-1, *(1,) * (pixels.ndim - 1 - axis))
    return mean


def _nearest(image: Image, factor: int) -> tuple[NDArray[Any], int]:
    """A section of the coarsest level that is fine enough, and what is left to shrink."""
    best, left = 0, factor
    for number, level in enumerate(image.levels):
        ratio = round(image.plane[1] / int(level.shape[len(image.shape) - 1]))
        if ratio > 0 and factor % ratio == 0:
            best, left = number, factor // ratio
    pixels = image.section(image.sections // 2, level=best)
    return (pixels if pixels.shape[-1] == 3 else pixels[..., 0]), left


def _bytes(array: Any) -> int:
    return int(np.prod(array.shape, dtype=np.int64) * np.dtype(array.dtype).itemsize)


def _size(images: Iterable[Image]) -> tuple[tuple[float, ...], str]:
    """The pixel size that all images have; unknown where they differ."""
    sizes = {(image.spacing[-2:], image.unit) for image in images}
    return sizes.pop() if len(sizes) == 1 else ((), PIXEL)
