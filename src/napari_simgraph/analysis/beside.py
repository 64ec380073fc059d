"""Beside: patches that lie next to each other on a regular grid."""

from __future__ import annotations

import numpy as np

from napari_simgraph.core.graph import Edges, edges_of
from napari_simgraph.core.patches import PatchGrid

_STEPS = ((0, 0, 1), (0, 1, 0), (1, 0, 0))  # right, below, next section; the others by symmetry


def beside(grid: PatchGrid) -> Edges:
    """Edges of weight 1 between patches next to each other in x, y and z.

    Raises
    ------
    ValueError
        The grid is not regular.
    """
    if not grid.layouts:
        raise ValueError("These patches lie anywhere: only those of a regular grid touch.")
    first = np.array([one.first for one in grid.layouts])[grid.image]
    stride = np.array([one.stride for one in grid.layouts])[grid.image]
    cells = np.stack([grid.z, (grid.y - first[:, 0]) // stride, (grid.x - first[:, 1]) // stride])
    sizes = cells.max(1, initial=0) + 2  # one more: the cell beyond the last is never a first one
    lead = grid.image.astype(np.int64) * sizes[0] * sizes[1] * sizes[2]
    weights = np.array([sizes[1] * sizes[2], sizes[2], 1], np.int64)
    keys = lead + weights @ cells
    order = np.argsort(keys)
    begins, ends = [], []
    for step in _STEPS:
        wanted = keys + weights @ np.array(step)
        at = np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)
        there = keys[order[at]] == wanted
        begins.append(np.flatnonzero(there))
        ends.append(order[at][there])
    a, b = np.concatenate(begins), np.concatenate(ends)
    both = np.concatenate([a, b]), np.concatenate([b, a])
    return edges_of(*both, np.ones(2 * len(a), np.float32), len(grid))
