"""Paths: how patches go from cluster to cluster through the layers of a network."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.patches import Rows
from napari_simgraph.core.signatures import SignatureTable

CLUSTER = "cluster"  # the column of all layers together; of one layer "cluster conv1"


class Flow(NamedTuple):
    """What goes from one layer to the next: patches ``(K, L)`` from cluster to cluster."""

    left: str
    right: str
    counts: NDArray[np.int64]


def column_of(layer: str) -> str:
    """The name of the column that holds the clusters of a layer."""
    return f"{CLUSTER} {layer}" if layer else CLUSTER


def layers_with_clusters(table: SignatureTable) -> list[str]:
    """Layers whose clusters are known, in their order."""
    return [one.name for one in table.layers if column_of(one.name) in table.columns]


def flows(table: SignatureTable, rows: Rows | None = None) -> list[Flow]:
    """What goes from each layer to the next, of all patches or of some."""
    names = layers_with_clusters(table)
    return [_flow(table, left, right, rows) for left, right in pairwise(names)]


def path(table: SignatureTable, row: int) -> list[int]:
    """The clusters that one patch goes through."""
    names = layers_with_clusters(table)
    return [int(table.columns[column_of(name)][row]) for name in names]


def along(table: SignatureTable, steps: Sequence[tuple[str, int]]) -> Rows:
    """The patches that go through these clusters of these layers."""
    kept = np.ones(len(table), np.bool_)
    for layer, cluster in steps:
        kept &= np.asarray(table.columns[column_of(layer)]) == cluster
    return np.flatnonzero(kept)


def _flow(table: SignatureTable, left: str, right: str, rows: Rows | None) -> Flow:
    there = [np.asarray(table.columns[column_of(name)]) for name in (left, right)]
    sizes = [int(one.max()) + 1 for one in there]
    here, after = (one if rows is None else one[rows] for one in there)
    counts = np.bincount(here.astype(np.int64) * sizes[1] + after, minlength=sizes[0] * sizes[1])
    return Flow(left, right, counts.reshape(sizes[0], sizes[1]))
