"""Normalisation: grey values of any image become numbers near zero, by one pass over samples."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.stain import restain, to_reference
from napari_simgraph.core.job import Progress, Signal
from napari_simgraph.core.raster import Image

# Recorded in the model, applied to each image with its own statistics.
RULE: dict[str, Any] = {
    "rule": "clipped mean and spread",
    "low": 0.5,  # per cent: dust, dead pixels and scale bars lie outside these
    "high": 99.5,
    "blocks": 64,  # enough for a mean within 1 % of its spread; a terabyte costs no more
    "edge": 128,  # pixels; a block is about one chunk of a file
}
MACENKO = "macenko"  # the rule's ``stain``: dyes of all slides in the same colours
_FAR = 10.0  # spreads; infinities and outliers end here


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
        values = pixels.astype(np.float64) - np.array(self.shift)
        values /= np.array(self.scale)
        values = np.nan_to_num(values, nan=0.0, posinf=_FAR, neginf=-_FAR)
        near: NDArray[np.float32] = np.clip(values, -_FAR, _FAR).astype(np.float32)
        return near


def measure(image: Image, rule: dict[str, Any]) -> Generator[Progress, Signal | None, Statistics]:
    """Mean and spread per channel without the extremes, from blocks spread over the image."""
    samples: list[NDArray[Any]] = []
    for z, box in _blocks(image, rule):
        pixels = image.section(z, box)
        samples.append(pixels.reshape(-1, pixels.shape[-1]))
        yield Progress(text="looking at the grey values")
    pixels, stain = np.concatenate(samples), None
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


def _blocks(image: Image, rule: dict[str, Any]) -> list[tuple[int, tuple[slice, slice]]]:
    """Places of the samples: the same for the same shape."""
    rng = np.random.default_rng(0)
    edge, sections = int(rule["edge"]), image.sections
    places = []
    for number in range(int(rule["blocks"])):
        z = (number * sections) // int(rule["blocks"]) if sections > 1 else 0
        starts = [int(rng.integers(0, max(1, n - edge + 1))) for n in image.plane]
        places.append((z, (slice(starts[0], starts[0] + edge), slice(starts[1], starts[1] + edge))))
    return places
