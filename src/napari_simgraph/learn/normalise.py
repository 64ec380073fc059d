"""Normalisation: grey values of any image become numbers near zero, by one pass over samples."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.stain import restain, to_reference
from napari_simgraph.core.job import Note, Progress, Signal
from napari_simgraph.core.raster import Image

# Recorded in the model, applied to each image with its own statistics.
RULE: dict[str, Any] = {
    "rule": "clipped mean and spread",
    "low": 0.5,  # per cent: dust, dead pixels and scale bars lie outside these
    "high": 99.5,
    "blocks": 64,  # enough for a mean within 1 % of its spread; a terabyte costs no more
    "edge": 128,  # pixels; a block is about one chunk of a file
}
EACH = "each"  # the rule's ``light``: each section has statistics of its own, see `EachSection`
Box: TypeAlias = tuple[slice, slice]
_WHOLE = 512  # px; a larger section is known from squares of it
_SPREAD = 32  # so many: an eighth of a section of 2048 x 2048 px
MACENKO = "macenko"  # the rule's ``stain``: dyes of all slides in the same colours
EMPTY = (
    "'{}' holds no numbers where it was looked at (NaN or infinite): results mean nothing there."
)
_FAR = 10.0  # spreads; infinities and outliers end here
_TABLE = 2**16  # grey values at most that are looked up: an eighth of the time


@dataclass(frozen=True)
class Statistics:
    """What is taken off and divided by, per channel."""

    shift: tuple[float, ...]
    scale: tuple[float, ...]
    stain: NDArray[np.float64] | None = None  # see `analysis.stain.to_reference`

    def normalise(self, pixels: NDArray[Any]) -> NDArray[np.float32]:
        """Numbers near zero, ``(..., C)``; what is no number becomes 0."""
        if self.stain is not None:
            pixels = restain(pixels, self.stain)
        count = 256**pixels.dtype.itemsize
        if pixels.dtype.kind != "u" or count > _TABLE or pixels.size <= count * pixels.shape[-1]:
            return self._numbers(pixels)
        table = self._numbers(np.repeat(np.arange(count)[:, None], pixels.shape[-1], 1))
        found = np.empty(pixels.shape, np.float32)  # each grey value is computed once
        for channel, numbers in enumerate(np.ascontiguousarray(table.T)):
            found[..., channel] = numbers[pixels[..., channel]]
        return found

    def _numbers(self, pixels: NDArray[Any]) -> NDArray[np.float32]:
        values = pixels.astype(np.float64) - np.array(self.shift)
        values /= np.array(self.scale)
        values = np.nan_to_num(values, nan=0.0, posinf=_FAR, neginf=-_FAR)
        near: NDArray[np.float32] = np.clip(values, -_FAR, _FAR).astype(np.float32)
        return near


class EachSection:
    """Statistics of each section of an image, measured when they are first asked for.

    Sections of a stack were stained and photographed one by one: what is dark in one may be usual
    in the next.
    """

    def __init__(self, image: Image) -> None:
        self.image = image
        self._known: dict[int, Statistics] = {}

    def of(self, z: int) -> Statistics:
        """Those of a section."""
        if z not in self._known:
            boxes: list[Box] = [(slice(None), slice(None))]
            if max(self.image.plane) > _WHOLE:
                boxes = list(_boxes(self.image, _SPREAD, RULE))
            samples = [self.image.section(z, box) for box in boxes]
            pixels = np.concatenate([part.reshape(-1, part.shape[-1]) for part in samples])
            self._known[z] = _statistics(pixels.astype(np.float64), RULE)
        return self._known[z]


def measure(
    image: Image, rule: dict[str, Any]
) -> Generator[Progress | Note, Signal | None, Statistics]:
    """Mean and spread per channel without the extremes, from blocks spread over the image."""
    samples: list[NDArray[Any]] = []
    for z, box in _blocks(image, rule):
        pixels = image.section(z, box)
        samples.append(pixels.reshape(-1, pixels.shape[-1]))
        yield Progress(text="looking at the grey values")
    pixels, stain = np.concatenate(samples), None
    if not np.isfinite(pixels).any():
        yield Note(EMPTY.format(image.name), warning=True)
    if rule.get("stain") == MACENKO:
        _check_stained(image)
        stain = to_reference(pixels)
        pixels = pixels if stain is None else restain(pixels, stain)
    return replace(_statistics(pixels.astype(np.float64), rule), stain=stain)


def measure_together(
    images: Sequence[Image], rule: dict[str, Any]
) -> Generator[Progress, Signal | None, Statistics]:
    """The same of many small images as one, from some of them spread over all."""
    count = min(len(images), int(rule["blocks"]))
    samples = []
    for number in range(count):
        image = images[number * len(images) // count]
        _, box = _blocks(image, rule | {"blocks": 1})[0]
        pixels = image.section(image.sections // 2, box)
        samples.append(pixels.reshape(-1, pixels.shape[-1]).astype(np.float64))
        yield Progress(text="looking at the grey values")
    return _statistics(np.concatenate(samples), rule)


def _check_stained(image: Image) -> None:
    """Nothing, for a picture whose dyes can be told.

    Raises
    ------
    ValueError
        It is grey, or has other numbers than 0 to 255.
    """
    if image.channels != 3 or image.dtype != np.uint8:
        raise ValueError("Stain colours are those of a colour picture of 8 bits: keep them here.")


def _statistics(values: NDArray[np.float64], rule: dict[str, Any]) -> Statistics:
    pairs = [_clipped(values[:, channel], rule) for channel in range(values.shape[1])]
    return Statistics(tuple(p[0] for p in pairs), tuple(p[1] for p in pairs))


def _clipped(values: NDArray[np.float64], rule: dict[str, Any]) -> tuple[float, float]:
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 1.0
    low, high = np.percentile(values, [rule["low"], rule["high"]])
    inner = np.clip(values, low, high)
    with np.errstate(over="ignore", invalid="ignore"):
        shift, scale = float(inner.mean()), float(inner.std())
    usable = np.isfinite(shift) and np.isfinite(scale) and scale > 1e-9 * max(1.0, abs(shift))
    return (shift, scale) if usable else (float(np.median(values)), 1.0)


def _blocks(image: Image, rule: dict[str, Any]) -> list[tuple[int, Box]]:
    """Places of the samples: the same for the same shape."""
    count, sections = int(rule["blocks"]), image.sections
    levels = [(n * sections) // count if sections > 1 else 0 for n in range(count)]
    return list(zip(levels, _boxes(image, count, rule), strict=True))


def _boxes(image: Image, count: int, rule: dict[str, Any]) -> Iterator[Box]:
    """So many squares, spread over a section."""
    rng, edge = np.random.default_rng(0), int(rule["edge"])
    for _ in range(count):
        top, left = (int(rng.integers(0, max(1, n - edge + 1))) for n in image.plane)
        yield slice(top, top + edge), slice(left, left + edge)
