"""Closing: a boundary probability in which every membrane is whole or gone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_simgraph.analysis.across import informed
from napari_simgraph.analysis.agglomeration import Hierarchy, hierarchy

# Chosen on sections 0-17 of ISBI 2012: V_Rand changes by less than 0.001 between 1.5 and 2.5, while
# at 1.5 half as many pixels again of wide, obliquely cut membranes are lost.
_WIDE = 2.0  # times half the usual width of a boundary: what lies farther in parts nothing
_FAINT = 0.05  # the highest probability there
# Log odds of a border in the closed map for each of its height, a mean along the border, which
# says less than the whole of it (fitted to borders that truth decides: 1.5 to 2.3). V_Rand and
# V_Info rise up to 5 and stay up to 8: a low threshold then makes boundaries thin, so that they lie
# where they should, and joins no cells.
_DECIDED = 5.0
_CERTAIN = 1e-4  # odds stay finite; a network's probabilities are no finer in half precision


def calibrated(boundary: NDArray[Any], weight: float) -> NDArray[np.float32]:
    """The probability ``(...)`` that a network would give had it not been taught with a weight.

    A class that counts `weight` times as much in the loss comes out with that many times its odds.

    References
    ----------
    Elkan 2001, IJCAI, theorem 2 (change of base rate).
    """
    certain = np.clip(np.asarray(boundary, np.float32), _CERTAIN, 1 - _CERTAIN)
    lower = certain / (certain + weight * (1 - certain))
    return lower.astype(np.float32, copy=False)


def closed(
    boundary: NDArray[Any], weight: float = 1.0, beside: Sequence[NDArray[Any]] = ()
) -> NDArray[np.float32]:
    """A boundary probability ``(Y, X)`` without gaps and without loose ends between cells.

    Parameters
    ----------
    boundary
        ``(Y, X)`` probability of a boundary, 0 to 1, from a network.
    weight
        How much more a boundary pixel counted when the network learned.
    beside
        ``(Y, X)`` the same of the sections above and below, where there are any: they help to
        decide borders in doubt (`across.evidence`).

    Notes
    -----
    Each border between two regions gets the height at which the two become one object
    (`agglomeration.Hierarchy.contours`): a gap in a sure membrane is closed, and a membrane that
    parts nothing is lowered over its whole width. Heights are moved away from one half, so a
    threshold says how wide boundaries are more than which there are: cut at any, the map gives the
    objects of the hierarchy at a threshold nearer to one half, at one half the same. Near borders
    pixels keep their probability, up to the height of the border; far from any border, in the
    middle of a cell, there is no boundary.
    """
    return closed_tree(hierarchy(boundary), boundary, weight, [hierarchy(one) for one in beside])


def closed_tree(
    own: Hierarchy, boundary: NDArray[Any], weight: float, beside: Sequence[Hierarchy]
) -> NDArray[np.float32]:
    """The same of a boundary and its neighbours whose hierarchies are known."""
    contours = informed(own, beside, weight).contours()
    ridge = contours > 0
    probability = calibrated(boundary, weight)
    if not ridge.any():
        return probability
    heights = _decided(calibrated(contours, weight))
    away, nearest = ndimage.distance_transform_edt(~ridge, return_indices=True)
    whole: NDArray[np.float32] = np.minimum(probability, heights[tuple(nearest)])
    whole[ridge] = heights[ridge]
    far = away > _WIDE * _half_width(probability, ridge)
    whole[far] = np.minimum(whole[far], _FAINT)
    return whole


def _decided(heights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Heights as they count in the closed map: one half stays, others move away from it."""
    chance = np.asarray(heights, np.float64)
    gone, there = (1 - chance) ** _DECIDED, chance**_DECIDED
    found: NDArray[np.float32] = (there / (there + gone)).astype(np.float32)
    return found


def _half_width(probability: NDArray[np.float32], ridge: NDArray[np.bool_]) -> float:
    """Half the usual width of the boundary in pixels, measured at its middle line."""
    sure = probability > 0.5
    depths = ndimage.distance_transform_edt(sure)[ridge & sure]
    return float(np.median(depths)) if depths.size else math.inf


def shared_out(
    probability: NDArray[np.float32], channel: int, boundary: NDArray[np.float32], exclusive: bool
) -> NDArray[np.float32]:
    """Probabilities ``(K, Y, X)`` with another boundary; where one class a pixel, they sum to 1.

    The other classes keep their shares of the rest.
    """
    changed = probability.copy()
    if exclusive:
        others = np.delete(np.arange(len(probability)), channel)
        rest = np.maximum(changed[others], math.ulp(1.0))  # equal shares where all are 0
        changed[others] = rest * ((1 - boundary) / rest.sum(0))
    changed[channel] = boundary
    return changed
