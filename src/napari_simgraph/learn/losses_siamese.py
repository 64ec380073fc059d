"""Losses of two views of the same patches, and whether one view finds the other.

Shapes: projections a and b are ``(N, D)``; row i of both is the same patch.

References
----------
.. [1] Bardes, Ponce, LeCun, VICReg, ICLR 2022, arXiv:2105.04906, equations 1 to 6.
.. [2] Chen, Kornblith, Norouzi, Hinton, SimCLR, ICML 2020, arXiv:2002.05709, equation 1.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_ALIKE, _SPREAD, _APART = 25.0, 25.0, 1.0  # the weights of the paper [1]_
_TEMPERATURE = 0.2  # of NT-Xent: within the range of the paper, best in quick trials on digits
_FLOOR = 1e-4  # under the root of the variance, as in the paper


def vicreg(a: Tensor, b: Tensor) -> Tensor:
    """Views alike, dimensions spread to 1, dimensions apart [1]_; one number."""
    a, b = a.float(), b.float()
    alike = functional.mse_loss(a, b)
    spread = a.new_zeros(())
    apart = a.new_zeros(())
    for view in (a, b):
        centred = view - view.mean(0)
        deviation = torch.sqrt(centred.var(0) + _FLOOR)
        spread = spread + functional.relu(1 - deviation).mean() / 2
        covariance = centred.T @ centred / max(1, len(view) - 1)
        off = covariance.pow(2).sum() - covariance.diagonal().pow(2).sum()
        apart = apart + off / view.shape[1]
    return _ALIKE * alike + _SPREAD * spread + _APART * apart


def nt_xent(a: Tensor, b: Tensor, temperature: float = _TEMPERATURE) -> Tensor:
    """How surely each view finds the other one of its patch among all [2]_; one number."""
    views = functional.normalize(torch.cat([a.float(), b.float()]), dim=1)
    similarity = views @ views.T / temperature
    similarity = similarity.masked_fill(
        torch.eye(len(views), dtype=torch.bool, device=views.device), float("-inf")
    )
    n = len(a)
    partner = torch.arange(2 * n, device=views.device).roll(n)
    return functional.cross_entropy(similarity, partner)


LOSSES = {"vicreg": vicreg, "ntxent": nt_xent}


def retrieval(a: Tensor, b: Tensor) -> float:
    """Share of views that are nearest to the other view of their own patch."""
    left, right = (functional.normalize(p.float(), dim=1) for p in (a, b))
    found = (left @ right.T).argmax(1)
    return float((found == torch.arange(len(a), device=a.device)).float().mean())
