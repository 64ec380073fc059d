"""A drawn square through the network of a model; imported by the process of jobs, so no napari."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.job import Job
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image
from napari_simgraph.core.room import Room
from napari_simgraph.learn.aside import Aside, with_module

Square = tuple[int, int, int, int]  # z, y, x, side in pixels


def embed_square(
    model: Model, image: Image, *, square: Square, room: Room
) -> Job[NDArray[np.float32]]:
    """The point ``(D,)`` of a square of an image.

    Raises
    ------
    ValueError
        The model was made for other images.
    """
    run = partial(_embed, model, image, square)
    return with_module("napari_simgraph.learn.boxes", run)


def _embed(model: Model, image: Image, square: Square, aside: Aside) -> Job[NDArray[np.float32]]:
    from napari_simgraph.learn.boxes import embed

    found = yield from embed(model, image, [(0, *square)], aside)
    point: NDArray[np.float32] = found[0]
    return point
