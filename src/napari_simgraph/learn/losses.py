"""Losses over labelled pixels only.

Shapes: scores, target and known are ``(N, K, Y, X)``; known is 1 where a label was given.

References
----------
.. [1] Milletari, Navab, Ahmadi, V-Net, 3DV 2016, arXiv:1606.04797, equation 1 (soft Dice).
.. [2] Ronneberger, Fischer, Brox, U-Net, MICCAI 2015, arXiv:1505.04597, equation 1 (weighted
   cross-entropy).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

DICE = 0.5  # weight of Dice beside cross-entropy: helps small classes, alone it learns slowly
_SMOOTH = 1.0  # pixel; keeps Dice finite where a class is absent


class Counting(NamedTuple):
    """What counts how much: each class ``(K,)`` in cross-entropy, and Dice beside it."""

    classes: Tensor
    dice: float = DICE


def segmentation_loss(
    scores: Tensor,
    target: Tensor,
    known: Tensor,
    counting: Counting,
    exclusive: bool,
) -> Tensor:
    """Weighted cross-entropy plus a share of the Dice loss, one number."""
    weights = counting.classes.to(scores.device)
    scores = scores.float()
    if exclusive:
        entropy = cross_entropy(scores, target, known, weights)
        probability = scores.softmax(1)
    else:
        entropy = binary_cross_entropy(scores, target, known, weights)
        probability = scores.sigmoid()
    if not counting.dice:
        return entropy
    return entropy + counting.dice * dice_loss(probability, target, known)


def cross_entropy(scores: Tensor, target: Tensor, known: Tensor, weights: Tensor) -> Tensor:
    """Mean of -w log p of the right class [2]_ over known pixels, for one class a pixel."""
    weighted = target * known * weights.view(1, -1, 1, 1)
    return -(weighted * scores.log_softmax(1)).sum() / weighted.sum().clamp(min=1e-6)


def binary_cross_entropy(scores: Tensor, target: Tensor, known: Tensor, weights: Tensor) -> Tensor:
    """The same for overlapping classes: each is present or absent by itself."""
    present = weights.view(1, -1, 1, 1)
    weighted = known * torch.where(target > 0.5, present, torch.ones_like(present))
    each = functional.binary_cross_entropy_with_logits(scores, target, reduction="none")
    return (weighted * each).sum() / weighted.sum().clamp(min=1e-6)


def dice_loss(probability: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """One minus soft Dice [1]_ over known pixels of the batch, mean of the classes in it."""
    inside = known * probability
    axes = (0, 2, 3)
    overlap = (inside * target).sum(axes)
    size = inside.sum(axes) + (known * target).sum(axes)
    dice = (2 * overlap + _SMOOTH) / (size + _SMOOTH)
    there = ((known * target).sum(axes) > 0).to(dice)
    return ((1 - dice) * there).sum() / there.sum().clamp(min=1.0)
