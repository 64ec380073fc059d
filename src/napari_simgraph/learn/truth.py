"""Truth: what a person painted and marked in a live session, and what of it is kept aside.

Only what was painted takes memory, so the image may be of any size. Nothing that a model found
ever comes in here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.classes import BACKGROUND_NAMES, PALETTE, ClassRow, ClassTable
from napari_simgraph.core.live import MOST_VALUES, UNCHANGED, ClassChange, Region, Strokes
from napari_simgraph.core.patch_pixels import mirror
from napari_simgraph.learn.truth_tile import EXCLUDED, TILE, Key, Known, Span, Tile, pieces

_PLACES = 1024  # remembered of one stroke or region in a tile: more than most strokes have
# The third of each class, then every fifth: a figure comes early, and most of it is learned.
_EVERY, _FIRST = 5, 3
_REGION = 0  # the class under which regions are counted
NO_REST = "Say which class the unpainted pixels of a complete region are."


@dataclass(frozen=True)
class Said:
    """One stroke or region as far as it still counts.

    Parameters
    ----------
    number
        From 1, in the order in which they came.
    z
        Section.
    places, values
        Some of its pixels ``(n, 2)`` and their classes.
    kept
        Whether it is kept aside.
    """

    number: int
    z: int
    places: NDArray[np.int32]
    values: NDArray[np.uint8]
    kept: bool


@dataclass
class Truth:
    """All that was said about an image.

    Parameters
    ----------
    plane
        Height and width of its sections.
    sections
        How many there are.
    rows
        The classes by value: those that were removed are missing.
    """

    plane: tuple[int, int]
    sections: int
    rows: dict[int, ClassRow] = field(default_factory=dict)
    _tiles: dict[Key, Tile] = field(default_factory=dict)
    _places: dict[int, dict[Key, tuple[NDArray[np.int32], NDArray[np.uint8]]]] = field(
        default_factory=dict
    )
    _kept: dict[int, bool] = field(default_factory=dict)
    _counts: dict[int, int] = field(default_factory=dict)
    _once: dict[str, int] = field(default_factory=dict)  # values by all names that there were
    _number: int = 0

    @property
    def values(self) -> tuple[int, ...]:
        """The class values in use, in order."""
        return tuple(sorted(self.rows))

    def table(self, values: Sequence[int] = ()) -> ClassTable:
        """Some classes, else all, as a model has them: numbered without gaps."""
        rows = [self.rows[value] for value in values or self.values]
        return ClassTable(tuple(ClassRow(n, row.name, row.color) for n, row in enumerate(rows, 1)))

    def wall(self, asked: str, values: Sequence[int]) -> str:
        """The boundary among classes of these values; "" where it is gone or was not painted.

        A class that was renamed, or joined with another one, is meant by all names that it had.
        """
        value = self._once.get(asked.casefold())
        if value is None:
            return self.table(values).wall(asked)
        return self.rows[value].name if value in values else ""

    def said(self) -> Sequence[Said]:
        """Strokes and regions that still count, oldest first."""
        return [self._one(number) for number in sorted(self._places)]

    def known(self, z: int, rows: Span, columns: Span) -> Known:
        """The truth in a box, mirrored beyond the borders of the section."""
        down, right = mirror(*rows, self.plane[0]), mirror(*columns, self.plane[1])
        values = np.zeros((len(down), len(right)), np.uint8)
        owners = np.zeros(values.shape, np.int32)
        for top in np.unique(down // TILE):
            for left in np.unique(right // TILE):
                tile = self._tiles.get((z, int(top), int(left)))
                if tile is not None:
                    y, x = (
                        np.flatnonzero(down // TILE == top),
                        np.flatnonzero(right // TILE == left),
                    )
                    here, known = np.ix_(down[y] % TILE, right[x] % TILE), tile.known()
                    values[np.ix_(y, x)] = known.values[here]
                    owners[np.ix_(y, x)] = known.owners[here]
        return Known(values, owners)

    def learned(self, z: int, rows: Span, columns: Span) -> NDArray[np.uint8]:
        """Class values in a box, 0 where unknown or kept aside."""
        known = self.known(z, rows, columns)
        kept = [number for number, aside in self._kept.items() if aside]
        return np.asarray(known.values * ~np.isin(known.owners, kept))

    def mark(self, event: Strokes | Region) -> int:
        """Take in a stroke or a region; its number.

        Raises
        ------
        ValueError
            It lies outside the image, or is of a class that there isn't.
        """
        plane = event.values if isinstance(event, Strokes) else event.mask
        self._check(event.z, event.top, event.left, plane.shape)
        rest = self._rest(event) if isinstance(event, Region) else 0
        if isinstance(event, Strokes):
            for value in set(np.unique(plane).tolist()) - {0, UNCHANGED}:
                self._named(value)
        self._number += 1
        for key, here, there in pieces(event.z, event.top, event.left, plane.shape):
            tile = self._tiles.setdefault(key, Tile.empty())
            if isinstance(event, Strokes):
                tile.paint(here, event.values[there], self._number)
            else:
                tile.mark(here, event.mask[there], rest, self._number)
            self._look(key)
        self._keep_aside(_REGION if isinstance(event, Region) else None)
        return self._number

    def change(self, event: ClassChange) -> None:
        """Take in a change of classes.

        Raises
        ------
        ValueError
            There is no such class, or already one of that value or name.
        """
        value = event.value
        if event.kind == "add":
            self._add(value, event.name, event.color)
            return
        row = self._named(value)
        if event.kind == "rename":
            self._free(event.name, but=value)
            name, color = event.name or row.name, event.color or row.color
            self.rows[value] = replace(row, name=name, color=color)
            self._once[name.casefold()] = value
            return
        into = self._named(event.into).value if event.kind == "merge" else 0
        if into == value:
            raise ValueError("A class can't be merged with itself: choose another.")
        del self.rows[value]
        self._once.update({name: into for name, its in self._once.items() if its == value})
        for key, tile in self._tiles.items():
            tile.turn(value, into)
            self._look(key)

    def _add(self, value: int, name: str, color: str) -> None:
        if not 0 < value <= MOST_VALUES or value in self.rows:
            raise ValueError(f"There is a class {value} already, or no more can be had.")
        self._free(name)
        chosen = color or PALETTE[(value - 1) % len(PALETTE)]
        self.rows[value] = ClassRow(value, name.strip() or f"class {value}", chosen)
        self._once[self.rows[value].name.casefold()] = value

    def _free(self, name: str, but: int = 0) -> None:
        for value, row in self.rows.items():
            if value != but and row.name.casefold() == name.strip().casefold():
                raise ValueError(f"There is a class '{row.name}' already: choose another name.")

    def _named(self, value: int) -> ClassRow:
        if value not in self.rows:
            raise ValueError(f"There is no class {value}: add it first.")
        return self.rows[value]

    def _check(self, z: int, top: int, left: int, shape: tuple[int, ...]) -> None:
        inside = 0 <= top <= self.plane[0] - shape[0] and 0 <= left <= self.plane[1] - shape[1]
        if not (inside and 0 <= z < self.sections):
            size = " x ".join(str(n) for n in (self.sections, *self.plane))
            raise ValueError(f"A stroke lies outside the image ({size}): paint on this image.")

    def _rest(self, region: Region) -> int:
        """What a region writes below the strokes."""
        if region.kind != "complete":
            return EXCLUDED if region.kind == "exclude" else 0
        if region.rest:
            return self._named(region.rest).value
        usual = [v for v, row in self.rows.items() if row.name.casefold() in BACKGROUND_NAMES]
        height, width = region.mask.shape
        spans = (region.top, region.top + height), (region.left, region.left + width)
        inside = self.known(region.z, *spans).values[region.mask]
        unpainted = set(self.values) - set(inside.tolist())
        if not usual and len(unpainted) != 1:
            raise ValueError(NO_REST)
        return usual[0] if usual else unpainted.pop()

    def _look(self, key: Key) -> None:
        """Look again at who says what in a tile."""
        for number in [n for n, there in self._places.items() if there.pop(key, None) is not None]:
            if not self._places[number]:
                del self._places[number]
        known = self._tiles[key].known()
        for number in np.unique(known.owners[known.values > 0]).tolist():
            at = np.flatnonzero((known.owners == number) & (known.values > 0))
            if len(at) > _PLACES:
                at = np.random.default_rng(number).choice(at, _PLACES, replace=False)
            y, x = np.unravel_index(at, known.values.shape)
            places = np.stack([y + key[1] * TILE, x + key[2] * TILE], 1).astype(np.int32)
            self._places.setdefault(number, {})[key] = (places, known.values[y, x])

    def _keep_aside(self, kind: int | None) -> None:
        """Decide whether the newest is kept aside; counted by class, regions by themselves."""
        if self._number not in self._places:
            return
        if kind is None:
            kind = int(np.bincount(self._one(self._number).values).argmax())
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        self._kept[self._number] = count % _EVERY == _FIRST

    def _one(self, number: int) -> Said:
        there = self._places[number]
        places, values = (np.concatenate(part) for part in zip(*there.values(), strict=True))
        z = next(iter(there))[0]
        return Said(number, z, places, values, self._kept.get(number, False))
