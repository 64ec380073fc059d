"""Drawn pictures of rare classes: learned from beside the real ones, never judged on."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.patches import Rows
from napari_simgraph.core.raster import ImageSet
from napari_simgraph.learn.class_lesson import Pupils
from napari_simgraph.learn.patchwork import resized
from napari_simgraph.learn.shown import Shown


class ShownDrawn:
    """See `Shown`: the real pictures, and drawn ones behind them.

    Parameters
    ----------
    real
        What is shown of the real ones.
    drawn
        Crops ``(M, C, R, R)`` of the others.
    """

    def __init__(self, real: Shown, drawn: NDArray[np.float32]) -> None:
        self.real, self.drawn, self.work = real, drawn, real.work
        first = np.zeros(len(drawn), np.intp)  # their stain is taken for that of the first patch
        self.rows = np.concatenate([real.rows, real.rows[first]])

    def take(self, positions: Rows) -> NDArray[np.float32]:
        """The crops at some positions: first all real ones, then the drawn ones."""
        count = len(self.real.rows)
        crops = np.empty((len(positions), *self.drawn.shape[1:]), np.float32)
        is_real = positions < count
        if is_real.any():
            crops[is_real] = self.real.take(positions[is_real])
        crops[~is_real] = self.drawn[positions[~is_real] - count]
        return crops


def with_drawn(pupils: Pupils, drawn: ImageSet | None, classes: ClassTable, patch: int) -> Pupils:
    """The same pictures to learn from and these besides; none of them is kept aside.

    Raises
    ------
    ValueError
        They have no classes, others than the real ones, or other colours.
    """
    if drawn is None:
        return pupils
    real: Any = pupils.shown
    channels = real.work.images[0].channels
    if any(one.channels != channels for one in drawn):
        raise ValueError("The drawn pictures have other colours than the real ones.")
    kinds = [classes.find(name).value - 1 for name in named(drawn)]
    crops = np.stack([_crop(real, one.section(0), patch) for one in drawn])
    count = len(real.rows)
    return replace(
        pupils,
        shown=ShownDrawn(real, crops),  # type: ignore[arg-type] # it shows all the same
        truth=np.concatenate([pupils.truth, np.array(kinds, np.int64)]),
        learn=np.concatenate([pupils.learn, np.arange(count, count + len(crops))]),
    )


def drawn_counts(drawn: ImageSet | None, classes: ClassTable) -> NDArray[np.int64]:
    """How many drawn pictures there are of each class ``(K,)``."""
    counts = Counter(classes.find(name).value - 1 for name in named(drawn)) if drawn else {}
    return np.array([counts.get(number, 0) for number in range(len(classes))], np.int64)


def named(drawn: ImageSet) -> tuple[str, ...]:
    """The class of each.

    Raises
    ------
    ValueError
        Some have none.
    """
    if not drawn.image_classes or not all(drawn.image_classes):
        raise ValueError("Drawn pictures need a class each: a folder with a folder for each class.")
    return drawn.image_classes


def _crop(shown: Shown, pixels: NDArray[Any], patch: int) -> NDArray[np.float32]:
    """A picture as the network is shown it, mirrored where more is read than the patch."""
    light = shown.work.of(0).normalise(pixels).transpose(2, 0, 1)
    inner = resized(light[None], patch)[0]
    more = shown.reading - patch
    ends = (more // 2, more - more // 2)
    crop: NDArray[np.float32] = np.pad(inner, ((0, 0), ends, ends), mode="reflect")
    return crop
