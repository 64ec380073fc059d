"""Strokes as a person would paint them into a few sections, taken from the full truth."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import binary_dilation, binary_erosion, distance_transform_edt
from skimage.draw import line
from skimage.graph import route_through_array
from skimage.morphology import skeletonize

SEED = 3
# Membranes and cytoplasm are everywhere; the two others are rare, so each gets its stroke.
STROKES = {1: 16, 2: 16, 3: 7, 4: 7}
REACH = {1: 55, 2: 40, 3: 22, 4: 22}  # pixels from end to end, at most
WIDTH = {1: 1, 2: 2, 3: 2, 4: 1}  # pixels on either side of the middle


def scribbles(truth: np.ndarray, sections: tuple[int, ...]) -> np.ndarray:
    """Sparse strokes in some sections of a (Z, Y, X) truth; 0 elsewhere."""
    painted = np.zeros_like(truth)
    for z in sections:
        rng = np.random.default_rng((SEED, z))
        for value, count in STROKES.items():
            mask = truth[z] == value
            for _ in range(count):
                _paint(painted[z], mask, value, rng)
    return painted


def _paint(plane: np.ndarray, mask: np.ndarray, value: int, rng: np.random.Generator) -> None:
    """One stroke inside `mask`: along the middle of a membrane, else a short line in the open."""
    core = (
        skeletonize(mask) if value == 1 else binary_erosion(mask, iterations=1 if value == 4 else 2)
    )
    core &= distance_transform_edt(plane != value) > (13 if value <= 2 else 7)  # spread out
    places = np.argwhere(core)
    if not len(places):
        return
    start = places[rng.integers(len(places))]
    away = np.hypot(*(places - start).T)
    ends = places[(away > (14 if value <= 2 else 3)) & (away < REACH[value])]
    if not len(ends):
        return
    end = ends[rng.integers(len(ends))]
    if value == 1:
        path, _ = route_through_array(np.where(core, 1, np.where(mask, 6, 60)), start, end)
        rows, cols = np.array(path).T
    else:
        rows, cols = line(*start, *end)
    stroke = np.zeros(mask.shape, bool)
    stroke[rows, cols] = True
    stroke = binary_dilation(stroke, iterations=WIDTH[value]) & mask
    plane[stroke & (plane == 0)] = value
