"""Oddity: a network of pretexts as one that gives each pixel how odd it is, in several ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import lcm
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from napari_simgraph.learn.described import described
from napari_simgraph.learn.hiding import in_turn, period
from napari_simgraph.learn.odd_parts import PARTS, REACH, compared, smooth
from napari_simgraph.learn.token_memory import Distance
from napari_simgraph.learn.windows import Span, Windows
from napari_simgraph.nets.pretexts import COLORIZATION, TOKEN, opponent
from napari_simgraph.nets.unet import Reach

_STEP = 4  # px; parts are blurred on such a grid, which loses nothing of what is left
_SIGMA = 4.0  # px of the blur: defects are seen as areas, noise is not
FULL, FAST = "full", "fast"
SPEEDS = (FULL, FAST)


class Turns(NamedTuple):
    """How parts are hidden in turn: the sides of tiles, how often, and whether it also mends."""

    sides: tuple[int, ...]
    parts: int
    mends: bool


def turns_of(speed: str, tile: int, mends: bool) -> Turns:
    """How thoroughly to look.

    Full hides tiles of two sizes, a quarter of the picture at a time, and mends. Fast only mends;
    a network that has not learned to hides half of the picture twice.
    """
    if speed == FULL:
        return Turns((tile, 2 * tile), 4, mends)
    return Turns((), 0, True) if mends else Turns((tile,), 2, False)


@dataclass(frozen=True)
class PlacedWindows(Windows):
    """Windows with two more channels: row and column of each pixel, from 0 to 1 in the image."""

    def read(self, z: int, rows: Span, columns: Span) -> NDArray[np.float32]:
        """Input ``(C + 2, Y, X)``, mirrored beyond borders."""
        pixels = super().read(z, rows, columns)
        height, width = self.image.plane
        down = ((np.arange(*rows) + 0.5) / height).astype(np.float32)
        across = ((np.arange(*columns) + 0.5) / width).astype(np.float32)
        places = np.stack(np.broadcast_arrays(down[:, None], across[None]))
        return np.concatenate([pixels, places])


class Oddity(nn.Module):
    """How odd each pixel is ``(N, P, Y, X)``, and what was expected ``(N, C, Y, X)`` below that.

    Parameters
    ----------
    network
        Of the pretexts.
    turns
        How parts are hidden.
    distances
        To how normal places are described, by the way in which they are; see `described`.
    expected
        Whether the expected picture follows the parts.
    """

    def __init__(
        self,
        network: Any,
        turns: Turns,
        distances: Mapping[str, Distance],
        expected: bool = False,
    ) -> None:
        super().__init__()
        self.network, self.turns = network, turns
        self.distances, self.expected = dict(distances), expected
        names = list(network.networks)
        self.names = names if turns.parts == 4 else names[:1]

    @property
    def parts(self) -> list[str]:
        """What the channels mean: ``mae squared`` … ``tokens``."""
        found: list[str] = []
        for name in self.names:
            if name == COLORIZATION:
                found.append(name)
                continue
            if self.turns.mends:
                found += [*(f"{name} mended {part}" for part in PARTS), f"{name} doubt"]
            if self.turns.sides:
                found += [f"{name} {part}" for part in PARTS]
        return [*found, *self.distances]

    def fold(self) -> None:
        """Take normalisations into convolutions."""
        self.network.fold()

    def forward(self, x: Tensor) -> Tensor:
        """The parts of inputs ``(N, C + 2, Y, X)`` with their places, see `PlacedWindows`."""
        x, places = x[:, :-2].float(), x[:, -2:].float()
        found, expected = [], None
        for name in self.names:
            if name == COLORIZATION:
                whole = opponent(x)
                guessed = self.network.color(x).float()
                found.append((whole[:, 1:] - guessed).square().mean(1, keepdim=True))
                drawn = _from_opponent(torch.cat([whole[:, :1], guessed], 1))
            else:
                drawn = self._redrawn(name, x, found)
            expected = drawn if expected is None else expected
        coarse = functional.avg_pool2d(torch.cat(found, 1), _STEP)
        for part, distance in self.distances.items():
            seen = described(part, self.network, x)
            away = distance(seen, functional.avg_pool2d(places, TOKEN))
            away = functional.interpolate(away, scale_factor=TOKEN / _STEP, mode="nearest")
            coarse = torch.cat([coarse, away], 1)
        blurred = smooth(coarse, _SIGMA / _STEP)
        fine = functional.interpolate(blurred, scale_factor=_STEP, mode="bilinear")
        return torch.cat([fine, expected], 1) if self.expected else fine  # type: ignore[list-item]

    def _redrawn(self, name: str, x: Tensor, found: list[Tensor]) -> Tensor:
        """What was expected; how the picture differs from it goes to `found`."""
        expected: Tensor | None = None
        if self.turns.mends:
            mended = self.network.redraw(name, x, torch.zeros_like(x[:, :1]))
            found += [compared(x, mended.picture), mended.doubt.sigmoid()]
            expected = mended.picture
        total = torch.zeros_like(x[:, :1])
        for side in self.turns.sides:
            drawn = torch.zeros_like(x)
            for number in range(self.turns.parts):
                hidden = in_turn(side, self.turns.parts, number, (x.shape[-2], x.shape[-1])).to(
                    x.device
                )
                drawn = drawn + hidden * self.network.redraw(name, x, hidden).picture
            total = total + compared(x, drawn)
            expected = drawn if expected is None or side == self.turns.sides[0] else expected
        if self.turns.sides:
            found.append(total / len(self.turns.sides))
        return expected  # type: ignore[return-value]


def reach_of(network: Reach, turns: Turns) -> Reach:
    """How far a pixel of the map looks, and the stride that keeps what is hidden in place."""
    blur = int(3 * _SIGMA) + 2 * _STEP
    tokens = 2 * TOKEN
    radius = network.radius + max(REACH, tokens) + blur
    return Reach(radius, lcm(network.stride, TOKEN, *(period(side) for side in turns.sides)))


def _from_opponent(x: Tensor) -> Tensor:
    """The inverse of `opponent`, which only turns the axes."""
    light, red, yellow = (x[:, k] for k in range(3))
    base, third = light / 3**0.5, yellow / 6**0.5
    half = red / 2**0.5
    return torch.stack([base + half + third, base - half + third, base - 2 * third], 1)
