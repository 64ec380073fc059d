"""Perimeter and surface from how often straight lines enter an object."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import SphericalVoronoi

Shift = tuple[int, int, int]

# One of each pair of opposite directions to a pixel's neighbours, as (z, y, x).
IN_PLANE: tuple[Shift, ...] = ((0, 0, 1), (0, 1, 0), (0, 1, 1), (0, 1, -1))
IN_SPACE: tuple[Shift, ...] = (
    *IN_PLANE,
    *((1, y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)),
)


def shifts(space: int) -> tuple[Shift, ...]:
    """The directions of lines in a plane (2) or in space (3)."""
    return IN_PLANE if space == 2 else IN_SPACE


def factors(spacing: Sequence[float]) -> NDArray[np.float64]:
    """What one entry of a line into an object adds to its perimeter or surface, per direction.

    Parameters
    ----------
    spacing
        Pixel size ``(y, x)`` for the perimeter, ``(z, y, x)`` for the surface.

    References
    ----------
    Legland, Kiêu and Devaux 2007, Image Analysis and Stereology 26:83: the Cauchy-Crofton
    formula with directions weighted by the share of all directions that they stand for.

    Notes
    -----
    Perimeter = π Σ w n a / d and surface = 4 Σ w n v / d, with n the entries along a direction, d
    the distance between neighbours along it, w its weight, a and v the size of a pixel.
    """
    space = len(spacing)
    vectors = np.array(shifts(space), float)[:, 3 - space :] * np.asarray(spacing, float)
    length = np.linalg.norm(vectors, axis=1)
    share = _shares(vectors / length[:, None])
    scale = np.pi if space == 2 else 4.0
    made: NDArray[np.float64] = scale * share * float(np.prod(spacing)) / length
    return made


def _shares(directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of all directions that lie nearest to each of these or their opposites."""
    both = np.concatenate([directions, -directions])
    if directions.shape[1] == 3:
        areas = SphericalVoronoi(both, threshold=1e-9).calculate_areas()
        return np.asarray(2 * areas[: len(directions)] / areas.sum())
    angles = np.arctan2(both[:, 0], both[:, 1])
    order = np.argsort(angles)
    gaps = np.diff(angles[order], append=angles[order[0]] + 2 * np.pi)
    arcs = np.empty(len(both))
    arcs[order] = (gaps + np.roll(gaps, 1)) / 2
    return np.asarray(2 * arcs[: len(directions)] / arcs.sum())
