"""How good an embedding is beside plainer ways; imported by the process of jobs, so no napari."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.retrieval import report
from napari_simgraph.core.job import Job, Progress
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import ImageSet
from napari_simgraph.core.room import Room
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.learn.aside import Aside, with_module
from napari_simgraph.learn.settings import Computing

K = 10  # neighbours that are asked: as many as the links have
_CLASSED, _OTHERS = 3000, 2000  # patches: enough for two digits, and half a minute


class Sample(NamedTuple):
    """Some patches of a table, and the numbers of the images that they lie in."""

    table: EmbeddingTable
    images: NDArray[np.intp]


def sample_of(table: EmbeddingTable) -> Sample:
    """Some patches with a class and some without, drawn at random but always the same."""
    rng, known = np.random.default_rng(0), table.classes() != ""
    classed = rng.permutation(np.flatnonzero(known))[:_CLASSED]
    others = rng.permutation(np.flatnonzero(~known))[:_OTHERS]
    some = table.take(np.sort(np.concatenate([classed, others])))
    images, number = np.unique(some.grid.image, return_inverse=True)
    grid = some.grid
    grid = replace(
        grid,
        sources=tuple(grid.sources[i] for i in images),
        image=number.ravel().astype(np.int32),
        layouts=tuple(grid.layouts[i] for i in images) if grid.layouts else (),
    )
    return Sample(some.replace(grid=grid, beside={}), images.astype(np.intp))


def compare(
    table: EmbeddingTable, model: Model | None, images: ImageSet, *, config: Computing, room: Room
) -> Job[dict[str, float]]:
    """Figures of a table beside those of plainer ways, see `analysis.retrieval.report`.

    Parameters
    ----------
    table
        A sample of patches.
    model
        What made it; None for features of another program, which then stand beside pixels only.
    images
        Those that the patches lie in, in their order.
    config
        Where to compute.
    room
        Not used.

    Raises
    ------
    ValueError
        The model was made for other images.
    """
    run = partial(_compare, table, model, images, config)
    return with_module("napari_simgraph.learn.embedding_model", run)


def _compare(
    table: EmbeddingTable, model: Model | None, images: ImageSet, config: Computing, aside: Aside
) -> Job[dict[str, float]]:
    from napari_simgraph.learn.beside import plainer

    beside = yield from plainer(table, model, images, config, aside)
    whole = {name: values for name, values in beside.items() if len(values) == len(table)}
    work = partial(report, table.replace(beside=whole), None, K)
    return (yield from aside.wait(work, partial(Progress, text="comparing neighbours")))
