"""Tables: what is known of the patches of a grid, one row a patch."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sized
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_simgraph.core.patches import PatchGrid, Rows


@dataclass(frozen=True, eq=False)
class PatchTable:
    """Columns beside the rows of a grid.

    Parameters
    ----------
    grid
        Where the patches lie; row i is patch i.
    columns
        One value per patch by name: ``class``, ``cluster``, ``score`` …
    maps
        Positions ``(N, 2)`` on two-dimensional maps by name: ``pca``, ``umap``.
    colors
        Colours ``#RRGGBB`` of the words in a column, by column: of classes and groups.
    name
        What it is called.
    made
        What made it: model, settings, command; plain JSON.

    Raises
    ------
    ValueError
        A column or a map has another number of rows.
    """

    grid: PatchGrid
    columns: Mapping[str, NDArray[Any]] = field(default_factory=dict, kw_only=True)
    maps: Mapping[str, NDArray[np.float32]] = field(default_factory=dict, kw_only=True)
    colors: Mapping[str, Mapping[str, str]] = field(default_factory=dict, kw_only=True)
    name: str = field(default="patches", kw_only=True)
    made: Mapping[str, Any] = field(default_factory=dict, kw_only=True)

    def __post_init__(self) -> None:
        for name, values in self._beside_rows().items():
            if len(values) != len(self.grid):
                raise ValueError(
                    f"'{name}' has {len(values)} values but there are {len(self.grid)} patches."
                )

    def __len__(self) -> int:
        return len(self.grid)

    @property
    def patch_id(self) -> NDArray[np.uint64]:
        """What each patch is known by in any table."""
        return self.grid.patch_id

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits of the rows and all that stands beside them."""
        digest = hashlib.blake2b(self.patch_id.tobytes(), digest_size=8)
        for name, values in sorted(self._beside_rows().items()):
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()

    def replace(self, **changes: Any) -> Self:
        """The same with some fields changed."""
        return replace(self, **changes)

    def with_column(self, name: str, values: ArrayLike) -> Self:
        """The same with one more column, or another one in its place."""
        return self.replace(columns={**self.columns, name: np.asarray(values)})

    def take(self, rows: ArrayLike) -> Self:
        """The table of some rows, by numbers or by a mask."""
        chosen = np.asarray(rows)
        return self.replace(
            grid=self.grid.take(chosen),
            columns={name: values[chosen] for name, values in self.columns.items()},
            maps={name: values[chosen] for name, values in self.maps.items()},
            **{name: values[chosen] for name, values in self._values().items()},
        )

    def classes(self) -> NDArray[np.str_]:
        """The class of each patch, "" where it has none.

        That of the column ``class`` where there is one, else that of the image.
        """
        if "class" in self.columns:
            return np.asarray(self.columns["class"]).astype(np.str_)
        return np.array([one.image_class for one in self.grid.sources], np.str_)[self.grid.image]

    def _values(self) -> dict[str, NDArray[Any]]:
        """Fields of the kind of table that have one row a patch."""
        return {}

    def _beside_rows(self) -> dict[str, NDArray[Any]]:
        """All that has one row a patch, by name."""
        return {**self.columns, **self.maps, **self._values()}


@dataclass(frozen=True, eq=False)
class EmbeddingTable(PatchTable):
    """Points ``(N, D)`` such that patches that look alike lie near each other.

    `beside` holds other points of the same patches ``(N, F)`` by name, to compare with:
    ``untrained``, ``pixels``, ``statistics``.
    """

    values: NDArray[np.float32]
    beside: Mapping[str, NDArray[np.float32]] = field(default_factory=dict, kw_only=True)
    name: str = field(default="embedding", kw_only=True)

    def __post_init__(self) -> None:
        if self.values.ndim != 2:
            raise ValueError("An embedding has one row a patch and one column a feature.")
        super().__post_init__()

    def take(self, rows: ArrayLike) -> Self:
        """The table of some rows, by numbers or by a mask."""
        chosen = np.asarray(rows)
        beside = {name: values[chosen] for name, values in self.beside.items()}
        return super(EmbeddingTable, self.replace(beside={})).take(chosen).replace(beside=beside)

    def _values(self) -> dict[str, NDArray[Any]]:
        return {"values": self.values}

    def _beside_rows(self) -> dict[str, NDArray[Any]]:
        beside = {f"beside {name}": values for name, values in self.beside.items()}
        return {**super()._beside_rows(), **beside}


@dataclass(frozen=True, eq=False)
class ScoreTable(PatchTable):
    """A score ``(N,)`` a patch, with its uncertainty where that is known."""

    score: NDArray[np.float32]
    uncertainty: NDArray[np.float32] | None = None
    name: str = field(default="score", kw_only=True)

    def _values(self) -> dict[str, NDArray[Any]]:
        known = {"score": self.score}
        return known if self.uncertainty is None else known | {"uncertainty": self.uncertainty}


@dataclass(frozen=True, eq=False)
class Neighbours(ScoreTable):
    """The answer to a question: a few patches, the most similar first; score is the cosine."""


def check_some(table: Sized) -> None:
    """Nothing, where a table or graph has any patches.

    Raises
    ------
    ValueError
        It has none.
    """
    if not len(table):
        raise ValueError("There are no patches in this table: take an image with something in it.")


class Joined(NamedTuple):
    """Rows of two tables that are the same patch, pair by pair."""

    left: Rows
    right: Rows


def join(left: PatchTable | PatchGrid, right: PatchTable | PatchGrid) -> Joined:
    """Rows of both that are the same patch, in the order of `left`.

    Raises
    ------
    ValueError
        They have no patch in common.
    """
    wanted, known = left.patch_id, right.patch_id
    order = np.argsort(known, kind="stable")
    places = np.searchsorted(known, wanted, sorter=order)
    found = order[np.minimum(places, len(order) - 1)] if len(order) else places
    same = known[found] == wanted if len(order) else np.zeros(len(wanted), np.bool_)
    if not same.any():
        raise ValueError(
            "The two tables share no patch: they were made from other images or patch sizes."
        )
    rows = np.flatnonzero(same)
    return Joined(rows, found[rows])
