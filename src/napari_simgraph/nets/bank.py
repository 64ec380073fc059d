"""A bank of filters: what a picture looks like around each pixel, at several scales.

References
----------
.. [1] Berg et al., ilastik, Nature Methods 2019, doi:10.1038/s41592-019-0582-9 (scales 0.7 to 10).
.. [2] Lindeberg, Feature detection with automatic scale selection, IJCV 1998,
   doi:10.1023/A:1008045108935, equation 13 (derivatives times scale, so that scales compare).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

SCALES = (0.7, 1.0, 1.6, 3.5, 5.0, 10.0)  # px [1]_
_WIDE = 5.0  # px; directions are not averaged beyond: it would double how far the bank looks
_TRUNCATE = 3.0  # spreads of a Gaussian; 0.3 % of it lies beyond


def features(in_channels: int, scales: Sequence[float] = SCALES, textures: bool = True) -> int:
    """How many features `bank` gives for each pixel."""
    averaged = sum(scale <= _WIDE for scale in scales) * textures
    return in_channels * (1 + len(scales)) + 3 * len(scales) + 2 * averaged


def bank(x: Tensor, scales: Sequence[float] = SCALES, textures: bool = True) -> Tensor:
    """Features ``(N, F, Y, X)`` float32 of ``(N, C, Y, X)``: grey, blurred, edges, curvature.

    Beyond the border the outermost pixels are repeated. `textures` are the eigenvalues of the
    structure tensor.
    """
    with torch.autocast(x.device.type, enabled=False):
        x = x.float().contiguous()
        grey = x.mean(1, keepdim=True)
        found = [x]
        for scale in scales:
            found += _at(x, grey, scale, textures)
        return torch.cat(found, 1)


def _at(x: Tensor, grey: Tensor, scale: float, textures: bool) -> list[Tensor]:
    """The features of one scale, derivatives times the scale [2]_."""
    kernels = _kernels(scale).to(x)
    down = _along(grey, kernels, 2)  # (N, 3, Y, X): blurred, first and second derivative in y
    blurred, right, right_right = torch.split(_along(down[:, :1], kernels, 3), 1, 1)
    below, across = torch.split(_along(down[:, 1:2], kernels[:2], 3), 1, 1)
    below_below = _along(down[:, 2:], kernels[:1], 3)
    planes = x.shape[1]
    if planes > 1:
        flat = _along(x.reshape(-1, 1, *x.shape[2:]), kernels[:1], 2)
        blurred = _along(flat, kernels[:1], 3).reshape(x.shape)
    edge = (right.square() + below.square()).sqrt()
    found = [blurred, edge, *_eigenvalues(below_below, across, right_right)]
    if textures and scale <= _WIDE:
        products = torch.cat([below * below, below * right, right * right], 1)
        stacked = products.reshape(-1, 1, *x.shape[2:])
        smooth = _along(_along(stacked, kernels[:1], 2), kernels[:1], 3).reshape(products.shape)
        found += [part.clamp(min=0).sqrt() for part in _eigenvalues(*torch.split(smooth, 1, 1))]
    return found


def _eigenvalues(a: Tensor, b: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """Of the matrices ``[[a, b], [b, c]]``, the larger first."""
    middle, half = (a + c) / 2, ((a - c) / 2).square().add(b.square()).sqrt()
    return middle + half, middle - half


def _along(x: Tensor, kernels: Tensor, axis: int) -> Tensor:
    """One plane ``(N, 1, Y, X)`` filtered by each kernel ``(n, taps)`` along an axis."""
    far = kernels.shape[1] // 2
    pad = (0, 0, far, far) if axis == 2 else (far, far, 0, 0)
    shape = (-1, 1, kernels.shape[1], 1) if axis == 2 else (-1, 1, 1, kernels.shape[1])
    return functional.conv2d(functional.pad(x, pad, mode="replicate"), kernels.reshape(shape))


def _kernels(scale: float) -> Tensor:
    """A Gaussian with its first and second derivative ``(3, taps)``, times scale and its square."""
    far = _radius(scale)
    at = torch.arange(-far, far + 1, dtype=torch.float64)
    bell = torch.exp(-0.5 * (at / scale).square())
    bell = bell / bell.sum()
    first = at / scale * bell  # turned round, since conv2d is a correlation
    second = (at.square() / scale**2 - 1) * bell
    return torch.stack([bell, first, second - second.mean()]).float()


def _radius(scale: float) -> int:
    return math.ceil(_TRUNCATE * scale)


def farthest(scales: Sequence[float] = SCALES, textures: bool = True) -> int:
    """How far `bank` looks, in pixels."""
    return max(_radius(s) * (2 if textures and s <= _WIDE else 1) for s in scales)
