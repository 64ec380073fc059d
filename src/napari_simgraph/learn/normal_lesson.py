"""The lesson of what is normal: crops with hidden, cut out or odd parts, to be made whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from napari_simgraph.analysis.aligned import turned
from napari_simgraph.core.patches import Rows
from napari_simgraph.learn.hiding import holes, tiles
from napari_simgraph.learn.patchwork import Patchwork
from napari_simgraph.learn.spoiling import spoiled
from napari_simgraph.nets.pretexts import COLORIZATION, MAE, opponent

_WATCHED = 16  # crops looked at during a run
_NO_BATCH = 2**31  # no batch has this number
_BESIDE = 0.1  # weight of what was shown: enough that it stays, little beside what was hidden
_DOUBT = 0.5  # weight of saying where it was mended
_BESIDE_MENDED = 0.3  # … of a crop that was mended, whose other parts must come out unharmed


class Task(NamedTuple):
    """Crops ``(N, C, R, R)`` for one pretext.

    What goes in, what is hidden, how much each pixel counts, what does not belong (1, or 0), and
    the crops ``(N, 1, 1, 1)`` of which that is asked.
    """

    shown: NDArray[np.float32]
    hidden: NDArray[np.float32]
    weight: NDArray[np.float32]
    odd: NDArray[np.float32]
    asked: NDArray[np.float32]


Batch: TypeAlias = dict[str, tuple[NDArray[np.float32], Task]]  # crops and task of each pretext


class Normal(NamedTuple):
    """What is learned from: crops of these rows, and the turns that keep them normal."""

    work: Patchwork
    rows: Rows
    aside: Rows
    turns: tuple[int, ...]  # see `analysis.aligned.turned`


class NormalLesson:
    """See `lesson.Lesson`: several pretexts share the crops of a step.

    In the same time each takes more, smaller steps than if it made all crops whole.
    """

    def __init__(self, network: Any, normal: Normal, config: Any) -> None:
        self.network, self.normal, self.config = network, normal, config
        rng = np.random.default_rng(_NO_BATCH)
        looked = self._crops(rng, normal.aside[:_WATCHED])
        self._looked = {name: (looked, self._task(name, looked, rng)) for name in network.networks}

    def batch(self, number: int, size: int) -> Batch:
        """See `lesson.Lesson.batch`: each pretext's crops, and what is to be done with them."""
        rng = np.random.default_rng([self.config.seed, number])
        crops, names = self._crops(rng, rng.choice(self.normal.rows, size)), self.network.networks
        count, found = len(names), {}
        for k, name in enumerate(names):
            part = crops[(k + number) % count :: count]  # in turn: none gets more in the end
            if len(part):
                found[name] = part, self._task(name, part, rng)
        return found

    def loss(self, network: Any, batch: Any, number: int) -> Tensor:
        """See `lesson.Lesson.loss`."""
        losses = self._losses(network, batch)
        return torch.stack(list(losses.values())).sum()

    def check(self, network: Any) -> Mapping[str, float]:
        """See `lesson.Lesson.check`: how far off it is on what was kept aside, in spreads."""
        losses = self._losses(network, self._looked)
        return {f"off {name}": float(loss) for name, loss in losses.items()}

    def _crops(self, rng: np.random.Generator, rows: Rows) -> NDArray[np.float32]:
        work, grid = self.normal.work, self.normal.work.grid
        crops = []
        for row in rows.tolist():
            layout = grid.layouts[int(grid.image[row])]
            off = [0, 0]
            if layout.counts != (1, 1):  # anywhere between the grid's places
                off = rng.integers(-(layout.stride // 2), layout.stride // 2 + 1, 2).tolist()
            crop = work.crop(row, (0, off[0], off[1]), work.patch)
            turns = self.normal.turns
            turn = turns[int(rng.integers(len(turns)))] if len(turns) > 1 else turns[0]
            crops.append(turned(crop, turn, (1, 2)))
        return np.stack(crops)

    def _task(self, name: str, crops: NDArray[np.float32], rng: np.random.Generator) -> Task:
        count, edge = len(crops), crops.shape[-1]
        if name == COLORIZATION:
            whole = np.ones((count, 1, edge, edge), np.float32)
            return Task(crops, 0 * whole, whole, 0 * whole, whole[:, :, :1, :1])
        config = self.config
        if name == MAE:
            sides = (config.tile, 2 * config.tile)
            hidden = tiles(rng, count, edge, sides, config.hidden / 100)
        else:
            hidden = holes(rng, count, edge)
        odd, where = spoiled(crops, rng)
        mended = (rng.random(count) < config.repair)[:, None, None, None]
        shown = np.where(mended, odd, crops)
        weight = np.where(mended, _BESIDE_MENDED + where, _BESIDE + hidden)
        hidden = np.where(mended, 0, hidden)
        single = (hidden, weight, where, mended)
        return Task(shown, *(part.astype(np.float32) for part in single))

    def _losses(self, network: Any, batch: Any) -> dict[str, Tensor]:
        device = next(network.parameters()).device
        losses = {}
        for name, (crops, task) in batch.items():
            wanted = torch.from_numpy(crops).to(device)
            shown, hidden, weight, odd, asked = (torch.from_numpy(p).to(device) for p in task)
            doubted = weight.new_zeros(())
            if name == COLORIZATION:
                off = network.color(shown).float() - opponent(wanted)[:, 1:]
            else:
                drawn = network.redraw(name, shown, hidden)
                off = drawn.picture - wanted
                each = functional.binary_cross_entropy_with_logits(
                    drawn.doubt, odd, reduction="none"
                )
                doubted = (each * asked).mean() / asked.mean().clamp_min(1e-6)
            redrawn = (off.abs().mean(1, keepdim=True) * weight).sum() / weight.sum()
            losses[name] = redrawn + _DOUBT * doubted
        return losses
