"""Early answers: how points of some patches stand in a Room while a network still learns."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from napari_simgraph.core.patches import Layout, laid_out
from napari_simgraph.core.raster import Image, ImageSet
from napari_simgraph.core.tables import EmbeddingTable

# Arrays of the Room: points (N, D), the ids of their patches (N,), and of each image its layout as
# level, height, width, size and stride. A Region of the points says that all three are written.
POINTS, PATCHES, LAYOUTS = "early points", "early patches", "early layouts"
EARLY = "early"  # in what made a table: it holds some of the patches


def early_table(
    images: Image | ImageSet, layouts: ArrayLike, patches: ArrayLike, points: ArrayLike
) -> EmbeddingTable:
    """The table of an early answer; its patches are some of those of the images.

    Raises
    ------
    ValueError
        They were made from other images.
    """
    told = np.asarray(layouts).tolist()
    grid = laid_out(images, [Layout(level, (y, x), size, step) for level, y, x, size, step in told])
    rows = np.flatnonzero(np.isin(grid.patch_id, np.asarray(patches)))
    values = np.array(points, np.float32)
    if len(rows) != len(values):
        raise ValueError("The early answer belongs to other images.")
    return EmbeddingTable(grid.take(rows), values, name="early answer", made={EARLY: True})
