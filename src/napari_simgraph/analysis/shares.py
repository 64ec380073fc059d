"""Figures of a whole result in one number each: shares of the classes, objects."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.raster import Image, Labels

_PRESENT = 2  # of overlapping classes: 0 unlabelled, 1 absent, 2 present


def class_shares(result: Labels | Image) -> dict[str, float]:
    """The share of each class among the labelled pixels, 0 to 1, read square by square.

    Of a probability map the surest class counts, or where classes overlap each above one half.
    Empty where nothing is labelled.
    """
    table = result.classes
    if table is None or not len(table):
        return {}
    counts, labelled = np.zeros(len(table), np.int64), np.zeros(len(table), np.int64)
    for z, box in result.squares():
        found = _present(result, result.section(z, box))
        counts += found[0]
        labelled += found[1]
    if not labelled.all():
        return {}
    return dict(zip(table.names, (counts / labelled).tolist(), strict=True))


def object_figures(objects: Labels) -> dict[str, float]:
    """How many objects there are (``objects``) and the pixels of the middle one."""
    sizes: dict[int, int] = {}
    for z, box in objects.squares():
        numbers, counts = np.unique(objects.section(z, box), return_counts=True)
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
            sizes[number] = sizes.get(number, 0) + count
    sizes.pop(0, None)
    middle = {"object_median_pixels": float(np.median(list(sizes.values())))} if sizes else {}
    return {"objects": len(sizes), **middle}


def _present(result: Labels | Image, section: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Pixels of each class in a part ``(Y, X, C)``, and pixels where it is known."""
    count = len(result.classes or ())
    if isinstance(result, Image):
        known = section.any(-1)  # sections that were not asked for hold zeros only
        best = np.bincount(section.argmax(-1)[known], minlength=count)
        return best, np.full(count, known.sum())
    if not result.exclusive:
        pixels = section.reshape(-1, count)
        return (pixels == _PRESENT).sum(0), (pixels > 0).sum(0)
    found = np.bincount(section.ravel(), minlength=count + 1)[1 : count + 1]
    return found, np.full(count, found.sum())
