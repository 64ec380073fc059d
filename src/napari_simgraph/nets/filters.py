"""Filters: classes from a fixed bank of filters and a small head that is learned at once.

References
----------
.. [1] Arganda-Carreras et al., Trainable Weka Segmentation, Bioinformatics 2017,
   doi:10.1093/bioinformatics/btx180, table 1 (blur, edges, Hessian at several scales).
.. [2] Berg et al., ilastik, Nature Methods 2019, doi:10.1038/s41592-019-0582-9 (scales 0.7 to 10).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_simgraph.nets import unet
from napari_simgraph.nets.bank import bank, farthest
from napari_simgraph.nets.bank import features as of_bank
from napari_simgraph.nets.unet import Reach, UNet

# The U-Net that learned from drawn tissue, see `learn.drawn`.
DRAWN: dict[str, Any] = {"in_channels": 1, "out_channels": 4, "width": 16, "depth": 4}
DRAWN |= {"residual": False, "filtered": True}
_LOWEST = -8.0  # log probability; below it is noise
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
    drawn
        Beside the bank there is what a U-Net sees that learned from drawn tissue.
    """

    mean: Tensor
    spread: Tensor

    def __init__(
        self, in_channels: int, out_channels: int, hidden: int, drawn: bool = False
    ) -> None:
        super().__init__()
        size = features(in_channels, drawn)
        self.trunk: UNet | None = unet.build(**DRAWN) if drawn else None
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("spread", torch.ones(size))
        self.first = nn.Conv2d(size, hidden, 1)
        self.second = nn.Conv2d(hidden, out_channels, 1)

    def reset(self) -> None:
        """Take features as they are."""
        self.mean.zero_()
        self.spread.fill_(1.0)

    def fold(self) -> None:
        """See `unet.Block.fold`."""
        if self.trunk is not None:
            self.trunk.fold()

    def found(self, x: Tensor) -> Tensor:
        """Features ``(N, F, Y, X)`` float32 of ``(N, C, Y, X)``."""
        found = bank(x)
        if self.trunk is None:
            return found
        seen = self.trunk.seen(self.trunk.stages(x))
        said = self.trunk.head(seen).float().log_softmax(1).clamp(min=_LOWEST)
        return torch.cat([found, seen.float(), said], 1)

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
        return self.head(self.found(x))


def features(in_channels: int, drawn: bool = False) -> int:
    """How many features there are for each pixel."""
    seen: int = (DRAWN["width"] + DRAWN["out_channels"]) * drawn
    return of_bank(in_channels) + seen


def build(in_channels: int, out_channels: int, hidden: int = 32, drawn: bool = False) -> Filters:
    """Filters with a head; see `Filters`."""
    return Filters(in_channels, out_channels, hidden, drawn)


def reach(options: Mapping[str, Any]) -> Reach:
    """How far the bank looks, and the U-Net beside it."""
    if not options.get("drawn"):
        return Reach(farthest(), 1)
    seen = unet.reach(DRAWN)
    return Reach(max(farthest(), seen.radius), seen.stride)
