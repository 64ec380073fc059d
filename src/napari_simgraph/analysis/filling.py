"""Filling the holes of corrected objects."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.acts import Act, Target
from napari_simgraph.analysis.blocks import Block, Boxed, Pace, Volume, blocks, count
from napari_simgraph.analysis.components import Neighbours
from napari_simgraph.analysis.corrected import Step
from napari_simgraph.analysis.edits import Box, Edit, moved
from napari_simgraph.analysis.holes import find_holes


def fill_holes(
    at: Target, ids: NDArray[np.int64], scratch: Volume, what: tuple[Box, Neighbours]
) -> Act:
    """Fill the holes of these objects, inside a box that holds them.

    Parameters
    ----------
    at
        The objects; holes are told as `what` says, in one section or through them.
    ids
        Which of them.
    scratch
        32-bit whole numbers of the box's shape.
    what
        The box, and what holds an object together (see `holes`).
    """
    (box, how), objects = what, at.objects
    shape = tuple(span.stop - span.start for span in box)
    pace = Pace(4 * count(shape))
    volume = Volume(objects, objects.ndim)
    owner = yield from find_holes(Boxed(volume, box), scratch, how, pace)
    owner = np.where(np.isin(owner, ids), owner, 0)
    had = np.unique(owner[owner > 0])
    edit = Edit(objects.dtype)
    for inner in blocks(shape) if len(had) else ():
        y, x = (moved(s, b.start) for s, b in zip((inner.y, inner.x), box[1:], strict=True))
        block = Block(inner.z + box[0].start, y, x)
        numbers = objects.get(block.z, y, x)
        fill = owner[scratch.get(inner.z, inner.y, inner.x)]
        objects.note(edit, block, np.where(fill > 0, fill, numbers))
        yield from pace.step(f"z {block.z}")
    what_of = f"object {had[0]}" if len(had) == 1 else f"{len(had):,} objects"
    said = f"Filled holes in {what_of}." if len(had) else ""
    return Step(said, at.place, tuple(had.tolist()), edit, kind="fill")
