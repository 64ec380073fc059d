"""Beside: what plainer ways say of the patches of an embedding."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.job import Signal, Tick
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import ImageSet
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.device import pick
from napari_simgraph.learn.embedder import features
from napari_simgraph.learn.embedding_model import FEATURES, check, described
from napari_simgraph.learn.normalise import RULE
from napari_simgraph.learn.patchwork import patchwork
from napari_simgraph.learn.plain import raw_pixels
from napari_simgraph.learn.settings import Computing


def plainer(
    table: EmbeddingTable, model: Model | None, images: ImageSet, config: Computing, aside: Aside
) -> Generator[Tick, Signal | None, dict[str, NDArray[np.float32]]]:
    """Points of the patches of a table by ``untrained``, ``pixels`` and ``statistics``.

    Without a model by ``pixels`` only.

    Raises
    ------
    ValueError
        The model was made for other images.
    """
    place, grid = pick(config.device, config.threads, config.precision), table.grid
    aside.halt.hear((yield place.tick()))
    if model is None:
        work = yield from patchwork(images, grid, int(grid.size.max()), RULE)
        rows = np.arange(len(grid))
        return {"pixels": (yield from features(work, rows, raw_pixels, aside, None))}
    check(model, images)
    work = yield from patchwork(images, grid, int(model.network["patch"]), model.normalisation)
    return (yield from described(FEATURES[1:], model, work, (place, None), aside))
