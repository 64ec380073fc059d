"""Object painting: numbers the objects of an image while its sections come in."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.across import informed
from napari_simgraph.analysis.agglomeration import Hierarchy, hierarchy
from napari_simgraph.analysis.instances import Instances, Reading
from napari_simgraph.analysis.parting import Parting
from napari_simgraph.core.job import Signal, Tick
from napari_simgraph.core.raster import Image
from napari_simgraph.core.room import Room
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.closing import tree_of
from napari_simgraph.learn.keeping import Keeping, as_painted
from napari_simgraph.learn.painting import Sections
from napari_simgraph.learn.pixel_size import View
from napari_simgraph.learn.resampling import pieces
from napari_simgraph.learn.windows import Span

_CHUNK = 512  # px, as large as a tile


class ObjectPainter:
    """A `painting.Watch` that keeps a section and fills an array with its objects.

    Objects are found at the pixel size at which the network works, where walls are as thick as
    they were when it learned, and picked from there for the pixels of the image.

    Parameters
    ----------
    image, seen
        What is segmented, and how the network sees it.
    out
        uint32 array of the objects.
    how
        What an object is, and whether it goes on from section to section.
    room
        Keeps the probabilities of sections, and objects of two at the network's pixel size.
    """

    def __init__(
        self, image: Image, seen: View, out: Any, how: tuple[Parting, bool], room: Room
    ) -> None:
        parting, through = how
        self._view, self._how = seen, parting
        self._kept: Keeping | None = None
        self._kept_seen: Keeping | None = None
        plane, back = seen.image.plane, seen.onto(image, _nothing)
        self._seen, self._classes, self._room = seen.image, len(parting.classes), room
        self._plane, self._out, self._lines = image.plane, out, back.lines if back else ()
        self._deep = image.axes.startswith("Z")
        if back:
            last = () if parting.exclusive else (parting.planes,)
            shape = (2, *plane, *last)
            name = f"objects: two sections of {plane[0]} x {plane[1]}"  # of a set, each its own
            out = _Two(room.array(name, shape, np.uint32, (1, _CHUNK, _CHUNK, *last)))
        self._found = out
        self._made = Instances(out, plane, parting, through)

    @property
    def kinds(self) -> NDArray[np.uint8]:
        """The class of each object so far, indexed by its number."""
        return self._made.kinds

    def keep(self, keeping: Keeping) -> None:
        """Part objects by what a person painted; see `keeping.as_painted`."""
        self._kept, self._kept_seen = keeping, keeping.seen_as(self._view)

    @cached_property
    def raw(self) -> Sections:
        """Where sections are kept as the network gives them.

        Asked for when the first tile comes: of a set of images each has sections of its own size
        in the same place.
        """
        return Sections(self._seen, self._classes, self._room)

    def write(self, z: int, rows: Span, columns: Span, values: NDArray[np.float32]) -> None:
        """Probabilities ``(K, Y, X)`` of a tile, as the network gives them."""
        self.raw.write(z, rows, columns, values)

    def finish(
        self, z: int, aside: Aside, tick: Callable[[], Tick]
    ) -> Generator[Tick, Signal | None, bool]:
        """Find the objects of a section; False, and none in it, when it was stopped on the way."""
        tree = partial(self._tree, z) if self._how.beside else None
        for step in self._made.steps(z, Reading(partial(self._read, z), tree)):
            if aside.halt.stopped:
                self._made.drop(z)
                return False
            yield from aside.wait(step, tick)
        if self._lines:
            yield from aside.wait(partial(self._pick, z), tick)
        if self._kept is not None and self._how.boundary:
            yield from aside.wait(partial(self._correct, z, self._kept), tick)
        return True

    def _read(self, z: int, rows: slice, columns: slice) -> NDArray[Any]:
        values = self.raw.read(z, rows, columns)
        if self._kept_seen is not None:
            box = ((rows.start, rows.stop), (columns.start, columns.stop))
            values = self._kept_seen.over(z, *box, values)
        return np.moveaxis(values, 0, -1)

    def _tree(self, z: int, rows: slice, columns: slice) -> Hierarchy:
        """What boundaries part, with what the sections above and below show."""
        own, *beside = (self._alone(near, rows, columns) for near in (z, *self.raw.beside(z)))
        return informed(own, beside, self._how.weight, self._how.smallest)

    def _alone(self, z: int, rows: slice, columns: slice) -> Hierarchy:
        wall = self._read(z, rows, columns)[..., self._how.boundary - 1]
        if self._kept_seen is not None:  # what others noted is of walls that nobody painted on
            return hierarchy(wall)
        return tree_of(self.raw, z, (rows, columns), wall)

    def _correct(self, z: int, kept: Keeping) -> None:
        for place, rows, columns in self._places(z):
            painted = kept.at(z, rows, columns)
            if painted.any():
                self._out[place] = as_painted(np.asarray(self._out[place]), painted, self._how)

    def _pick(self, z: int) -> None:
        """For each pixel of the image the object of the nearest one that the network saw."""
        down, across = self._lines
        for place, rows, columns in self._places(z):
            near, beside = down.nearest(*rows), across.nearest(*columns)
            box = (slice(near[0], near[-1] + 1), slice(beside[0], beside[-1] + 1))
            self._out[place] = self._found[z, *box][np.ix_(near - near[0], beside - beside[0])]

    def _places(self, z: int) -> Iterator[tuple[Any, Span, Span]]:
        """Where each block of a section lies in the objects, its rows and its columns."""
        for rows in pieces((0, self._plane[0]), _CHUNK):
            for columns in pieces((0, self._plane[1]), _CHUNK):
                place = (slice(*rows), slice(*columns))
                yield (z, *place) if self._deep else place, rows, columns


class _Two:
    """The last two sections of a stack in an array of two."""

    def __init__(self, array: Any) -> None:
        self._array, self.ndim = array, array.ndim

    def __getitem__(self, place: tuple[Any, ...]) -> NDArray[Any]:
        return np.asarray(self._array[(place[0] % 2, *place[1:])])

    def __setitem__(self, place: tuple[Any, ...], values: Any) -> None:
        self._array[(place[0] % 2, *place[1:])] = values


def _nothing(z: int, rows: Span, columns: Span, values: NDArray[np.float32]) -> None:
    """Takes tiles that nobody wants; only the grid they are on is asked for."""
