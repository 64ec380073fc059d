"""Defects planted into normal pictures by a seed, with their masks.

Of sections: tears, folds, dirt, contrast steps. Of objects: chips, blotches, scratches. Scoring was
developed on these, planted into normal pictures that were kept aside, never on a test part.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

SECTION = ("tear", "fold", "dirt", "contrast")
OBJECT = ("chip", "blotch", "scratch")


_VISIBLE = 10  # grey values a defect changes its place by, on average; less nobody would see
_TRIES = 50


def plant(pixels, kind, rng):
    """A picture ``(Y, X)`` or ``(Y, X, C)`` of uint8 with one visible defect, and its mask."""
    values = pixels.astype(np.float64)
    for _ in range(_TRIES):
        found, mask = globals()[f"_{kind}"](values, rng)
        found = np.clip(np.round(found), 0, 255)
        if mask.any() and np.abs(found - values)[mask].mean() >= _VISIBLE:
            return found.astype(np.uint8), mask
    raise ValueError(f"No {kind} can be seen in this picture.")


def _line(shape, rng, width, wave):
    """Distance of each pixel from a wavy line through the picture, less half its width."""
    height, across = shape[:2]
    y, x = np.mgrid[:height, :across].astype(float)
    angle = rng.uniform(0, np.pi)
    middle = rng.uniform(0.25, 0.75, 2) * (height, across)
    along = (x - middle[1]) * np.cos(angle) + (y - middle[0]) * np.sin(angle)
    off = -(x - middle[1]) * np.sin(angle) + (y - middle[0]) * np.cos(angle)
    waves = sum(
        rng.normal(0, wave) * np.sin(along / rng.uniform(15, 60) + rng.uniform(0, 6))
        for _ in range(3)
    )
    return along, off - waves, width


def _tear(values, rng):
    along, off, width = _line(values.shape, rng, rng.uniform(5, 14), 3)
    half = width / 2 * np.clip(1.2 - np.abs(along) / rng.uniform(60, 160), 0, 1)
    mask = (np.abs(off) < half) & (half > 1)
    soft = gaussian_filter(mask.astype(float), 1.0)
    light = rng.uniform(215, 250) + rng.normal(0, 4, values.shape[:2])
    return values * (1 - soft) + light * soft, mask


def _fold(values, rng):
    along, off, width = _line(values.shape, rng, rng.uniform(8, 22), 2)
    inside = np.clip(1.3 - 2 * np.abs(off) / width, 0, 1)
    mask = (inside > 0.15) & (np.abs(along) < rng.uniform(60, 200))
    y, x = np.mgrid[: values.shape[0], : values.shape[1]].astype(float)
    doubled = map_coordinates(values, [y + rng.uniform(8, 20), x + 7], order=1, mode="reflect")
    dark = np.minimum(values, doubled) * rng.uniform(0.45, 0.7)
    soft = gaussian_filter(mask * np.minimum(inside, 1), 1.0)
    return values * (1 - soft) + dark * soft, mask


def _blob(shape, rng, radius):
    """A blob with a ragged border."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(float)
    room = [radius + 4, radius + 4]
    middle = [rng.uniform(r, max(r + 1, n - r)) for r, n in zip(room, shape[:2], strict=True)]
    angle = np.arctan2(y - middle[0], x - middle[1])
    ragged = 1 + sum(
        rng.normal(0, 0.12) * np.sin(k * angle + rng.uniform(0, 6)) for k in range(2, 6)
    )
    return np.hypot(y - middle[0], (x - middle[1]) * rng.uniform(0.7, 1.4)) < radius * ragged


def _dirt(values, rng):
    mask = np.zeros(values.shape[:2], bool)
    for _ in range(int(rng.integers(1, 5))):
        mask |= _blob(values.shape, rng, rng.uniform(4, 18))
    soft = gaussian_filter(mask.astype(float), 1.2)
    grain = gaussian_filter(rng.normal(0, 1, values.shape[:2]), 1.5)
    dark = rng.uniform(15, 60) + 25 * grain
    return values * (1 - soft) + dark * soft, mask


def _contrast(values, rng):
    height, width = values.shape[:2]
    tall, wide = (int(n * rng.uniform(0.15, 0.4)) for n in (height, width))
    top, left = rng.integers(0, height - tall), rng.integers(0, width - wide)
    mask = np.zeros((height, width), bool)
    mask[top : top + tall, left : left + wide] = True
    factor = rng.choice([rng.uniform(0.4, 0.65), rng.uniform(1.5, 1.9)])
    step = rng.choice([-1, 1]) * rng.uniform(15, 35)
    middle = values.mean()
    return np.where(mask, (values - middle) * factor + middle + step, values), mask


def _over(values, soft, fill):
    soft = soft[..., None] if values.ndim == 3 else soft
    return values * (1 - soft) + fill * soft


def _chip(values, rng):
    """Part of the object looks like another part of it."""
    mask = _blob(values.shape, rng, rng.uniform(6, 24))
    moved = np.roll(values, rng.integers(30, 120, 2), (0, 1))[::-1]
    return _over(values, gaussian_filter(mask.astype(float), 0.8), moved), mask


def _blotch(values, rng):
    mask = _blob(values.shape, rng, rng.uniform(4, 20))
    tint = rng.normal(0, 35, values.shape[2:])
    grain = rng.normal(0, 12, values.shape)
    strength = rng.uniform(0.5, 1)
    return _over(
        values, strength * gaussian_filter(mask.astype(float), 1.0), values + tint + grain
    ), mask


def _scratch(values, rng):
    along, off, width = _line(values.shape, rng, rng.uniform(1.5, 4), 2)
    mask = (np.abs(off) < width / 2 + 0.5) & (np.abs(along) < rng.uniform(12, 50))
    light = values + rng.choice([-1, 1]) * rng.uniform(25, 70)
    return _over(values, gaussian_filter(mask.astype(float), 0.7), light), mask
