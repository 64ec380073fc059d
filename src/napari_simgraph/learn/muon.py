"""Muon: steps of convolution kernels that favour no direction.

References
----------
.. [1] Jordan et al. 2024, Muon: an optimizer for hidden layers in neural networks,
   https://kellerjordan.github.io/posts/muon: Nesterov momentum, made orthogonal by five
   Newton-Schulz iterations; a kernel ``(K, C, Y, X)`` counts as a matrix of K rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

_MOMENTUM = 0.95
# Of the quintic iteration [1]_: steepest at zero, so that five rounds bring all singular values
# near one (0.7 to 1.2).
_QUINTIC = (3.4445, -4.7750, 2.0315)
_ROUNDS = 5
_TINY = 1e-7
_FASTER = 20 / 3  # rate, times that of AdamW for the other weights: 0.02 beside 0.003
# torch has a class of that name since 2.9, for matrices alone.


class Muon:
    """Momentum steps in which all directions of a kernel are equally large.

    Parameters
    ----------
    parameters
        Kernels ``(K, C, Y, X)`` that learn.
    weight_decay
        Share of the weights that a step takes off, times its learning rate.
    """

    def __init__(self, parameters: Iterable[Tensor], weight_decay: float) -> None:
        self.parameters, self._decay = list(parameters), weight_decay
        self.memory: dict[int, Tensor] = {}  # momentum, by number of parameter

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """One step at this learning rate of AdamW; gradients are gone afterwards."""
        rate *= _FASTER
        for number, kernel in enumerate(self.parameters):
            if kernel.grad is None:
                continue
            mean = self.memory.setdefault(number, torch.zeros_like(kernel))
            mean.lerp_(kernel.grad, 1 - _MOMENTUM)
            ahead = kernel.grad.lerp(mean, _MOMENTUM).flatten(1)
            rows, columns = ahead.shape
            update = orthogonal(ahead).reshape(kernel.shape)
            larger = max(1.0, rows / columns) ** 0.5
            kernel.mul_(1 - rate * self._decay).sub_(update, alpha=rate * larger)
            kernel.grad = None

    def restore(self, memory: Mapping[int, Tensor]) -> None:
        """Remember this, as `memory` had it."""
        self.memory = {
            number: torch.empty_like(self.parameters[number]).copy_(told)
            for number, told in memory.items()
        }


def orthogonal(matrix: Tensor) -> Tensor:
    """A matrix ``(N, M)`` of the same directions, all singular values near one."""
    flat = matrix.float()
    upright = flat.shape[0] > flat.shape[1]
    found = flat.T if upright else flat
    found = found / (found.norm() + _TINY)
    one, three, five = _QUINTIC
    for _ in range(_ROUNDS):
        square = found @ found.T
        found = one * found + (three * square + five * square @ square) @ found
    made: Tensor = found.T if upright else found
    return made
