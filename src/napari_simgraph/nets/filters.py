"""Filters: classes from a fixed bank of filters and a small head that is learned at once.

References
----------
.. [1] Arganda-Carreras et al., Trainable Weka Segmentation, Bioinformatics 2017,
   doi:10.1093/bioinformatics/btx180, table 1 (blur, edges, Hessian at several scales).
.. [2] Berg et al., ilastik, Nature Methods 2019, doi:10.1038/s41592-019-0582-9 (scales 0.7 to 10).
.. [3] Lindeberg, Feature detection with automatic scale selection, IJCV 1998,
   doi:10.1023/A:1008045108935, equation 13 (derivatives times scale, so that scales compare).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_simgraph.nets.unet import Reach

SCALES = (0.7, 1.0, 1.6, 3.5, 5.0, 10.0)  # px [2]_
_WIDE = 5.0  # px; directions are not averaged beyond: it would double how far the bank looks
_TRUNCATE = 3.0  # spreads of a Gaussian; 0.3 % of it lies beyond
_FAR = 4.0  # spreads; a feature never seen in learning counts as the farthest that was


class Filters(nn.Module):
    """Scores per class and pixel from a bank of filters.

    Parameters
    ----------
    in_channels
        Image channels; blurred each, edges and curvature are those of their mean.
    out_channels
        Classes.
    hidden
        Units between features and classes.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, in_channels: int, out_channels: int, hidden: int) -> None:
        super().__init__()
        size = features(in_channels)
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("spread", torch.ones(size))
        self.first = nn.Conv2d(size, hidden, 1)
        self.second = nn.Conv2d(hidden, out_channels, 1)

    def reset(self) -> None:
        """Take features as they are."""
        self.mean.zero_()
        self.spread.fill_(1.0)

    def fold(self) -> None:
        """Nothing to fold: see `unet.Block.fold`."""

    def head(self, found: Tensor) -> Tensor:
        """Scores ``(N, K, Y, X)`` of features ``(N, F, Y, X)``."""
        scores: Tensor = self.second(functional.relu(self.first(self.near(found))))
        return scores

    def near(self, found: Tensor) -> Tensor:
        """Features ``(N, F, Y, X)`` in spreads around their mean, none too far."""
        mean, spread = (part.float().view(1, -1, 1, 1) for part in (self.mean, self.spread))
        return functional.hardtanh((found - mean) / spread, -_FAR, _FAR)

    def forward(self, x: Tensor) -> Tensor:
        """Scores ``(N, K, Y, X)`` of ``(N, C, Y, X)``."""
        return self.head(bank(x))


def features(in_channels: int) -> int:
    """How many features `bank` gives for each pixel."""
    averaged = sum(scale <= _WIDE for scale in SCALES)
    return in_channels * (1 + len(SCALES)) + 3 * len(SCALES) + 2 * averaged


def bank(x: Tensor) -> Tensor:
    """Features ``(N, F, Y, X)`` float32 of ``(N, C, Y, X)``: grey, blurred, edges, curvature.

    Beyond the border the outermost pixels are repeated.
    """
    with torch.autocast(x.device.type, enabled=False):
        x = x.float().contiguous()
        grey = x.mean(1, keepdim=True)
        found = [x]
        for scale in SCALES:
            found += _at(x, grey, scale)
        return torch.cat(found, 1)


def _at(x: Tensor, grey: Tensor, scale: float) -> list[Tensor]:
    """The features of one scale, derivatives times the scale [3]_."""
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
    if scale <= _WIDE:
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


def build(in_channels: int, out_channels: int, hidden: int = 32) -> Filters:
    """Filters with a head; see `Filters`."""
    return Filters(in_channels, out_channels, hidden)


def reach(options: Mapping[str, Any]) -> Reach:
    """How far the bank looks."""
    return Reach(_farthest(SCALES), 1)


def _farthest(scales: Sequence[float]) -> int:
    return max(_radius(scale) * (2 if scale <= _WIDE else 1) for scale in scales)
