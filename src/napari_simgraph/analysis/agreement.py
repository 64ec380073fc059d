"""Agreement of a prediction with labels: Dice and the like, and how well cells are parted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import starmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.metrics import (
    THRESHOLDS,
    class_scores,
    confusion,
    v_rand_info,
)
from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.raster import Image, Labels

Pair = tuple[Image | Labels, Labels, Sequence[int]]  # prediction, truth, sections
_HALF = THRESHOLDS.index(0.5)
_ABSENT, _PRESENT = 1, 2


def agreement(pairs: Sequence[Pair], boundary: str = "") -> dict[str, float]:
    """Figures by name; see `segmentation.score`. What can't be known is left out.

    Parameters
    ----------
    pairs
        Prediction (probability map or labels), truth, and the sections to compare.
    boundary
        The class that separates cells, by name; found by its usual names if empty.

    Raises
    ------
    ValueError
        Prediction and truth don't fit together, or there is no such class.
    """
    for prediction, truth, _ in pairs:
        check(prediction, truth)
    table = pairs[0][1].classes
    figures = _classes(pairs, table)
    wall = wall_of(table, boundary)
    return figures | (_cells(pairs, wall) if wall else {})


def wall_of(table: ClassTable, boundary: str = "") -> int:
    """The value of the class that separates cells, 0 where there is none."""
    name = boundary or table.boundary()
    return table.find(name).value if name else 0


def check(prediction: Image | Labels, truth: Labels) -> None:
    """Nothing, where a prediction can be compared with a truth that names classes.

    Raises
    ------
    ValueError
        They don't fit together.
    """
    if (prediction.sections, prediction.plane) != (truth.sections, truth.plane):
        sizes = [" x ".join(str(n) for n in one.shape) for one in (prediction, truth)]
        raise ValueError(f"The prediction ({sizes[0]}) and the truth ({sizes[1]}) differ in size.")
    if not len(truth.classes):
        raise ValueError("The truth has no class names: name its classes.")
    if isinstance(prediction, Image) and prediction.channels != len(truth.classes):
        raise ValueError(
            f"The prediction has {prediction.channels} channels, but the truth has "
            f"{len(truth.classes)} classes: it takes one channel a class."
        )


def values_of(prediction: Image | Labels, truth: Labels) -> tuple[int, ...]:
    """The value that each class of a truth has in a prediction; the same where it tells no names.

    Raises
    ------
    ValueError
        The prediction's classes have other names.
    """
    table = prediction.classes
    return truth.classes.values_in(table or truth.classes)


def each_section(pairs: Sequence[Pair]) -> Iterator[tuple[Image | Labels, Labels, int]]:
    """Prediction, truth and number of each section to compare."""
    for prediction, truth, sections in pairs:
        yield from ((prediction, truth, z) for z in sections)


def _classes(pairs: Sequence[Pair], table: ClassTable) -> dict[str, float]:
    """Dice and intersection over union per class, and the share of right pixels."""
    exclusive = pairs[0][1].exclusive
    tables = sum(starmap(_confusion, each_section(pairs)), start=np.zeros(()))
    if exclusive:
        scores = class_scores(tables)
        dice, iou, accuracy = scores.dice, scores.iou, scores.accuracy
    else:  # a table per class, of absent and present
        each = [class_scores(one) for one in tables]
        dice = np.array([one.dice[1] for one in each])
        iou = np.array([one.iou[1] for one in each])
        accuracy = float(np.mean([one.accuracy for one in each]))
    known = dice[~np.isnan(dice)]
    figures = {"mean": float(known.mean()) if known.size else float("nan")}
    figures["pixel_accuracy"] = accuracy
    figures |= {f"dice_{name}": float(v) for name, v in zip(table.names, dice, strict=True)}
    figures |= {f"iou_{name}": float(v) for name, v in zip(table.names, iou, strict=True)}
    return {name: value for name, value in figures.items() if np.isfinite(value)}


def _confusion(prediction: Image | Labels, truth: Labels, z: int) -> NDArray[Any]:
    """Counts of one section, ``(C, C + 1)``, or ``(C, 2, 3)`` where classes overlap."""
    true, found, values = truth.section(z), prediction.section(z), values_of(prediction, truth)
    channels = np.array(values) - 1
    if truth.exclusive:
        if isinstance(prediction, Image):
            found = found[..., channels].argmax(-1)[..., None] + 1
        elif prediction.classes.is_named:
            found = _renumbered(found, values)
        return confusion(found[..., 0], true[..., 0], len(values))
    if isinstance(prediction, Image):
        masks = found[..., channels] > 0.5
    else:
        masks = _present(found, prediction, values)
    pairs = zip(np.moveaxis(masks, -1, 0), np.moveaxis(true, -1, 0), strict=True)
    return np.stack([confusion(_ABSENT + mask, one, 2) for mask, one in pairs])


def _renumbered(found: NDArray[Any], values: Sequence[int]) -> NDArray[Any]:
    """What has the first of these values becomes 1, and so on; what has none of them 0."""
    numbered = np.zeros(found.shape, np.intp)
    for number, value in enumerate(values, 1):
        numbered[found == value] = number
    return numbered


def _present(found: NDArray[Any], labels: Labels, values: Sequence[int]) -> NDArray[np.bool_]:
    """A mask per class ``(Y, X, C)`` of labels of either kind."""
    if labels.exclusive:
        return np.asarray(found == np.array(values))
    return np.asarray(found[..., np.array(values) - 1] == _PRESENT)


def _cells(pairs: Sequence[Pair], wall: int) -> dict[str, float]:
    """V_Rand and V_Info, means over the sections that have cells."""
    rand, info = [], []
    for prediction, truth, z in each_section(pairs):
        true = inside(truth, z, wall)
        if true.any():
            own = values_of(prediction, truth)[wall - 1]
            one = v_rand_info(_cell(prediction, z, own), true)
            rand.append(one.rand)
            info.append(one.info)
    if not rand:
        return {}
    figures: dict[str, float] = {}
    for name, values in (("v_rand", np.mean(rand, 0)), ("v_info", np.mean(info, 0))):
        best = int(np.argmax(values))
        figures |= {name: float(values[best]), f"{name}_threshold": THRESHOLDS[best]}
        figures[f"{name}_half"] = float(values[_HALF])
    return figures


def _cell(prediction: Image | Labels, z: int, wall: int) -> NDArray[Any]:
    """How sure each pixel is inside a cell, ``(Y, X)``, 0 to 1."""
    if isinstance(prediction, Image):
        return np.asarray(1.0 - prediction.section(z)[..., wall - 1])
    return inside(prediction, z, wall).astype(np.float32)


def inside(labels: Labels, z: int, wall: int) -> NDArray[np.bool_]:
    """Labelled pixels that are no boundary."""
    values = labels.section(z)
    if labels.exclusive:
        return np.asarray((values[..., 0] > 0) & (values[..., 0] != wall))
    return np.asarray(values[..., wall - 1] == _ABSENT)
