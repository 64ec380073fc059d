"""Recording: what layers give for patches, seen where the network computes, kept where it is asked.

The two may be different processes: what is seen of some patches is one array.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_simgraph.core.signatures import CHUNK, Layer, halved
from napari_simgraph.learn.at_once import AtOnce
from napari_simgraph.learn.crew import Values, key_of
from napari_simgraph.learn.device import Place
from napari_simgraph.learn.hooks import Recorder
from napari_simgraph.learn.state import pack

# Pixels at once: enough that a look at a layer, which takes as long for one patch as for many,
# costs next to nothing; and numbers that a layer gives at once, as float32 64 MB.
_AT_ONCE, _NUMBERS = 2**20, 2**24
_ROWS = 64  # signatures that are summed up at a time: they stay in the cache


@dataclass(frozen=True)
class Watched:
    """A network, the layers to be recorded, and the classes that it tells apart."""

    network: nn.Module
    layers: Sequence[Layer]
    classes: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Columns of signatures."""
        return sum(one.width for one in self.layers)

    @property
    def key(self) -> str:
        """Tells it apart from others, by its modules and weights."""
        weights = [values.tobytes() for values in pack(self.network).values()]
        return key_of(self.network, list(self.layers), self.classes, *weights)

    def on(self, place: Place) -> Seeing:
        """What sees its layers, where it computes."""
        return Seeing(self, place)


class Seeing:
    """Signatures of inputs and, in the columns behind them, chances of the classes."""

    def __init__(self, watched: Watched, place: Place) -> None:
        self._recorder = Recorder(watched.network.to(place.device), watched.layers)
        self._classes, self._place = watched.classes, place
        self._layers, self._at_once = watched.layers, AtOnce(place.device)

    def __call__(self, inputs: Values) -> Values:
        """``(N, S + K)``; K is 0 where the network tells no classes."""
        step = at_once(inputs.shape[-1], self._layers)
        some = (inputs[at : at + step] for at in range(0, len(inputs), step))
        return np.concatenate([p for one in some for p in self._at_once.parts(self._seen, one)])

    def _seen(self, inputs: Values) -> Values:
        tensor = torch.from_numpy(inputs).to(self._place.device)
        with self._place.computing(), torch.no_grad():
            tensor = tensor.contiguous(memory_format=torch.channels_last)
            found, answer = self._recorder(tensor)
            told = chances_of(answer, len(self._classes))
        return found if told is None else np.concatenate([found, told], axis=1)


@dataclass
class Taking:
    """Puts signatures into an array ``(N, S)``, one chunk of rows after the other."""

    values: Any
    written: int = 0
    _waiting: list[NDArray[np.float16]] = field(default_factory=list)
    _sums: list[NDArray[np.float64]] = field(default_factory=list)

    def __call__(self, seen: Values) -> Values:
        """Chances ``(N, K)`` of the classes, ``(N, 0)`` where the network tells none."""
        width = self.values.shape[1]
        for at in range(0, len(seen), _ROWS):
            self._take(seen[at : at + _ROWS, :width])
        return seen[:, width:]

    def flush(self) -> None:
        """Write what still waits."""
        while self._waiting:
            self._write(CHUNK[0])

    def about(self) -> dict[str, NDArray[np.float32]]:
        """What is known of each column; see `SignatureTable`."""
        total, squares, active, most = self._sums
        mean = total / self.written
        spread = np.sqrt(np.maximum(squares / self.written - mean**2, 0))
        told = {"mean": mean, "spread": spread, "active": active / self.written, "most": most}
        return {name: part.astype(np.float32) for name, part in told.items()}

    def _take(self, found: Values) -> None:
        self._count(found)
        self._waiting.append(halved(found))
        if sum(map(len, self._waiting)) >= CHUNK[0]:
            self._write(CHUNK[0])

    def _write(self, rows: int) -> None:
        whole = np.concatenate(self._waiting)
        block = whole[:rows]
        self.values[self.written : self.written + len(block)] = block
        self.written += len(block)
        self._waiting = [whole[rows:]] if len(whole) > rows else []

    def _count(self, found: Values) -> None:
        sums = [part.sum(0, dtype=np.float64) for part in (found, found**2, found != 0)]
        parts = [*sums, found.max(0).astype(np.float64)]
        if not self._sums:
            self._sums = parts
        else:
            adding = [before + part for before, part in zip(self._sums, parts, strict=True)]
            self._sums = [*adding[:3], np.maximum(self._sums[3], parts[3])]


def at_once(side: int, layers: Sequence[Layer]) -> int:
    """How many patches go through the network together."""
    largest = max(math.prod(one.shape) for one in layers)
    return max(1, min(_AT_ONCE // side**2, _NUMBERS // largest))


def chances_of(answer: Any, count: int) -> Values | None:
    """Chances of classes, over pixels their mean; None where the answer isn't one score each."""
    if not isinstance(answer, Tensor) or answer.ndim not in (2, 4) or not count:
        return None
    if answer.shape[1] != count:
        return None
    chances = answer.float().softmax(1)
    told: Values = (chances.mean((2, 3)) if answer.ndim == 4 else chances).cpu().numpy()
    return told
