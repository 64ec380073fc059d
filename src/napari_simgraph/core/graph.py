"""SimilarityGraph: a table and edges between its rows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.patches import Rows
from napari_simgraph.core.tables import EmbeddingTable

SIMILARITY, SPATIAL = "similarity", "spatial"


class Edges(NamedTuple):
    """Edges in compressed rows (CSR): those of row i stand at ``starts[i]:starts[i + 1]``.

    `ends` are the other rows, ascending within a row; `weights` are above 0.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int32]
    weights: NDArray[np.float32]

    def row(self, number: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Neighbours of a row and their weights, the heaviest first."""
        part = slice(int(self.starts[number]), int(self.starts[number + 1]))
        order = np.argsort(-self.weights[part], kind="stable")
        return self.ends[part][order], self.weights[part][order]

    def begins(self) -> NDArray[np.int32]:
        """The row at which each edge begins."""
        rows = np.arange(len(self.starts) - 1, dtype=np.int32)
        return np.repeat(rows, np.diff(self.starts))


@dataclass(frozen=True, eq=False)
class SimilarityGraph:
    """Which patches are neighbours, by kind of edge.

    Parameters
    ----------
    table
        Its rows are the nodes.
    edges
        By kind: ``similarity`` (cosine), ``spatial`` …
    name, made
        What it is called and what made it.

    Raises
    ------
    ValueError
        The edges belong to another table, or a weight is not above zero.
    """

    table: EmbeddingTable
    edges: Mapping[str, Edges]
    name: str = "graph"
    made: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for kind, edges in self.edges.items():
            nodes = len(edges.starts) - 1
            if nodes != len(self.table):
                raise ValueError(
                    f"The {kind} edges join {nodes} patches, the table has {len(self.table)}: "
                    "they belong to another table."
                )
            if not len(edges.ends) == len(edges.weights) == edges.starts[-1]:
                raise ValueError(f"The {kind} edges are damaged: their parts don't fit together.")
            if len(edges.ends) and not edges.weights.min() > 0:
                raise ValueError(f"A weight of the {kind} edges is not above zero.")

    def __len__(self) -> int:
        return len(self.table)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits of table and edges."""
        digest = hashlib.blake2b(self.table.fingerprint.encode(), digest_size=8)
        for kind in sorted(self.edges):
            digest.update(kind.encode())
            for part in self.edges[kind]:
                digest.update(np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()

    def replace(self, **changes: Any) -> Self:
        """The same with some fields changed."""
        return replace(self, **changes)

    def strongest(self, row: int, most: int) -> dict[str, tuple[tuple[int, float], ...]]:
        """By kind of edge the heaviest neighbours of a row with their weights, heaviest first."""
        found = {}
        for kind, edges in self.edges.items():
            ends, weights = edges.row(row)
            found[kind] = tuple(zip(ends[:most].tolist(), weights[:most].tolist(), strict=True))
        return found

    def span(self, kind: str = SIMILARITY) -> NDArray[np.uint8]:
        """For each edge: 0 within a section, 1 between sections, 2 between images."""
        edges, grid = self.edges[kind], self.table.grid
        left, right = edges.begins(), edges.ends
        other_section = grid.z[left] != grid.z[right]
        other_image = grid.image[left] != grid.image[right]
        spans: NDArray[np.uint8] = np.where(other_image, 2, other_section).astype(np.uint8)
        return spans


def edges_of(begins: Rows, ends: Rows, weights: NDArray[np.float32], nodes: int) -> Edges:
    """Edges from pairs in any order; of the same pair given twice the heavier one is taken."""
    order = np.lexsort((-weights, ends, begins))
    begins, ends, weights = begins[order], ends[order], weights[order]
    first = np.ones(len(begins), np.bool_)
    first[1:] = (np.diff(begins) != 0) | (np.diff(ends) != 0)
    starts = np.zeros(nodes + 1, np.int64)
    np.cumsum(np.bincount(begins[first], minlength=nodes), out=starts[1:])
    return Edges(starts, ends[first].astype(np.int32), weights[first].astype(np.float32))
