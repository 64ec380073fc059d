"""Pixels that say nothing: no numbers, infinite ones, or all the same; told once, in a sentence."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

import numpy as np

from napari_simgraph.core.job import Note, Progress, Signal, Tick
from napari_simgraph.core.raster import Box, Image
from napari_simgraph.learn.aside import Halt

_SECTIONS = 256  # looked at, spread over the stack: of 512 x 512 float32 a fifth of a second


def tell_odd(images: Sequence[Image], halt: Halt) -> Generator[Tick, Signal | None, None]:
    """Notes on pixels of these images that can't be learned from as they are."""
    for image in images:
        sentences = yield from odd_pixels(image)
        for sentence in sentences:
            halt.hear((yield Note(sentence, warning=True)))


def odd_pixels(image: Image) -> Generator[Tick, Signal | None, list[str]]:
    """What is odd about the pixels, as sentences; mostly nothing.

    Whole numbers are looked through only until two of them differ.
    """
    real = image.dtype.kind == "f"
    missing = infinite = differ = False
    first: float | None = None
    for z, box in _blocks(image):
        pixels = image.section(z, box)
        finite = np.isfinite(pixels) if real else np.ones(1, bool)
        if real and not finite.all():
            missing |= bool(np.isnan(pixels).any())
            infinite |= bool(np.isinf(pixels).any())
        values = pixels[finite] if real and not finite.all() else pixels
        if values.size and not differ:
            first = float(values.flat[0]) if first is None else first
            differ = bool((values != first).any())
        if differ and not real:
            return []
        yield Progress(text="looking at the grey values")
    name = f"'{image.name}'"
    told = {
        f"{name} holds pixels that are no numbers; they count as its mean.": missing,
        f"{name} holds infinite pixels; they count as its brightest or darkest.": infinite,
        f"All pixels of {name} are the same: there is nothing to tell apart.": not differ,
    }
    return [sentence for sentence, true in told.items() if true]


def _blocks(image: Image) -> Iterator[tuple[int, Box]]:
    count = min(image.sections, _SECTIONS)
    return image.squares(number * image.sections // count for number in range(count))
