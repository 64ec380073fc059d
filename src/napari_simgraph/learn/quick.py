"""Quick filters: a head on a bank of filters, learned anew from all strokes in a moment."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from napari_simgraph.learn.adamw import AdamW
from napari_simgraph.learn.device import Place
from napari_simgraph.learn.drawn import eyes
from napari_simgraph.learn.predict import around, ready
from napari_simgraph.learn.truth import Said
from napari_simgraph.learn.truth_tile import Key
from napari_simgraph.learn.windows import Span, Windows
from napari_simgraph.nets import build, folded, reach
from napari_simgraph.nets.filters import Filters, features

Options: TypeAlias = dict[str, Any]

HIDDEN = 32  # units; with dropout better than 16 and than a linear head on ISBI 2012
_EDGE = 256  # px of a tile: a field of 512 px is four to nine of them
_KEPT_BYTES = 400 * 2**20  # of features: some 25 tiles, three fields and more
_STEPS, _BATCH = 200, 512  # more changes nothing that can be measured
_RATE, _DECAY = 1e-2, 0.1
# Pixels of a stroke say much the same, so a head that counts each is too sure of itself: its scores
# are divided by this (Guo et al. 2017, arXiv:1706.04599, equation 9). ISBI 12-17, with boundaries
# closed: V_Rand 0.88 -> 0.89 after the first strokes (3: 0.90), 0.96 -> 0.95 at the end (3: 0.90).
_SOFT = 2.0
_DROPPED = 0.2  # share of features left out: few strokes, many features that say the same


class Bank:
    """Features of an image, computed tile by tile where they are asked for.

    Parameters
    ----------
    windows
        Of the image, without neighbour sections.
    place
        Where to compute.
    options
        Of the filters but for their head, see `nets.filters.Filters`.
    """

    def __init__(self, windows: Windows, place: Place, options: Options) -> None:
        self.windows, self.place, self.options = windows, place, options
        self._reach = reach("filters", options)
        self._bytes_each = 4 * features(**options) * _EDGE**2
        self._eyes: Filters | None = None
        self._tiles: OrderedDict[Key, Tensor] = OrderedDict()
        self._of_said: dict[int, tuple[NDArray[np.int32], Tensor]] = {}

    def box(self, z: int, rows: Span, columns: Span) -> Tensor:
        """Features ``(F, Y, X)`` of a box inside the image."""
        parts = []
        for row in range(rows[0] // _EDGE, (rows[1] - 1) // _EDGE + 1):
            line = []
            for column in range(columns[0] // _EDGE, (columns[1] - 1) // _EDGE + 1):
                down, right = _inside(rows, row), _inside(columns, column)
                line.append(self._tile((z, row, column))[:, down, right])
            parts.append(torch.cat(line, 2))
        return torch.cat(parts, 1)

    def lacking(self, z: int, rows: Span, columns: Span) -> Key | None:
        """A tile of a box that was not computed yet; None where there is none, or no room."""
        down, right = (range(a // _EDGE, (b - 1) // _EDGE + 1) for a, b in (rows, columns))
        keys = [(z, row, column) for row in down for column in right]
        fits = self._bytes_each * len(keys) <= _KEPT_BYTES
        return next((key for key in keys if fits and key not in self._tiles), None)

    def prepare(self, key: Key) -> None:
        """Compute a tile before it is asked for."""
        self._tile(key)

    def of(self, said: Sequence[Said]) -> Tensor:
        """Features ``(n, F)`` of all places of some strokes and regions."""
        return torch.cat([self._of(one) for one in said])

    def _of(self, said: Said) -> Tensor:
        places, found = self._of_said.get(said.number, (None, None))
        if found is None or not np.array_equal(places, said.places):  # type: ignore[arg-type]
            found = self._at(said)
            self._of_said[said.number] = (said.places, found)
        return found

    def _at(self, said: Said) -> Tensor:
        tiles = said.places // _EDGE
        found = None
        for row, column in np.unique(tiles, axis=0).tolist():
            there = np.flatnonzero((tiles == (row, column)).all(1))
            y, x = torch.from_numpy(said.places[there].astype(np.int64) % _EDGE).T
            values = self._tile((said.z, row, column))[:, y, x].T
            found = values.new_zeros(len(tiles), values.shape[1]) if found is None else found
            found[torch.from_numpy(there)] = values
        assert found is not None  # what was said has places
        return found

    def _tile(self, key: Key) -> Tensor:
        if key not in self._tiles:
            self._tiles[key] = self._compute(key)
            while sum(4 * one.numel() for one in self._tiles.values()) > _KEPT_BYTES:
                self._tiles.popitem(last=False)
        self._tiles.move_to_end(key)
        return self._tiles[key]

    def _compute(self, key: Key) -> Tensor:
        spans, inner = [], []
        for number, n in zip(key[1:], self.windows.image.plane, strict=True):
            start, stop = number * _EDGE, min((number + 1) * _EDGE, n)
            spans.append(around((start, stop), n, self._reach))  # as in applying: gives the same
            inner.append(slice(start - spans[-1][0], stop - spans[-1][0]))
        read = torch.from_numpy(self.windows.read(key[0], *spans))[None]
        with torch.no_grad(), self.place.computing():
            found = self._look(read.to(self.place.device))
        return found[0][:, inner[0], inner[1]].contiguous()

    def _look(self, read: Tensor) -> Tensor:
        if self._eyes is None:
            made: Any = ready(folded(eyes(self.options)), self.place)
            self._eyes = made
        return self._eyes.found(read)


def fit_filters(
    found: Tensor, values: NDArray[np.uint8], classes: Sequence[int], options: Options, seed: int
) -> Filters:
    """A head that tells the classes of these pixels apart; the same for the same pixels.

    Parameters
    ----------
    found
        Features ``(n, F)``.
    values
        The class of each ``(n,)``.
    classes
        All classes, in the order of the scores.
    options
        Of the filters: channels of the image, and what they see beside the bank.
    seed
        Of the weights and of the order of the pixels.
    """
    network: Any = build("filters", seed=seed, out_channels=len(classes), hidden=HIDDEN, **options)
    network = network.to(found.device)
    numbers = torch.from_numpy(np.searchsorted(classes, values)).to(found.device)
    counts = torch.bincount(numbers, minlength=len(classes)).clamp(min=1)
    weights = len(numbers) / (len(classes) * counts.float())  # every class counts alike
    network.mean.copy_(found.mean(0))
    network.spread.copy_(found.std(0, unbiased=False).clamp(min=1e-3))
    generator = torch.Generator().manual_seed(seed)
    adam = AdamW(network.parameters(), _DECAY)
    for step in range(_STEPS):
        chosen = torch.randint(len(found), (_BATCH,), generator=generator)
        shown = torch.rand(_BATCH, found.shape[1], generator=generator) >= _DROPPED
        near = network.near(found[chosen].T[None, :, :, None])[0, :, :, 0].T
        near = near * shown.to(near) / (1 - _DROPPED)
        scores = _scores(network, near)
        loss = functional.cross_entropy(scores, numbers[chosen], weight=weights)
        torch.autograd.backward(loss)
        adam.step(_RATE * min(1.0, 2 * (1 - step / _STEPS)))  # falls in the second half
    with torch.no_grad():
        for part in (network.second.weight, network.second.bias):
            part.div_(_SOFT)
    filters: Filters = network.eval()
    return filters


def rehearse(options: Options) -> None:
    """Build filters: what torch loads for its first network takes half a second."""
    eyes(options)


def _scores(network: Filters, near: Tensor) -> Tensor:
    """Scores ``(n, K)`` of features ``(n, F)``: 1 x 1 convolutions of pixels that lie anywhere."""

    def layer(x: Tensor, conv: nn.Conv2d) -> Tensor:
        return functional.linear(x, conv.weight.flatten(1), conv.bias)

    return layer(functional.relu(layer(near, network.first)), network.second)


def chances_at(network: Filters, found: Tensor) -> NDArray[np.float32]:
    """Probabilities ``(n, K)`` of features ``(n, F)``."""
    with torch.no_grad():
        near = network.near(found.T[None, :, :, None])[0, :, :, 0].T
        return np.asarray(_scores(network, near).softmax(1).cpu().numpy())


def chances_of(network: Filters, found: Tensor) -> NDArray[np.float32]:
    """Probabilities ``(K, Y, X)`` of features ``(F, Y, X)``."""
    with torch.no_grad():
        return np.asarray(network.head(found[None])[0].softmax(0).cpu().numpy())


def _inside(span: Span, number: int) -> slice:
    """The part of tile `number` that a span needs."""
    start = number * _EDGE
    return slice(max(span[0] - start, 0), min(span[1] - start, _EDGE))
