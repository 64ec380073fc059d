"""Sentences of the Similar dock: how well it learned, and what was found."""

from __future__ import annotations

from napari_simgraph.core.model import Model
from napari_simgraph.viewer.selection import Selection

CLICK = "Click any place in the image."


def say_health(model: Model) -> str:
    """How often two views of a patch find each other; "" where it was not measured."""
    found = model.metrics.get("retrieval")
    return "" if found is None else f"; views of one patch find each other: {100 * found:.0f} %"


def say_hits(chosen: Selection) -> str:
    """``12 places, nearest 0.97, in 9 sections.``"""
    hits, table = chosen.hits, chosen.table
    assert table is not None  # it was searched
    said = f"{_many(len(hits), 'place')}, nearest {hits[0].score:.2f}"
    grid = table.grid
    own = [hit.row for hit in hits if hit.table == chosen.key]
    places = {(int(grid.image[row]), int(grid.z[row])) for row in own}
    if len(grid.sources) > 1:
        return f"{said}, in {_many(len({image for image, _ in places}), 'image')}."
    deep = grid.sources[0].sections > 1
    return f"{said}, in {_many(len(places), 'section')}." if deep else f"{said}."


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"
