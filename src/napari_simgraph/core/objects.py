"""Tables of objects and of class shares: one number per object or section, units in the names."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Column = NDArray[Any]
SIZES = ("volume_um3", "area_um2", "pixels")  # what "size" means, the first that a table has


@dataclass(frozen=True, eq=False)
class Columns:
    """Named columns of equal length; row i of all of them belongs together.

    Parameters
    ----------
    columns
        Name to (N,) values, in the order in which they are written. A name ends with its unit:
        ``volume_um3``, ``x_um``; without one it is a count, an index or a grey value.
    name
        What the table is called.

    Raises
    ------
    ValueError
        Columns differ in length.
    """

    columns: Mapping[str, Column]
    name: str = "table"

    def __post_init__(self) -> None:
        arrays = {key: np.asarray(values) for key, values in self.columns.items()}
        if len({len(values) for values in arrays.values()}) > 1:
            raise ValueError(f"The columns of '{self.name}' differ in length.")
        object.__setattr__(self, "columns", arrays)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def __getitem__(self, column: str) -> Column:
        return self.columns[column]

    def __contains__(self, column: str) -> bool:
        return column in self.columns

    def take(self, rows: Column) -> Self:
        """The same columns with these rows only: numbers of rows, or a mask."""
        return replace(self, columns={key: v[rows] for key, v in self.columns.items()})

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits of names and values."""
        digest = hashlib.blake2b(digest_size=8)
        for key, values in self.columns.items():
            digest.update(key.encode() + str(values.tolist()).encode())
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class ObjectTable(Columns):
    """One row per object: ``id``, ``class``, size, place, sections, grey values.

    ``id`` is the object's value in its Labels. Boxes and ``section_…`` are indices, both ends
    included; ``…_um`` are positions in the world. Where the pixel size is unknown, sizes are
    ``pixels`` alone.
    """

    name: str = "objects"

    @property
    def size(self) -> str:
        """The column that says how large an object is."""
        return next(name for name in SIZES if name in self)

    def rows_of(self, ids: Sequence[int] | Column) -> NDArray[np.intp]:
        """The rows of these objects, in this order; those that are not there are left out."""
        wanted = np.asarray(ids, np.int64)
        order = np.argsort(self["id"], kind="stable")
        at = np.searchsorted(self["id"], wanted, sorter=order).clip(0, max(len(self) - 1, 0))
        rows = order[at] if len(self) else np.zeros(0, np.intp)
        found: NDArray[np.intp] = rows[self["id"][rows] == wanted] if len(self) else rows
        return found

    def without(self, ids: Sequence[int] | Column) -> Self:
        """The table without these objects."""
        return self.take(~np.isin(self["id"], np.asarray(ids, np.int64)))

    def renewed(self, rows: ObjectTable) -> Self:
        """The table with the rows of another one in the place of those of the same objects.

        Raises
        ------
        ValueError
            An object is not in this table.
        """
        at = self.rows_of(rows["id"])
        if len(at) < len(rows):
            raise ValueError("These objects are not in the table: measure all again.")
        columns = {key: values.copy() for key, values in self.columns.items()}
        for key in columns:
            if key != "class":
                columns[key][at] = rows[key]
        return replace(self, columns=columns)


@dataclass(frozen=True, eq=False)
class FractionTable(Columns):
    """How much of each section and region a class covers.

    ``section`` is −1 for all sections together. ``fraction`` is of all pixels of the region,
    ``fraction_of_labelled`` of those that have a class.
    """

    name: str = "fractions"


def joined(tables: Sequence[ObjectTable]) -> ObjectTable:
    """Objects of classes that overlap in one table.

    Numbers stay where no two objects have the same; else they count on from class to class.
    """
    if len(tables) == 1:
        return tables[0]
    names = tables[0].columns
    columns = {key: np.concatenate([one[key] for one in tables]) for key in names}
    if len(np.unique(columns["id"])) < len(columns["id"]):
        columns["id"] = np.arange(1, len(columns["id"]) + 1)
    return ObjectTable(columns, name=tables[0].name)
