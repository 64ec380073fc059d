"""Patch sums: mean, max and spread of what layers give for each patch, as cheaply as it goes.

A small U-Net takes a millisecond a patch, so every pass over its largest layers counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

_WIDE = 64  # numbers in a row, which fill the registers of a processor
_CACHED = 2**18  # numbers at once, which stay in its cache
_HALVES = (torch.bfloat16, torch.float16)


class Sums(NamedTuple):
    """Sum, sum of squares and largest ``(N, C)`` of what a layer gives at P places of a patch."""

    total: Tensor
    squares: Tensor
    most: Tensor
    places: int


def sums_of(made: Tensor) -> Sums:
    """The sums of what a layer gives: ``(N, C, …)``, or ``(N, P, C)`` of tokens.

    In float32: squares of a half precision leave nothing of a small spread. Rows of few channels
    are taken several at a time, and inputs few enough at a time: half the time of plain calls.
    """
    values = made.detach()
    if values.ndim > 3:  # channels last, as they lie in memory
        values = values.movedim(1, -1).flatten(1, -2)
    count, places, channels = values.shape
    wide = 1
    while wide * channels < _WIDE and places % (2 * wide) == 0:
        wide *= 2
    rows = values.reshape(count, places // wide, wide * channels)
    parts = []
    for some in torch.split(rows, max(1, _CACHED // (places * channels))):
        most, one = _largest(some), some.float()
        total = one.sum(1)
        squares = one * one if one.dtype == some.dtype else one.square_()
        parts.append((total, squares.sum(1), most))
    total, squares, most = (
        torch.cat(each).view(count, wide, channels) for each in zip(*parts, strict=True)
    )
    return Sums(total.sum(1), squares.sum(1), most.amax(1), places)


def told(several: Sequence[Sums]) -> list[Tensor]:
    """Mean, max and spread of each channel ``(N, 3 C)`` for several layers, worked out at once."""
    if not several:
        return []
    total = torch.cat([one.total for one in several], 1)
    squares = torch.cat([one.squares for one in several], 1)
    most = torch.cat([one.most for one in several], 1)
    widths = [one.total.shape[1] for one in several]
    places = torch.cat([one.total.new_full((one.total.shape[1],), one.places) for one in several])
    mean = total / places
    # var_mean and vector_norm take ten times as long
    spread = (squares / places - mean**2).clamp_min_(0).sqrt_()
    columns = zip(*(torch.split(part, widths, 1) for part in (mean, most, spread)), strict=True)
    return [torch.cat(three, 1) for three in columns]


def _largest(values: Tensor) -> Tensor:
    """The largest ``(N, C)`` of values ``(N, P, C)`` over P, in float32.

    Half precisions above zero lie in the order of their bits, which processors compare four times
    as fast; where a column is nowhere above zero all are looked at again.
    """
    if values.dtype not in _HALVES or values.device.type != "cpu":
        return values.amax(1).float()
    bits = values.view(torch.int16).amax(1)
    return values.amax(1).float() if bits.amin() < 0 else bits.view(values.dtype).float()
