"""SignatureTable: what a network did on the way to its answer, one row a patch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_simgraph.core.objects import Columns
from napari_simgraph.core.patches import Rows
from napari_simgraph.core.tables import Neighbours, PatchTable

OVER_PATCH = ("mean", "max", "spread")  # of a channel over the pixels of a patch
ONE = ("value",)  # of a neuron that gives one value a patch
ANSWER = "answer"  # in `made`: the layer that says the classes, whose neurons are no news
CHUNK = (4096, 64)  # rows, columns: half a megabyte, for a click on a row as on a column
LARGEST = float(np.finfo(np.float16).max)  # half precision ends here; larger values are cut


class Layer(NamedTuple):
    """A layer of a network, and which columns of a table hold it.

    Parameters
    ----------
    name, kind
        Its place in the network (``down.2``), and what it is (``Block``).
    shape
        Of what it gives for one patch: ``(C, Y, X)``, ``(T, C)`` of tokens, or ``(C,)``.
    neurons
        How many there are: channels, or single values.
    statistics
        What is kept of each: ``mean``, ``max`` and ``spread``, or ``value``.
    start
        Its first column; all neurons of one statistic lie side by side.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    neurons: int
    statistics: tuple[str, ...] = OVER_PATCH
    start: int = 0

    @property
    def width(self) -> int:
        """How many columns."""
        return self.neurons * len(self.statistics)

    @property
    def columns(self) -> slice:
        """All its columns."""
        return slice(self.start, self.start + self.width)

    def of(self, statistic: str = "") -> slice:
        """The columns of one statistic, by default the first."""
        number = self.statistics.index(statistic) if statistic in self.statistics else 0
        begin = self.start + number * self.neurons
        return slice(begin, begin + self.neurons)


@dataclass(frozen=True, eq=False)
class SignatureTable(PatchTable):
    """Signatures ``(N, S)`` of patches in half precision, layer after layer.

    Parameters
    ----------
    values
        numpy or Zarr, read block by block.
    layers
        What the columns are; together they are all of them.
    about
        What is known of each column, ``(S,)`` or ``(S, K)`` by name: ``mean`` and ``spread`` over
        all patches, ``most``, ``active`` (share of patches in which it isn't 0), ``cluster``
        (mean of each cluster).
    """

    values: Any
    layers: tuple[Layer, ...]
    about: Mapping[str, NDArray[np.float32]] = field(default_factory=dict, kw_only=True)
    name: str = field(default="signatures", kw_only=True)

    def __post_init__(self) -> None:
        width = sum(one.width for one in self.layers)
        if len(self.values.shape) != 2 or self.values.shape[1] != width:
            raise ValueError("Signatures have one row a patch and the columns of their layers.")
        if self.values.shape[0] != len(self.grid):
            raise ValueError(
                f"There are {self.values.shape[0]} signatures but {len(self.grid)} patches."
            )
        super().__post_init__()

    @property
    def inner(self) -> tuple[Layer, ...]:
        """The layers without the one that says the answer, where there are others."""
        answer = self.made.get(ANSWER)
        return tuple(one for one in self.layers if one.name != answer) or self.layers

    def layer(self, name: str) -> Layer:
        """The layer of a name.

        Raises
        ------
        ValueError
            There is none.
        """
        for one in self.layers:
            if one.name == name:
                return one
        names = ", ".join(one.name for one in self.layers)
        raise ValueError(f"There is no layer '{name}' in the table; there are {names}.")

    def read(self, columns: slice, rows: Rows | None = None) -> NDArray[np.float32]:
        """Values of some columns ``(n, c)``, of all rows or of these (in their order)."""
        if rows is None:
            return np.asarray(self.values[:, columns], np.float32)
        if isinstance(self.values, np.ndarray):
            return self.values[rows, columns].astype(np.float32)
        return _gathered(self.values, columns, np.asarray(rows))

    def blocks(self) -> Iterator[slice]:
        """Rows that lie in one chunk."""
        yield from (
            slice(at, min(at + CHUNK[0], len(self))) for at in range(0, len(self), CHUNK[0])
        )

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits of the rows and all that stands beside them."""
        digest = hashlib.blake2b(super().fingerprint.encode(), digest_size=8)
        digest.update(repr(self.layers).encode())
        for rows in self.blocks():
            digest.update(np.ascontiguousarray(self.values[rows]).tobytes())
        return digest.hexdigest()

    def take(self, rows: ArrayLike) -> Self:
        """The table of some rows, by numbers or by a mask, in memory.

        What is known of the columns is known of all rows, so it is left out.
        """
        chosen = np.asarray(rows)
        numbers = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen
        values = self.read(slice(0, self.values.shape[1]), numbers).astype(np.float16)
        few = self.light().take(numbers)
        return self.replace(
            grid=few.grid, columns=few.columns, maps=few.maps, values=values, about={}
        )

    def light(self) -> PatchTable:
        """The same patches and columns without the signatures."""
        told: dict[str, Any] = {"columns": self.columns, "maps": self.maps, "colors": self.colors}
        return PatchTable(self.grid, name=self.name, made=self.made, **told)


@dataclass(frozen=True, eq=False)
class Findings(Columns):
    """A table of what was found, with what it comes to in `summary`: an answer to a question."""

    summary: Mapping[str, Any] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """All of it as plain JSON."""
        lists = {key: values.tolist() for key, values in self.columns.items()}
        rows = zip(*lists.values(), strict=True)
        return {**self.summary, self.name: [dict(zip(lists, row, strict=True)) for row in rows]}


@dataclass(frozen=True, eq=False)
class LayerTable(Findings):
    """Layers of a network in the order in which it comes to them."""

    name: str = "layers"


@dataclass(frozen=True, eq=False)
class NeuronTable(Findings):
    """Neurons, the one that tells A from B best first.

    ``auroc`` is above a half where a neuron is stronger in A; ``effect`` is Cohen's d, ``q`` the
    share of false discoveries down to this row (Benjamini-Hochberg).
    """

    name: str = "neurons"


@dataclass(frozen=True, eq=False)
class AblationTable(Findings):
    """Shares of A and B that are still found, row by row with other neurons switched off."""

    name: str = "switched_off"


ANSWERS = (Neighbours, Findings)  # what may be told on the screen instead of written


def layers_of(found: Sequence[Layer]) -> tuple[Layer, ...]:
    """The same layers with their columns one after the other."""
    placed, start = [], 0
    for one in found:
        placed.append(one._replace(start=start))
        start += one.width
    return tuple(placed)


def halved(values: NDArray[np.floating]) -> NDArray[np.float16]:
    """Values in half precision; what is too large for it is cut, what is no number is 0."""
    whole = np.nan_to_num(values, nan=0.0, posinf=LARGEST, neginf=-LARGEST)
    half: NDArray[np.float16] = np.clip(whole, -LARGEST, LARGEST).astype(np.float16)
    return half


def _gathered(values: Any, columns: slice, rows: Rows) -> NDArray[np.float32]:
    """Rows of a Zarr array, each chunk read once."""
    start, stop, _ = columns.indices(values.shape[1])
    found = np.empty((len(rows), stop - start), np.float32)
    chunk = rows // CHUNK[0]
    for number in np.unique(chunk):
        here = np.flatnonzero(chunk == number)
        first = int(rows[here].min())
        block = np.asarray(values[first : int(rows[here].max()) + 1, columns])
        found[here] = block[rows[here] - first]
    return found
