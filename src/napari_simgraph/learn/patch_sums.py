"""Patch sums: mean, max and spread of what layers give for each patch, as cheaply as it goes.

A small U-Net takes a millisecond a patch, so every pass over its largest layers counts. So does
every call between two layers, which takes ten times as long as elsewhere: what it needs is no
longer in the cache of the processor. There values are only summed up, all else is done afterwards.
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
    """Sum, sum of squares and largest of what a layer of C channels gives at P places of a patch.

    Parameters
    ----------
    total, squares
        ``(n, w C)`` of n patches after n others.
    most
        ``(N, w C)`` of all of them.
    places, channels
        P and C.
    """

    total: list[Tensor]
    squares: list[Tensor]
    most: Tensor
    places: int
    channels: int


class Adding:
    """Sums of what a layer gives: ``(N, C, …)``, or ``(N, P, C)`` of tokens.

    In float32: squares of a half precision leave nothing of a small spread. Rows of few channels
    are taken several at a time. On a CPU inputs are taken few at a time and always in the same
    memory, which stays in its cache.
    """

    def __init__(self) -> None:
        self._memory = torch.empty(0)

    def __call__(self, made: Tensor) -> Sums:
        """The sums of one layer."""
        values = made.permute(0, *range(2, made.ndim), 1) if made.ndim > 3 else made
        count, channels = made.shape[0], values.shape[-1]  # channels last, as they lie in memory
        places = made[0].numel() // channels
        wide = 1
        while wide * channels < _WIDE and places % (2 * wide) == 0:
            wide *= 2
        rows = values.reshape(count, places // wide, wide * channels)
        on_cpu = made.device.type == "cpu"
        step = max(1, _CACHED // (places * channels)) if on_cpu else count
        room = self._room(rows[:step])
        bits = rows.view(torch.int16) if on_cpu and rows.dtype in _HALVES else None
        total, squares, most = [], [], []
        for at in range(0, count, step):
            some = rows[at : at + step]
            most.append((some if bits is None else bits[at : at + step]).amax(1))
            there = room[: len(some)]
            same = some if some.dtype == there.dtype else there.copy_(some)
            total.append(same.sum(1))
            squares.append(torch.mul(same, same, out=there).sum(1))
        largest = torch.cat(most)
        if bits is not None:
            largest = _largest(largest, bits).view(rows.dtype)
        return Sums(total, squares, largest, places, channels)

    def _room(self, like: Tensor) -> Tensor:
        """Memory for as many float32."""
        if self._memory.numel() < like.numel() or self._memory.device != like.device:
            self._memory = torch.empty(like.numel(), device=like.device)
        return self._memory[: like.numel()].view(like.shape)


def told(several: Sequence[Sums]) -> list[Tensor]:
    """Mean, max and spread of each channel ``(N, 3 C)`` for several layers, worked out at once."""
    if not several:
        return []
    parts = []
    for one in several:
        shape = (len(one.most), -1, one.channels)
        total, squares = (torch.cat(each).view(shape).sum(1) for each in (one.total, one.squares))
        most = one.most.view(shape).amax(1).float()
        parts.append((total / one.places, squares / one.places, most))
    mean, squares, most = (torch.cat(same, 1) for same in zip(*parts, strict=True))
    # var_mean and vector_norm take ten times as long
    spread = (squares - mean**2).clamp_min_(0).sqrt_()
    widths = [one.channels for one in several]
    columns = zip(*(torch.split(part, widths, 1) for part in (mean, most, spread)), strict=True)
    return [torch.cat(three, 1) for three in columns]


def _largest(most: Tensor, bits: Tensor) -> Tensor:
    """The bits of the largest ``(N, W)``, from the largest of all bits ``(N, R, W)``.

    Half precisions above zero lie in the order of their bits, which processors compare four times
    as fast as the numbers; those below zero the other way round.
    """
    return most if most.amin() >= 0 else torch.where(most >= 0, most, bits.amin(1))
