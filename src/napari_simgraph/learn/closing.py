"""Closing: what tiles give is kept until a section is whole, then its boundaries are closed."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.agglomeration import Hierarchy, hierarchy
from napari_simgraph.analysis.closing import closed_tree, shared_out
from napari_simgraph.core.job import Signal, Tick
from napari_simgraph.core.model import Model
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.painting import Sections, Write
from napari_simgraph.learn.resampling import pieces
from napari_simgraph.learn.windows import Span

# Blocks of this size are closed one by one: memory stays bounded, and the same for any machine.
BLOCK = 1024  # px
_HALO = 128  # px around a block: a few cells, so that those at its edge are seen whole


@dataclass(frozen=True)
class Boundary:
    """Which channel parts cells, and how much more it counted when it was learned."""

    channel: int
    classes: int
    weight: float
    exclusive: bool


class Onward(NamedTuple):
    """Where painted tiles go, and how many pixels around them must come along."""

    write: Write
    margin: int = 0


def together(onward: Sequence[Onward], plane: tuple[int, int]) -> Onward:
    """Several places for the same tiles of a plane as one, each with the margin that it wants."""
    margin = max(one.margin for one in onward)

    def write(z: int, rows: Span, columns: Span, values: NDArray[np.float32]) -> None:
        spans = tuple(zip((rows, columns), plane, strict=True))
        come = [_wider(span, margin, n) for span, n in spans]
        for one in onward:
            wanted = [_wider(span, one.margin, n) for span, n in spans]
            box = (slice(w[0] - c[0], w[1] - c[0]) for w, c in zip(wanted, come, strict=True))
            one.write(z, rows, columns, values[:, *box])

    return Onward(write, margin)


def boundary_of(model: Model) -> Boundary | None:
    """What a model says about its boundary class; None where it has none."""
    if not model.boundary or len(model.classes) < 2:
        return None
    weight = float(model.settings.get("boundary_weight", 1.0))
    names = model.classes.names
    return Boundary(names.index(model.boundary), len(names), weight, model.exclusive)


class Closing:
    """Closes the boundaries of a section that is whole, and hands it on in blocks.

    Parameters
    ----------
    boundary
        Of the model.
    onward
        Takes the closed blocks, with so many pixels around them as its `margin` says.
    raw
        Has the section as it came; those above and below, where it has them too, help to decide.
    """

    def __init__(self, boundary: Boundary, onward: Onward, raw: Sections) -> None:
        self._boundary, self._onward, self._raw = boundary, onward, raw

    def finish(
        self, z: int, aside: Aside, tick: Callable[[], Tick]
    ) -> Generator[Tick, Signal | None, bool]:
        """Hand the section on; False when it was stopped before its end."""
        lines = (list(pieces((0, n), BLOCK)) for n in self._raw.plane)
        for rows, columns in product(*lines):
            call = partial(self._close, z, rows, columns)
            values = yield from aside.wait(call, tick)
            if aside.halt.stopped:
                return False
            self._onward.write(z, rows, columns, values)
        return True

    def _close(self, z: int, rows: Span, columns: Span) -> NDArray[np.float32]:
        """Probabilities ``(K, Y, X)`` of a block and its margin, with its boundary closed."""
        spans = tuple(zip((rows, columns), self._raw.plane, strict=True))
        around = [_wider(span, _HALO, n) for span, n in spans]
        inner = [_wider(span, self._onward.margin, n) for span, n in spans]
        box, channel = (slice(*around[0]), slice(*around[1])), self._boundary.channel
        seen = self._raw.read(z, *box)
        own = tree_of(self._raw, z, box, seen[channel])
        beside = [
            tree_of(self._raw, near, box, self._raw.read(near, *box)[channel])
            for near in self._raw.beside(z)
        ]
        whole = closed_tree(own, seen[channel], self._boundary.weight, beside)
        made = shared_out(seen, channel, whole, self._boundary.exclusive)
        cut = [slice(i[0] - a[0], i[1] - a[0]) for i, a in zip(inner, around, strict=True)]
        return made[:, cut[0], cut[1]]


def tree_of(
    raw: Sections, z: int, box: tuple[slice, slice], boundary: NDArray[np.float32]
) -> Hierarchy:
    """The objects of a box of a section; its fragments are found once, also as a neighbour's."""
    block = " ".join(f"{span.start}-{span.stop}" for span in box)
    known = raw.noted(z, block)
    tree = hierarchy(boundary, fragments=known)
    if known is None:
        raw.note(z, block, tree.fragments)
    return tree


def _wider(span: Span, by: int, n: int) -> Span:
    return max(0, span[0] - by), min(n, span[1] + by)
