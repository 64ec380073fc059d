"""Residual networks of torchvision, as encoders.

References
----------
.. [1] He, Zhang, Ren, Sun, Deep residual learning for image recognition, CVPR 2016,
   arXiv:1512.03385, table 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torchvision
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

COLOURS = 3  # what the weights learned on ImageNet expect


class ResNet(nn.Module):
    """Features of the four stages of a torchvision ResNet.

    Grey images are shown to it as three equal colours, so that weights of ImageNet can be used.

    Parameters
    ----------
    name
        ``resnet18``, ``resnet34`` or ``resnet50``.
    in_channels
        1 or 3 keep the first convolution as it is; other numbers get one of their own.
    """

    def __init__(self, name: str, in_channels: int) -> None:
        super().__init__()
        self.net: Any = getattr(torchvision.models, name)(weights=None)
        self.net.fc = nn.Identity()
        self.name = name
        self.grey = in_channels == 1
        if in_channels not in (1, COLOURS):
            self.net.conv1 = nn.Conv2d(in_channels, 64, 7, 2, 3, bias=False)
        deepest = 2048 if name == "resnet50" else 512
        self.widths = [deepest // 8, deepest // 4, deepest // 2, deepest]

    def take(self, weights: Mapping[str, Tensor]) -> None:
        """Put in weights of torchvision's network, without those of its last layer.

        A first convolution for other channels than 1 or 3 keeps its own.
        """
        kept = dict(weights)
        if self.net.conv1.in_channels != COLOURS:
            kept["conv1.weight"] = self.net.conv1.weight.detach()
        self.net.load_state_dict(kept)

    def fold(self) -> None:
        """Take the normalisations into the convolutions."""
        net = self.net
        net.conv1, net.bn1 = fuse_conv_bn_eval(net.conv1, net.bn1), nn.Identity()
        for layer in (net.layer1, net.layer2, net.layer3, net.layer4):
            for block in layer:
                for number in (1, 2, 3):
                    if hasattr(block, f"conv{number}"):
                        pair = getattr(block, f"conv{number}"), getattr(block, f"bn{number}")
                        setattr(block, f"conv{number}", fuse_conv_bn_eval(*pair))
                        setattr(block, f"bn{number}", nn.Identity())
                if block.downsample is not None:
                    fused = fuse_conv_bn_eval(block.downsample[0], block.downsample[1])
                    block.downsample = nn.Sequential(fused)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Features ``(N, width, Y, X)`` of each stage, finest first."""
        net = self.net
        x = x.expand(-1, COLOURS, -1, -1) if self.grey else x
        x = net.maxpool(net.relu(net.bn1(net.conv1(x))))
        stages = []
        for layer in (net.layer1, net.layer2, net.layer3, net.layer4):
            x = layer(x)
            stages.append(x)
        return stages
