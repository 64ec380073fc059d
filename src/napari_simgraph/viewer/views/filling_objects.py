"""Objects of a run on some sections beside those of the earlier run on the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.blocks import Pace, Volume, count
from napari_simgraph.analysis.corrected import Corrected
from napari_simgraph.analysis.keeping import keep_corrected
from napari_simgraph.analysis.linking import Overlap
from napari_simgraph.core.job import Job, Progress
from napari_simgraph.core.raster import Box, Labels

ROWS = 512  # px copied between two ticks: a few MB of a large section
_SAME = 0.25  # of the pixels that either has: as objects go on from section to section in one run
_SAID = "keeping the other sections"


def beside(made: Labels, earlier: Labels, done: set[int], through: bool) -> Job[Labels]:
    """The objects that were made, with the earlier ones in all sections that are not done.

    What was kept has its number still. New objects are numbered after all earlier ones; one that
    goes on from a section that was kept has the number that it has there.

    Parameters
    ----------
    made, earlier
        Objects of one image; `made` is written into.
    done
        The sections of `made`.
    through
        Whether objects go on from section to section.
    """
    if len(done) == made.sections:
        return made
    numbers = np.arange(len(made.object_classes)) + len(earlier.object_classes) - 1
    numbers[0] = 0
    if through:
        yield from _go_on(numbers, made, earlier, done)
    target, source = made.levels[0], earlier.levels[0]
    for z in range(made.sections):
        for place in places(made, z):
            target[place] = numbers[target[place]] if z in done else source[place]
            yield Progress(1.0, _SAID)
    kinds = np.zeros(1 + numbers.max(initial=len(earlier.object_classes) - 1), np.uint8)
    kinds[numbers] = made.object_classes
    kinds[: len(earlier.object_classes)] = earlier.object_classes
    return made.replace(object_classes=kinds)


def corrected(made: Labels, earlier: Labels) -> Job[Labels]:
    """The objects that were made, with those that a person corrected as they were left."""
    before = earlier.levels[0]
    if not isinstance(before, Corrected) or not len(before.locked):
        return made
    array = made.levels[0]
    pace = Pace(2 * count(Volume(array, array.ndim).shape))
    numbers = yield from keep_corrected(array, before, pace)
    kinds = np.zeros(1 + max(int(numbers.max()), before.highest), np.uint8)
    usual = np.bincount(made.object_classes[1:], minlength=1).argmax() if len(numbers) > 1 else 0
    kinds[before.locked] = usual  # of what a person drew nothing else is known
    kinds[: len(earlier.object_classes)] = earlier.object_classes
    kinds[numbers] = made.object_classes[: len(numbers)]
    kinds[0] = 0
    return made.replace(object_classes=kinds)


def places(noun: Any, z: int) -> Iterator[Box]:
    """The blocks of a section."""
    for top in range(0, noun.plane[0], ROWS):
        rows = slice(top, min(top + ROWS, noun.plane[0]))
        yield (slice(z, z + 1), rows) if noun.axes.startswith("Z") else (rows,)


def _go_on(numbers: NDArray[Any], made: Labels, earlier: Labels, done: set[int]) -> Job[None]:
    """Give new objects the numbers that they have in the kept sections next to theirs."""
    taken: set[int] = set()
    borders = [(z, beyond) for z in sorted(done) for beyond in (z - 1, z + 1)]
    for z, beyond in borders:
        if beyond in done or not 0 <= beyond < made.sections:
            continue
        overlap = Overlap()
        for here, there in zip(places(made, z), places(earlier, beyond), strict=True):
            overlap.add(np.asarray(made.levels[0][here]), np.asarray(earlier.levels[0][there]))
            yield Progress(1.0, _SAID)
        for new, old in zip(*overlap.partners(_SAME), strict=True):
            alike = made.object_classes[new] == earlier.object_classes[old]
            if alike and int(old) not in taken and numbers[new] >= len(earlier.object_classes):
                numbers[new] = old
                taken.add(int(old))
