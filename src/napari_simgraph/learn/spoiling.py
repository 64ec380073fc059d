"""Spoiling: crops with parts that don't belong there, so that a network learns to repair them.

References
----------
.. [1] Li, Sohn, Yoon, Pfister, CutPaste: self-supervised learning for anomaly detection and
   localization, CVPR 2021, arXiv:2104.04015, section 2.1 (pasted patches).
.. [2] Zavrtanik, Kristan, Skocaj, DRAEM, ICCV 2021, arXiv:2108.07610, section 3.3 (blobs of smooth
   noise, blended over the picture).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

Crops = NDArray[np.float32]
_COARSE = (3, 13)  # cells of the smooth noise along a side: blobs from a third of a crop down
_SHARE = (0.02, 0.2)  # of a crop that is spoiled
_BLEND = (0.25, 1.0)  # how much of what was there goes


def spoiled(crops: Crops, rng: np.random.Generator) -> tuple[Crops, Crops]:
    """Crops ``(N, C, R, R)`` with odd parts, and where they are ``(N, 1, R, R)``."""
    places = np.stack([_place(rng, crops.shape[-1]) for _ in crops])[:, None]
    fills = np.stack([_fill(crops, rng) for _ in crops])
    blend = rng.uniform(*_BLEND, (len(crops), 1, 1, 1)).astype(np.float32)
    weight = blend * places
    return crops * (1 - weight) + fills * weight, (places > 0).astype(np.float32)


def _place(rng: np.random.Generator, edge: int) -> Crops:
    """Where one crop is spoiled: blobs, a rectangle or a line; from 0 to 1 with soft borders."""
    kind = rng.random()
    if kind < 0.25:
        return _line(rng, edge)
    if kind < 0.5:
        place = np.zeros((edge, edge), np.float32)
        height, width = (max(2, int(n)) for n in edge * rng.uniform(0.04, 0.4, 2))
        top, left = (int(rng.integers(0, max(1, edge - n))) for n in (height, width))
        place[top : top + height, left : left + width] = 1
        return place
    field = smooth_noise(rng, int(rng.integers(*_COARSE)), edge)
    cut = np.quantile(field, 1 - rng.uniform(*_SHARE))
    soft = max(1e-6, float(field.std()) * 0.1)
    return np.asarray(np.clip((field - cut) / soft, 0, 1), np.float32)


def _line(rng: np.random.Generator, edge: int) -> Crops:
    """A bent line, as scratches and hairs are."""
    y, x = np.mgrid[:edge, :edge] - rng.uniform(0.2, 0.8, 2)[:, None, None] * edge
    angle = rng.uniform(0, np.pi)
    along = x * np.cos(angle) + y * np.sin(angle)
    off = y * np.cos(angle) - x * np.sin(angle) - along**2 * rng.normal(0, 0.5) / edge
    near = np.clip(rng.uniform(0.5, 5) - np.abs(off), 0, 1)
    line: Crops = (near * (np.abs(along) < edge * rng.uniform(0.05, 0.6))).astype(np.float32)
    return line


def _fill(crops: Crops, rng: np.random.Generator) -> Crops:
    """What is put there ``(C, R, R)``: another place, one colour, noise, or other light."""
    kind = rng.random()
    other = crops[rng.integers(len(crops))]
    edge, channels = other.shape[-1], len(other)
    if kind < 0.4:
        moved = np.roll(other, rng.integers(edge // 4, edge, 2), (1, 2))
        return np.asarray(np.rot90(moved, int(rng.integers(4)), (1, 2)), np.float32)
    if kind < 0.6:
        flat = rng.normal(0, 1.5, (channels, 1, 1)).astype(np.float32)
        return np.broadcast_to(flat, other.shape)
    if kind < 0.8:
        noise = smooth_noise(rng, int(rng.integers(8, max(9, edge // 2))), edge)
        tint = rng.normal(0, 1, (channels, 1, 1)).astype(np.float32)
        return np.asarray(noise * rng.uniform(0.3, 1.5) + tint, np.float32)
    light = rng.uniform(0.3, 1.7), rng.normal(0, 1)
    return np.asarray(other * light[0] + light[1], np.float32)


def smooth_noise(rng: np.random.Generator, cells: int, edge: int) -> Crops:
    """Noise ``(edge, edge)`` that changes over so many cells along a side."""
    coarse = torch.from_numpy(rng.normal(size=(1, 1, cells, cells)).astype(np.float32))
    fine = functional.interpolate(coarse, (edge, edge), mode="bicubic", align_corners=False)
    field: Crops = fine[0, 0].numpy()
    return field
