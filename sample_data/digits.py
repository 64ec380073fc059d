"""Small digits, written with strokes that vary: slant, size, width, wobble and ends."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from fields import coordinates
from scipy.ndimage import gaussian_filter1d

SEED = 10
SIZE = 28


def _arc(cy, cx, ry, rx, start, end):
    """Points along an ellipse, angles in degrees clockwise from the right."""
    turn = np.radians(np.linspace(start, end, 80))
    return np.stack([cy + ry * np.sin(turn), cx + rx * np.cos(turn)], 1)


def _lines(*points):
    """Points along straight lines through `points`."""
    parts = [np.linspace(a, b, 40) for a, b in pairwise(points)]
    return np.concatenate(parts)


# Each digit in one or two ways, each a list of strokes of (y, x) in a box from -1 to 1.
GLYPHS = {
    0: [[_arc(0, 0, 1, 0.68, -90, 270)]],
    1: [[_lines((-1, 0), (1, 0))], [_lines((-0.55, -0.4), (-1, 0.05), (1, 0.05))]],
    2: [
        [
            np.concatenate(
                [_arc(-0.42, 0, 0.58, 0.62, -170, 25), _lines((0, 0.5), (1, -0.65), (1, 0.7))]
            )
        ]
    ],
    3: [
        [
            np.concatenate(
                [_arc(-0.5, -0.05, 0.5, 0.58, -150, 90), _arc(0.48, -0.05, 0.52, 0.64, -90, 150)]
            )
        ]
    ],
    4: [
        [_lines((-1, -0.1), (0.3, -0.7), (0.3, 0.75)), _lines((-0.5, 0.35), (1, 0.35))],
        [_lines((0.3, 0.75), (0.3, -0.75), (-1, 0.35), (1, 0.35))],
    ],
    5: [
        [
            np.concatenate(
                [
                    _lines((-1, 0.6), (-1, -0.5), (-0.12, -0.55)),
                    _arc(0.4, -0.08, 0.6, 0.68, -120, 150),
                ]
            )
        ]
    ],
    6: [
        [
            np.concatenate(
                [_lines((-1, 0.4), (-0.5, -0.3), (0.2, -0.62)), _arc(0.45, 0, 0.55, 0.6, 180, -175)]
            )
        ]
    ],
    7: [
        [_lines((-1, -0.65), (-1, 0.65), (1, -0.15))],
        [_lines((-1, -0.65), (-1, 0.65), (1, -0.15)), _lines((0, -0.3), (0, 0.55))],
    ],
    8: [[_arc(-0.5, 0, 0.5, 0.5, -90, 270), _arc(0.5, 0, 0.5, 0.62, -90, 270)]],
    9: [[np.concatenate([_arc(-0.42, 0, 0.56, 0.58, 0, -350), _lines((-0.42, 0.58), (1, 0.3))])]],
}


def digits(per_class: int = 100, seed: int = SEED) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (N, 28, 28) uint8, white on black, and their digits (N,), in mixed order."""
    rng = np.random.default_rng(seed)
    values = rng.permutation(np.repeat(np.arange(10, dtype=np.uint8), per_class))
    return np.stack([_draw(int(value), rng) for value in values]), values


def _draw(value: int, rng: np.random.Generator) -> np.ndarray:
    """One digit."""
    ways = GLYPHS[value]
    strokes = ways[rng.integers(len(ways))]
    size = rng.uniform(7.6, 9.8), rng.uniform(6.6, 9.4)
    slant, turn = rng.normal(0.15, 0.2), rng.normal(0, 0.12)
    middle = 13.5 + rng.normal(0, 0.7, 2)
    width = rng.uniform(0.75, 1.7)
    y, x = coordinates((SIZE, SIZE))
    ink = np.zeros((SIZE, SIZE))
    for stroke in strokes:
        wobble = gaussian_filter1d(rng.normal(size=stroke.shape), 22, axis=0) * 0.9
        py, px = (stroke + wobble).T * np.array(size)[:, None]
        px = px - slant * py
        py, px = py * np.cos(turn) + px * np.sin(turn), px * np.cos(turn) - py * np.sin(turn)
        away = np.hypot(y[..., None] - py - middle[0], x[..., None] - px - middle[1]).min(-1)
        ink = np.maximum(ink, 1 / (1 + np.exp((away - width) * 3.2)))
    return np.clip(np.round(255 * ink * rng.uniform(0.9, 1.06)), 0, 255).astype(np.uint8)
