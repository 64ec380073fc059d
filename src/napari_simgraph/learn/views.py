"""Views: ways in which the same patch may look that should not matter."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional

from napari_simgraph.learn.view_settings import Views

_OPTICAL = 1.0 / 255  # darkest light that counts: the logarithm of darkness stays finite
# Stains in optical density, rows: haematoxylin, eosin, the rest (Ruifrok, Johnston 2001).
_STAINS = ((0.65, 0.70, 0.29), (0.07, 0.99, 0.11), (0.27, 0.57, 0.78))


def view(crops: Tensor, how: Views, generator: Generator, light: Tensor | None = None) -> Tensor:
    """One view ``(N, C, P, P)`` of each crop ``(N, C, R, R)``.

    Parameters
    ----------
    crops
        Near zero.
    how
        What is varied.
    generator
        Of the CPU; the only source of chance.
    light
        ``(2, N, C)``: what to take crops times and add, to have light from 0 to 1; for stains.
    """
    grid = _grid(len(crops), crops.shape[-1], how, generator).to(crops)
    x = functional.grid_sample(
        crops, grid, mode="bilinear", padding_mode=how.border, align_corners=False
    )
    if how.stroke:
        x = _stroke(x, generator)
    if how.stain and light is not None and x.shape[1] == 3:
        x = _stained(x, how.stain, light, generator)
    if how.blur:
        soft = _rand((len(x), 1, 1, 1), 0, 1, generator) < how.blur
        x = torch.where(soft.to(x.device), _blurred(x), x)
    gain = 1 + _rand((len(x), 1, 1, 1), -how.gain, how.gain, generator)
    offset = _rand((len(x), 1, 1, 1), -how.offset, how.offset, generator)
    amount = _rand((len(x), 1, 1, 1), 0, how.noise, generator)
    noise = torch.randn(x.shape, generator=generator) * amount
    x = x * gain.to(x) + offset.to(x) + noise.to(x)
    return x.contiguous(memory_format=torch.channels_last)


def _rand(shape: tuple[int, ...], low: float, high: float, generator: Generator) -> Tensor:
    return torch.rand(shape, generator=generator) * (high - low) + low


def _grid(n: int, read: int, how: Views, generator: Generator) -> Tensor:
    """Where each pixel of the views comes from, ``(N, P, P, 2)`` in -1..1 of the crop."""
    patch = how.patch
    line = torch.arange(patch, dtype=torch.float32) - (patch - 1) / 2
    places = torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1)
    moved = torch.einsum("yxi,nij->nyxj", places, _turns(n, how, generator))
    moved = moved + _rand((n, 1, 1, 2), -how.shift, how.shift, generator) * patch
    if how.bend:
        points = int(torch.randint(3, 6, (), generator=generator))
        reach = how.bend * patch * _rand((n, 1, 1, 1), 0, 1, generator)
        coarse = torch.randn((n, 2, points, points), generator=generator) * reach
        bend = functional.interpolate(
            coarse, size=(patch, patch), mode="bicubic", align_corners=True
        )
        moved = moved + bend.permute(0, 2, 3, 1)
    return moved * (2.0 / read)


def _turns(n: int, how: Views, generator: Generator) -> Tensor:
    """A matrix per view, ``(N, 2, 2)``: turn, flip, size and slant."""
    angle = _rand((n,), -how.turn, how.turn, generator) * (math.pi / 180)
    mirror = torch.randint(0, 2, (n,), generator=generator) * 2.0 - 1.0
    mirror = mirror if how.flips else torch.ones(n)
    zoom = torch.exp(_rand((2, n), -1, 1, generator) * math.log(how.zoom))
    if how.flips:
        zoom[1] = zoom[0]  # tissue grows in all directions, handwriting also in one
    slant = _rand((n,), -how.shear, how.shear, generator)
    cos, sin = torch.cos(angle), torch.sin(angle)
    turn = torch.stack([cos, -sin, sin, cos], 1).reshape(n, 2, 2)
    shape = torch.stack([zoom[0] * mirror, torch.zeros(n), slant, zoom[1]], 1).reshape(n, 2, 2)
    return turn @ shape


def _stroke(x: Tensor, generator: Generator) -> Tensor:
    """Strokes of a third of the views thinner, of a third thicker, each by any amount."""
    amount = _rand((len(x), 1, 1, 1), -1.5, 1.5, generator).to(x)
    thick = functional.max_pool2d(x, 3, stride=1, padding=1)
    thin = -functional.max_pool2d(-x, 3, stride=1, padding=1)
    more, less = (amount - 0.5).clamp(min=0), (-amount - 0.5).clamp(min=0)
    return x + more * (thick - x) + less * (thin - x)


def _stained(x: Tensor, amount: float, light: Tensor, generator: Generator) -> Tensor:
    """Other amounts of each stain and other light, in optical density."""
    scale, shift = (part[:, :, None, None].to(x) for part in light)
    density = -torch.log((x * scale + shift).clamp(_OPTICAL, 1.0))
    stains = torch.tensor(_STAINS).to(x)
    stains = stains / stains.norm(dim=1, keepdim=True)
    parts = torch.einsum("ncyx,cs->nsyx", density, torch.linalg.inv(stains))
    gain = 1 + _rand((len(x), 3, 1, 1), -amount, amount, generator).to(x)
    offset = _rand((len(x), 3, 1, 1), -amount / 10, amount / 10, generator).to(x)
    density = torch.einsum("nsyx,sc->ncyx", parts * gain + offset, stains)
    stained: Tensor = (torch.exp(-density.clamp(min=0)) - shift) / scale
    return stained


def _blurred(x: Tensor) -> Tensor:
    """A mean over 3 x 3 pixels, twice: close to a Gaussian of 1.2 px."""
    for _ in range(2):
        x = functional.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)
    return x
