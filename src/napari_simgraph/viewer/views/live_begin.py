"""What live learning begins with, and what it can't begin with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from napari.layers import Labels as LabelsLayer
from napari.layers import Layer

from napari_simgraph.viewer.live.fields import lies_on
from napari_simgraph.viewer.live.teaching import Teaching
from napari_simgraph.viewer.stacking import is_made
from napari_simgraph.viewer.views.strokes import shape_of


def begin_with(teaching: Teaching, chosen: str, kept: str, known: Sequence[str]) -> str:
    """The name of the model to begin with, or "".

    A session that goes on keeps its own; where its model was kept a moment ago, that one has
    learned all of it already.

    Parameters
    ----------
    teaching
        The session, with what was said in it before.
    chosen, kept
        The model in the menu, and the one that the session was kept as.
    known
        The names of all models.
    """
    told = teaching.told
    if not told.history.events:
        return chosen
    if kept in known and teaching.counts_from_one:
        return kept
    before = str(told.settings.get("start", ""))
    return before if before in known else ""


def wrong_shape(viewer: Any, image: Layer | None) -> str:
    """A sentence where the active layer is labels of another shape than the image."""
    active = viewer.layers.selection.active
    if not isinstance(active, LabelsLayer) or image is None or is_made(active):
        return ""
    if lies_on(active, image):
        return ""
    shapes = (" x ".join(map(str, shape_of(layer))) for layer in (active, image))
    return "These labels have another shape ({}) than the image ({}).".format(*shapes)
