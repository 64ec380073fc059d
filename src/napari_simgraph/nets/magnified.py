"""Magnified: what a network finds in a picture as it is and five quarters as large.

Every 4 pixels become 5 and back, by linear interpolation in fixed steps: a tile that begins at a
multiple of the stride gets the same numbers as the whole picture.

References
----------
.. [1] Chen et al., Attention to scale, CVPR 2016, arXiv:1511.03339 (the mean of scores at several
   sizes).
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_simgraph.nets.unet import Reach

SIZE = 5 / 4
_FEW, _MANY = 4, 5  # pixels of a block before and after
_Steps: TypeAlias = tuple[tuple[int, float], ...]  # pixel of a block, and the share of the next one
_UP: _Steps = ((-1, 0.9), (0, 0.7), (1, 0.5), (2, 0.3), (3, 0.1))
_DOWN: _Steps = ((0, 0.125), (1, 0.375), (2, 0.625), (3, 0.875))


class Magnified(nn.Module):
    """The mean of the scores of a network at both sizes.

    Parameters
    ----------
    network
        Its scores are as large as its inputs.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """Scores ``(N, K, Y, X)`` of ``(N, C, Y, X)``; Y and X are multiples of `reach_at`'s."""
        own = self.network(x).float()
        larger = enlarged(x).contiguous(memory_format=torch.channels_last)
        mean: Tensor = own.add_(reduced(self.network(larger).float())).mul_(0.5)
        return mean

    def fold(self) -> None:
        """For use only: see `nets.folded`."""
        folding: Any = self.network
        folding.fold()


def reach_at(reach: Reach) -> Reach:
    """How far a network looks that is used at both sizes, and the stride that both keep."""
    farther = math.ceil((reach.radius + 1) / SIZE) + 2
    return Reach(max(reach.radius, farther), _FEW * reach.stride)


def enlarged(x: Tensor) -> Tensor:
    """``(N, C, 5/4 Y, 5/4 X)`` of ``(N, C, Y, X)``, sides multiples of 4."""
    padded = functional.pad(x, (1, 1, 1, 1), mode="replicate")
    return _stepped(_stepped(padded, 2, _UP, _FEW, 1), 3, _UP, _FEW, 1)


def reduced(x: Tensor) -> Tensor:
    """``(N, C, 4/5 Y, 4/5 X)`` of ``(N, C, Y, X)``, sides multiples of 5."""
    return _stepped(_stepped(x, 2, _DOWN, _MANY, 0), 3, _DOWN, _MANY, 0)


def _stepped(x: Tensor, axis: int, steps: _Steps, block: int, padding: int) -> Tensor:
    """Each block along an axis interpolated at these steps."""
    blocks = (x.shape[axis] - 2 * padding) // block

    def every(pixel: int) -> Tensor:
        first = pixel + padding
        return x.narrow(axis, first, (blocks - 1) * block + 1)[_every(axis, block)]

    # no lerp: its last few numbers of a row are rounded otherwise
    rows = [every(pixel) * (1 - share) + every(pixel + 1) * share for pixel, share in steps]
    return torch.stack(rows, axis + 1).flatten(axis, axis + 1)


def _every(axis: int, block: int) -> tuple[slice, ...]:
    return (*(slice(None) for _ in range(axis)), slice(None, None, block))
