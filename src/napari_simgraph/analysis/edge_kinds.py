"""Edge kinds: whether what is alike lies in one section, in another, or in another image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.graph import Edges
from napari_simgraph.core.patches import PatchGrid

WITHIN, SECTIONS, IMAGES = 0, 1, 2
NAMES = ("within_section", "between_sections", "between_images")


def edge_kinds(grid: PatchGrid, edges: Edges) -> NDArray[np.uint8]:
    """For each edge `WITHIN` one section, between two `SECTIONS`, or between two `IMAGES`."""
    begins = np.repeat(np.arange(len(grid)), np.diff(edges.starts))
    kinds = np.where(grid.z[begins] != grid.z[edges.ends], SECTIONS, WITHIN)
    kinds[grid.image[begins] != grid.image[edges.ends]] = IMAGES
    return kinds.astype(np.uint8)


def shares(grid: PatchGrid, edges: Edges) -> dict[str, float]:
    """What share of the edges is of each kind, by `NAMES`."""
    counts = np.bincount(edge_kinds(grid, edges), minlength=len(NAMES))
    total = max(1, int(counts.sum()))
    return {name: int(count) / total for name, count in zip(NAMES, counts, strict=True)}


def class_shares(classes: NDArray[np.str_], edges: Edges) -> dict[str, float]:
    """What share of edges joins patches of one class, and of any two patches; empty without."""
    begins = np.repeat(np.arange(len(classes)), np.diff(edges.starts))
    both = (classes[begins] != "") & (classes[edges.ends] != "")
    if not both.any():
        return {}
    same = (classes[begins] == classes[edges.ends])[both].mean()
    counts = np.unique(classes[classes != ""], return_counts=True)[1].astype(float)
    n = counts.sum()
    chance = (counts * (counts - 1)).sum() / max(1.0, n * (n - 1))
    return {"same_class": float(same), "same_class_chance": float(chance)}
