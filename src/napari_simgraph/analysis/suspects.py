"""Suspects: where objects were probably merged or split by mistake, the likeliest first."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import csr_array

from napari_simgraph.analysis.agglomeration import (
    Hierarchy,
    Merges,
    Numbers,
    hierarchy,
    log_odds,
    region_borders,
    touching,
)
from napari_simgraph.analysis.blocks import Pace, Source
from napari_simgraph.core.job import Signal, Tick
from napari_simgraph.core.objects import Columns

MERGED, SPLIT, UNSURE = "looks merged", "looks split", "not sure"
Boundary = Callable[[int], NDArray[Any]]  # the boundary probability (Y, X) of a section

SMALLEST = 64  # px: smaller differences are ragged outlines
_EVEN = 0.5  # below this probability a place is unsure rather than wrong
_WALL = 0.5  # from this probability on a pixel is a wall
_SHORTEST = 4.0  # px: borders shorter than this touch by chance
# How much a border's own odds count, what lies beside it, and the size of the smaller side (in log
# odds, in log odds, in e-folds). Between 0.3 and 1.0 precision among the first 20 of sections 0-17
# of ISBI 2012 changes by less than 0.15 for either kind (benchmarks/suspects.py).
_OWN, _BESIDE, _LARGE = 0.5, 0.5, 0.5
_LINE = 3.0  # px: objects that are parted by a line of up to twice this meet in its middle
_BEYOND = 100.0  # log odds that no border has: what belongs to two objects is merged last


@dataclass(frozen=True, eq=False)
class SuspectTable(Columns):
    """A row a place: ``kind``, ``probability`` that it is wrong, ``section``, ``y``, ``x`` …

    ``object`` and ``other`` are the two objects of a border that should perhaps not be there; of an
    object that should perhaps be two ``other`` is 0. ``pixels`` is the size of the smaller side.
    """

    name: str = "suspects"


class _Pair(NamedTuple):
    """Two regions of a section that meet; of one object, or of two."""

    odds: float  # mean log odds of the boundary between them
    length: float
    pixels: float  # of the smaller one
    shared: float  # share of what lies above and below them that is the same objects
    object: int
    other: int
    place: tuple[int, float, float]

    @property
    def parted(self) -> bool:
        return self.object != self.other


def suspects(
    numbers: Source, boundary: Boundary, most: int, pace: Pace, smallest: int = SMALLEST
) -> Generator[Tick, Signal | None, SuspectTable]:
    """Places where objects were probably merged or split by mistake, the likeliest first.

    Parameters
    ----------
    numbers
        Objects, 0 is none.
    boundary
        Gives the boundary probability of a section.
    most
        How many places to list at most.
    pace
        Told of each section; after STOP those seen so far count.
    smallest
        Pixels: a place where one side is smaller is left out.

    Notes
    -----
    Fragments of each section (see `agglomeration`) belong to the object that they lie in. Looked at
    are borders between objects and, inside each object, the border that would go last. Their log
    odds of being a wall are those of the boundary along them, and what logistic regression learns
    from all of them about the objects above and below: two cells mostly lie over different ones. A
    border inside an object is more likely a wall where both sides are large. Those that disagree
    with the objects are listed, both kinds in turn, each from the likeliest on.
    """
    pairs: list[_Pair] = []
    rows, columns = (slice(0, n) for n in numbers.shape[1:])
    depth = numbers.shape[0]
    for z in range(depth):
        near = [numbers.get(n, rows, columns) for n in (z - 1, z + 1) if 0 <= n < depth]
        section = _Section(numbers.get(z, rows, columns), boundary(z), near, z)
        found = [*section.between(), *section.inside(smallest)]
        pairs += [p for p in found if p.pixels >= smallest and p.length >= _SHORTEST]
        yield from pace.step(f"z {z + 1} of {depth}")
        if pace.stopped:
            break
    return _ranked(pairs, most)


class _Section:
    """Fragments of a section, whose each is, and where they meet."""

    def __init__(
        self, objects: NDArray[Any], boundary: NDArray[Any], near: list[NDArray[Any]], z: int
    ) -> None:
        pieces, self._owner = _pieces(hierarchy(boundary).fragments, objects)
        unmerged = Merges(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
        borders = region_borders(pieces, log_odds(boundary))
        self._tree, self._z = Hierarchy(pieces, borders, unmerged), z
        self._near = [_overlaps(self._tree.fragments, other) for other in near]
        # Walls are no part of a cell: a fragment that is all wall is no second cell.
        cells = np.asarray(boundary) < _WALL
        self._sizes = np.bincount(self._tree.fragments[cells], minlength=_span(self._tree))
        self._middle = _middles(self._tree)
        self._one = self._owner[self._tree.borders.one]
        self._other = self._owner[self._tree.borders.other]

    def between(self) -> Iterator[_Pair]:
        """Borders between two objects."""
        apart = np.flatnonzero((self._one != self._other) & (self._one > 0) & (self._other > 0))
        ends = np.sort(np.stack([self._one[apart], self._other[apart]], 1), axis=1)
        pairs, at = np.unique(ends, axis=0, return_inverse=True)
        order = np.argsort(at.ravel(), kind="stable")
        starts = np.searchsorted(at.ravel()[order], np.arange(len(pairs) + 1))
        sides = {int(n): np.flatnonzero(self._owner == n) for n in np.unique(pairs)}
        for k, (one, other) in enumerate(pairs.tolist()):
            rows = apart[order[starts[k] : starts[k + 1]]]
            yield self._pair(rows, (sides[one], sides[other]), (one, other))

    def inside(self, smallest: int) -> Iterator[_Pair]:
        """In each object the border that would go last, of those with enough on both sides."""
        bounds = np.where(self._one == self._other, 0.0, _BEYOND)
        merges = self._tree.with_odds(bounds).merges
        members = {n: [n] for n in range(1, len(self._sizes))}
        last: dict[int, tuple[list[int], list[int]]] = {}
        for kept, gone in zip(merges.kept.tolist(), merges.gone.tolist(), strict=True):
            owner = int(self._owner[kept])
            sides = (members[kept], members.pop(gone))
            if owner and owner == self._owner[gone] and self._smaller(sides) >= smallest:
                last[owner] = sides
            members[kept] = sides[0] + sides[1]
        for owner, sides in last.items():
            rows = np.flatnonzero((self._one == owner) & (self._other == owner))
            ends = self._tree.borders.one[rows], self._tree.borders.other[rows]
            first, second = (np.isin(ends, side) for side in sides)
            rows = rows[(first[0] & second[1]) | (first[1] & second[0])]
            if len(rows):
                yield self._pair(rows, sides, (owner, owner))

    def _smaller(self, sides: tuple[Any, Any]) -> float:
        return float(min(self._sizes[side].sum() for side in sides))

    def _shared(self, sides: tuple[Any, Any]) -> float:
        """How alike the objects are that lie above and below two sides, 0 to 1."""
        found = []
        for overlaps in self._near:
            shares = [np.asarray(overlaps[side].sum(0), float).ravel() for side in sides]
            totals = [share.sum() for share in shares]
            if min(totals) > 0:
                one, other = (s / t for s, t in zip(shares, totals, strict=True))
                found.append(float(np.minimum(one, other).sum()))
        return float(np.mean(found)) if found else _EVEN

    def _pair(
        self, rows: NDArray[np.intp], sides: tuple[Any, Any], objects: tuple[int, int]
    ) -> _Pair:
        """A border that is made of several between fragments."""
        borders = self._tree.borders
        length = float(borders.length[rows].sum())
        y, x = self._middle[rows[borders.length[rows].argmax()]]
        odds = float(borders.total[rows].sum()) / length
        told = (odds, length, self._smaller(sides), self._shared(sides))
        return _Pair(*told, *objects, (self._z, float(y), float(x)))


def _span(tree: Hierarchy) -> int:
    return int(tree.fragments.max()) + 1


def _overlaps(fragments: Numbers, objects: NDArray[Any]) -> csr_array:
    """Common pixels of each fragment, by its number, with each object of another section."""
    numbers, at = np.unique(objects, return_inverse=True)
    ones = np.where(objects.ravel() > 0, 1, 0)
    shape = (int(fragments.max()) + 1, len(numbers))
    return csr_array((ones, (fragments.ravel(), at.ravel())), shape=shape)


def _pieces(fragments: Numbers, objects: NDArray[Any]) -> tuple[Numbers, NDArray[np.int64]]:
    """Fragments cut where objects meet, from 1 without gaps, and the object of each, 0 for none."""
    far, at = ndimage.distance_transform_edt(objects == 0, return_indices=True)
    owner = np.where(far <= _LINE, objects[tuple(at)], 0)  # lines between objects are nobody's
    numbers, place = np.unique(owner, return_inverse=True)
    keys = fragments.astype(np.int64) * len(numbers) + place.reshape(fragments.shape)
    found, pieces = np.unique(keys, return_inverse=True)
    owners = np.concatenate([[0], numbers[found % len(numbers)]]).astype(np.int64)
    return (pieces.reshape(fragments.shape) + 1).astype(np.int32), owners


def _middles(tree: Hierarchy) -> NDArray[np.float64]:
    """The pixel of each border that is nearest to its middle, ``(N, 2)``."""
    span = _span(tree)
    known = tree.borders.one * span + tree.borders.other
    places, rows = [], []
    for _, after, apart, keys in touching(tree.fragments):
        corner = np.array([part.start or 0 for part in after])
        places.append(np.argwhere(apart) + corner)
        rows.append(np.searchsorted(known, keys))
    at, place = np.concatenate(rows), np.concatenate(places).astype(float)
    count = np.maximum(np.bincount(at, minlength=len(known)), 1)
    mean = np.stack([np.bincount(at, place[:, i], len(known)) / count for i in (0, 1)], 1)
    far = ((place - mean[at]) ** 2).sum(1)
    order = np.argsort(-far, kind="stable")  # the nearest is written last
    middle = np.zeros((len(known), 2))
    middle[at[order]] = place[order]
    return middle


def _ranked(pairs: list[_Pair], most: int) -> SuspectTable:
    """The pairs that disagree most with the objects; merged and split ones in turn."""
    parted = np.array([pair.parted for pair in pairs], bool)
    wall = _wall(pairs, parted)
    wrong = np.where(parted, 1 - wall, wall)
    order = np.argsort(-wrong, kind="stable")
    turn = np.zeros(len(pairs))
    for kind in (parted, ~parted):
        turn[order[kind[order]]] = np.arange(kind.sum())
    order = np.lexsort((-wrong, turn))[:most]
    chosen = [pairs[i] for i in order.tolist()]
    kinds = [SPLIT if pair.parted else MERGED for pair in chosen]
    sure = wrong[order]
    said = [kind if p >= _EVEN else UNSURE for kind, p in zip(kinds, sure.tolist(), strict=True)]
    places = np.array([pair.place for pair in chosen], float).reshape(-1, 3)
    return SuspectTable(
        {
            "kind": np.array(said, object),
            "probability": sure.round(4),
            "section": places[:, 0].astype(np.int64),
            "y": places[:, 1].astype(np.int64),
            "x": places[:, 2].astype(np.int64),
            "object": np.array([pair.object for pair in chosen], np.int64),
            "other": np.array([pair.other if pair.parted else 0 for pair in chosen], np.int64),
            "pixels": np.array([pair.pixels for pair in chosen], np.int64),
        }
    )


def _wall(pairs: list[_Pair], parted: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How likely each border parts two objects."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    if not (parted.any() and (~parted).any()):
        return np.array([1 / (1 + np.exp(-pair.odds)) for pair in pairs])
    odds = np.array([pair.odds for pair in pairs])
    shared = StandardScaler().fit_transform([[pair.shared] for pair in pairs])
    share = parted.mean()
    learned = LogisticRegression().fit(shared, parted).decision_function(shared)
    beside = learned - np.log(share / (1 - share))
    size = np.log([pair.pixels for pair in pairs])
    large = np.where(parted, 0.0, size - size.mean())
    wall: NDArray[np.float64] = 1 / (1 + np.exp(-(_OWN * odds + _BESIDE * beside + _LARGE * large)))
    return wall
