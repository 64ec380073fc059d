"""Borders: a loss on what parts cells, beside the losses on pixels.

A membrane is broad and its gaps are small: pixels say little about whether two cells stay apart.
Here each border between two fragments of a crop is judged as it is in use, by the mean of its log
odds (`analysis.agglomeration`).

References
----------
.. [1] Funke et al. 2019, IEEE TPAMI 41:1669, section 3.1: a loss on what agglomeration decides.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

from napari_simgraph.analysis.agglomeration import CERTAIN, SMOOTH, find_fragments, touching

_RADIUS = 4  # px, of the blur: as agglomeration has it
_PURE = 0.7  # share of a fragment in one cell: others lie across a border that was not found
_SMALLEST = 20  # px in a cell; smaller fragments say little
_LABELLED = 0.95  # share of a fragment: of strokes nobody knows where the cell ends

Flags = NDArray[np.bool_]


class _Judged(NamedTuple):
    """The borders of a crop.

    `ends` ``(2, P)`` are the pixels on either side of each pair, `border` ``(P,)`` which border it
    belongs to; `parted` and `weight` are of each border.
    """

    ends: NDArray[np.int64]
    border: NDArray[np.int64]
    parted: NDArray[np.float32]
    weight: NDArray[np.float32]


def border_loss(wall: Tensor, target: Tensor, known: Tensor, even: float) -> Tensor:
    """Cross-entropy of whether borders part two cells, one number; 0 where none can be judged.

    Parameters
    ----------
    wall
        ``(N, Y, X)`` probability of a boundary.
    target, known
        ``(N, Y, X)`` 1 where a boundary is, and where a label was given.
    even
        Log odds at which a boundary is as likely as not: log of how much more its pixels count.

    Notes
    -----
    A border counts as the square root of the smaller of its two fragments, in pixels: what is
    lost when it is wrong grows with both.
    """
    with torch.autocast(wall.device.type, enabled=False):
        smooth = _blurred(wall.float())
        odds = smooth.clamp(CERTAIN, 1 - CERTAIN).logit()
    seen = smooth.detach().cpu().numpy()
    true, told = target.cpu().numpy() > 0.5, known.cpu().numpy() > 0
    total, weight = odds.new_zeros(()), 0.0
    for crop in range(len(seen)):
        judged = _judged(find_fragments(seen[crop]), true[crop], told[crop])
        if judged is None:
            continue
        found = _mean_odds(odds[crop].flatten(), judged) - even
        parted, counts = (torch.from_numpy(part).to(odds) for part in judged[2:])
        each = functional.binary_cross_entropy_with_logits(found, parted, reduction="none")
        total = total + (counts * each).sum()
        weight += float(judged.weight.sum())
    return total / max(weight, 1.0)


def even_odds(boundary_weight: float) -> float:
    """Log odds of a network's boundary at one half, had its pixels counted like others."""
    return math.log(boundary_weight)


def _blurred(wall: Tensor) -> Tensor:
    steps = torch.arange(-_RADIUS, _RADIUS + 1, device=wall.device, dtype=wall.dtype)
    bell = torch.exp(-0.5 * (steps / SMOOTH) ** 2)
    bell = (bell / bell.sum()).view(1, 1, 1, -1)
    padded = functional.pad(wall[:, None], (_RADIUS,) * 4, mode="reflect")
    return functional.conv2d(functional.conv2d(padded, bell), bell.mT)[:, 0]


def _mean_odds(odds: Tensor, judged: _Judged) -> Tensor:
    """Of each border; of the two pixels of a pair the surer boundary counts."""
    one, other = (odds[torch.from_numpy(end).to(odds.device)] for end in judged.ends)
    border = torch.from_numpy(judged.border).to(odds.device)
    total = odds.new_zeros(len(judged.parted)).index_add(0, border, torch.maximum(one, other))
    return total / torch.bincount(border, minlength=len(judged.parted))


def _judged(fragments: NDArray[np.int32], true: Flags, known: Flags) -> _Judged | None:
    """The borders that truth decides; None where there are none."""
    cells, count = ndimage.label(known & ~true)
    if count == 0:
        return None
    span, places = int(fragments.max()) + 1, np.arange(fragments.size).reshape(fragments.shape)
    shared = np.bincount((fragments.astype(np.int64) * (count + 1) + cells).ravel())
    shared = np.pad(shared, (0, span * (count + 1) - len(shared))).reshape(span, count + 1)[:, 1:]
    labelled = np.bincount(fragments.ravel(), known.ravel(), minlength=span)
    whole = labelled >= _LABELLED * np.bincount(fragments.ravel(), minlength=span)
    cell, size = shared.argmax(1), shared.sum(1)
    good = whole & (size > _SMALLEST) & (shared.max(1) > _PURE * size)
    keys, ends = [], []
    for before, after, apart, key in touching(fragments):
        keys.append(key)
        ends.append(np.stack([places[before][apart], places[after][apart]]))
    pairs, border = np.unique(np.concatenate(keys), return_inverse=True)
    one, other = pairs // span, pairs % span
    tells = good[one] & good[other]
    if not tells.any():
        return None
    weight = np.where(tells, np.sqrt(np.minimum(size[one], size[other])), 0.0)
    parted = (cell[one] != cell[other]).astype(np.float32)
    return _Judged(np.concatenate(ends, 1), border, parted, weight.astype(np.float32))
