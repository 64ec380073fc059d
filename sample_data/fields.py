"""Random fields that the pictures are made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

Floats = NDArray[np.float32]


def smooth(rng: np.random.Generator, shape: tuple[int, ...], sigma: float | tuple) -> Floats:
    """Gaussian noise smoothed by `sigma` pixels, mean 0 and standard deviation 1."""
    field = gaussian_filter(rng.standard_normal(shape).astype(np.float32), sigma, mode="wrap")
    return (field - field.mean()) / field.std()


def coordinates(shape: tuple[int, int]) -> tuple[Floats, Floats]:
    """Row and column of each pixel."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    return y, x


def streaks(rng: np.random.Generator, y: Floats, x: Floats, angle: float, length: float) -> Floats:
    """Fine lines along `angle`, `length` pixels long, standard deviation 1."""
    size = 512
    noise = smooth(rng, (size, size), (0.9, length))
    along = x * np.cos(angle) + y * np.sin(angle)
    across = -x * np.sin(angle) + y * np.cos(angle)
    return map_coordinates(noise, [across, along], order=1, mode="grid-wrap")


def stamp(field: Floats, y: float, x: float, size: int) -> tuple[slice, slice, Floats, Floats]:
    """The window of `size` pixels around a place: its slices, and offsets from the place."""
    top, left = max(0, int(y) - size), max(0, int(x) - size)
    rows = slice(top, max(top, int(y) + size + 1))
    cols = slice(left, max(left, int(x) + size + 1))
    height, width = field[rows, cols].shape
    dy, dx = np.mgrid[:height, :width].astype(np.float32)
    return rows, cols, dy + top - np.float32(y), dx + left - np.float32(x)
