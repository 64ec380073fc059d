"""Siamese network: features of patches, pooled from several stages, and their projections.

References
----------
.. [1] Chen, Kornblith, Norouzi, Hinton, A simple framework for contrastive learning of visual
   representations, ICML 2020, arXiv:2002.05709, section 2 (the projection head is thrown away).
.. [2] Bardes, Ponce, LeCun, VICReg, ICLR 2022, arXiv:2105.04906, section 4 (expander of three
   layers).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_simgraph.nets import lite
from napari_simgraph.nets.unet import Block, Reach


class Encoder(nn.Module):
    """The way down of a U-Net, which takes the weights of one: features of each level.

    Parameters
    ----------
    in_channels, width, depth, residual
        As those of a U-Net; `widths` are the features of the levels.
    """

    def __init__(self, in_channels: int, width: int, depth: int, residual: bool) -> None:
        super().__init__()
        self.widths = [width * 2**level for level in range(depth)]
        self.down = nn.ModuleList(
            Block(inside, outside, residual)
            for inside, outside in zip([in_channels, *self.widths], self.widths, strict=False)
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        """Features ``(N, width, Y, X)`` of each level, finest first."""
        stages = []
        for level, block in enumerate(self.down):
            x = block(functional.max_pool2d(x, 2) if level else x)
            stages.append(x)
        return stages

    def fold(self) -> None:
        """Take the normalisations into the convolutions."""
        for block in self.down:
            cast(Block, block).fold()


class Siamese(nn.Module):
    """An encoder with the head that its training needs.

    Parameters
    ----------
    encoder
        Gives features of several stages and knows their `widths`.
    projection
        Dimensions in which two views are compared.
    """

    def __init__(self, encoder: Any, projection: int) -> None:
        super().__init__()
        self.encoder = encoder
        wide = 2 * projection
        self.head = nn.Sequential(
            nn.Linear(2 * sum(encoder.widths), wide, bias=False),
            nn.BatchNorm1d(wide),
            nn.ReLU(),
            nn.Linear(wide, wide, bias=False),
            nn.BatchNorm1d(wide),
            nn.ReLU(),
            nn.Linear(wide, projection, bias=False),
        )

    def features(self, x: Tensor) -> Tensor:
        """Mean and spread of each feature over the patch, all stages ``(N, F)``."""
        return pooled(self.encoder(x))

    def fold(self) -> None:
        """Take the normalisations of the encoder into its convolutions."""
        self.encoder.fold()

    def forward(self, x: Tensor) -> Tensor:
        """Projections ``(N, projection)`` of patches ``(N, C, Y, X)``."""
        projected: Tensor = self.head(self.features(x))
        return projected


def pooled(stages: Sequence[Tensor], peaks: bool = False) -> Tensor:
    """Mean and spread of each feature of several stages, ``(N, F)``; with its largest value."""
    parts = []
    for stage in stages:
        # in float32: squares of bfloat16 leave nothing of a small spread
        spread, mean = torch.var_mean(stage.float(), dim=(2, 3), correction=0)
        parts += [mean, torch.sqrt(spread + 1e-6)]
        if peaks:
            parts.append(stage.float().amax((2, 3)))
    return torch.cat(parts, dim=1)


def build(
    backbone: str,
    in_channels: int,
    width: int = 16,
    depth: int = 4,
    residual: bool = False,
    projection: int = 256,
) -> Siamese:
    """A Siamese network; width, depth and residual blocks are those of the backbone ``cnn``."""
    if backbone == "cnn":
        return Siamese(Encoder(in_channels, width, depth, residual), projection)
    if backbone == lite.NAME:
        return Siamese(lite.Lite0(in_channels), projection)
    from napari_simgraph.nets.resnet import ResNet

    return Siamese(ResNet(backbone, in_channels), projection)


def reach(options: Mapping[str, Any]) -> Reach:
    """It looks at whole patches: no farther, and of any size from 16 px on."""
    return Reach(0, 1)
