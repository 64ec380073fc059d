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
from napari_simgraph.learn.muon import Muon

Arrays = Mapping[str, NDArray[Any]]
DECAY = 0.99  # of the average: about the last hundred steps
_CLIP = 1.0  # largest gradient norm: one bad batch can't throw the weights away
_WEIGHT_DECAY = 1e-2
_KERNEL = "kernel"  # what is remembered of a kernel, in a checkpoint


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
    """AdamW with clipped gradients; where it is wished, Muon for the kernels of a network.

    Muon is for what lies inside a network, not for what its outputs are made of: `head` is
    AdamW's.
    """

    def __init__(self, network: nn.Module, muon: bool = False) -> None:
        named = dict(network.named_parameters())
        kernels = {k for k, v in named.items() if muon and v.ndim == 4 and k[:5] != "head."}
        self._all = list(named.values())
        self._muon = Muon([v for k, v in named.items() if k in kernels], _WEIGHT_DECAY)
        self._adam = AdamW([v for k, v in named.items() if k not in kernels], _WEIGHT_DECAY)

    def step(self, rate: float) -> None:
        """One step at this learning rate; gradients are gone afterwards."""
        torch.nn.utils.clip_grad_norm_(self._all, _CLIP)
        self._muon.step(rate)
        self._adam.step(rate)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Its memory, by number of parameter and name."""
        adam = {
            f"{number}/{name}": _numpy(value)
            for number, memory in self._adam.memory.items()
            for name, value in memory.items()
        }
        return adam | {f"{n}/{_KERNEL}": _numpy(value) for n, value in self._muon.memory.items()}

    def restore(self, arrays: Arrays) -> None:
        """The inverse of `arrays`."""
        adam: dict[int, dict[str, torch.Tensor]] = {}
        muon: dict[int, torch.Tensor] = {}
        for key, array in arrays.items():
            number, _, name = key.partition("/")
            value = torch.from_numpy(np.array(array))
            if name == _KERNEL:
                muon[int(number)] = value
            else:
                adam.setdefault(int(number), {})[name] = value
        self._adam.restore(adam)
        self._muon.restore(muon)


def _numpy(tensor: torch.Tensor) -> NDArray[Any]:
    return np.array(tensor.detach().cpu().numpy(), order="C", copy=True)
