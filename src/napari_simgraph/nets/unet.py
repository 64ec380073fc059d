"""U-Net: classes for every pixel from a picture, at selectable depth and width.

References
----------
.. [1] Ronneberger, Fischer, Brox, U-Net: convolutional networks for biomedical image
   segmentation, MICCAI 2015, arXiv:1505.04597, figure 1. Here convolutions keep the size,
   batches are normalised [2]_, and the way up halves channels by 1 x 1 before it doubles pixels.
.. [2] Ioffe, Szegedy, Batch normalization, ICML 2015, arXiv:1502.03167, algorithm 1.
.. [3] He et al., Deep residual learning, CVPR 2016, arXiv:1512.03385, figure 2 (the shortcut of
   the residual block).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from napari_simgraph.nets.bank import bank, farthest, features

# Empty channels beside a single one, in use: with one channel the order of an image in memory is
# ambiguous, and the first convolution is computed one way or another depending on the size.
_SPARE = 3
_SCALES = (1.0, 2.0, 4.0, 8.0)  # px, of the filters it may be given


class Reach(NamedTuple):
    """How far from an output pixel the network looks, and the stride its input must keep.

    `radius` in pixels; positions and sizes of tiles are multiples of `stride`.
    """

    radius: int
    stride: int


class Block(nn.Module):
    """Two 3 x 3 convolutions, each normalised and rectified; with a shortcut if residual."""

    def __init__(self, inside: int, outside: int, residual: bool) -> None:
        super().__init__()
        self.first = nn.Conv2d(inside, outside, 3, padding=1, bias=False)
        self.first_norm: nn.Module = nn.BatchNorm2d(outside)
        self.second = nn.Conv2d(outside, outside, 3, padding=1, bias=False)
        self.second_norm: nn.Module = nn.BatchNorm2d(outside)
        self.shortcut = nn.Conv2d(inside, outside, 1) if residual else None

    def forward(self, x: Tensor) -> Tensor:
        """Features ``(N, outside, Y, X)`` of ``(N, inside, Y, X)``."""
        y = functional.relu(self.first_norm(self.first(x)), inplace=True)
        y = self.second_norm(self.second(y))
        if self.shortcut is not None:
            y = y + self.shortcut(x)
        return functional.relu(y, inplace=True)

    def fold(self) -> None:
        """Take the normalisations into the convolutions: the same numbers in one step less."""
        if isinstance(self.first_norm, nn.BatchNorm2d):
            self.first = fuse_conv_bn_eval(self.first, self.first_norm)
        if isinstance(self.second_norm, nn.BatchNorm2d):
            self.second = fuse_conv_bn_eval(self.second, self.second_norm)
        self.first_norm = self.second_norm = nn.Identity()

    def widen(self, spare: int) -> None:
        """Take so many more input channels and give them no weight."""
        for conv in (self.first, self.shortcut):
            if conv is not None:
                wide = functional.pad(conv.weight.detach(), (0, 0, 0, 0, 0, spare))
                conv.weight = nn.Parameter(wide.contiguous(memory_format=torch.channels_last))
                conv.in_channels += spare


class UNet(nn.Module):
    """Scores per class and pixel (before softmax or sigmoid).

    Parameters
    ----------
    in_channels
        Image channels times sections looked at.
    out_channels
        Classes.
    shape
        Features at full size, doubled with each level; and levels, each but the first halves the
        size.
    residual
        Blocks with a shortcut [3]_: learn faster at first, cost a little more.
    filtered
        It is given blurred pictures, edges and curvature beside the picture: from strokes alone it
        is better after 150 steps than without them after 800.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        shape: tuple[int, int],
        residual: bool,
        filtered: bool = False,
    ) -> None:
        super().__init__()
        width, depth = shape
        self.filtered = filtered
        if filtered:
            in_channels = features(in_channels, _SCALES, textures=False)
        sizes = [width * 2**level for level in range(depth)]
        self.down = nn.ModuleList(
            Block(inside, outside, residual)
            for inside, outside in zip([in_channels, *sizes], sizes, strict=False)
        )
        pairs = list(zip(sizes[1:], sizes[:-1], strict=True))[::-1]
        self.narrow = nn.ModuleList(nn.Conv2d(deep, flat, 1) for deep, flat in pairs)
        self.up = nn.ModuleList(Block(2 * flat, flat, residual) for _, flat in pairs)
        self.spare = 0
        self.head = nn.Conv2d(width, out_channels, 1)

    def fold(self) -> None:
        """See `Block.fold`; for use only, such a network can't go on learning."""
        blocks = [block for block in self.modules() if isinstance(block, Block)]
        for block in blocks:
            block.fold()
        if blocks[0].first.in_channels == 1:
            self.spare = _SPARE
            blocks[0].widen(_SPARE)

    def stages(self, x: Tensor) -> list[Tensor]:
        """Features ``(N, width, Y, X)`` of each level on the way down, finest first."""
        if self.filtered:
            x = bank(x, _SCALES, textures=False).contiguous(memory_format=torch.channels_last)
        if self.spare:
            x = functional.pad(x, (0, 0, 0, 0, 0, self.spare))
            x = x.contiguous(memory_format=torch.channels_last)
        skips = []
        for level, block in enumerate(self.down):
            x = block(functional.max_pool2d(x, 2) if level else x)
            skips.append(x)
        return skips

    def forward(self, x: Tensor) -> Tensor:
        """Scores ``(N, K, Y, X)`` of ``(N, C, Y, X)``; Y and X are multiples of the stride."""
        return self.finished(self.stages(x))

    def finished(self, stages: Sequence[Tensor]) -> Tensor:
        """The same from `stages`, for who needs both."""
        return self.head(self.seen(stages))  # type: ignore[no-any-return]

    def seen(self, stages: Sequence[Tensor]) -> Tensor:
        """Features ``(N, width, Y, X)`` that the scores are made of."""
        *skips, x = stages
        for narrow, block in zip(self.narrow, self.up, strict=True):
            x = functional.interpolate(narrow(x), scale_factor=2, mode="nearest")
            x = block(torch.cat([skips.pop(), x], dim=1))
        return x


def build(
    in_channels: int,
    out_channels: int,
    width: int = 16,
    depth: int = 4,
    residual: bool = False,
    filtered: bool = False,
) -> UNet:
    """A U-Net; see `UNet`."""
    return UNet(in_channels, out_channels, (width, depth), residual, filtered)


def reach(options: Mapping[str, Any]) -> Reach:
    """How far a U-Net of these options looks, worst over all places within its stride."""
    depth = int(options.get("depth", 4))
    stride = 2 ** (depth - 1)
    radius = 0
    for place in range(stride):
        low, high = _seen(place, place, 0, depth)
        radius = max(radius, place - low, high - place)
    filters = farthest(_SCALES, textures=False) if options.get("filtered") else 0
    return Reach(radius + filters, stride)


def _seen(low: int, high: int, level: int, depth: int) -> tuple[int, int]:
    """The image pixels that pixels low..high at the end of a level depend on."""
    if level == depth - 1:
        return _seen_down(low, high, level)
    low, high = low - 2, high + 2  # two 3 x 3 convolutions
    skip = _seen_down(low, high, level)
    deep = _seen(low // 2, high // 2, level + 1, depth)
    return min(skip[0], deep[0]), max(skip[1], deep[1])


def _seen_down(low: int, high: int, level: int) -> tuple[int, int]:
    """The same on the way down: convolutions, then pooling of two pixels to one."""
    low, high = low - 2, high + 2
    return _seen_down(2 * low, 2 * high + 1, level - 1) if level else (low, high)
