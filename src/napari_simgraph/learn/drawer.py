"""Drawer: a model that draws, ready for use."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from napari_simgraph.core.model import Model
from napari_simgraph.core.patch_classes import NONE
from napari_simgraph.learn.clouds import Clouds
from napari_simgraph.learn.device import Place
from napari_simgraph.learn.draw_reading import Reading
from napari_simgraph.learn.held import held_network
from napari_simgraph.learn.losses_vae import price, redrawing
from napari_simgraph.learn.patchwork import resized
from napari_simgraph.learn.pictures import Light, one_of
from napari_simgraph.learn.pixel_model import check_kind

# what the numbers cost, and their mean and spread by class
PRICES, MEANS, SPREADS = "numbers/price", "numbers/mean", "numbers/spread"
FARTHEST = 3.0  # spreads: one in 400 lies farther from the middle
LEAST = 1e-6  # spread of numbers that never vary
_CHUNK = 256  # patches through the network at once

Numbers = NDArray[np.float32]


class Drawer:
    """Draws patches of a class and redraws given ones, all with light from 0 to 1.

    Parameters
    ----------
    model
        From `generation.train`.
    place
        Where to compute.

    Raises
    ------
    ValueError
        The model is of another kind, or damaged.
    """

    def __init__(self, model: Model, place: Place) -> None:
        check_kind(model, "generation")
        network: Any = held_network(model)
        self.network = network.to(place.device).eval()
        self.model, self.place = model, place
        self.light = light_of(model)
        self.side = int(model.network["patch"])
        self.classes: int = self.network.classes
        self.latent: int = self.network.latent
        self.order = np.argsort(-model.arrays[PRICES], kind="stable")
        self.means, self.spreads = model.arrays[MEANS], model.arrays[SPREADS]
        self.clouds = Clouds.of(model.arrays, self.classes, self.latent)
        self.reading = Reading.of(model.arrays)

    def moved(self, numbers: Numbers, directions: tuple[float, ...]) -> Numbers:
        """Numbers moved along directions, the most telling one first.

        The farther, the less they differ in it, so that none leaves the range that was learned.
        """
        moved = numbers.copy()
        for at, far in zip(self.order, directions, strict=False):
            far = float(np.clip(far, -FARTHEST, FARTHEST))
            moved[:, at] = moved[:, at] * np.sqrt(1 - (far / FARTHEST) ** 2) + far
        return moved

    def kinds(self, name: str, n: int) -> NDArray[np.intp]:
        """Numbers of classes for n patches: of one class, or of all in turn for "".

        Raises
        ------
        ValueError
            The model knows no such class.
        """
        if not name.strip():
            return np.arange(n) % max(1, self.classes)
        if not len(self.model.classes):
            raise ValueError(f"'{self.model.name}' knows no classes: leave the class out.")
        return np.full(n, self.model.classes.find(name).value - 1)

    def names(self, kinds: NDArray[np.intp]) -> tuple[str, ...]:
        """Names of classes by their numbers; "" where the model knows none."""
        known = self.model.classes.names
        return tuple(known[one] if known else "" for one in kinds)

    def drawn(self, numbers: Numbers, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Light ``(n, C, P, P)`` of numbers ``(n, D)`` and weights of classes ``(n, K)``."""
        parts = [np.zeros((0, self.model.channels, self.side, self.side), np.float32)]
        with self.place.exactly(), torch.no_grad():
            for start in range(0, len(numbers), _CHUNK):
                some = slice(start, start + _CHUNK)
                mean, spread = self._usual(weights[some])
                wanted = self._at(mean + spread * numbers[some])
                light = self.network.decode(wanted, self._at(weights[some]))
                parts.append(light.float().sigmoid().cpu().numpy())
        return np.concatenate(parts)

    def seen(self, light: NDArray[np.float32], weights: NDArray[np.float32]) -> Numbers:
        """Numbers ``(n, D)`` of patches with light ``(n, C, P, P)``."""
        with self.place.exactly(), torch.no_grad():
            seen, _ = self.network.encode(self._at(light), self._at(weights))
        mean, spread = self._usual(weights)
        found: Numbers = (seen.cpu().numpy() - mean) / np.maximum(spread, LEAST)
        return found

    def looks_like(self, light: NDArray[np.float32]) -> NDArray[np.intp]:
        """The class that the encoder sees in patches ``(n, C, P, P)``, told none."""
        assert self.reading is not None  # whoever asks has looked
        with self.place.exactly(), torch.no_grad():
            features = self.network.described(self._at(light)).float().cpu().numpy()
        return self.reading.says(features)

    def likeliest(
        self, light: NDArray[np.float32], known: NDArray[np.intp] | None = None
    ) -> NDArray[np.intp]:
        """The class of each patch: the one it is known to have, else that with most evidence."""
        kinds = np.full(len(light), NONE, np.intp) if known is None else known.copy()
        unknown = np.flatnonzero(kinds == NONE)
        if not self.classes or not len(unknown):
            return np.maximum(kinds, 0)
        told = [self._cost(light[unknown], kind) for kind in range(self.classes)]
        kinds[unknown] = np.argmin(told, axis=0)
        return kinds

    def weights(self, kinds: NDArray[np.intp]) -> NDArray[np.float32]:
        """Weights of classes ``(n, K)`` from their numbers."""
        return one_of(kinds, self.classes)

    def light_in(self, pixels: NDArray[Any]) -> NDArray[np.float32]:
        """Light ``(1, C, P, P)`` of the pixels ``(S, S, C)`` of a patch."""
        values = self.light.statistics.normalise(pixels).transpose(2, 0, 1)[None]
        return np.clip(resized(values, self.side), 0, 1)

    def _usual(self, weights: NDArray[np.float32]) -> tuple[Numbers, Numbers]:
        """Mean and spread ``(n, D)`` of the numbers of patches of such classes."""
        if not self.classes:
            return self.means, self.spreads
        return weights @ self.means, weights @ self.spreads

    def _cost(self, light: NDArray[np.float32], kind: int) -> NDArray[np.float32]:
        """Nats that patches cost if they are of a class."""
        with self.place.exactly(), torch.no_grad():
            seen = self._at(light)
            weights = self._at(self.weights(np.full(len(light), kind)))
            mean, spread = self.network.encode(seen, weights)
            nats = redrawing(self.network.decode(mean, weights), seen)
            cost: NDArray[np.float32] = (nats + price(mean, spread).sum(1)).cpu().numpy()
        return cost

    def _at(self, values: NDArray[np.float32]) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self.place.device)


def light_of(model: Model) -> Light:
    """The range of grey values that a model learned."""
    rule = model.normalisation
    return Light(tuple(rule["low"]), tuple(rule["high"]), str(rule["dtype"]))
