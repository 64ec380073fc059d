"""Early answers: how points of some patches stand in a Room while a network still learns."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from napari_simgraph.core.patches import Layout, PatchGrid, laid_out
from napari_simgraph.core.raster import Image, ImageSet
from napari_simgraph.core.tables import EmbeddingTable

# Arrays of the Room: points (N, D), the ids of their patches (N,), and of each image its layout as
# level, height, width, size and stride. A Region of the points says that all three are written.
POINTS, PATCHES, LAYOUTS = "early points", "early patches", "early layouts"
EARLY = "early"  # in what made a table: it holds some of the patches


def early_table(
    images: Image | ImageSet,
    layouts: ArrayLike,
    patches: ArrayLike,
    points: ArrayLike,
    before: PatchGrid | None = None,
) -> EmbeddingTable:
    """The table of an early answer; its patches are some of those of the images.

    The grid of the answer `before` saves finding them: with many images that takes seconds.

    Raises
    ------
    ValueError
        They were made from other images.
    """
    values, wanted = np.array(points, np.float32), np.asarray(patches)
    grid = before
    if grid is None or not np.array_equal(grid.patch_id, wanted):
        told = np.asarray(layouts).tolist()
        laid = [Layout(level, (y, x), size, step) for level, y, x, size, step in told]
        whole = laid_out(images, laid)
        grid = whole.take(np.flatnonzero(np.isin(whole.patch_id, wanted)))
    if len(grid) != len(values):
        raise ValueError("The early answer belongs to other images.")
    return EmbeddingTable(grid, values, name="early answer", made={EARLY: True})
