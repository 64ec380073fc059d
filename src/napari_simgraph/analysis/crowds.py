"""Crowds: a group of patches that speaks as a whole, spread over the graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.kernel_logistic import Vector
from napari_simgraph.analysis.spreading import settle
from napari_simgraph.core.patches import Rows


class Followed(NamedTuple):
    """A group that is followed.

    Parameters
    ----------
    spread
        Where all its members spread to, against all others, ``(N,)``.
    speakers
        The patches that stand for it among those that were judged.
    share
        Of all patches, that are its members.
    """

    spread: Vector
    speakers: Mapping[int, bool]
    share: float


def followed(
    matrix: Any, members: Rows, speakers: Mapping[int, bool], keep: float
) -> Followed | None:
    """A group spread over the links as `spreading.settle` does; None where it has no members."""
    count = matrix.shape[0]
    if not 0 < len(members) < count:
        return None
    sides = np.full(count, -1 / (count - len(members)), np.float32)
    sides[members] = 1 / len(members)
    return Followed(settle(matrix, sides, keep), speakers, len(members) / count)


def beside(crowd: Followed, rows: Rows, like: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the judged were judged by a person, and don't just stand for the group."""
    each = zip(rows.tolist(), like.tolist(), strict=True)
    return np.array([crowd.speakers.get(row) is not yes for row, yes in each], np.bool_)


def by_order(values: Vector, share: float) -> Vector:
    """Scores from 0 to 1 in the order of values: one half where a `share` of all is higher.

    Odds of the place in the order times those of being a member, so that none are equal.
    """
    place = (np.argsort(np.argsort(values, kind="stable")) + 0.5) / len(values)
    member = place * share
    score: Vector = (member / (member + (1 - place) * (1 - share))).astype(np.float32)
    return score
