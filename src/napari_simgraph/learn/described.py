"""Described: what a place looks like in a few numbers, to be compared with normal places.

Two ways: what the network sees, and plain texture; where pictures aren't aligned also together
with what lies around. The network knows which shapes belong there and little of how bright and
contrasted they are; a smooth tear is even easier to redraw than tissue.

References
----------
.. [1] Di Zenzo, A note on the gradient of a multi-image, CVGIP 1986, eq. 7 (one direction of
   several channels); Bigun, Granlund, ICCV 1987, section 3 (directions are averaged by twice their
   angle).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from napari_simgraph.learn.odd_parts import ROWS, pooled, smooth
from napari_simgraph.nets.pretexts import TOKEN

TOKENS, TEXTURE, WIDE, FINE = "tokens", "texture", "texture wide", "texture fine"
PLACES = {TOKENS: TOKEN, TEXTURE: 8, WIDE: 8, FINE: 4}  # px, the side of a place
PARTS = tuple(PLACES)
SMALL = 512  # px, the longer side of aligned pictures that are compared at each fine place
_CELL = 4  # px; what is summed up around a place is blurred on such a grid
_SIGMA = 4.0  # px of the blur: smaller is noise; with 16 and more small defects drown
_AROUND = 8.0  # px of that of what lies around: folds and contrast steps are larger than a place
_FLAT = 1e-3  # squared length, of one: of flatter places the direction is noise
_LEAST = 1e-4  # variance, of one: flat places are all as flat, which is a grey value in 256


def ways(plane: tuple[int, int] | None) -> tuple[str, ...]:
    """How places are described: of aligned pictures of one size; None where they aren't aligned."""
    if plane is None:
        return TOKENS, TEXTURE, WIDE
    return TOKENS, FINE if max(plane) <= SMALL else TEXTURE


def numbers(part: str, channels: int) -> int:
    """How many describe a place by its texture; 0 where the network tells."""
    each = 3 * channels + 2
    return {TEXTURE: each, FINE: each, WIDE: 2 * each}.get(part, 0)


class Described:
    """A picture ``(N, C, Y, X)`` by places; `tokens` of it where they are known.

    What several ways need is computed once. Y and X are multiples of all `PLACES`.
    """

    def __init__(self, network: Any, x: Tensor, tokens: Tensor | None = None) -> None:
        self._network, self._x, self._tokens = network, x, tokens

    def by(self, part: str) -> Tensor:
        """Numbers ``(N, F, y, x)`` of one way, a place each."""
        if part == TOKENS:
            known = self._tokens
            return (self._network.tokens(self._x) if known is None else known).float()
        return self.texture(part) if part != WIDE else torch.cat([self.texture(), self._around], 1)

    def texture(self, part: str = TEXTURE) -> Tensor:
        """Light, contrast and fineness of each channel, and direction: ``(N, 3 C + 2, y, x)``.

        Contrast and fineness are logarithms: of the spread, and of how steep the picture is at half
        its size, where noise weighs less: it differs from one section to the next. Directions are
        those of gradients of all channels [1]_, from none (0) to all the same (1).
        """
        return pooled(self._fine, PLACES[part] // _CELL)

    @cached_property
    def _fine(self) -> Tensor:
        return _texture(smooth(self._means, _SIGMA / _CELL))

    @cached_property
    def _around(self) -> Tensor:
        """The same with what lies around."""
        side = PLACES[WIDE]
        return _texture(smooth(pooled(self._means, side // _CELL), _AROUND / side))

    @cached_property
    def _means(self) -> Tensor:
        """Means of cells: light, its square, squared length of gradients, and their direction."""
        x = self._x
        height = x.shape[-2]
        rows = height if x.is_cuda else ROWS
        return torch.cat([_strip(x, n, min(n + rows, height)) for n in range(0, height, rows)], 2)


def _strip(x: Tensor, top: int, stop: int) -> Tensor:
    """The means of some rows."""
    small = pooled(x[..., top : stop + 2, :], 2)  # a row of it more, which gradients need
    wide = _beyond(small, -1)
    if stop == x.shape[-2]:
        wide = _beyond(wide, -2)
    own, right = wide[..., :-1, :-1], wide[..., :-1, 1:]
    below, corner = wide[..., 1:, :-1], wide[..., 1:, 1:]
    steep = (below - own).square_() + (right - own).square_()
    squares = pooled(x[..., top:stop, :].square(), _CELL)
    halved = [own, steep, *_directions(right - own + corner - below, below - own + corner - right)]
    return torch.cat([squares, pooled(torch.cat(halved, 1), _CELL // 2)], 1)


def _beyond(x: Tensor, axis: int) -> Tensor:
    """One more line that goes on as steeply: repeated, the last would be flat, and so stand out."""
    last, before = x.narrow(axis, -1, 1), x.narrow(axis, -2, 1)
    return torch.cat([x, 2 * last - before], axis)


def _directions(across: Tensor, down: Tensor) -> Iterator[Tensor]:
    """By twice their angle, times the squared length of gradients, which is the last.

    Gradients are those of squares of four pixels: in noise these point in all directions alike.
    """
    for each in (across**2 - down**2, 2 * across * down, across**2 + down**2):
        yield each.sum(1, keepdim=True) / 4


def _texture(means: Tensor) -> Tensor:
    squares, light, steep = means[:, :-3].chunk(3, 1)
    spread = (squares - light.square()).clamp_min(0)
    direction = means[:, -3:-1] / (means[:, -1:] + _FLAT)
    logs = (0.5 * (values + _LEAST).log() for values in (spread, steep))
    return torch.cat([light, *logs, direction], 1)
