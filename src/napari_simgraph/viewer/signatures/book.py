"""The signatures of a session: those in hand, what is compared in them, what is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_simgraph.analysis.probes import Parted
from napari_simgraph.core.patches import PatchGrid, Rows
from napari_simgraph.core.signatures import Layer, NeuronTable, SignatureTable
from napari_simgraph.core.tables import join
from napari_simgraph.io.anndata_read import read_noun
from napari_simgraph.viewer.selection import Selection
from napari_simgraph.viewer.tables import file_name

FOLDER = "signatures"  # of the workspace


class Compared(NamedTuple):
    """A against B: what they are called, how they part, and which neurons tell them apart."""

    a: str
    b: str
    curve: Sequence[Parted]
    neurons: NeuronTable


class Book:
    """One for each Session; docks change it by these methods and listen to its signals, no Qt.

    Attributes
    ----------
    key, table
        The signatures in hand; "" and None while there are none.
    compared
        What was compared last in them.
    layer, neuron
        What is looked at: the name of a layer, and a neuron of it (-1 for none).
    steps
        Clusters that a path goes through, as layer and number; empty where none is looked at.
    """

    changed = Signal()  # other signatures, or new columns
    answered = Signal()  # compared
    looked = Signal()  # layer, neuron, steps

    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        self.key = ""
        self.table: SignatureTable | None = None
        self.compared: Compared | None = None
        self.layer, self.neuron = "", -1
        self.steps: tuple[tuple[str, int], ...] = ()
        self._known: dict[str, SignatureTable] = {}
        self._paths: dict[str, Path] = {}
        self._joined: tuple[PatchGrid, PatchGrid, NDArray[np.intp]] | None = None

    def keys(self) -> list[str]:
        """Names of all signatures, newest last."""
        return list({**dict.fromkeys(self._paths), **dict.fromkeys(self._known)})

    def short(self, name: str) -> str:
        """A layer's name without what all layers in hand begin with, as those in a wrapper do."""
        names = [one.name.split(".") for one in self.table.layers] if self.table is not None else []
        shared = takewhile(lambda parts: len(set(parts)) == 1, zip(*names, strict=False))
        count = sum(1 for _ in shared) if len(names) > 1 else 0
        return ".".join(name.split(".")[count:])

    def __contains__(self, key: object) -> bool:
        return key in self._known or key in self._paths

    def get(self, key: str) -> SignatureTable:
        """Signatures by their name.

        Raises
        ------
        ValueError
            There are none of this name, or their files are damaged.
        """
        if key not in self._known:
            if key not in self._paths:
                raise ValueError(f"There are no signatures '{key}' here any more: record again.")
            found = read_noun(self._paths[key])
            if not isinstance(found, SignatureTable):
                raise ValueError(f"'{key}' holds no signatures: record them again.")
            self._known[key] = found
        return self._known[key]

    def take(self, key: str, table: SignatureTable) -> None:
        """Bring signatures to the front, in the place of those of the same name."""
        other = key != self.key
        self._known.pop(key, None)
        self._known[key] = self.table = table
        self.key = key
        if other or self.layer not in {one.name for one in table.layers}:
            self.layer, self.neuron, self.steps = table.inner[-1].name, -1, ()
        self.compared = None
        self.changed.emit()

    def adopt(self, folder: Path) -> None:
        """List the signatures that a workspace keeps."""
        self._paths = {file.stem: file for file in sorted((folder / FOLDER).glob("*.zarr"))}
        self.changed.emit()

    def answer(self, compared: Compared | None) -> None:
        """Take in what was compared."""
        self.compared = compared
        self.answered.emit()

    def look(self, layer: str = "", neuron: int = -1) -> None:
        """Look at a layer, and at one neuron of it."""
        self.layer, self.neuron = layer or self.layer, neuron
        self.looked.emit()

    def follow(self, steps: Sequence[tuple[str, int]]) -> None:
        """Look at the patches that go through these clusters."""
        self.steps = tuple(steps)
        self.looked.emit()

    @property
    def layer_in_hand(self) -> Layer | None:
        """The layer that is looked at."""
        if self.table is None:
            return None
        known = {one.name: one for one in self.table.layers}
        return known.get(self.layer, self.table.layers[-1])

    def rows_here(self, rows: Rows) -> Rows:
        """Rows of the signatures for rows of the table in front; those that have none are out."""
        there = self._to_front()
        if there is None:
            return np.zeros(0, np.intp)
        here = np.full(len(self.selection.table or ()), -1, np.intp)
        known = np.flatnonzero(there >= 0)
        here[there[known]] = known
        found = here[np.asarray(rows, np.intp)]
        return found[found >= 0]

    def rows_in_front(self, rows: Rows) -> Rows:
        """Rows of the table in front for rows of the signatures."""
        there = self._to_front()
        if there is None:
            return np.zeros(0, np.intp)
        found = there[np.asarray(rows, np.intp)]
        return found[found >= 0]

    def in_front(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Values of the first signatures as those of the table in front, NaN where it has none."""
        found = np.full(len(self.selection.table or ()), np.nan, np.float32)
        there = self._to_front()
        if there is not None:
            known = np.flatnonzero(there[: len(values)] >= 0)
            found[there[known]] = values[known]
        return found

    @property
    def chosen(self) -> Rows:
        """The chosen patches, as rows of the signatures."""
        return self.rows_here(self.selection.rows)

    def choose(self, rows: Rows, said: str) -> None:
        """Choose patches of the signatures, in all docks."""
        self.selection.choose(self.rows_in_front(rows), said)

    def _to_front(self) -> NDArray[np.intp] | None:
        """For each signature its row in the table in front, -1 where that hasn't the patch."""
        front, table = self.selection.table, self.table
        if front is None or table is None:
            return None
        if self._joined is None or self._joined[:2] != (table.grid, front.grid):
            there = np.full(len(table), -1, np.intp)
            try:
                pairs = join(table, front)
                there[pairs.left] = pairs.right
            except ValueError:  # no patch in common
                pass
            self._joined = (table.grid, front.grid, there)
        return self._joined[2]


def kept_at(folder: Path, key: str) -> Path:
    """Where a workspace keeps signatures."""
    return folder / FOLDER / f"{file_name(key)}.zarr"
