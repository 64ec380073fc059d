"""EfficientNet-Lite0 as an encoder: a network made for processors without a graphics card.

References
----------
.. [1] Tan, Le, EfficientNet: rethinking model scaling for convolutional neural networks, ICML
   2019, arXiv:1905.11946, table 1. *Lite* leaves out squeeze-and-excitation and rectifies by
   ReLU6 instead of swish.
.. [2] Sandler et al., MobileNetV2: inverted residuals and linear bottlenecks, CVPR 2018,
   arXiv:1801.04381, table 1 (the blocks) and section 3.3 (what is added where).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

NAME = "efficientnet-lite0"
_COLOURS = 3  # what the weights learned on ImageNet expect
_FIRST, _LAST = 32, 1280  # features before and after the stages
_MOMENTUM, _LEAST = 0.01, 1e-3  # of the normalisations, as its weights were learned
# Mean and spread of the colours of ImageNet, from 0 to 1: what our inputs have as 0 and 1.
_MEAN, _SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_GREY, _REACH = 127 / 255, 128 / 255  # what it takes off light, and divides it by


class Stage(NamedTuple):
    """A row of table 1 [1]_: how much wider inside, features, blocks, stride, and kernel."""

    wider: int
    width: int
    blocks: int
    stride: int
    kernel: int


_STAGES = (
    Stage(1, 16, 1, 1, 3),
    Stage(6, 24, 2, 2, 3),
    Stage(6, 40, 2, 2, 5),
    Stage(6, 80, 3, 2, 3),
    Stage(6, 112, 3, 1, 5),
    Stage(6, 192, 4, 2, 5),
    Stage(6, 320, 1, 1, 3),
)
_SHOWN = (1, 2, 4, 6)  # the last stage of each size from a quarter on


class Conv(nn.Conv2d):
    """A convolution whose border is shared as TensorFlow shares it: what is odd lies at the end."""

    def __init__(
        self, inside: int, outside: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        around = 0 if stride > 1 else kernel // 2
        super().__init__(inside, outside, kernel, stride, around, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Features ``(N, outside, Y, X)``, sides divided by the stride and rounded up."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        if stride > 1:
            missing = [max((-(-n // stride) - 1) * stride + kernel - n, 0) for n in x.shape[:1:-1]]
            x = functional.pad(x, [side for n in missing for side in (n // 2, n - n // 2)])
        return super().forward(x)


class Inverted(nn.Module):
    """A block that is wide inside: widened, filtered feature by feature, narrowed [2]_."""

    def __init__(self, inside: int, kind: Stage, stride: int) -> None:
        super().__init__()
        wide = inside * kind.wider
        widening = _layer(Conv(inside, wide, 1)) if kind.wider > 1 else []
        filtering = _layer(Conv(wide, wide, kind.kernel, stride, groups=wide))
        self.layers = nn.Sequential(*widening, *filtering, *_layer(Conv(wide, kind.width, 1))[:2])
        self.adds = stride == 1 and inside == kind.width

    def forward(self, x: Tensor) -> Tensor:
        """Features ``(N, width, Y, X)``; added to the given ones where they are as many."""
        found: Tensor = self.layers(x)
        return x + found if self.adds else found


class Lite0(nn.Module):
    """Features of four sizes and those before the scores of ImageNet, which are pooled alike.

    Grey images are shown to it as three equal colours, so that weights of ImageNet can be used.

    Parameters
    ----------
    in_channels
        1 or 3 keep the first convolution as it is; other numbers get one of their own.
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.grey, self.coloured = in_channels == 1, in_channels in (1, _COLOURS)
        inside = _COLOURS if self.coloured else in_channels
        self.first = nn.Sequential(*_layer(Conv(inside, _FIRST, 3, 2)))
        widths = [_FIRST, *(kind.width for kind in _STAGES)]
        self.stages = nn.ModuleList(
            _stage(inside, kind) for inside, kind in zip(widths, _STAGES, strict=False)
        )
        self.last = nn.Sequential(*_layer(Conv(widths[-1], _LAST, 1)))
        self.widths = [*(_STAGES[number].width for number in _SHOWN), _LAST]

    def take(self, weights: Mapping[str, Tensor]) -> None:
        """Put in weights learned elsewhere, which stand in the order of the layers.

        A first convolution for other channels than 1 or 3 keeps its own.
        """
        own = self.state_dict()
        given = dict(zip(own, weights.values(), strict=True))
        if not self.coloured:
            given["first.0.weight"] = own["first.0.weight"]
        self.load_state_dict(given)

    def fold(self) -> None:
        """Take the normalisations into the convolutions."""
        for layers in [one for one in self.modules() if isinstance(one, nn.Sequential)]:
            for at in range(len(layers) - 1):
                conv, norm = layers[at], layers[at + 1]
                if isinstance(conv, Conv) and isinstance(norm, nn.BatchNorm2d):
                    layers[at], layers[at + 1] = fuse_conv_bn_eval(conv, norm), nn.Identity()

    def forward(self, x: Tensor) -> list[Tensor]:
        """Features ``(N, width, Y, X)`` of each size, finest first, and those before the scores."""
        x = self.first(_lit(x.expand(-1, _COLOURS, -1, -1)) if self.coloured else x)
        sizes = []
        for number, stage in enumerate(self.stages):
            x = stage(x)
            if number in _SHOWN:
                sizes.append(x)
        return [*sizes, self.last(x)]


def _layer(conv: Conv) -> list[nn.Module]:
    """A convolution, normalised and rectified."""
    norm = nn.BatchNorm2d(conv.out_channels, eps=_LEAST, momentum=_MOMENTUM)
    return [conv, norm, nn.ReLU6()]


def _stage(inside: int, kind: Stage) -> nn.Sequential:
    """The blocks of a stage; the first one makes it smaller."""
    return nn.Sequential(*_blocks(inside, kind))


def _blocks(inside: int, kind: Stage) -> Iterator[Inverted]:
    yield Inverted(inside, kind, kind.stride)
    for _ in range(kind.blocks - 1):
        yield Inverted(kind.width, kind, 1)


def _lit(x: Tensor) -> Tensor:
    """Inputs of mean 0 and spread 1 as the colours of ImageNet, in the units of the weights."""
    mean, spread = (torch.tensor(one).to(x)[:, None, None] for one in (_MEAN, _SPREAD))
    lit: Tensor = (x * spread + mean - _GREY) / _REACH
    return lit
