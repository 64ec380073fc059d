"""Pupil: a U-Net that learns from strokes while they are painted, step by step.

What it learns from is drawn by step number and seed alone: the same strokes at the same steps give
the same network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator

from napari_simgraph.core.room import Checkpoint
from napari_simgraph.learn.augment import Augment, augment, settle
from napari_simgraph.learn.device import Place
from napari_simgraph.learn.losses import Counting, segmentation_loss
from napari_simgraph.learn.predict import around, scored
from napari_simgraph.learn.state import DECAY, Average, Optimiser, pack, unpack
from napari_simgraph.learn.truth import Said, Truth
from napari_simgraph.learn.truth_tile import Span
from napari_simgraph.learn.windows import Windows
from napari_simgraph.nets import build, reach

NEW = 10  # the newest strokes: a round of corrections
_NEW_SHARE = 0.5  # of crops that show one of them; the others replay all
_WARM = 50  # steps until the full learning rate
_CONTEXT = 32  # px around what is judged: it is seen as in use
_LARGEST = 256  # px of a region that is judged


@dataclass(frozen=True)
class Diet:
    """How it is fed.

    Parameters
    ----------
    how
        What is varied.
    batch
        Crops per step.
    rate
        Learning rate.
    seed
        Of the weights and of the crops.
    """

    how: Augment
    batch: int
    rate: float
    seed: int


class Pupil:
    """A network, its average, and what it learns from.

    Parameters
    ----------
    network
        Name and options for `nets.build`.
    values
        The class values of its outputs, in order.
    windows, truth
        Pictures, and what was said about them.
    diet
        How it is fed.
    place
        Where to compute.
    """

    def __init__(
        self,
        network: Mapping[str, Any],
        values: Sequence[int],
        material: tuple[Windows, Truth],
        diet: Diet,
        place: Place,
    ) -> None:
        self.network, self.values = dict(network), tuple(values)
        self.windows, self.truth = material
        self.diet, self.place = diet, place
        self.steps = 0
        self._module = build(network["name"], seed=diet.seed, **network["options"])
        self._take_up()

    @property
    def reach(self) -> Any:
        """How far it looks, and its stride."""
        return reach(self.network["name"], self.network["options"])

    def learn(self, newest: int = NEW, decay: float = DECAY) -> float:
        """One step, half of it on the `newest` strokes; its loss.

        The average takes in more of it where `decay` is smaller than usual.
        """
        batch = self._batch(newest)
        generator = Generator().manual_seed(self.diet.seed * 1_000_003 + self.steps)
        inputs, marks = (torch.from_numpy(part).to(self.place.device) for part in batch)
        sample = settle(augment(inputs, marks, self.diet.how, generator), True)
        alike = torch.ones(len(self.values), device=inputs.device)  # crops balance the classes
        self._module.train()
        with self.place.computing():
            scores = self._module(sample.inputs)
            loss = segmentation_loss(scores, sample.target, sample.known, Counting(alike), True)
            torch.autograd.backward(loss)
            self._optimiser.step(self.diet.rate * min(1.0, (self.steps - self._since + 1) / _WARM))
            self._average.update(self._module, self.steps - self._since, decay)
        self.steps += 1
        return float(loss.detach())

    def chances(self, z: int, rows: Span, columns: Span) -> NDArray[np.float32]:
        """Probabilities ``(K, Y, X)`` of a box, by the average."""
        reach, plane = self.reach, self.windows.image.plane
        spans = [around(s, n, reach) for s, n in zip((rows, columns), plane, strict=True)]
        found = self._forward(z, spans)
        box = [slice(a - s[0], b - s[0]) for (a, b), s in zip((rows, columns), spans, strict=True)]
        return found[:, box[0], box[1]]

    def chances_at(self, said: Said) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Probabilities ``(n, K)`` of some of its places, and the classes there."""
        stride, low = self.reach.stride, said.places.min(0)
        near = ((said.places - low) < _LARGEST).all(1)
        places = said.places[near]
        spans = [
            ((int(a) - _CONTEXT) // stride * stride, -(-(int(b) + 1 + _CONTEXT) // stride) * stride)
            for a, b in zip(low, places.max(0), strict=True)
        ]
        found = self._forward(said.z, spans)
        y, x = (places - (spans[0][0], spans[1][0])).T
        return found[:, y, x].T, said.values[near]

    def regroup(self, values: Sequence[int]) -> None:
        """Other classes from here on: those that stay keep what was learned."""
        arrays = self._average.arrays()
        options = dict(self.network["options"]) | {"out_channels": len(values)}
        fresh = pack(build(self.network["name"], seed=self.diet.seed + self.steps, **options))
        for key, new in fresh.items():
            old = arrays[key]
            if new.shape == old.shape and "head." not in key:
                fresh[key] = old
                continue
            for row, value in enumerate(values):
                if value in self.values:
                    new[row] = old[self.values.index(value)]
        self.network["options"], self.values = options, tuple(values)
        self._module = build(self.network["name"], **options)
        self.start(fresh)

    def start(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from these weights.

        Raises
        ------
        ValueError
            They belong to another network.
        """
        unpack(self._module, arrays)
        self._take_up()

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The averaged weights."""
        return self._average.arrays()

    def state(self) -> Checkpoint:
        """All that is needed to go on exactly as now."""
        arrays = {f"network/{k}": v for k, v in pack(self._module).items()}
        arrays |= {f"average/{k}": v for k, v in self._average.arrays().items()}
        arrays |= {f"optimiser/{k}": v for k, v in self._optimiser.arrays().items()}
        return Checkpoint(
            arrays, {"steps": self.steps, "since": self._since, "values": list(self.values)}
        )

    def restore(self, state: Checkpoint) -> None:
        """The inverse of `state`."""
        self.regroup([int(value) for value in state.info["values"]])
        found: dict[str, dict[str, NDArray[Any]]] = {"network": {}, "average": {}, "optimiser": {}}
        for name, values in state.arrays.items():
            part, _, key = name.partition("/")
            found[part][key] = values
        unpack(self._module, found["network"])
        unpack(self._average.network, found["average"])
        self._optimiser.restore(found["optimiser"])
        self.steps, self._since = int(state.info["steps"]), int(state.info["since"])

    def _take_up(self) -> None:
        """Begin to learn with the network as it is."""
        self._module = self._module.to(self.place.device)
        self._average = Average(self._module)
        self._optimiser = Optimiser(self._module)
        self._since = self.steps

    def _forward(self, z: int, spans: Sequence[Span]) -> NDArray[np.float32]:
        read = self.windows.read(z, spans[0], spans[1])
        inputs = torch.from_numpy(read)[None].to(self.place.device)
        with torch.no_grad(), self.place.computing():
            found = scored(self._average.network, inputs)[0].softmax(0)
        return np.asarray(found.cpu().numpy())

    def _batch(self, newest: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        rng = np.random.default_rng([self.diet.seed, self.steps])
        every = [one for one in self.truth.said() if not one.kept]
        crops = []
        for _ in range(self.diet.batch):
            pool = every[-newest:] if rng.random() < _NEW_SHARE else every
            crops.append(self._crop(pool, rng))
        return np.stack([c[0] for c in crops]), np.stack([c[1] for c in crops])

    def _crop(
        self, pool: Sequence[Said], rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """One of a class that is drawn first, so that rare ones are seen as often."""
        kinds = [int(one.values[len(one.values) // 2]) for one in pool]
        kind = rng.choice(sorted(set(kinds)))
        alike = [one for one, its in zip(pool, kinds, strict=True) if its == kind]
        said = alike[rng.integers(len(alike))]
        edge, jitter = self.diet.how.reading, self.diet.how.patch // 4
        middle = said.places[rng.integers(len(said.places))] + rng.integers(-jitter, jitter + 1, 2)
        plane = np.array(self.windows.image.plane)
        top, left = (np.clip(middle, 0, plane - 1) - edge // 2).tolist()
        rows, columns = (top, top + edge), (left, left + edge)
        known = self.truth.learned(said.z, rows, columns)
        numbers = np.array(self.values, np.uint8)[:, None, None]
        marks = ((known > 0) * (1 + (known == numbers))).astype(np.uint8)
        return self.windows.read(said.z, rows, columns), marks
