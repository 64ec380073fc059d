"""Stain: the colours of two dyes in a slide, and what brings them to those of every other slide."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_GLASS = 240.0  # grey value of light through nothing, as in the reference
_LEAST = 0.15  # optical density in all channels; below it is glass
_EXTREME = 1.0  # per cent of angles and of amounts that count as outliers
_FEWEST = 1000  # pixels of tissue from which two dyes can be told
# Colours of haematoxylin and eosin, and how much of each a dark pixel has, of the reference slide
# of Macenko et al. in the implementation of M. Veta (github.com/mitkovetta/staining-normalization).
_REFERENCE = np.array([[0.5626, 0.2159], [0.7201, 0.8012], [0.4062, 0.5581]])
_AMOUNTS = np.array([1.9705, 1.0308])


def to_reference(pixels: NDArray[np.uint8]) -> NDArray[np.float64] | None:
    """What optical densities ``(3,)`` are multiplied with to have the reference's dyes [1]_.

    What is neither dye (pen, pigment) counts as both. None where there is too little tissue.

    Parameters
    ----------
    pixels
        Some of a slide ``(N, 3)``, red, green and blue.

    References
    ----------
    .. [1] Macenko et al., A method for normalizing histology slides for quantitative analysis,
       ISBI 2009, section 2.
    """
    density = _density(pixels.reshape(-1, 3))
    tissue = density[(density >= _LEAST).all(1)]
    if len(tissue) < _FEWEST:
        return None
    _, vectors = np.linalg.eigh(tissue.T @ tissue)  # through white, as light through dyes goes
    plane = vectors[:, 2:0:-1]  # the two directions that hold nearly all of the tissue
    plane = plane * np.where(plane.sum(0) < 0, -1, 1)
    angles = np.arctan2(*(tissue @ plane).T[::-1])
    ends = np.percentile(angles, (_EXTREME, 100 - _EXTREME))
    dyes = plane @ np.stack([np.cos(ends), np.sin(ends)])
    if dyes[0, 0] < dyes[0, 1]:  # haematoxylin takes away more red
        dyes = dyes[:, ::-1]
    parts = np.linalg.pinv(dyes)
    amounts = np.percentile(tissue @ parts.T, 100 - _EXTREME, axis=0)
    if (amounts <= 0).any():
        return None
    return np.asarray(_REFERENCE * (_AMOUNTS / amounts) @ parts)


def restain(pixels: NDArray[np.uint8], change: NDArray[np.float64]) -> NDArray[np.float32]:
    """Pixels ``(…, 3)`` with the dyes that `change` brings them to; 0 to 255."""
    density = _density(pixels) @ change.T.astype(np.float32)
    light = _GLASS * np.exp(-density) - 1
    return np.asarray(np.clip(light, 0, 255), np.float32)


def _density(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Optical density, from a table: there are only 256 grey values."""
    table = -np.log((np.arange(256) + 1) / _GLASS).astype(np.float32)
    found: NDArray[np.float32] = table[pixels]
    return found
