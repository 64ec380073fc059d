"""Class lesson: which class a picture has, where some classes are far rarer than others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor, nn

from napari_simgraph.core.patches import Rows
from napari_simgraph.learn.losses_classes import adjusted_loss
from napari_simgraph.learn.shown import Shown
from napari_simgraph.learn.view_settings import Views
from napari_simgraph.learn.views import view

_WATCHED = 512  # pictures looked at during a run, a twentieth of it at most
_PIXELS = 2**20  # of pictures through the network at once: a quarter of a second on a slow core
_NEVER = 1e-13  # share of a class that isn't shown: it takes no part in the loss


class ClassBatch(NamedTuple):
    """Crops ``(N, C, R, R)``, their light (see `views.view`) and classes ``(N,)``."""

    crops: NDArray[np.float32]
    light: NDArray[np.float32]
    truth: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pupils:
    """Pictures with classes, by position.

    Parameters
    ----------
    shown
        The pictures.
    truth
        Class numbers from 0, in their order.
    learn, kept
        Positions to learn from, and those kept aside.
    names
        Of the classes.
    """

    shown: Shown
    truth: NDArray[np.int64]
    learn: Rows
    kept: Rows
    names: tuple[str, ...]


class Drawing:
    """How often pictures are shown, and what is made up for in the loss.

    Parameters
    ----------
    truth
        Classes of the pictures ``(N,)``.
    classes
        How many classes there are.
    how
        ``adjust``: as common as they are, made up for in the loss. ``balance``: all classes
        equally often. ``plain``: as they are.
    at_least
        Classes with fewer pictures are shown as if they had so many.
    """

    def __init__(self, truth: NDArray[np.int64], classes: int, how: str, at_least: int) -> None:
        counts = np.bincount(truth, minlength=classes).astype(np.float64)
        there = counts > 0
        shown = np.where(there, np.maximum(counts, at_least), 0)
        if how == "balance":
            shown = there.astype(np.float64)
        self.each = (shown / np.maximum(counts, 1))[truth]
        self.each /= self.each.sum()
        self.even = bool(np.allclose(self.each, 1 / len(truth)))
        prior = shown / shown.sum() if how == "adjust" else np.ones(classes)
        self.prior = np.where(there, prior, _NEVER)

    def batch(self, number: int, size: int, seed: int) -> Rows:
        """Positions of batch `number`: each picture once a pass where all are shown as often."""
        if not self.even:
            rng = np.random.default_rng([seed, number])
            return rng.choice(len(self.each), size, p=self.each)
        count = len(self.each)
        places = np.arange(number * size, (number + 1) * size)
        passes = [np.random.default_rng([seed, p]).permutation(count) for p in _span(places, count)]
        first = int(places[0]) // count
        return np.concatenate(passes)[places - first * count]


class ClassLesson:
    """See `lesson.Lesson`: pictures in ever different views, each with its class."""

    def __init__(
        self, network: nn.Module, pupils: Pupils, how: Views, drawing: Drawing, seed: int
    ) -> None:
        self.network, self.pupils, self.how = network, pupils, how
        self.drawing, self.seed = drawing, seed
        self.prior = torch.from_numpy(np.log(drawing.prior)).float()
        rng = np.random.default_rng(seed)
        self.watched = np.sort(rng.permutation(pupils.kept)[:_WATCHED])

    def batch(self, number: int, size: int) -> ClassBatch:
        """See `lesson.Lesson.batch`."""
        chosen = self.pupils.learn[self.drawing.batch(number, size, self.seed)]
        shown = self.pupils.shown
        light = shown.work.light(shown.rows[chosen]) if self.how.stain else np.zeros((2, 0, 0))
        return ClassBatch(shown.take(chosen), light.astype(np.float32), self.pupils.truth[chosen])

    def loss(self, network: nn.Module, batch: ClassBatch, number: int) -> Tensor:
        """See `lesson.Lesson.loss`."""
        device = next(network.parameters()).device
        generator = Generator().manual_seed(self.seed * 1_000_003 + number)
        crops, light, truth = (torch.from_numpy(part).to(device) for part in batch)
        with torch.autocast(device.type, enabled=False), torch.no_grad():
            pictures = view(crops, self.how, generator, light if self.how.stain else None)
        return adjusted_loss(network(pictures), truth, self.prior.to(device))

    def check(self, network: nn.Module) -> Mapping[str, float]:
        """See `lesson.Lesson.check`."""
        if not len(self.watched):
            return {}
        truth = self.pupils.truth[self.watched]
        found = scores_of(network, middle(self.pupils.shown.take(self.watched), self.how.patch))
        hit = found.argmax(1) == truth
        names = self.pupils.names
        each = {f"agreement {names[k]}": float(hit[truth == k].mean()) for k in np.unique(truth)}
        return {"agreement": float(np.mean(list(each.values())))} | each


def scores_of(network: nn.Module, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scores ``(N, K)`` of pictures, some at a time (in the computing thread)."""
    device = next(network.parameters()).device
    step = max(1, _PIXELS // pictures.shape[-1] ** 2)
    parts = []
    for start in range(0, len(pictures), step):
        tensor = torch.from_numpy(pictures[start : start + step]).to(device)
        tensor = tensor.contiguous(memory_format=torch.channels_last)
        parts.append(network(tensor).float().cpu().numpy())
    scores: NDArray[np.float32] = np.concatenate(parts)
    return scores


def middle(crops: NDArray[np.float32], patch: int) -> NDArray[np.float32]:
    """The patches ``(N, C, P, P)`` in the middle of larger crops."""
    start = (crops.shape[-1] - patch) // 2
    inner: NDArray[np.float32] = crops[:, :, start : start + patch, start : start + patch]
    return np.ascontiguousarray(inner)


def _span(places: NDArray[np.intp], count: int) -> range:
    return range(int(places[0]) // count, int(places[-1]) // count + 1)
