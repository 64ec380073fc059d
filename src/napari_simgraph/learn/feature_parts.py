"""Feature parts: features of several kinds put side by side, each of length 1 times its weight."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, NamedTuple

import numpy as np

from napari_simgraph.analysis.comparing import STATISTICS
from napari_simgraph.analysis.neighbours import unit
from napari_simgraph.core.job import Progress, Signal, Tick
from napari_simgraph.core.model import Model
from napari_simgraph.core.patches import PatchGrid
from napari_simgraph.core.raster import Image, ImageSet, each_image
from napari_simgraph.core.tables import EmbeddingTable, join
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.device import pick
from napari_simgraph.learn.stage_features import stage_features

BOTH = "A model looks at images: give both, the model and the image of the table."


class Given(NamedTuple):
    """What `features` was given."""

    table: EmbeddingTable
    more: EmbeddingTable | None
    model: Model | None
    image: Image | ImageSet | None


def put_together(
    given: Given, config: Any, aside: Aside
) -> Generator[Tick, Signal | None, EmbeddingTable]:
    """The table with all features.

    Raises
    ------
    ValueError
        The parts don't belong together.
    """
    table = given.table
    parts, names = [unit(table.values)], [table.name]
    if config.statistics and STATISTICS in table.beside:
        parts.append(unit(table.beside[STATISTICS]) * np.float32(config.statistics))
        names.append(STATISTICS)
    if (given.model is None) != (given.image is None):
        raise ValueError(BOTH)
    if given.model is not None and given.image is not None:
        images = _images(table.grid, each_image(given.image))
        place = pick(config.device, config.threads, config.precision)
        aside.halt.hear((yield place.tick()))
        looked = yield from stage_features(given.model, images, table.grid, aside, place)
        parts.append(looked * np.float32(config.weight))
        names.append(given.model.name)
    if given.more is not None:
        rows = join(table, given.more)
        table, parts = table.take(rows.left), [part[rows.left] for part in parts]
        parts.append(unit(given.more.values[rows.right]) * np.float32(config.weight))
        names.append(given.more.name)
    yield Progress(0.9 if given.model is None else 1.0, "putting features side by side")
    widths = {name: part.shape[1] for name, part in zip(names, parts, strict=True)}
    yield Progress(1.0, f"{sum(widths.values())} features of {len(table)} patches")
    made = {**table.made, "parts": widths, **config.to_json()}
    return table.replace(values=np.concatenate(parts, axis=1), made=made)


def _images(grid: PatchGrid, images: Sequence[Image]) -> list[Image]:
    """The images of a grid, in its order."""
    known = {one.fingerprint: one for one in images}
    missing = [one.name for one in grid.sources if one.fingerprint not in known]
    if missing:
        raise ValueError(f"The patches lie in '{missing[0]}', which is not among the images given.")
    return [known[one.fingerprint] for one in grid.sources]
