"""Objects from labels: pieces of classes, or numbers as they are; holes filled, sizes chosen."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.blocks import Block, Pace, Plane, Source, Volume, blocks
from napari_simgraph.analysis.components import Neighbours, label_pieces, rewrite
from napari_simgraph.analysis.holes import fill_holes
from napari_simgraph.analysis.tally import local
from napari_simgraph.core.job import Signal, Tick
from napari_simgraph.core.room import Room

Whole = NDArray[np.int64]
PASSES = 7  # over all blocks, at most: so many that progress never runs ahead


@dataclass(frozen=True)
class Wanted:
    """Which objects count.

    Parameters
    ----------
    values
        Classes whose pieces are objects; None for all values above 0.
    how
        What holds an object together.
    fill
        Fill holes, see `holes`.
    least, most
        Size in pixels, both ends included; `most` 0 is any.
    remove
        Numbers of objects to leave out, as they are counted after all the rest.
    """

    values: tuple[int, ...] | None = None
    how: Neighbours = field(default_factory=Neighbours)
    fill: bool = False
    least: float = 0.0
    most: float = 0.0
    remove: tuple[int, ...] = ()

    def fits(self, sizes: Whole) -> NDArray[np.bool_]:
        """Which sizes in pixels count."""
        return (sizes >= self.least) & ((sizes <= self.most) | (self.most == 0))


class Found(NamedTuple):
    """Object numbers in `array` of the Room, and the class value of each number (0 first)."""

    array: Any
    values: Whole


class Chosen:
    """The values of a source that count, all others 0; masks of `present` become 1."""

    def __init__(self, source: Source, values: tuple[int, ...] | None) -> None:
        self._source, self.shape = source, source.shape
        self._values = None if values is None else np.array(values)

    def get(self, z: int, y: slice, x: slice) -> Plane:
        """See `Source.get`."""
        pixels = self._source.get(z, y, x)
        if pixels.dtype.kind == "b":
            pixels = pixels.astype(np.uint8)
        return (
            pixels if self._values is None else np.where(np.isin(pixels, self._values), pixels, 0)
        )


def find_pieces(
    source: Source, wanted: Wanted, arrays: tuple[Room, str, int], pace: Pace
) -> Generator[Tick, Signal | None, Found]:
    """Connected pieces of classes as objects, numbered from 1 in the order in which they begin.

    Parameters
    ----------
    source
        Class values, 0 is none.
    wanted
        Which count.
    arrays
        The Room, the name of the array of numbers in it, and its axes (2 or 3).
    pace
        Told of each block; after STOP the sections seen so far count, holes unfilled.
    """
    room, name, space = arrays
    shape = source.shape[3 - space :]
    array = room.array(name, shape, np.int32)
    out = Volume(array, space)
    found = yield from label_pieces(Chosen(source, wanted.values), out, wanted.how, pace)
    stopped = pace.stopped
    yield from rewrite(out, found.number, pace)
    sizes = found.sizes
    if wanted.fill and not stopped:
        pieces = Volume(room.array(f"{name} holes", shape, np.int32), space)
        filled = yield from fill_holes(out, pieces, wanted.how, pace)
        sizes = sizes if not len(filled) else (yield from _sizes(out, len(sizes), pace))
    keep = wanted.fits(sizes)
    keep[0] = False
    number = np.cumsum(keep) * keep
    number[np.isin(number, wanted.remove)] = 0  # numbers stay as the table showed them
    if not np.array_equal(number, np.arange(len(number))):
        yield from rewrite(out, number.astype(np.int32), pace)
    values = np.zeros(int(keep.sum()) + 1, np.int64)
    values[1:] = found.values[keep]
    return Found(array, values)


def keep_numbers(
    source: Source, wanted: Wanted, arrays: tuple[Room, str, int], pace: Pace, dtype: Any
) -> Generator[Tick, Signal | None, Found]:
    """Objects under the numbers that they have; see `find_pieces`."""
    room, name, space = arrays
    shape = source.shape[3 - space :]
    array = room.array(name, shape, dtype)
    out = Volume(array, space)
    for block in blocks(source.shape):
        out.put(block.z, block.y, block.x, source.get(block.z, block.y, block.x))
        yield from pace.step(f"z {block.z + 1} of {source.shape[0]}")
        if pace.stopped:
            break
    if wanted.fill and not pace.stopped:
        pieces = Volume(room.array(f"{name} holes", shape, np.int32), space)
        yield from fill_holes(out, pieces, wanted.how, pace)
    drop = yield from _unfit(out, wanted, pace)
    if len(drop):
        for block in blocks(source.shape):
            numbers = out.get(block.z, block.y, block.x)
            out.put(block.z, block.y, block.x, without(numbers, drop))
            yield from pace.step(f"z {block.z + 1} of {source.shape[0]}")
    return Found(array, np.zeros(1, np.int64))


def without(numbers: Plane, drop: Whole) -> Plane:
    """A block with these objects taken out."""
    return np.where(local(numbers, drop).places >= 0, 0, numbers).astype(numbers.dtype)


def _unfit(out: Volume, wanted: Wanted, pace: Pace) -> Generator[Tick, Signal | None, Whole]:
    """Numbers of the objects that don't count."""
    remove = np.array(wanted.remove, np.int64)
    if not (wanted.least > 1 or wanted.most):
        return remove
    sizes: dict[int, int] = {}
    for block in blocks(out.shape):
        _count(sizes, block, out)
        yield from pace.step(f"z {block.z + 1} of {out.shape[0]}")
    ids = np.fromiter(sizes, np.int64, len(sizes))
    amount = np.fromiter(sizes.values(), np.int64, len(sizes))
    return np.union1d(ids[~wanted.fits(amount)], remove)


def _count(sizes: dict[int, int], block: Block, out: Volume) -> None:
    found = local(out.get(block.z, block.y, block.x))
    amount = np.bincount(found.places[found.places >= 0], minlength=len(found.ids))
    for key, more in zip(found.ids.tolist(), amount.tolist(), strict=True):
        sizes[key] = sizes.get(key, 0) + more


def _sizes(out: Volume, many: int, pace: Pace) -> Generator[Tick, Signal | None, Whole]:
    """Pixels of each number after holes were filled."""
    total = np.zeros(many, np.int64)
    for block in blocks(out.shape):
        total += np.bincount(out.get(block.z, block.y, block.x).ravel(), minlength=many)
        yield from pace.step(f"z {block.z + 1} of {out.shape[0]}")
    return total
