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

from napari_simgraph.learn.described import PLACES, Described
from napari_simgraph.learn.fusing import Fusing
from napari_simgraph.learn.hiding import in_turn, period, quarter
from napari_simgraph.learn.normalise import EachSection, Statistics
from napari_simgraph.learn.odd_parts import CELL, PARTS, REACH, compared, pooled, smooth
from napari_simgraph.learn.token_memory import Distance
from napari_simgraph.learn.windows import Span, Windows
from napari_simgraph.nets.pretexts import COLORIZATION, opponent
from napari_simgraph.nets.unet import Reach

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
    """Windows with two more channels: row and column of each pixel, from 0 to 1 in the image.

    With `light` each section has statistics of its own.
    """

    light: EachSection | None = None

    def of(self, z: int) -> Statistics:
        """What is taken off a section."""
        return self.light.of(z) if self.light else self.statistics

    def read(self, z: int, rows: Span, columns: Span) -> NDArray[np.float32]:
        """Input ``(C + 2, Y, X)``, mirrored beyond borders."""
        pixels = Windows(self.image, self.of(z)).read(z, rows, columns)
        height, width = self.image.plane
        found = np.empty((len(pixels) + 2, *pixels.shape[1:]), np.float32)
        found[:-2] = pixels
        found[-2] = ((np.arange(*rows) + 0.5) / height)[:, None]
        found[-1] = (np.arange(*columns) + 0.5) / width
        return found


class Oddity(nn.Module):
    """How odd each pixel is in several ways, `parts`; or in one, once it has `fused`.

    With `expected` the picture that was expected follows.

    Parameters
    ----------
    network
        Of the pretexts.
    turns
        How parts are hidden.
    distances
        To how normal places are described, by the way in which they are; see `described`.
    """

    def __init__(
        self,
        network: Any,
        turns: Turns,
        distances: Mapping[str, Distance],
    ) -> None:
        super().__init__()
        self.network, self.turns, self.distances = network, turns, dict(distances)
        self.fused: Fusing | None = None
        self.expected = False
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
        """``(N, P or 1, Y, X)`` of inputs ``(N, C + 2, Y, X)``, see `PlacedWindows`.

        All is computed on a grid of cells, from means of pixels, and drawn finely at the end.
        """
        x, places = x[:, :-2].float().contiguous(), x[:, -2:].float()
        found: list[Tensor] = []
        tokens, expected = None, None
        for name in self.names:
            drawn, first = self._drawn(name, x, found)
            tokens = first if tokens is None else tokens
            expected = drawn if expected is None else expected
        described = Described(self.network, x, tokens)
        for part, distance in self.distances.items():
            away = distance(described.by(part), places)
            scale = PLACES[part] / CELL
            found.append(functional.interpolate(away, scale_factor=scale, mode="nearest"))
        cells = smooth(torch.cat(found, 1), _SIGMA / CELL)
        if self.fused is not None:
            cells = self.fused(cells, places)
        fine = functional.interpolate(cells, scale_factor=CELL, mode="bilinear")
        return torch.cat([fine, expected], 1) if self.expected else fine  # type: ignore[list-item]

    def _drawn(self, name: str, x: Tensor, found: list[Tensor]) -> tuple[Tensor, Tensor | None]:
        """What a network expected, and the tokens of it; how odd that is goes to `found`."""
        if name == COLORIZATION:
            whole = opponent(x)
            guessed, tokens = self.network.colored(x)
            off = (whole[:, 1:] - guessed.float()).square().mean(1, keepdim=True)
            found.append(pooled(off, CELL))
            return _from_opponent(torch.cat([whole[:, :1], guessed.float()], 1)), tokens
        pictures = [self._in_turns(name, x, side) for side in self.turns.sides]
        tokens = None
        if self.turns.mends:
            mended, tokens = self.network.mended(name, x)
            pictures.append(mended.picture)
        ways = compared(x, pictures)
        if self.turns.mends:
            found += [ways.pop(), pooled(mended.doubt.sigmoid(), CELL)]
        if ways:
            found.append(torch.stack(ways).mean(0))
        return pictures[0], tokens

    def _in_turns(self, name: str, x: Tensor, side: int) -> Tensor:
        """The picture put together from what was hidden, tile by tile of this side."""
        drawn, parts = torch.empty_like(x), self.turns.parts
        for number in range(parts):
            hidden = in_turn(side, parts, number, x)
            picture = self.network.picture(name, x, hidden)
            if parts == 4:
                quarter(drawn, side, number).copy_(quarter(picture, side, number))
            else:
                drawn = torch.where(hidden, picture.float(), drawn)
        return drawn


def reach_of(network: Reach, turns: Turns) -> Reach:
    """How far a pixel of the map looks, and the stride that keeps what is hidden in place."""
    blur = int(3 * _SIGMA) + 2 * CELL
    places = max(PLACES.values())
    radius = network.radius + max(REACH, places) + blur
    return Reach(radius, lcm(network.stride, places, *(period(side) for side in turns.sides)))


def _from_opponent(x: Tensor) -> Tensor:
    """The inverse of `opponent`, which only turns the axes."""
    light, red, yellow = (x[:, k] for k in range(3))
    base, third = light / 3**0.5, yellow / 6**0.5
    half = red / 2**0.5
    return torch.stack([base + half + third, base - half + third, base - 2 * third], 1)
