"""Pixels: the lesson that gives each pixel its class."""

from __future__ import annotations

from collections.abc import Generator as Ticking
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor, nn

from napari_simgraph.core.job import Progress, Signal, Tick
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.augment import Augment, augment, settle
from napari_simgraph.learn.baseline import GreyValues, grey_values
from napari_simgraph.learn.borders import border_loss, even_odds
from napari_simgraph.learn.device import Place
from napari_simgraph.learn.losses import DICE, Counting, segmentation_loss
from napari_simgraph.learn.pairs import Material
from napari_simgraph.learn.sampling import PRESENT, Batch, Cutting, Field, Sampler, marks
from napari_simgraph.nets.several import members_of

_EDGE = 256  # px, side of the squares that are checked
_CONTEXT = 32  # px around them: borders are predicted as they will be in use
_BORDERS_FROM = 1 / 3  # of the steps; before that there are few cells to part
_FEW, _MANY = 6, 48  # squares looked at during a run and at its end


@dataclass(frozen=True)
class Exam:
    """Squares of the fields kept aside, with their labels."""

    material: Material

    def squares(self, at_most: int) -> list[Field]:
        """Squares spread over the fields."""
        every = [square for field in self.material.kept for square in _cut(field)]
        step = max(1.0, len(every) / at_most)
        return [every[int(i * step)] for i in range(min(at_most, len(every)))]

    def agreement(self, counts: Sequence[NDArray[np.int64]]) -> dict[str, float]:
        """Dice per class as ``agreement NAME``, and their mean as ``agreement``."""
        if not counts:
            return {}
        return dice_by_name(np.sum(counts, axis=0), self.material.labels[0].classes.names)

    def baseline(self, at_most: int) -> dict[str, float]:
        """Dice of grey values alone on as many squares, as ``baseline`` and ``baseline NAME``."""
        counts = [self._of_grey(square) for square in self.squares(at_most)]
        scores = self.agreement(counts).items()
        return {name.replace("agreement", "baseline", 1): value for name, value in scores}

    @cached_property
    def grey(self) -> GreyValues:
        """What grey values alone say."""
        given = self.material
        return grey_values(given.windows, given.labels, given.found, given.kept)

    def _of_grey(self, square: Field) -> NDArray[np.int64]:
        windows = self.material.windows[square.image]
        found = self.grey.found(windows.read(square.z, square.rows, square.columns))
        return self._count(found, square)

    def compare(self, network: nn.Module, square: Field) -> NDArray[np.int64]:
        """Pixels in both, found, and true ``(3, K)``, of labelled pixels."""
        labels = self.material.labels[square.image]
        (top, bottom), (left, right) = square.rows, square.columns
        around = [(top - _CONTEXT, bottom + _CONTEXT), (left - _CONTEXT, right + _CONTEXT)]
        rows, columns = ((a, a + -(-(b - a) // 32) * 32) for a, b in around)
        read = self.material.windows[square.image].read(square.z, rows, columns)
        device = next(network.parameters()).device
        scores = network(torch.from_numpy(read)[None].to(device)).float()
        inside = scores[
            0, :, _CONTEXT : _CONTEXT + bottom - top, _CONTEXT : _CONTEXT + right - left
        ]
        values = inside.cpu().numpy()
        numbers = np.arange(len(values))[:, None, None]
        found = (values.argmax(0) == numbers) if labels.exclusive else values > 0
        return self._count(found, square)

    def _count(self, found: NDArray[np.bool_], square: Field) -> NDArray[np.int64]:
        truth = marks(self.material.labels[square.image], square.z, square.rows, square.columns)
        known, true = truth > 0, truth == PRESENT
        pairs = (found & true & known, found & known, true & known)
        return np.array([pair.sum((1, 2)) for pair in pairs], np.int64)


def dice_by_name(counts: NDArray[np.int64], names: Sequence[str]) -> dict[str, float]:
    """Dice from pixels in both, found, and true; classes that occur nowhere are left out."""
    both, size = counts[0], counts[1] + counts[2]
    each = {
        f"agreement {name}": float(2 * both[k] / size[k])
        for k, name in enumerate(names)
        if counts[2][k] > 0
    }
    return {"agreement": float(np.mean(list(each.values())))} | each if each else {}


def _cut(field: Field) -> Iterator[Field]:
    for top in range(*field.rows, _EDGE):
        for left in range(*field.columns, _EDGE):
            rows = (top, min(top + _EDGE, field.rows[1]))
            yield Field(field.image, field.z, rows, (left, min(left + _EDGE, field.columns[1])))


class Loss(NamedTuple):
    """How much more a pixel of the boundary counts, and how much Dice beside cross-entropy."""

    boundary_weight: float = 1.0
    dice: float = DICE


class PixelLesson:
    """See `lesson.Lesson`: crops near labels, varied, weighted loss over labelled pixels."""

    def __init__(
        self, network: nn.Module, material: Material, how: Augment, loss: Loss, seed: int
    ) -> None:
        self.network, self.how, self.seed = network, how, seed
        self.exclusive = material.labels[0].exclusive
        self.sampler = Sampler(
            material.windows,
            material.labels,
            material.found,
            material.kept,
            Cutting(how.reading, how.patch // 4, seed),
        )
        names = material.labels[0].classes.names
        weights = [loss.boundary_weight if n == material.boundary else 1.0 for n in names]
        self.counting = Counting(torch.tensor(weights), loss.dice)
        self._wall = names.index(material.boundary) if material.boundary in names else None
        self._even, self._members = even_odds(loss.boundary_weight), len(members_of(network))
        self._steps = 0
        self.exam = Exam(material)
        self._plain: dict[str, float] = {}  # of the squares looked at during a run

    def batch(self, number: int, size: int) -> Batch:
        """See `lesson.Lesson.batch`."""
        return self.sampler.batch(number, size)

    def planned(self, steps: int) -> None:
        """See `lesson.Scheduled`."""
        self._steps = steps

    def loss(self, network: nn.Module, batch: Batch, number: int) -> Tensor:
        """See `lesson.Lesson.loss`; every other of several networks learns from borders as well."""
        device = next(network.parameters()).device
        generator = Generator().manual_seed(self.seed * 1_000_003 + number)
        inputs, target = (torch.from_numpy(part).to(device) for part in batch)
        with torch.autocast(device.type, enabled=False), torch.no_grad():
            sample = settle(augment(inputs, target, self.how, generator), self.exclusive)
        scores = network(sample.inputs)
        known, counting = sample.known, self.counting
        loss = segmentation_loss(scores, sample.target, known, counting, self.exclusive)
        if self._wall is None or not self._sees_borders(number):
            return loss
        scores = scores.float()
        found = scores.softmax(1) if self.exclusive else scores.sigmoid()
        wall = self._wall
        known = known.expand_as(sample.target)[:, wall]
        return loss + border_loss(found[:, wall], sample.target[:, wall], known, self._even)

    def _sees_borders(self, number: int) -> bool:
        """Every other network, once cells are there; of the steps that are timed as many."""
        step, member = divmod(number, self._members)
        begun = step >= self._steps * _BORDERS_FROM if self._steps else step % 3 > 0
        return member % 2 == 1 and begun

    def check(self, network: nn.Module) -> Mapping[str, float]:
        """See `lesson.Lesson.check`."""
        squares = self.exam.squares(_FEW)
        figures = self.exam.agreement([self.exam.compare(network, one) for one in squares])
        if figures and not self._plain:
            self._plain = self.exam.baseline(_FEW)
        return figures | {name: v for name, v in self._plain.items() if name == "baseline"}

    def final(self, place: Place, aside: Aside) -> Ticking[Tick, Signal | None, dict[str, float]]:
        """The figures of the finished network."""
        self.network.eval()

        def compare(square: Field) -> NDArray[np.int64]:
            with place.computing(), torch.no_grad():
                return self.exam.compare(self.network, square)

        counts, many = [], _FEW if aside.halt.stopped else _MANY
        tick = partial(Progress, 1.0, "looking at what was kept aside")
        for square in self.exam.squares(many):
            counts.append((yield from aside.wait(partial(compare, square), tick)))
        plain = yield from aside.wait(partial(self.exam.baseline, many), tick)
        return self.exam.agreement(counts) | plain
