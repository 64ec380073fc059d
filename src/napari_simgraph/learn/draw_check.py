"""Checked drawing: what is drawn by chance and looks like another class is drawn again.

References
----------
.. [1] Azadi et al., Discriminator rejection sampling, ICLR 2019, arXiv:1810.06758, section 3 (of
   what is drawn by chance a second look keeps what is right).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.job import Job, Progress
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.drawer import Drawer, Numbers

CHUNK = 256  # drawings between two ticks


@dataclass(frozen=True)
class Chance:
    """How numbers are drawn: from which seed, how far from the usual, how often anew at most."""

    seed: int
    spread: float
    again: int


def checked(
    drawer: Drawer, numbers: Numbers, kinds: NDArray[np.intp], how: Chance, first: int = 0
) -> Numbers:
    """The numbers ``(n, D)``, others in place of those whose drawing looks like another class.

    Parameters
    ----------
    drawer
        What draws, and says what a drawing looks like.
    numbers, kinds
        Drawn by chance, and the classes ``(n,)`` that were asked for.
    how
        The same that they were drawn by.
    first
        Which of all numbers these begin with: so others are drawn for each part of them.
    """
    checked, doubtful = numbers.copy(), np.arange(len(kinds))
    for time in range(how.again if drawer.reading else 0):
        asked = kinds[doubtful]
        drawn = drawer.drawn(checked[doubtful], drawer.weights(asked))
        doubtful = doubtful[drawer.looks_like(drawn) != asked]
        if not len(doubtful):
            break
        seeds = (how.seed, time + 1, first)
        checked[doubtful] = drawer.clouds.draw(kinds[doubtful], seeds, how.spread)
    return checked


def by_chance(
    drawer: Drawer, kinds: NDArray[np.intp], how: Chance, aside: Aside
) -> Job[NDArray[np.float32]]:
    """Numbers drawn by chance; those whose drawing looks like another class drawn anew."""
    numbers, count = drawer.clouds.draw(kinds, how.seed, how.spread), len(kinds)
    for start in range(0, count, CHUNK):
        some = slice(start, start + CHUNK)
        look = partial(checked, drawer, numbers[some], kinds[some], how, start)
        said = partial(Progress, text=f"looking at drawing {start} of {count}")
        numbers[some] = yield from aside.wait(look, said)
        if aside.halt.stopped:
            break
    return numbers


class Remembered:
    """Numbers drawn by chance, kept until others are asked for: a slider moves the same ones."""

    def __init__(self, drawer: Drawer) -> None:
        self.drawer = drawer
        self._kept: tuple[list[int], Chance, Numbers] | None = None

    def numbers(self, kinds: NDArray[np.intp], how: Chance) -> Numbers:
        """Numbers ``(n, D)``, looked at; those of the last time where the same are asked for."""
        asked = kinds.tolist()
        if self._kept is None or self._kept[:2] != (asked, how):
            drawn = self.drawer.clouds.draw(kinds, how.seed, how.spread)
            self._kept = asked, how, checked(self.drawer, drawn, kinds, how)
        return self._kept[2]
