"""AdamW by torch's own function.

torch's class of that name loads torch.compile when it is made: a second and a half of processor
time, for which the first answer of a live session would wait, and nothing here compiles.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor
from torch.optim.adamw import adamw

_BETAS, _EPS = (0.9, 0.999), 1e-8  # as in torch
_STEP, _MEAN, _SQUARE = "step", "exp_avg", "exp_avg_sq"  # as torch's class calls them


class AdamW:
    """The same steps as `torch.optim.AdamW`, to the bit.

    Parameters
    ----------
    parameters
        What learns.
    weight_decay
        Share of the weights that a step takes off, times the learning rate.
    """

    def __init__(self, parameters: Iterable[Tensor], weight_decay: float) -> None:
        self.parameters, self._decay = list(parameters), weight_decay
        self.memory: dict[int, dict[str, Tensor]] = {}  # by number of parameter

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """One step at this learning rate; gradients are gone afterwards."""
        numbers = [n for n, one in enumerate(self.parameters) if one.grad is not None]
        for number in numbers:
            if number not in self.memory:
                self.memory[number] = _empty(self.parameters[number])
        kept = {key: [self.memory[n][key] for n in numbers] for key in (_MEAN, _SQUARE, _STEP)}
        adamw(
            [self.parameters[n] for n in numbers],
            [grad for n in numbers if (grad := self.parameters[n].grad) is not None],
            kept[_MEAN],
            kept[_SQUARE],
            [],
            kept[_STEP],
            amsgrad=False,
            beta1=_BETAS[0],
            beta2=_BETAS[1],
            lr=rate,
            weight_decay=self._decay,
            eps=_EPS,
            maximize=False,
        )
        for one in self.parameters:
            one.grad = None

    def restore(self, memory: Mapping[int, Mapping[str, Tensor]]) -> None:
        """Remember this, as `memory` had it."""
        self.memory = {
            number: {
                key: value if key == _STEP else value.to(self.parameters[number])
                for key, value in told.items()
            }
            for number, told in memory.items()
        }


def _empty(parameter: Tensor) -> dict[str, Tensor]:
    """What is remembered of a parameter before its first step."""
    like = [torch.zeros_like(parameter, memory_format=torch.preserve_format) for _ in range(2)]
    return {_STEP: torch.tensor(0.0), _MEAN: like[0], _SQUARE: like[1]}
