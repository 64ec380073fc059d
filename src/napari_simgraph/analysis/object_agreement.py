"""Agreement of numbered objects with a truth: per section, and through the stack."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label

from napari_simgraph.analysis.agreement import Pair, each_section, inside, wall_of
from napari_simgraph.analysis.instance_scores import (
    IOUS,
    ObjectScores,
    Table,
    everywhere,
    hits_of,
    object_scores,
    precision_of,
    summed,
    table_of,
    thinned,
)
from napari_simgraph.core.raster import Image, Labels

Objects = NDArray[np.int64]  # (Y, X), 0 is no object
_SUMMED = ("true", "found", "merged_objects", "split_objects")
_NAMES = {
    "v_rand": "v_rand",
    "v_info": "v_info",
    "precision": "v_rand_precision",
    "recall": "v_rand_recall",
    "adapted_rand_error": "adapted_rand_error",
    "split": "vi_split",
    "merge": "vi_merge",
    "true": "true_objects",
    "found": "found_objects",
    "merged_objects": "merged_objects",
    "split_objects": "split_objects",
}


def about_objects(pairs: Sequence[Pair]) -> bool:
    """Whether prediction or truth number objects, so that objects are to be compared."""
    return any(
        isinstance(one, Labels) and one.meaning == "objects"
        for prediction, truth, _ in pairs
        for one in (prediction, truth)
    )


def object_agreement(pairs: Sequence[Pair], boundary: str = "") -> dict[str, float]:
    """Figures by name; see `segmentation.score`.

    Parameters
    ----------
    pairs
        Prediction, truth, and the sections to compare; at least one of the two numbers objects.
    boundary
        The class that separates cells where one names classes; found by its usual names if empty.

    Notes
    -----
    Means over sections; objects are counted over all of them. Where the truth names classes, its
    objects are what hangs together in a section: then found objects are thinned as for
    `metrics.v_rand_info`, and pixels of the true boundary don't count.

    Raises
    ------
    ValueError
        The two differ in size, or there is no object in the truth.
    """
    scores, hits = [], []
    for prediction, truth, z in each_section(pairs):
        _check(prediction, truth)
        true, found = _objects(truth, z, boundary), _objects(prediction, z, boundary)
        if true.any():
            walls = truth.meaning == "classes"
            scores.append(object_scores(table_of(thinned(found) if walls else found, true)))
            counted = np.where(true > 0, found, 0) if walls else found
            hits.append(hits_of(everywhere(counted, true)))
    if not scores:
        raise ValueError("The truth has no object in these sections: nothing to compare with.")
    precision = precision_of(hits)
    figures = _means(scores)
    figures["ap_50"] = precision[IOUS[0]]
    figures["ap_50_95"] = float(np.mean(list(precision.values())))
    return figures | _through(pairs, boundary)


def _check(prediction: Image | Labels, truth: Labels) -> None:
    if (prediction.sections, prediction.plane) != (truth.sections, truth.plane):
        sizes = [" x ".join(str(n) for n in one.shape) for one in (prediction, truth)]
        raise ValueError(f"The prediction ({sizes[0]}) and the truth ({sizes[1]}) differ in size.")


def _means(scores: Sequence[ObjectScores]) -> dict[str, float]:
    figures = {}
    for field, name in _NAMES.items():
        values = [getattr(one, field) for one in scores]
        figures[name] = float(np.sum(values) if field in _SUMMED else np.mean(values))
    return figures


def _through(pairs: Sequence[Pair], boundary: str) -> dict[str, float]:
    """Scores of objects as bodies, where both number them through a stack."""
    parts: list[Table] = []
    for number, (prediction, truth, sections) in enumerate(pairs):
        both = isinstance(prediction, Labels) and prediction.meaning == truth.meaning == "objects"
        if not both or len(sections) < 2:
            return {}
        for z in sections:
            one = table_of(_objects(prediction, z, boundary), _objects(truth, z, boundary))
            apart = number << 24  # objects of different images are different
            found = np.where(one.found > 0, one.found + apart, 0)
            parts.append(Table(one.true + apart, found, one.pixels))
    scores = object_scores(summed(parts))
    return {
        "volume_adapted_rand_error": scores.adapted_rand_error,
        "volume_vi_split": scores.split,
        "volume_vi_merge": scores.merge,
    }


def _objects(raster: Image | Labels, z: int, boundary: str) -> Objects:
    """The objects of a section, ``(Y, X)``."""
    if isinstance(raster, Labels) and raster.meaning == "objects":
        values = raster.section(z)
        channel = 0 if raster.exclusive else max(wall_of(raster.classes, boundary), 1) - 1
        return np.asarray(values[..., channel], np.int64)
    table = raster.classes
    wall = wall_of(table, boundary) if table is not None else 0
    if not wall:
        raise ValueError("Say which class separates the cells: --boundary NAME.")
    if isinstance(raster, Labels):
        cell = inside(raster, z, wall)
    else:
        cell = raster.section(z)[..., wall - 1] < 0.5
    return np.asarray(label(cell, connectivity=1), np.int64)
