"""A run on some sections keeps the others: what it left out comes from the earlier result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.job import Job, Progress, Region
from napari_simgraph.core.raster import Box, Image, Labels
from napari_simgraph.viewer.views.filling_objects import beside, corrected, places

Result: TypeAlias = Image | Labels
R = TypeVar("R", bound=tuple[Any, ...])  # a NamedTuple of results, None where not asked for


def fits(earlier: Result, image: Image, names: tuple[str, ...], exclusive: bool) -> bool:
    """Whether an earlier result can stand beside what a model of these classes makes."""
    table = earlier.classes
    same = earlier.shape == image.shape and table is not None and table.names == names
    return same and (isinstance(earlier, Image) or earlier.exclusive == exclusive)


def filled(job: Job[R], earlier: Mapping[str, Result], through: bool = True) -> Job[R]:
    """The job, and behind it the earlier result wherever nothing was written.

    Also where the job was stopped. `earlier` has results by the names of the job's arrays, which
    are those of its result's fields; `through` says whether objects go on through the stack.
    """
    written: dict[str, list[Box]] = {}
    try:
        tick = next(job)
        while True:
            if isinstance(tick, Region):
                written.setdefault(tick.array, []).append(tick.box)
            tick = job.send((yield tick))
    except StopIteration as end:
        result: R = end.value
    finally:
        job.close()
    for name, noun in result._asdict().items():  # type: ignore[attr-defined]
        before = earlier.get(name) if noun is not None else None
        boxes = written.get(name, [])
        if isinstance(before, Labels) and before.meaning == "objects":
            kept = yield from beside(noun, before, sections_in(boxes, noun), through)
            kept = yield from corrected(kept, before)
            result = result._replace(**{name: kept})  # type: ignore[attr-defined]
        elif before is not None:
            yield from _fill(noun, before, boxes)
    return result


def sections_in(boxes: list[Box], noun: Result | Image) -> set[int]:
    """The sections that one of these boxes of a result holds whole."""
    whole = [slice(0, n) for n in noun.plane]
    if not noun.axes.startswith("Z"):
        return {0} if any([*box[:2]] == whole for box in boxes) else set()
    complete = (box[0] for box in boxes if [*box[1:3]] == whole)
    return {z for span in complete for z in range(span.start, span.stop)}


def _fill(noun: Result, earlier: Result, boxes: list[Box]) -> Job[None]:
    target, source = noun.levels[0], earlier.levels[0]
    complete = sections_in(boxes, noun)
    missing = (z for z in range(noun.sections) if z not in complete)
    for place in (place for z in missing for place in places(noun, z)):
        made = np.asarray(target[place])
        target[place] = np.where(_nothing(made, noun), np.asarray(source[place]), made)
        yield Progress(1.0, "keeping the other sections")


def _nothing(made: NDArray[Any], noun: Result) -> NDArray[np.bool_]:
    """Pixels that nothing was written into: 0 is no class, and no class at all is never sure."""
    if noun.axes.endswith("C"):
        return np.asarray(~made.any(-1, keepdims=True))
    return np.asarray(made == 0)
