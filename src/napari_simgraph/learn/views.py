"""Views: ways in which the same patch may look that should not matter."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor
from torch.nn import functional

from napari_simgraph.core.raster import Image, ImageSet, each_image

_SMALL = 64  # px; pictures up to this side, one patch each and grey, are taken for digits
_OPTICAL = 1.0 / 255  # darkest light that counts: the logarithm of darkness stays finite
# Stains in optical density, rows: haematoxylin, eosin, the rest (Ruifrok, Johnston 2001).
_STAINS = ((0.65, 0.70, 0.29), (0.07, 0.99, 0.11), (0.27, 0.57, 0.78))


@dataclass(frozen=True)
class Views:
    """What is varied, and by how much.

    Parameters
    ----------
    patch
        Side of the patches in pixels.
    flips, turn
        Mirrored or not; largest turn in degrees.
    zoom, shear, shift
        Largest factor of size; of slant; of shift, as a share of the patch.
    bend
        Spread of the elastic shift, as a share of the patch.
    stroke
        Strokes may be thicker or thinner.
    gain, offset, noise
        Of grey values, in spreads.
    blur
        Share of views that are blurred.
    stain
        Spread of the amount of each stain, for colour images.
    near
        How far apart the two views of a patch may lie, as a share of the patch.
    border
        What is seen beyond the border: ``reflection``, or ``border`` for the background of a
        picture.
    """

    patch: int
    flips: bool = True
    turn: float = 180.0
    zoom: float = 1.25
    shear: float = 0.0
    shift: float = 0.0
    bend: float = 0.03
    stroke: bool = False
    gain: float = 0.1
    offset: float = 0.1
    noise: float = 0.15
    blur: float = 0.3
    stain: float = 0.0
    near: float = 0.25
    border: str = "reflection"

    @property
    def reading(self) -> int:
        """Side of the crop to read for a patch, in pixels."""
        # 1.5: corners of a patch turned by 45 degrees; what is still missing is mirrored
        return math.ceil(0.75 * self.patch) * 2 if self.turn > 45 else self.patch

    def stronger(self, factor: float) -> Views:
        """The same with all amounts times a factor."""
        names = ("shear", "shift", "bend", "gain", "offset", "noise", "stain")
        amounts = {name: getattr(self, name) * factor for name in names}
        return replace(self, zoom=self.zoom**factor, **amounts)


PRESETS = {
    # grey levels tell structures apart in electron microscopy: they are varied only a little
    "em": Views(0),
    "slide": Views(0, stain=0.2, gain=0.05, offset=0.05, noise=0.05),
    "digits": Views(
        0,
        flips=False,
        turn=15.0,
        shear=0.2,
        shift=0.08,
        bend=0.06,
        stroke=True,
        gain=0.1,
        offset=0.0,
        noise=0.1,
        blur=0.0,
        near=0.0,
        border="border",
    ),
}
SAID = {
    "em": "flips, turns, size, bending, noise, a little brightness",
    "slide": "flips, turns, size, bending, the amount of each stain",
    "digits": "small turns, slant, size, bending, the width of strokes",
}


def kind_of(images: Image | ImageSet) -> str:
    """The preset for these images: ``em``, ``slide`` or ``digits``."""
    several = each_image(images)
    if several[0].channels == 3:
        return "slide"
    small = len(several) > 1 and all(max(one.plane) <= _SMALL for one in several)
    return "digits" if small else "em"


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
