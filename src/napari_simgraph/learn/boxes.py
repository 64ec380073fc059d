"""Boxes: squares drawn anywhere, embedded as patches are."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.job import Signal, Tick
from napari_simgraph.core.model import Model
from napari_simgraph.core.patches import Layout, PatchGrid, Source
from napari_simgraph.core.raster import Image, ImageSet, each_image
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.device import pick
from napari_simgraph.learn.embedder import Deep, features
from napari_simgraph.learn.embedding_model import check
from napari_simgraph.learn.held import held_network
from napari_simgraph.learn.patchwork import patchwork
from napari_simgraph.learn.whitening import Whitening

Square = tuple[int, int, int, int, int]  # image, z, y, x, side


def embed(
    model: Model, image: Image | ImageSet, squares: Sequence[Square], aside: Aside
) -> Generator[Tick, Signal | None, NDArray[np.float32]]:
    """Points ``(n, D)`` of squares, each brought to the size of the model's patches.

    Raises
    ------
    ValueError
        The model was made for other images, or a square lies in no section of its image.
    """
    check(model, image)
    grid = grid_of(image, squares)
    work = yield from patchwork(image, grid, int(model.network["patch"]), model.normalisation)
    place = pick("auto")
    deep = Deep(held_network(model), place)
    whitening = Whitening.of(model.arrays)
    return (yield from features(work, np.arange(len(squares)), deep, aside, whitening))


def grid_of(image: Image | ImageSet, squares: Sequence[Square]) -> PatchGrid:
    """Squares anywhere in images as rows of a grid.

    Raises
    ------
    ValueError
        A square lies in no section of its image.
    """
    several = each_image(image)
    for number, z, *_ in squares:
        if not 0 <= z < several[number].sections:
            raise ValueError(f"'{several[number].name}' has no section {z}.")
    sources = tuple(Source.of(one) for one in several)
    names = ("image", "z", "y", "x", "size")
    columns = dict(zip(names, np.array(squares, np.int32).reshape(-1, 5).T, strict=True))
    columns["level"] = np.zeros(len(squares), np.int32)
    layouts = tuple(Layout(0, one.plane, 1, 1) for one in several)
    return PatchGrid(sources, layouts=layouts, **columns)  # type: ignore[arg-type]
