"""Odd parts: in which ways a picture differs from the one that was expected, pixel by pixel.

References
----------
.. [1] Xue, Zhang, Mou, Bovik, Gradient magnitude similarity deviation, IEEE TIP 2014,
   arXiv:1308.3052, eq. 4.
.. [2] Wang, Bovik, Sheikh, Simoncelli, Image quality assessment: from error visibility to
   structural similarity, IEEE TIP 2004, eq. 13.
.. [3] Zavrtanik, Kristan, Skocaj, RIAD, Pattern Recognition 2021, section 3.3 (gradients compared
   at several scales).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

PARTS = ("squared", "gradient", "structure")
_SCALES = 3  # full, half and quarter size
_RANGE = 5.0  # spreads from dark to bright: what the constants of both papers are a share of
_GRADIENT = 0.0026 * _RANGE**2  # of [1], where pictures go from 0 to 1
_LIGHT, _CONTRAST = (0.01 * _RANGE) ** 2, (0.03 * _RANGE) ** 2  # C1 and C2 of [2]
_WINDOW = 11  # px, as in [2]
REACH = 2 ** (_SCALES - 1) * 2 + _WINDOW  # px from which a value of a part comes, at most


def compared(x: Tensor, expected: Tensor) -> Tensor:
    """How a picture differs from the expected one, ``(N, 3, Y, X)``; see `PARTS`."""
    squared = (x - expected).square().mean(1, keepdim=True)
    grey, other = x.mean(1, keepdim=True), expected.mean(1, keepdim=True)
    return torch.cat([squared, gradients(grey, other), structure(grey, other)], 1)


def gradients(x: Tensor, y: Tensor) -> Tensor:
    """1 less the similarity of gradients [1]_, the mean of several scales; ``(N, 1, Y, X)``."""
    total = torch.zeros_like(x)
    for scale in range(_SCALES):
        if scale:
            x, y = functional.avg_pool2d(x, 2), functional.avg_pool2d(y, 2)
        a, b = _steepness(x), _steepness(y)
        alike = (2 * a * b + _GRADIENT) / (a.square() + b.square() + _GRADIENT)
        total += functional.interpolate(1 - alike, scale_factor=2**scale, mode="nearest")
    return total / _SCALES


def structure(x: Tensor, y: Tensor) -> Tensor:
    """Half of 1 less the structural similarity [2]_, ``(N, 1, Y, X)``."""
    stacked = torch.cat([x, y, x * x, y * y, x * y], 1)
    a, b, aa, bb, ab = _means(_means(stacked, (_WINDOW, 1)), (1, _WINDOW)).chunk(5, 1)
    light = (2 * a * b + _LIGHT) / (a * a + b * b + _LIGHT)
    spread = (aa - a * a + bb - b * b).clamp_min(0)
    form = (2 * (ab - a * b) + _CONTRAST) / (spread + _CONTRAST)
    return (1 - light * form) / 2


def smooth(values: Tensor, sigma: float) -> Tensor:
    """Values ``(N, P, Y, X)`` blurred with a Gaussian, borders repeated."""
    radius = max(1, round(3 * sigma))
    places = torch.arange(-radius, radius + 1, dtype=values.dtype, device=values.device)
    line = torch.exp(-0.5 * (places / sigma) ** 2)
    line = (line / line.sum()).expand(values.shape[1], 1, 1, -1)
    wide = functional.pad(values, (radius, radius, radius, radius), mode="replicate")
    wide = functional.conv2d(wide, line, groups=values.shape[1])
    return functional.conv2d(wide, line.transpose(2, 3), groups=values.shape[1])


def _means(x: Tensor, window: tuple[int, int]) -> Tensor:
    """Means of a window; along one axis after the other they take half the time."""
    half = (window[0] // 2, window[1] // 2)
    return functional.avg_pool2d(x, window, 1, half, count_include_pad=False)


def _steepness(x: Tensor) -> Tensor:
    """Length of the gradient, by Prewitt's filters."""
    wide = functional.pad(x, (1, 1, 1, 1), mode="replicate")
    across = wide[..., 2:] - wide[..., :-2]
    across = (across[..., 2:, :] + across[..., 1:-1, :] + across[..., :-2, :]) / 3
    down = wide[..., 2:, :] - wide[..., :-2, :]
    down = (down[..., 2:] + down[..., 1:-1] + down[..., :-2]) / 3
    return (across.square() + down.square() + 1e-12).sqrt()
