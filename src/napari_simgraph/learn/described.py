"""Described: what a place looks like in a few numbers, to be compared with normal places.

Two ways: what the network sees, and plain texture; where pictures aren't aligned also together
with what lies around. The network knows which shapes belong there and little of how bright and
contrasted they are; a smooth tear is even easier to redraw than tissue.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from napari_simgraph.learn.odd_parts import smooth
from napari_simgraph.learn.token_memory import around
from napari_simgraph.nets.pretexts import TOKEN

TOKENS, TEXTURE, WIDE = "tokens", "texture", "texture wide"
PARTS = (TOKENS, TEXTURE, WIDE)
ANYWHERE = (WIDE,)  # only for pictures that aren't aligned: elsewhere the place says as much
_STEP = 4  # px; what is summed up around a place is blurred on such a grid
_SIGMA = 4.0  # px of the blur: smaller is noise; with 16 and more small defects drown
_AROUND = 8.0  # px of that of what lies around: folds and contrast steps are larger than a place
_LEAST = 1e-3  # variance, of one: flat places are all as flat


def described(part: str, network: Any, x: Tensor, tokens: Tensor | None = None) -> Tensor:
    """Numbers ``(N, F, Y / 8, X / 8)`` of a picture ``(N, C, Y, X)``; `tokens` if known."""
    if part == TOKENS:
        return around(network.tokens(x) if tokens is None else tokens)
    return texture(x) if part == TEXTURE else torch.cat([texture(x), texture(x, _AROUND)], 1)


def texture(x: Tensor, sigma: float = _SIGMA) -> Tensor:
    """Light, contrast and fineness of each channel ``(N, 3 C, Y / 8, X / 8)``.

    The last two are logarithms: of the spread, and of how steep the picture is at half its size,
    where noise weighs less: it differs from one section to the next.
    """
    small = functional.avg_pool2d(x, 2)
    wide = functional.pad(small, (0, 1, 0, 1), mode="replicate")
    down, across = wide[..., 1:, :-1] - small, wide[..., :-1, 1:] - small
    steep = functional.avg_pool2d(down.square() + across.square(), _STEP // 2)
    both = functional.avg_pool2d(torch.cat([x, x.square()], 1), _STEP)
    light, squares, steep = smooth(torch.cat([both, steep], 1), sigma / _STEP).chunk(3, 1)
    spread = (squares - light.square()).clamp_min(0)
    logs = (0.5 * (values + _LEAST).log() for values in (spread, steep))
    return functional.avg_pool2d(torch.cat([light, *logs], 1), TOKEN // _STEP)
