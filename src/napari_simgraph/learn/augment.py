"""Augmentation: the ways in which pictures may differ that should not matter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Generator, Tensor
from torch.nn import functional

_SCALE = 1.25  # up to this much larger or smaller: magnifications and oblique cuts
_BEND = 8.0  # px, spread of the elastic shift at its grid points: cutting and heat bend sections
_GAIN, _OFFSET, _GAMMA = 0.25, 0.3, 0.25  # in spreads of grey values: drift between microscopes
# In spreads of grey values, at most: sections of one stack differ as much. ISBI 12-17 by a network
# of the smooth 0-11: V_Rand 0.988 with 0.4, 0.984 with 0.2, and no less on its smooth sections.
_NOISE = 0.4
_RARE = 0.15  # share of crops with one damage of each kind


@dataclass(frozen=True)
class Augment:
    """What is varied; each can be switched off.

    `patch` is the side of the patches in pixels, `sections` how many the network looks at: the
    middle one and its neighbours.
    """

    patch: int
    sections: int = 1
    flips: bool = True
    rotation: bool = True
    scaling: bool = True
    elastic: bool = True
    intensity: bool = True
    damage: bool = True

    @property
    def moves(self) -> bool:
        """Whether crops must be larger than patches, since what is beyond may come into view."""
        return self.rotation or self.scaling or self.elastic

    @property
    def reading(self) -> int:
        """Side of the crop to read for a patch, in pixels."""
        # 1.5: corners of a patch turned by 45 degrees; what is still missing is mirrored
        return math.ceil(0.75 * self.patch) * 2 if self.moves else self.patch


class Sample(NamedTuple):
    """Inputs ``(N, C, Y, X)``; target and known ``(N, K, Y, X)`` of 0 and 1, as floats."""

    inputs: Tensor
    target: Tensor
    known: Tensor


def augment(inputs: Tensor, marks: Tensor, how: Augment, generator: Generator) -> Sample:
    """Varied patches of crops.

    Parameters
    ----------
    inputs
        Crops ``(N, C * sections, R, R)``.
    marks
        Of each class ``(N, K, R, R)``: 0 unlabelled, 1 absent, 2 present.
    how
        What is varied.
    generator
        Of the CPU; the only source of chance.
    """
    k = marks.shape[1]
    layers = torch.cat([inputs, (marks == 2).to(inputs), (marks > 0).to(inputs)], dim=1)
    if how.flips or how.moves:
        grid = _grid(len(inputs), inputs.shape[-1], how, generator)
        layers = functional.grid_sample(
            layers, grid.to(inputs), mode="bilinear", padding_mode="reflection", align_corners=False
        )
    inputs, present, known = torch.split(layers, [layers.shape[1] - 2 * k, k, k], dim=1)
    if how.intensity:
        inputs = _intensity(inputs, how.sections, generator)
    if how.damage:
        inputs = _damage(inputs, how.sections, generator)
    return Sample(inputs.contiguous(memory_format=torch.channels_last), present, known)


def settle(sample: Sample, exclusive: bool) -> Sample:
    """Target and known as 0 and 1 again after resampling, one class a pixel if exclusive."""
    known = (sample.known >= 0.5).to(sample.known)
    if exclusive:
        best = sample.target.argmax(1, keepdim=True)
        target = torch.zeros_like(sample.target).scatter_(1, best, 1.0)
    else:
        target = (sample.target >= 0.5).to(sample.target)
    return Sample(sample.inputs, target * known, known)


def _uniform(shape: tuple[int, ...], low: float, high: float, generator: Generator) -> Tensor:
    return torch.rand(shape, generator=generator) * (high - low) + low


def _grid(n: int, read: int, how: Augment, generator: Generator) -> Tensor:
    """Where each pixel of the patches comes from, ``(N, Y, X, 2)`` in -1..1 of the crop."""
    patch = how.patch
    line = torch.arange(patch, dtype=torch.float32) - (patch - 1) / 2
    places = torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1)  # (Y, X, 2): x, y
    turned = torch.einsum("yxi,nij->nyxj", places, _turns(n, how, generator))
    if how.elastic:
        points = int(torch.randint(3, 6, (), generator=generator))
        coarse = torch.randn((n, 2, points, points), generator=generator)
        reach = _BEND * _uniform((n, 1, 1, 1), 0, 1, generator)
        bend = functional.interpolate(
            coarse * reach, size=(patch, patch), mode="bicubic", align_corners=True
        )
        turned = turned + bend.permute(0, 2, 3, 1)
    return turned * (2.0 / read)


def _turns(n: int, how: Augment, generator: Generator) -> Tensor:
    """A matrix per patch, ``(N, 2, 2)``: flip, turn and scale."""
    quarter = torch.randint(0, 4, (n,), generator=generator) * (math.pi / 2)
    angle = _uniform((n,), 0, 2 * math.pi, generator)
    # half the patches keep the pixel grid's directions: turning blurs, real sections don't
    free = torch.rand((n,), generator=generator) < 0.5
    mirror = torch.randint(0, 2, (n,), generator=generator) * 2.0 - 1.0
    zoom = torch.exp(_uniform((n,), -1, 1, generator) * math.log(_SCALE))
    if not how.flips:
        quarter, mirror = torch.zeros(n), torch.ones(n)
    angle = torch.where(free, angle, quarter) if how.rotation else quarter
    zoom = torch.where(free, zoom, torch.ones(n)) if how.scaling else torch.ones(n)
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    return torch.stack([cos * mirror, -sin * mirror, sin, cos], dim=1).reshape(n, 2, 2)


def _per_section(n: int, sections: int, low: float, high: float, generator: Generator) -> Tensor:
    """One number per patch and a little of it per section, ``(N, sections, 1, 1, 1)``."""
    together = _uniform((n, 1, 1, 1, 1), low, high, generator)
    if sections == 1:
        return together
    return together + 0.5 * _uniform((n, sections, 1, 1, 1), low, high, generator)


def _intensity(inputs: Tensor, sections: int, generator: Generator) -> Tensor:
    """Other gain, offset, gamma and noise, a little different in each section."""
    n, channels, height, width = inputs.shape
    x = inputs.reshape(n, sections, channels // sections, height, width)
    gamma = torch.exp(_per_section(n, sections, -_GAMMA, _GAMMA, generator)).to(x)
    unit = ((x + 3.0) / 6.0).clamp(1e-3, 1.0)  # three spreads around the mean
    x = x + (unit**gamma - unit) * 6.0
    gain = torch.exp(_per_section(n, sections, -_GAIN, _GAIN, generator)).to(x)
    offset = _per_section(n, sections, -_OFFSET, _OFFSET, generator).to(x)
    strength = _uniform((n, 1, 1, 1, 1), -_NOISE, _NOISE, generator).clamp(min=0).to(x)
    noise = torch.randn(x.shape, generator=generator).to(x)
    return (x * gain + offset + noise * strength).reshape(n, channels, height, width)


def _damage(inputs: Tensor, sections: int, generator: Generator) -> Tensor:
    """Now and then a blurred or dark region, and a missing or blurred neighbour section."""
    n, channels, height, width = inputs.shape
    blurred = _blur(inputs)
    where = _blobs(n, height, width, generator).to(inputs)
    out = inputs + where[0] * (blurred - inputs) - where[1]
    if sections == 1:
        return out
    x = out.reshape(n, sections, channels // sections, height, width)
    soft = blurred.reshape(x.shape)
    chance = torch.rand((2, n, sections, 1, 1, 1), generator=generator).to(x)
    chance[:, :, sections // 2] = 1.0  # the middle section is the one to be segmented
    x = torch.where(chance[0] < _RARE, soft, x)
    x = torch.where(chance[1] < _RARE, x[:, sections // 2 : sections // 2 + 1], x)
    return x.reshape(n, channels, height, width)


def _blobs(n: int, height: int, width: int, generator: Generator) -> Tensor:
    """How blurred and how dark each place is, ``(2, N, 1, Y, X)``; mostly nowhere."""
    y, x = torch.arange(height)[:, None] / height, torch.arange(width)[None] / width
    chance = torch.rand((2, n, 1, 1, 1), generator=generator)
    middle = torch.rand((2, n, 1, 2), generator=generator)
    spread = _uniform((2, n, 1, 1, 1), 0.05, 0.25, generator)
    away = (y - middle[..., 0, None, None]) ** 2 + (x - middle[..., 1, None, None]) ** 2
    return torch.exp(-away / (2 * spread**2)) * (chance < _RARE)


def _blur(inputs: Tensor) -> Tensor:
    """Twice a mean over 5 x 5 pixels: close to a Gaussian of 2 px."""
    for _ in range(2):
        inputs = functional.avg_pool2d(inputs, 5, stride=1, padding=2, count_include_pad=False)
    return inputs
