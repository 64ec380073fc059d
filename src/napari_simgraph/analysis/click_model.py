"""Click model: what a few clicks taught, kept so that other slides and stacks can be scored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.few_clicks import (
    FewClicks,
    Judged,
    Scored,
    judged_of,
)
from napari_simgraph.analysis.kernel_logistic import chance_of
from napari_simgraph.analysis.marked import Said
from napari_simgraph.core.model import Model
from napari_simgraph.core.patches import PatchGrid

HEAD, OFFSET, CENTRE = "head/weights", "head/offset", "head/centre"
IDS, LIKE = "clicks/patch_id", "clicks/like"


def arrays_of(few: FewClicks, judged: Judged, grid: PatchGrid) -> dict[str, NDArray[Any]]:
    """The arrays of a model."""
    weights, offset = few.head(judged)
    return {
        HEAD: weights,
        OFFSET: np.array([offset], np.float32),
        CENTRE: few.ground.centre,
        **told(judged, grid),
    }


def told(judged: Judged, grid: PatchGrid) -> dict[str, NDArray[Any]]:
    """What was judged, known again by patch."""
    return {IDS: grid.patch_id[judged.rows], LIKE: judged.like}


def clicks_in(arrays: Mapping[str, NDArray[Any]], grid: PatchGrid, said: Said) -> Judged:
    """Clicks of a model that lie in a grid, and what was said since, which counts more."""
    places = {int(one): row for row, one in enumerate(grid.patch_id.tolist())}
    state: dict[int, bool] = {}
    known = (np.asarray(arrays.get(name, ())).tolist() for name in (IDS, LIKE))
    for one, like in zip(*known, strict=True):
        if int(one) in places:
            state[places[int(one)]] = bool(like)
    state |= {int(row): True for row in said.like} | {int(row): False for row in said.unlike}
    out = set(said.left_out.tolist())
    like = [row for row, yes in state.items() if yes and row not in out]
    unlike = [row for row, yes in state.items() if not yes and row not in out]
    return judged_of(sorted(like), sorted(unlike))


def apply_clicks(model: Model, few: FewClicks, judged: Judged) -> Scored:
    """Scores of a graph: from its clicks where there are both kinds, else by the head alone."""
    if judged.both:
        return few.answer(judged)
    points = few.ground.points
    score = chance_of(points @ model.arrays[HEAD] + model.arrays[OFFSET])
    # without clicks here, how far from them is not known: as undecided as the score
    return Scored(score, 1 - np.abs(2 * score - 1))
