"""Grain: how much noise a section carries, and what makes it as smooth as a model knows sections.

Sections of one stack may differ several times in noise, and a network that learned from the smooth
ones finds edges in the grain of the others. A little blur brings it back to what it knows.

References
----------
.. [1] Immerkær, Fast noise variance estimation, Computer Vision and Image Understanding 64(2),
   1996, equation 1: the mask that sees noise and neither slopes nor edges.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

from napari_simgraph.core.job import Job, Progress
from napari_simgraph.core.raster import Image
from napari_simgraph.learn.normalise import Statistics

_EDGE = 512  # px of the square in the middle of a section that is looked at
_LOOKED = 32  # sections of an image at most, spread over it
_MASK = np.array([[1.0, -2.0, 1.0], [-2.0, 4.0, -2.0], [1.0, -2.0, 1.0]])
_GAIN = 6.0  # of the mask on white noise: the root of the sum of its squares
_MAD = float(special.ndtri(0.75))  # median size of a normal number: the median ignores edges
_MUCH = 1.5  # times the noise that is known; less is left as it is
# Less blur than would make noise of the same spread: it takes some of the membranes too. ISBI
# 12-17 by a network of 0-11: V_Rand 0.984 without, 0.988 with it; 0.8 instead of 0.6 px as well.
_POWER = 0.6
_WIDEST = 1.5  # px; beyond it membranes go too
_REACH = 4.0  # spreads of a blur that are computed
NOISE = "noise"  # the name of what is known in the rule of a model


def noise(plane: NDArray[np.float32]) -> float:
    """Spread of the noise of a section ``(Y, X)``, in its own units [1]_."""
    if min(plane.shape) < len(_MASK):
        return 0.0
    seen = ndimage.convolve(plane, _MASK)[1:-1, 1:-1]
    return float(np.median(np.abs(seen))) / (_MAD * _GAIN)


def noise_in(image: Image, statistics: Statistics, z: int) -> float:
    """The same of a section of an image, in spreads of its grey values; 0 of colours."""
    if image.channels > 1:  # the grain of stained tissue is tissue
        return 0.0
    middle = (max(0, (n - _EDGE) // 2) for n in image.plane)
    box = tuple(slice(start, start + _EDGE) for start in middle)
    return noise(statistics.normalise(image.section(z, box))[..., 0])


def usual_noise(image: Image, statistics: Statistics) -> Job[float]:
    """The noise that half of the sections don't exceed, in spreads of grey values."""
    some = np.unique(np.linspace(0, image.sections - 1, _LOOKED).round().astype(int)).tolist()
    found = []
    for z in some:
        found.append(noise_in(image, statistics, z))
        yield Progress(text="looking at the noise")
    return float(np.median(found))


def known_noise(rule: Mapping[str, Any]) -> float:
    """The noise that a model knows, in spreads of grey values; 0 where it says none."""
    told = rule.get(NOISE, 0.0)
    known = float(told) if isinstance(told, int | float) else 0.0
    return known if 0 < known < math.inf else 0.0


def blur_for(found: float, known: float) -> float:
    """Spread in pixels of the blur that makes noise that was found like the one that is known."""
    if not known or found <= _MUCH * known:
        return 0.0
    # of white noise a Gaussian of spread s leaves 1 / (2 s sqrt(pi))
    much = float((found / known) ** _POWER)
    return min(_WIDEST, much / (2 * math.sqrt(math.pi)))


def margin(blur: float) -> int:
    """How far a blur looks, in pixels."""
    return int(_REACH * blur + 0.5)


def blurred(values: NDArray[np.float32], blur: float) -> NDArray[np.float32]:
    """Values ``(C, Y, X)`` without the `margin` around them, blurred; the same in any box."""
    wide = margin(blur)
    soft = ndimage.gaussian_filter(values, (0, blur, blur), truncate=_REACH)
    inner: NDArray[np.float32] = soft[:, wide:-wide, wide:-wide]
    return inner
