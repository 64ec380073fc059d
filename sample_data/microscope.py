"""What the microscope does to a section."""

from __future__ import annotations

import numpy as np
from fields import Floats, coordinates, smooth, stamp
from scipy.ndimage import gaussian_filter, shift

BLURRED, SMUDGED, TORN = 9, 5, 12  # sections with a fault of their own


def photograph(
    picture: Floats, z: int, rng: np.random.Generator, blur: float = 0.75, noise: float = 1.0
) -> np.ndarray:
    """Blur, noise, uneven light, drifting contrast, and the faults of single sections."""
    shape = picture.shape
    picture = shift(picture, rng.normal(0, 0.25, 2), order=1, mode="nearest")
    picture = gaussian_filter(picture, 2.3 if z == BLURRED else blur)
    if z == SMUDGED:
        _, _, dy, dx = stamp(picture, shape[0] * 0.3, shape[1] * 0.66, max(shape))
        blot = np.exp(-((dy / 26) ** 2) - (dx / 44) ** 2 + 0.35 * smooth(rng, shape, 9))
        picture -= 58 * np.clip(blot, 0, 1)
    if z == TORN:
        y, x = coordinates(shape)
        away = y - (0.62 * shape[0] + 0.12 * x + 5 * np.sin(x / 33))
        picture += 42 * np.exp(-((away / 1.3) ** 2)) - 22 * np.exp(-(((away - 4) / 3) ** 2))
    for _ in range(rng.poisson(0.5)):  # holes and specks
        rows, cols, dy, dx = stamp(picture, *(rng.uniform(0, 1, 2) * shape), 9)
        speck = np.exp(-((np.hypot(dy, dx) / rng.uniform(1.5, 3)) ** 2))
        picture[rows, cols] += rng.choice([95, -80]) * speck
    grain = rng.normal(size=shape)
    picture = picture + noise * (14 * grain + 9 * smooth(rng, shape, 0.6))
    y, x = coordinates(shape)
    tilt = rng.normal(0, 9, 2)
    picture += tilt[0] * (y / shape[0] - 0.5) + tilt[1] * (x / shape[1] - 0.5)
    picture += 5 * smooth(rng, shape, 60)
    gain, offset = rng.uniform(0.9, 1.3), rng.normal(0, 11)
    picture = (picture - 128) * gain + 128 + offset
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)
