"""What a person does to objects: each act is a job that gives a step and changes nothing yet."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_simgraph.analysis.between import between, smooth
from napari_simgraph.analysis.blocks import Block, Pace, Plane
from napari_simgraph.analysis.corrected import Corrected, Place, Step
from napari_simgraph.analysis.cutting import Halves, Mask, cut, follow
from napari_simgraph.analysis.edits import Edit
from napari_simgraph.analysis.id_table import Renamed
from napari_simgraph.core.job import Signal, Tick

Act: TypeAlias = Generator[Tick, Signal | None, Step]

_SEAM = 2  # px: objects that meet in a line of up to three pixels are closed when they are merged
NOTHING_BETWEEN = (
    "Nothing was filled: the two shapes are too far apart, or other objects lie between them."
)
_ROOM = 64  # px around the seam of one section in which the seam of the next is looked for


class Target(NamedTuple):
    """Where an act takes place.

    Parameters
    ----------
    objects
        What is corrected.
    place
        The section and the pixel that were clicked.
    through
        In all sections, else in this one.
    """

    objects: Corrected
    place: Place
    through: bool = True

    @property
    def where(self) -> str:
        """``in all sections`` or ``in section 12``; nothing where there is one alone."""
        if self.objects.volume[0] == 1:
            return ""
        return " in all sections" if self.through else f" in section {self.place[0]}"


def merge(at: Target, one: int, into: int) -> Act:
    """Make an object part of another one; the line between them is closed where they meet.

    Raises
    ------
    ValueError
        They are the same object, or one of them is none.
    """
    if one == into or not (one and into):
        raise ValueError("Click two different objects to merge them.")
    objects, said = at.objects, f"Merged {one} into {into}{at.where}."
    edit, pace = Edit(objects.dtype), Pace(objects.volume[0])
    renamed = objects.table.plan([one], into) if at.through else Renamed({}, {})
    z = at.place[0]
    if not at.through:
        numbers = objects.section(z)
        seam = _seam(numbers, one, into)
        after = np.where((numbers == one) | seam, into, numbers)
        objects.note(edit, Block(z, *objects.whole), after)
    else:
        for block, numbers, seam in _seams(objects, z, (one, into)):
            # The seam alone: all else follows from the new names.
            objects.note(edit, block, np.where(seam, into, numbers))
            yield from pace.step(f"z {block.z}")
            if pace.stopped:
                break
    return Step(said, at.place, (into,), edit, renamed, "merge")


def split(at: Target, number: int, line: Sequence[tuple[float, float]]) -> Act:
    """Cut an object along a line drawn in the section; the smaller part gets a new number.

    Raises
    ------
    ValueError
        The line parts nothing.
    """
    objects, z = at.objects, at.place[0]
    found = cut(objects.section(z) == number, line)
    if found is None:
        raise ValueError("The line parts nothing: draw it across the object, from side to side.")
    pace = Pace(objects.volume[0])
    halves, sizes = {z: found}, np.array([part.sum() for part in found])
    for there, parts in _followed(at, number, found):
        halves[there] = parts
        sizes += [part.sum() for part in parts]
        yield from pace.step(f"z {there}")
        if pace.stopped:
            break
    new, small = objects.new_number(), int(sizes.argmin())
    edit = Edit(objects.dtype)
    for there, parts in sorted(halves.items()):
        if parts[small].any():
            _write(objects, edit, there, (parts[small], new))
    said = f"Split {number}{at.where}: the smaller part is {new}."
    return Step(said, at.place, (number, new), edit, kind="split")


def delete(at: Target, numbers: Sequence[int]) -> Act:
    """Take objects out."""
    objects, many = at.objects, len(numbers)
    edit, renamed = Edit(objects.dtype), Renamed({}, {})
    if at.through:
        renamed = objects.table.plan(numbers, 0)
    else:
        yield from Pace(1).begin()
        _write(objects, edit, at.place[0], (np.isin(objects.section(at.place[0]), numbers), 0))
    what = f"object {numbers[0]}" if many == 1 else f"{many:,} objects"
    where = "" if at.through else at.where
    return Step(f"Deleted {what}{where}.", at.place, tuple(numbers), edit, renamed, "delete")


def rounded(at: Target, number: int, width: float) -> Act:
    """Round an object; it grows only into what belongs to no other."""
    objects, edit = at.objects, Edit(at.objects.dtype)
    sections = range(objects.volume[0]) if at.through else (at.place[0],)
    pace, margin = Pace(len(sections)), int(4 * width) + 1
    for z in sections:
        numbers = objects.section(z)
        box = _box(numbers == number, margin)
        if box is not None:
            part = numbers[box]
            round_one = smooth(part == number, width)
            after = np.where(round_one & (part == 0), number, part)
            after = np.where((part == number) & ~round_one, 0, after)
            objects.note(edit, Block(z, *box), after)
        yield from pace.step(f"z {z}")
        if pace.stopped:
            break
    return Step(f"Smoothed {number}{at.where}.", at.place, (number,), edit, kind="smooth")


def fill_between(at: Target, number: int) -> Act:
    """Fill an object in between the two sections nearest to this one that have it.

    Raises
    ------
    ValueError
        It is not in two sections with a gap between them.
    """
    objects = at.objects
    depth = objects.volume[0]
    there = [bool((objects.section(z) == number).any()) for z in range(depth)]
    span = gap(there, at.place[0])
    if span is None:
        raise ValueError("Paint on two sections first, then fill between.")
    low, high = span
    first, last = (objects.section(z) == number for z in span)
    edit, pace = Edit(objects.dtype), Pace(high - low)
    for z, mask in enumerate(between(first, last, high - low - 1), low + 1):
        _write(objects, edit, z, (mask & (objects.section(z) == 0), number))
        yield from pace.step(f"z {z}")
    filled = sorted({change.block.z for change in edit.changes})
    said = f"{say_filled(filled)} Check them with Q and W."
    return Step(said, (low + 1, *at.place[1:]), (number,), edit, kind="fill")


def gap(there: Sequence[bool], z: int) -> tuple[int, int] | None:
    """The two sections around a gap at a section, or else the nearest gap that ends in it.

    Parameters
    ----------
    there
        Whether each section has the object.
    z
        The section in view.
    """
    spans = [
        (low, high)
        for low, high in zip(np.flatnonzero(there), np.flatnonzero(there)[1:], strict=False)
        if high - low > 1 and low <= z <= high
    ]
    # Where two gaps meet in this section, the one below was left when it was painted.
    return (int(spans[0][0]), int(spans[0][1])) if spans else None


def say_filled(filled: Sequence[int]) -> str:
    """``Filled z 7 and z 8.``

    Raises
    ------
    ValueError
        Nothing was filled.
    """
    if not filled:
        raise ValueError(NOTHING_BETWEEN)
    if filled[-1] - filled[0] == len(filled) - 1 > 1:
        return f"Filled z {filled[0]} to z {filled[-1]}."
    *most, last = (f"z {z}" for z in filled)
    return f"Filled {', '.join(most)} and {last}." if most else f"Filled {last}."


def _seams(
    objects: Corrected, z: int, pair: tuple[int, int]
) -> Iterator[tuple[Block, Plane, Mask]]:
    """The line between two objects, from a section up and down for as far as they touch."""
    seams = {z: objects.whole}
    for by in (1, -1):
        there = z
        while there in seams:
            block = Block(there, *seams[there])
            numbers = objects.get(*_astuple(block))
            seam = _seam(numbers, *pair)
            box = _box(seam, _ROOM, (block.y.start, block.x.start), objects.volume[1:])
            if box is not None and (by == 1 or there != z):
                yield block, numbers, seam
            there += by
            if box is not None and 0 <= there < objects.volume[0]:
                seams[there] = box


def _followed(at: Target, number: int, found: Halves) -> Iterator[tuple[int, Halves]]:
    """The parts of an object in all other sections, from the nearest on."""
    objects, z = at.objects, at.place[0]
    if not at.through:
        return
    for sections in (range(z + 1, objects.volume[0]), range(z - 1, -1, -1)):
        before = found
        for there in sections:
            mask = objects.section(there) == number
            if mask.any():  # a section without it is skipped: the one after may have it again
                before = follow(mask, before)
                yield there, before


def _seam(numbers: Plane, one: int, other: int) -> Mask:
    """Background between two objects that nearly touch."""
    seam = np.zeros(numbers.shape, bool)
    first, second = (_box(numbers == n, _SEAM) for n in (one, other))
    if first is None or second is None:
        return seam
    spans = [
        slice(max(a.start, b.start), min(a.stop, b.stop))
        for a, b in zip(first, second, strict=True)
    ]
    box = spans[0], spans[1]
    if any(span.stop <= span.start for span in box):
        return seam
    part = numbers[box]
    square = np.ones((3, 3), bool)
    reached = [ndimage.binary_dilation(part == n, square, _SEAM) for n in (one, other)]
    whole = (part == one) | (part == other)
    closed = ndimage.binary_closing(np.pad(whole, _SEAM), square, _SEAM)
    inner = closed[_SEAM:-_SEAM, _SEAM:-_SEAM]  # not beyond the ends of the line
    seam[box] = reached[0] & reached[1] & inner & (part == 0)
    return seam


def _box(
    mask: NDArray[np.bool_],
    margin: int,
    corner: tuple[int, int] = (0, 0),
    plane: Sequence[int] | None = None,
) -> tuple[slice, slice] | None:
    """Rows and columns around a mask that begins at `corner` of a plane; None where it is empty."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return None
    ends = zip((rows, columns), corner, plane or mask.shape, strict=True)
    y, x = (
        slice(max(int(e[0]) + c - margin, 0), min(int(e[-1]) + c + margin + 1, n))
        for e, c, n in ends
    )
    return y, x


def _write(objects: Corrected, edit: Edit, z: int, what: tuple[Mask, int]) -> None:
    """Note a number where a mask of a whole section is."""
    mask, number = what
    box = _box(mask, 0)
    if box is not None:
        numbers = objects.get(z, *box)
        objects.note(edit, Block(z, *box), np.where(mask[box], number, numbers))


def _astuple(block: Block) -> tuple[int, slice, slice]:
    return block.z, block.y, block.x
