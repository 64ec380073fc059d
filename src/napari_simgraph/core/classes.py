"""Class tables: what the values in a Labels mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

# Farthest apart over EM greys for normal, protan, deutan and tritan vision (worst CIEDE2000
# of the first four is 18 opaque, 10 at half opacity); red and green never pair.
PALETTE = (
    "#F0E442",
    "#0072B2",
    "#D55E00",
    "#56B4E9",
    "#FFFFFF",
    "#E69F00",
    "#CC79A7",
    "#009E73",
)
NONE_COLOR = "#8A8F98"  # of what has no class: grey that shows on light and dark
# The usual structures keep their colour whatever their place in the table.
NAMED_COLORS = {
    "membrane": "#F0E442",
    "boundary": "#F0E442",
    "cytoplasm": "#0072B2",
    "cell": "#0072B2",
    "mitochondrion": "#D55E00",
    "synapse": "#56B4E9",
}
NO_BOUNDARY = "none"  # asked for where no class is a wall
BOUNDARY_NAMES = ("membrane", "membranes", "boundary", "boundaries", "border", "wall")
_NUMBERED = re.compile(r"(class|value) \d+", re.IGNORECASE)  # what has no name is called so
BACKGROUND_NAMES = ("background", "outside", "nothing", "rest", "other", "not annotated", "value 0")


@dataclass(frozen=True)
class ClassRow:
    """One class: its value in the pixels (from 1), its name, its colour as ``#RRGGBB``."""

    value: int
    name: str
    color: str


@dataclass(frozen=True)
class ClassTable:
    """The classes of a Labels or a model, in order of value; value 0 is always unlabelled.

    Raises
    ------
    ValueError
        Two classes share a name or a value, or values do not run from 1 without gaps.
    """

    rows: tuple[ClassRow, ...]

    def __post_init__(self) -> None:
        names = [row.name.casefold() for row in self.rows]
        if len(set(names)) < len(names):
            raise ValueError(f"Two classes have the same name: {', '.join(self.names)}.")
        if [row.value for row in self.rows] != list(range(1, len(self.rows) + 1)):
            raise ValueError("Classes are numbered 1, 2, 3 … without gaps; 0 means unlabelled.")

    @classmethod
    def of(cls, names: Iterable[str], colors: Sequence[str] | None = None) -> ClassTable:
        """Classes numbered from 1, with their usual colours where none are given."""
        listed = [name.strip() for name in names]
        chosen = colors or default_colors(listed)
        rows = zip(listed, chosen, strict=True)
        return cls(tuple(ClassRow(i, name, color) for i, (name, color) in enumerate(rows, 1)))

    @property
    def names(self) -> tuple[str, ...]:
        """The names in order of value."""
        return tuple(row.name for row in self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[ClassRow]:
        return iter(self.rows)

    def find(self, wanted: str) -> ClassRow:
        """The class with this name (upper and lower case alike) or, failing that, number.

        Raises
        ------
        ValueError
            No class has that name or number.
        """
        for row in self.rows:
            if row.name.casefold() == wanted.strip().casefold():
                return row
        for row in self.rows:
            if str(row.value) == wanted.strip():
                return row
        raise ValueError(f"There is no class '{wanted}'; the classes are {', '.join(self.names)}.")

    @property
    def is_named(self) -> bool:
        """Whether anyone named the classes, rather than counted them."""
        return any(not _NUMBERED.fullmatch(name) for name in self.names)

    def values_in(self, other: ClassTable) -> tuple[int, ...]:
        """For each class its value in another table: by name where both have names, else the same.

        Raises
        ------
        ValueError
            The other has names, but not all of these.
        """
        if not (self.is_named and other.is_named):
            return tuple(row.value for row in self.rows)
        theirs = {row.name.casefold(): row.value for row in other.rows}
        missing = [name for name in self.names if name.casefold() not in theirs]
        if missing:
            raise ValueError(
                f"There is no class {missing[0]} among {', '.join(other.names)}: name them alike."
            )
        return tuple(theirs[name.casefold()] for name in self.names)

    def boundary(self) -> str:
        """The name of the class that separates cells, by its usual names; "" if there is none."""
        hits = [row.name for row in self.rows if row.name.casefold() in BOUNDARY_NAMES]
        return hits[0] if hits else ""

    def wall(self, asked: str) -> str:
        """The class asked for as a boundary; found by its name where "", "" where "none".

        Raises
        ------
        ValueError
            There is no class of the name asked for.
        """
        if asked == NO_BOUNDARY and asked not in self.names:
            return ""
        return self.find(asked).name if asked else self.boundary()

    def backgrounds(self) -> tuple[int, ...]:
        """The values of classes that are no objects, by their usual names."""
        return tuple(row.value for row in self.rows if row.name.casefold() in BACKGROUND_NAMES)

    def to_json(self) -> list[dict[str, Any]]:
        """Rows as plain JSON."""
        return [{"value": r.value, "name": r.name, "color": r.color} for r in self.rows]

    @classmethod
    def from_json(cls, rows: Iterable[dict[str, Any]]) -> ClassTable:
        """The inverse of `to_json`.

        Raises
        ------
        ValueError
            They are no rows of classes.
        """
        try:
            found = tuple(
                ClassRow(int(r["value"]), str(r["name"]), _color(str(r["color"]))) for r in rows
            )
        except (TypeError, KeyError, ValueError, OverflowError):
            raise ValueError("The list of classes is damaged.") from None
        return cls(found)


def _color(text: str) -> str:
    """A colour as we write it; grey for what a picture could not be drawn with."""
    return text if re.fullmatch("(#[0-9a-fA-F]{6})?", text) else NONE_COLOR


def default_colors(names: Sequence[str]) -> list[str]:
    """A colour for each name: the usual one where it has one, else the next free in the palette."""
    fixed = [NAMED_COLORS.get(name.casefold()) for name in names]
    free = [color for color in PALETTE if color not in fixed] or list(PALETTE)
    chosen, used = [], 0
    for color in fixed:
        chosen.append(color or free[used % len(free)])
        used += color is None
    return chosen
