"""Described: what a place looks like in a few numbers, to be compared with normal places.

Two ways: what the network sees, and plain texture; where pictures aren't aligned also together
with what lies around. The network knows which shapes belong there and little of how bright and
contrasted they are; a smooth tear is even easier to redraw than tissue.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from napari_simgraph.learn.odd_parts import ROWS, pooled, smooth
from napari_simgraph.nets.pretexts import TOKEN

TOKENS, TEXTURE, WIDE = "tokens", "texture", "texture wide"
PLACES = {TOKENS: TOKEN, TEXTURE: 8, WIDE: 8}  # px, the side of a place
PARTS = tuple(PLACES)
ANYWHERE = (WIDE,)  # only for pictures that aren't aligned: elsewhere the place says as much
_CELL = 4  # px; what is summed up around a place is blurred on such a grid
_SIGMA = 4.0  # px of the blur: smaller is noise; with 16 and more small defects drown
_AROUND = 8.0  # px of that of what lies around: folds and contrast steps are larger than a place
_LEAST = 1e-3  # variance, of one: flat places are all as flat


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
        return self.texture if part == TEXTURE else torch.cat([self.texture, self._around], 1)

    @cached_property
    def texture(self) -> Tensor:
        """Light, contrast and fineness of each channel ``(N, 3 C, Y / 8, X / 8)``.

        The last two are logarithms: of the spread, and of how steep the picture is at half its
        size, where noise weighs less: it differs from one section to the next.
        """
        fine = _texture(smooth(self._means, _SIGMA / _CELL))
        return pooled(fine, PLACES[TEXTURE] // _CELL)

    @cached_property
    def _around(self) -> Tensor:
        """The same with what lies around."""
        side = PLACES[WIDE]
        return _texture(smooth(pooled(self._means, side // _CELL), _AROUND / side))

    @cached_property
    def _means(self) -> Tensor:
        """Means of cells: of the light, its square, and the squared length of gradients."""
        x = self._x
        height = x.shape[-2]
        rows = height if x.is_cuda else ROWS
        return torch.cat([_strip(x, n, min(n + rows, height)) for n in range(0, height, rows)], 2)


def _strip(x: Tensor, top: int, stop: int) -> Tensor:
    """The means of some rows."""
    small = pooled(x[..., top : stop + 2, :], 2)  # a row of it more, which gradients need
    beyond = int(stop == x.shape[-2])
    wide = functional.pad(small, (0, 1, 0, beyond), mode="replicate")
    own = wide[..., :-1, :-1]
    steep = (wide[..., 1:, :-1] - own).square_() + (wide[..., :-1, 1:] - own).square_()
    squares = pooled(x[..., top:stop, :].square(), _CELL)
    return torch.cat([pooled(own, _CELL // 2), squares, pooled(steep, _CELL // 2)], 1)


def _texture(means: Tensor) -> Tensor:
    light, squares, steep = means.chunk(3, 1)
    spread = (squares - light.square()).clamp_min(0)
    return torch.cat([light, *(0.5 * (values + _LEAST).log() for values in (spread, steep))], 1)
