"""Hiding: which parts of a picture a network must redraw without seeing them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Masks = NDArray[np.float32]
_FEWEST = 0.25  # share hidden at least while learning: what is hidden in use
_HOLES = (2, 9)  # rectangles cut out of a crop, from … to
_HOLE = (8, 49)  # px, their sides: up to three tiles, so that whole defects are hidden


def tiles(
    rng: np.random.Generator, count: int, edge: int, sides: tuple[int, ...], most: float
) -> Masks:
    """Random tiles of crops ``(count, 1, edge, edge)``: 1 where hidden.

    Each crop draws the side of its tiles from `sides` and the hidden share up to `most`.
    """
    masks = np.zeros((count, 1, edge, edge), np.float32)
    for mask in masks:
        side = int(rng.choice([s for s in sides if 2 * s <= edge] or [min(sides)]))
        across = -(-edge // side)
        share = rng.uniform(_FEWEST, max(_FEWEST, most))
        cells = np.zeros(across**2, np.float32)
        cells[: max(1, round(share * len(cells)))] = 1
        rng.shuffle(cells)
        mask[0] = np.kron(cells.reshape(across, across), np.ones((side, side)))[:edge, :edge]
    return masks


def holes(rng: np.random.Generator, count: int, edge: int) -> Masks:
    """Random rectangles of crops ``(count, 1, edge, edge)``: 1 where cut out."""
    masks = np.zeros((count, 1, edge, edge), np.float32)
    for mask in masks:
        for _ in range(int(rng.integers(*_HOLES))):
            height, width = rng.integers(*_HOLE, 2)
            top, left = rng.integers(-4, edge - 4, 2)
            mask[0, max(0, top) : top + height, max(0, left) : left + width] = 1
    return masks


def period(side: int) -> int:
    """After how many pixels the pattern of `in_turn` repeats."""
    return 2 * side


def in_turn(side: int, count: int, number: int, x: Tensor) -> Tensor:
    """Tiles of a picture `x` hidden in turn `number` of 2 or 4: all turns hide all, once.

    True where hidden, ``(1, 1, Y, X)``. The pattern begins at the first pixel, so that tiles of an
    image which begin at a multiple of the period hide what the whole image would.
    """
    down, across = (torch.arange(n, device=x.device) // side % 2 for n in x.shape[-2:])
    if count == 2:
        hidden = (down[:, None] == across[None]) == (number == 0)
    else:
        hidden = (down == number // 2)[:, None] & (across == number % 2)[None]
    return hidden[None, None]


def quarter(x: Tensor, side: int, number: int) -> Tensor:
    """What of a picture is hidden in turn `number` of 4, as a view of it in tiles.

    Height and width are multiples of the period.
    """
    height, width = (n // period(side) for n in x.shape[-2:])
    tiled = x.view(*x.shape[:-2], height, 2, side, width, 2, side)
    return tiled[..., number // 2, :, :, number % 2, :]
