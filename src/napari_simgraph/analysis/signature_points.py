"""Points: signatures as numbers that may be compared, every neuron counting alike.

References
----------
.. [1] Halko, Martinsson, Tropp, Finding structure with randomness, SIAM Review 2011, algorithm 4.4
   (the largest directions of large tables).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.patches import Rows
from napari_simgraph.core.signatures import Layer, SignatureTable
from napari_simgraph.core.tables import EmbeddingTable

Floats = NDArray[np.float32]

SAMPLE = 5000  # rows that directions are found by: enough for two digits of their lengths
_DIRECTIONS = 50  # kept of a layer: ten kinds need nine, what comes after fifty is mostly noise
_BLOCK = 4096  # rows at once


@dataclass(frozen=True)
class Axes:
    """How the signatures of some layers become points.

    Parameters
    ----------
    layers
        Whose columns they are; each layer counts alike.
    mean, spread
        Of the columns of each layer; a neuron that never changes counts nothing.
    directions
        ``(columns, D)`` of each layer.
    """

    layers: tuple[Layer, ...]
    mean: tuple[Floats, ...]
    spread: tuple[Floats, ...]
    directions: tuple[Floats, ...]

    @classmethod
    def fit(cls, table: SignatureTable, layers: Sequence[Layer], seed: int = 0) -> Axes:
        """Those of a sample of the rows."""
        rows = some(len(table), SAMPLE, seed)
        parts = [_axes(table.read(one.columns, rows), seed) for one in layers]
        means, spreads, directions = zip(*parts, strict=True)
        return cls(tuple(layers), means, spreads, directions)

    def points(self, table: SignatureTable, rows: Rows | None = None) -> Floats:
        """Points ``(n, D)`` of all rows, or of these."""
        parts = []
        steps = zip(self.layers, self.mean, self.spread, self.directions, strict=True)
        for layer, mean, spread, directions in steps:
            values = table.read(table.layer(layer.name).columns, rows)
            scale = np.float32(1 / np.sqrt(len(mean) * len(self.layers)))
            parts.append(((values - mean) / spread) @ directions * scale)
        return np.concatenate(parts, 1)


def some(count: int, most: int, seed: int = 0) -> Rows:
    """At most so many of the rows, in their order."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))


def wanted_layers(table: SignatureTable, name: str) -> tuple[Layer, ...]:
    """The layer of a name; without one all of them."""
    return (table.layer(name),) if name else table.layers


def as_points(table: SignatureTable, layer: str = "") -> EmbeddingTable:
    """The patches at the points of their signatures, with all columns: for maps and searches."""
    axes = Axes.fit(table, wanted_layers(table, layer))
    parts = [axes.points(table, np.arange(len(table))[rows]) for rows in _blocks(len(table))]
    values = np.concatenate(parts)
    told = table.light()
    return EmbeddingTable(
        table.grid,
        values,
        columns=told.columns,
        maps=told.maps,
        colors=told.colors,
        name=table.name,
        made=table.made,
    )


def _blocks(count: int) -> list[slice]:
    return [slice(at, min(at + _BLOCK, count)) for at in range(0, count, _BLOCK)]


def _axes(values: Floats, seed: int) -> tuple[Floats, Floats, Floats]:
    """Mean, spread, and the directions in which standardised values differ most [1]_."""
    from sklearn.utils.extmath import randomized_svd

    mean, spread = values.mean(0), values.std(0)
    spread = np.where(spread > 1e-6 * np.abs(mean).max(initial=1e-6), spread, np.inf)
    standard = ((values - mean) / spread).astype(np.float32)
    count = min(_DIRECTIONS, *standard.shape)
    if count == standard.shape[1]:
        return mean, spread.astype(np.float32), np.eye(count, dtype=np.float32)
    _, _, found = randomized_svd(standard, count, random_state=seed)
    return mean, spread.astype(np.float32), np.ascontiguousarray(found.T, np.float32)
