"""Choosing: the threshold at which agglomeration agrees best with true objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from skimage.measure import label

from napari_simgraph.analysis.agglomeration import Hierarchy
from napari_simgraph.analysis.instance_scores import Table, object_scores, summed, table_of

# From one half to 0.993 in equal steps of the log odds, in which borders are averaged.
_ODDS = np.round(np.arange(0, 5.01, 0.1), 2)
# One merge of two large objects moves a section's V_Rand by 0.01: a threshold that is good among
# its neighbours is more likely to be good elsewhere than one that is best by itself.
_AROUND = 5


def choose_threshold(trees: Sequence[Hierarchy], cells: Sequence[NDArray[Any]]) -> dict[str, float]:
    """The best threshold over some sections, and the scores there.

    ``parting_threshold``; ``parting_v_rand`` and ``parting_v_info`` (means over sections, not
    thinned); ``parting_split`` and ``parting_merge`` (variation of information in bits).

    Parameters
    ----------
    trees
        A hierarchy of each section.
    cells
        ``(Y, X)`` bool, True inside true cells; what hangs together is one.
    """
    thresholds = 1 / (1 + np.exp(-_ODDS))
    rows = np.mean([_scores(*one, thresholds) for one in zip(trees, cells, strict=True)], axis=0)
    steady = uniform_filter1d(rows[:, 0], _AROUND, mode="nearest")
    equal = np.flatnonzero(steady >= steady.max() - 1e-9)
    best = int(equal[len(equal) // 2])
    names = ("v_rand", "v_info", "split", "merge")
    figures = {f"parting_{name}": float(v) for name, v in zip(names, rows[best], strict=True)}
    return {"parting_threshold": round(float(thresholds[best]), 4)} | figures


def _scores(
    tree: Hierarchy, cells: NDArray[Any], thresholds: NDArray[np.float64]
) -> NDArray[np.float64]:
    """V_Rand, V_Info, split and merge at each threshold ``(T, 4)``."""
    # Pixels are looked at once: fragments only change the object they belong to.
    table = table_of(tree.fragments, label(cells, connectivity=1))
    rows = []
    for threshold in thresholds:
        found = tree.parts(float(threshold))[table.found]
        one = object_scores(summed([Table(table.true, found.astype(np.int64), table.pixels)]))
        rows.append((one.v_rand, one.v_info, one.split, one.merge))
    return np.array(rows)
