"""What changes while a network learns: weights, their average, the optimiser; all as arrays."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from napari_simgraph.learn.adamw import AdamW

Arrays = Mapping[str, NDArray[Any]]
DECAY = 0.99  # of the average: about the last hundred steps
_CLIP = 1.0  # largest gradient norm: one bad batch can't throw the weights away
_WEIGHT_DECAY = 1e-2


def pack(network: nn.Module) -> dict[str, NDArray[Any]]:
    """Copies of the weights and statistics of a network, by name, as numpy."""
    return {k: _numpy(v) for k, v in network.state_dict().items()}


def unpack(network: nn.Module, arrays: Arrays) -> None:
    """Put arrays into a network.

    Raises
    ------
    ValueError
        They belong to another network.
    """
    state = network.state_dict()
    fits = state.keys() == arrays.keys() and all(
        tuple(value.shape) == tuple(arrays[k].shape) for k, value in state.items()
    )
    if not fits:
        raise ValueError("The weights don't fit this network: the model is damaged or another.")
    with torch.no_grad():
        for key, value in state.items():
            value.copy_(torch.from_numpy(np.array(arrays[key])))


class Average:
    """Exponential moving average of a network: steadier than any single step."""

    def __init__(self, network: nn.Module) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self, network: nn.Module, step: int, decay: float = DECAY) -> None:
        """Take in the weights after step `step` (from 0), 1 - `decay` of them at most."""
        decay = min(decay, (1 + step) / (10 + step))  # the random start is soon forgotten
        old, new = self.network.state_dict(), network.state_dict()
        for key, value in old.items():
            if value.is_floating_point():
                value.lerp_(new[key], 1 - decay)
            else:
                value.copy_(new[key])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The averaged weights."""
        return pack(self.network)


class Optimiser:
    """AdamW with clipped gradients."""

    def __init__(self, network: nn.Module) -> None:
        self._adam = AdamW(network.parameters(), _WEIGHT_DECAY)

    def step(self, rate: float) -> None:
        """One step at this learning rate; gradients are gone afterwards."""
        torch.nn.utils.clip_grad_norm_(self._adam.parameters, _CLIP)
        self._adam.step(rate)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Its memory, by number of parameter and name."""
        return {
            f"{number}/{name}": _numpy(value)
            for number, memory in self._adam.memory.items()
            for name, value in memory.items()
        }

    def restore(self, arrays: Arrays) -> None:
        """The inverse of `arrays`."""
        memory: dict[int, dict[str, torch.Tensor]] = {}
        for key, value in arrays.items():
            number, _, name = key.partition("/")
            memory.setdefault(int(number), {})[name] = torch.from_numpy(np.array(value))
        self._adam.restore(memory)


def _numpy(tensor: torch.Tensor) -> NDArray[Any]:
    return np.array(tensor.detach().cpu().numpy(), order="C", copy=True)
