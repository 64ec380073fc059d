"""Drawn cells between walls, some of which are faint."""

import numpy as np
from scipy import ndimage

HIGH, WIDE, WALL = 48, 24, 4  # px, of a cell and the wall left of it and above it
ROWS, COLUMNS = 4, 8


def cells(seed, faint=(), to=0.97):
    """Boundary probability of cells with a waist each; the walls left of some are `faint`."""
    wall = np.full((ROWS * HIGH, COLUMNS * WIDE), 0.01, np.float32)
    for row in range(ROWS):
        top = row * HIGH
        wall[top : top + WALL] = 0.99
        for column in range(COLUMNS):
            left = column * WIDE
            wall[top : top + HIGH, left : left + WALL] = 0.99
            for notch in (left + WALL, left + WIDE - 2):  # two fragments, beyond doubt one cell
                wall[top + 24 : top + 28, notch : notch + 2] = 0.99
    for row, column in faint:
        box = slice(row * HIGH + WALL, (row + 1) * HIGH), slice(column * WIDE, column * WIDE + WALL)
        wall[box] = to
    noise = np.random.default_rng(seed).normal(0, 0.005, wall.shape)
    return np.clip(ndimage.gaussian_filter(wall, 0.5) + noise, 0, 1)
