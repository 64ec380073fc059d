"""Variational autoencoder: patches as a few numbers, and patches drawn from such numbers.

Given classes, encoder and decoder are told the class, so that the numbers need not hold it.

References
----------
.. [1] Kingma, Welling, Auto-encoding variational Bayes, ICLR 2014, arXiv:1312.6114, section 3
   (normal posterior, equation 10; drawn by noise times spread plus mean).
.. [2] Sohn, Lee, Yan, Learning structured output representation using deep conditional generative
   models, NeurIPS 2015, section 4.1 (the class given to both sides).
.. [3] Odena, Dumoulin, Olah, Deconvolution and checkerboard artifacts, Distill 2016,
   doi:10.23915/distill.00003 (kernels of a whole number of strides).
.. [4] Perez et al., FiLM, AAAI 2018, arXiv:1709.07871, equation 2 (the class as gain and offset of
   features).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_simgraph.nets.unet import Reach

_SPREADS = (-12.0, 4.0)  # of the logarithm of variances: exp of more would be infinite
_SMALLEST = 2  # px, of the deepest layer
_PLACES = 4  # along a side, where what is seen tells the class
_QUIET = 0.1  # of the usual first weights, for the layer that gives the numbers: near the prior


class Told(nn.Module):
    """Features with the gain and the offset of their class; as they are where there are none."""

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        self.gain = nn.Linear(classes, width, bias=False) if classes else None
        self.offset = nn.Linear(classes, width, bias=False) if classes else None

    def forward(self, x: Tensor, kind: Tensor) -> Tensor:
        """Features ``(N, width, Y, X)`` of the same; `kind` are weights of classes ``(N, K)``."""
        if self.gain is None or self.offset is None:
            return x
        gain, offset = (part(kind)[..., None, None] for part in (self.gain, self.offset))
        told: Tensor = x * (1 + gain) + offset
        return told


class Layer(nn.Module):
    """A convolution to half or double the size, normalised, told the class and rectified."""

    def __init__(self, inside: int, outside: int, classes: int, *, up: bool = False) -> None:
        super().__init__()
        self.conv: nn.Module = (
            nn.ConvTranspose2d(inside, outside, 4, 2, padding=1, bias=False)
            if up
            else nn.Conv2d(inside, outside, 3, 2, padding=1, bias=False)
        )
        self.norm = nn.BatchNorm2d(outside)
        self.told = Told(classes, outside)

    def forward(self, x: Tensor, kind: Tensor) -> Tensor:
        """Features ``(N, outside, Y, X)``."""
        return functional.relu(self.told(self.norm(self.conv(x)), kind))


class Vae(nn.Module):
    """A variational autoencoder of square patches.

    Parameters
    ----------
    side, in_channels
        Of a patch.
    latent
        How many numbers stand for it.
    classes
        Told to both sides; 0 for none.
    width, depth
        Features of the first layer, doubled in each next one; layers of either side.
    """

    def __init__(
        self, side: int, in_channels: int, latent: int, classes: int, shape: tuple[int, int]
    ) -> None:
        super().__init__()
        width, depth = shape
        self.latent, self.classes = latent, classes
        self.sides = sides(side, depth)
        widths = [width * 2**level for level in range(len(self.sides) - 1)]
        self.down = nn.ModuleList(
            Layer(inside, outside, classes)
            for inside, outside in zip([in_channels, *widths], widths, strict=False)
        )
        self.deep = (widths[-1], self.sides[-1], self.sides[-1])
        flat = widths[-1] * self.sides[-1] ** 2
        self.to_numbers = nn.Linear(flat + classes, 2 * latent)
        self.from_numbers = nn.Linear(latent + classes, flat)
        self.up = nn.ModuleList(
            Layer(inside, outside, classes, up=True)
            for inside, outside in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.last = nn.ConvTranspose2d(widths[0], in_channels, 4, 2, padding=1)

    def encode(self, x: Tensor, kind: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance ``(N, latent)`` of patches ``(N, C, Y, X)``."""
        for layer in self.down:
            x = layer(x, kind)
        found = self.to_numbers(torch.cat([x.flatten(1), kind], 1)).float()
        mean, spread = found.chunk(2, 1)
        return mean, spread.clamp(*_SPREADS)

    def described(self, x: Tensor) -> Tensor:
        """Features ``(N, F)`` of the deepest layer, told no class: so they tell it.

        At 4 x 4 places at most, so that they are as few for large patches.
        """
        kind = x.new_zeros(len(x), self.classes)
        for layer in self.down:
            x = layer(x, kind)
        return functional.adaptive_avg_pool2d(x, min(_PLACES, x.shape[-1])).flatten(1)

    def decode(self, numbers: Tensor, kind: Tensor) -> Tensor:
        """Patches ``(N, C, Y, X)`` before the logistic function, from numbers ``(N, latent)``."""
        x = functional.relu(self.from_numbers(torch.cat([numbers, kind], 1)))
        x = x.view(-1, *self.deep)
        for layer, side in zip(self.up, self.sides[-2:0:-1], strict=True):
            x = layer(x, kind)[..., :side, :side]  # an odd side was rounded up on the way down
        side = self.sides[0]
        drawn: Tensor = self.last(x)[..., :side, :side]
        return drawn

    def forward(
        self, x: Tensor, kind: Tensor | None = None, noise: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Patches drawn again, with mean and logarithm of variance of their numbers [1]_.

        Without `kind` it is told no class; without `noise` the mean is drawn.
        """
        kind = x.new_zeros(len(x), self.classes) if kind is None else kind
        mean, spread = self.encode(x, kind)
        numbers = mean if noise is None else mean + noise * torch.exp(0.5 * spread)
        return self.decode(numbers, kind), mean, spread


def sides(side: int, depth: int) -> list[int]:
    """Sides of the patch after each halving, from the whole one on; no smaller than 2 px."""
    found = [side]
    while len(found) <= depth and (found[-1] + 1) // 2 >= _SMALLEST:
        found.append((found[-1] + 1) // 2)
    return found


def build(
    side: int,
    in_channels: int,
    latent: int = 16,
    classes: int = 0,
    width: int = 32,
    depth: int = 3,
) -> Vae:
    """A variational autoencoder; with classes a conditional one."""
    return Vae(side, in_channels, latent, classes, (width, depth))


def draw(network: nn.Module, generator: torch.Generator) -> None:
    """He initialisation; what is told of the class begins small, numbers near the prior."""
    for name, module in network.named_modules():
        if isinstance(module, nn.ConvTranspose2d):
            spread = (2 / (4 * module.in_channels)) ** 0.5  # of 4 x 4 places a quarter meet a pixel
            nn.init.normal_(module.weight, std=spread, generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
            if name == "to_numbers" or ".told." in name:
                module.weight.data *= _QUIET
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()


def reach(options: Mapping[str, Any]) -> Reach:
    """It looks at whole patches: no farther, and of one size."""
    return Reach(0, 1)
