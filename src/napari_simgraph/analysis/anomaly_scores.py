"""Scores of anomaly maps: images told apart, pixels told apart, and defects covered.

References
----------
.. [1] Bergmann et al., The MVTec anomaly detection dataset, IJCV 2021, section 4.1 (PRO: the mean
   share of each defect that is found, over false alarms up to 0.3, as a share of the best).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.ranking import auroc, average_precision
from napari_simgraph.analysis.top_share import STEP, top_share
from napari_simgraph.core.raster import Image, ImageSet, Labels, LabelsSet, each_image, each_labels


def scored(
    maps: Image | ImageSet, masks: Labels | LabelsSet, most: float = 0.3
) -> dict[str, float]:
    """``image_auroc``, ``image_ap``, ``pixel_auroc``, ``pixel_ap`` and ``pro``, 0 to 1.

    Parameters
    ----------
    maps, masks
        In the same order; each section is a picture. A mask marks what is odd with the highest
        of its classes where it has several, else with anything but 0.
    most
        Share of normal pixels up to which false alarms count for ``pro``.

    Raises
    ------
    ValueError
        Maps and masks differ in number or size.
    """
    several, truths = each_image(maps), each_labels(masks)
    if len(several) != len(truths):
        raise ValueError(f"{len(several)} maps and {len(truths)} masks don't go together.")
    pairs = [
        pair for one, mask in zip(several, truths, strict=True) for pair in _sections(one, mask)
    ]
    tops = np.array([top_share(values[::STEP, ::STEP]) for values, _ in pairs])
    odd = np.array([bool(mask.any()) for _, mask in pairs])
    flat = np.concatenate([values.ravel() for values, _ in pairs])
    truth = np.concatenate([mask.ravel() for _, mask in pairs])
    return {
        "image_auroc": auroc(tops, odd),
        "image_ap": average_precision(tops, odd),
        "pixel_auroc": auroc(flat, truth),
        "pixel_ap": average_precision(flat, truth),
        "pro": pro(pairs, most),
        "images": float(len(odd)),
        "odd": float(odd.sum()),
    }


def pro(pairs: list[tuple[NDArray[Any], NDArray[np.bool_]]], most: float) -> float:
    """Mean share of each defect that is found, over false alarms up to a share [1]_.

    NaN where there is no defect, or no normal pixel.
    """
    from scipy.ndimage import label

    values, weights, false = [], [], []
    defects = 0
    for scores, mask in pairs:
        numbers, count = label(mask, np.ones((3, 3)))
        sizes = np.bincount(numbers.ravel(), minlength=count + 1)
        share = np.where(numbers > 0, 1 / np.maximum(sizes, 1)[numbers], 0.0)
        defects += count
        values.append(scores.ravel())
        weights.append(share.ravel())
        false.append((~mask).ravel())
    normal = np.concatenate(false)
    if not defects or not normal.any():
        return float("nan")
    flat = np.concatenate(values)
    order = np.argsort(-flat, kind="stable")
    last = np.append(np.diff(flat[order]) != 0, True)  # equal scores come together
    found = np.concatenate([[0], np.cumsum(np.concatenate(weights)[order])[last] / defects])
    alarms = np.concatenate([[0], np.cumsum(normal[order])[last] / normal.sum()])
    at = np.interp(most, alarms, found)
    inside = alarms < most
    x, y = np.append(alarms[inside], most), np.append(found[inside], at)
    return float(np.trapezoid(y, x) / most)


def _sections(one: Image, mask: Labels) -> list[tuple[NDArray[Any], NDArray[np.bool_]]]:
    if one.shape != mask.shape:
        raise ValueError(f"'{one.name}' is {one.shape} pixels, but its mask {mask.shape}.")
    odd = _odd_value(mask)
    found = []
    for z in range(one.sections):
        values = mask.section(z)[..., 0]
        found.append((one.section(z)[..., 0], values > 0 if odd is None else values == odd))
    return found


def _odd_value(mask: Labels) -> int | None:
    """The value of what is odd: the last class where 0 and 255 were read as two classes."""
    return max(one.value for one in mask.classes) if len(mask.classes) > 1 else None
