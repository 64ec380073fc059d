"""Shared rows: features of patches that a crew finds, some patches at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from napari_simgraph.core.job import Job, Progress
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.crew import Block, Crew, Do, Keep, Values, key_of, taken
from napari_simgraph.learn.device import Place
from napari_simgraph.learn.patchwork import Patchwork


@dataclass(frozen=True)
class RowWork:
    """What describes all patches of a patchwork, some at a time; a block is (number,).

    Parameters
    ----------
    about
        What describes them: what its values depend on.
    describe
        Makes it, where it is to compute.
    work, step
        The patches, and how many are read together.
    """

    about: str
    describe: Callable[[Place], Callable[[Values], Values]]
    work: Patchwork
    step: int

    @property
    def key(self) -> str:
        """See `Work.key`."""
        ids, how = self.work.grid.patch_id.tobytes(), list(self.work.statistics)
        return key_of(self.about, ids, how, self.work.patch, self.step)

    @property
    def blocks(self) -> list[Block]:
        """All there are."""
        return [(number,) for number in range(-(-len(self.work.grid) // self.step))]

    def ready(self, place: Place, keep: Keep) -> Do:
        """See `Work.ready`."""
        describe = keep(self.about, partial(self.describe, place))

        def do(block: Block) -> Values:
            first = block[0] * self.step
            rows = np.arange(first, min(first + self.step, len(self.work.grid)))
            return describe(self.work.patches(rows))

        return do


@dataclass(frozen=True)
class FarRows:
    """Stands for what describes patches where a crew does it; `finish` makes the features of it."""

    crew: Crew
    finish: Callable[[Values], Values] | None = None

    def taken(self, number: int, aside: Aside, tick: Callable[[], Progress]) -> Job[Values | None]:
        """Features of the patches of this number; None where the job is stopped before."""
        found = yield from taken(self.crew, (number,), aside, tick)
        if found is None or self.finish is None:
            return found
        return (yield from aside.wait(partial(self.finish, found), tick))

    def close(self) -> None:
        """Nothing: the crew goes on to what it is asked next."""


def rows_handed_out(crew: Crew, work: RowWork, aside: Aside) -> Job[None]:
    """Nothing, once a crew has begun."""

    def begin() -> None:
        crew.begin(work, work.blocks)

    yield from aside.wait(begin, partial(Progress, text="handing out"))
