"""Across sections: what the sections above and below say about the borders of this one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from napari_simgraph.analysis.agglomeration import Hierarchy, Numbers

# Chosen on sections 0-17 of ISBI 2012: V_Rand changes by less than 0.001 between 0.15 and 0.35, and
# between 1.5 and 2.5. In full (1.0) what is beyond doubt would outvote what is not: it is told
# apart more easily than the borders in question.
_SHARE = 0.3  # of the log odds learned from borders beyond doubt that counts for the others
_SURE = 1.5  # log odds beyond which a border is beyond doubt (0.82)
_FEW = 8  # borders beyond doubt of each kind: fewer teach nothing


def informed(
    own: Hierarchy, beside: Sequence[Hierarchy], weight: float = 1.0, smallest: int = 0
) -> Hierarchy:
    """The same fragments, merged with what the sections above and below show (`evidence`).

    Parameters
    ----------
    own, beside
        Of a section and of those next to it, one or two, or none.
    weight
        How much more a boundary pixel counted when the network learned.
    smallest
        Fragments of fewer pixels first go to a neighbour.
    """
    if not beside:
        return own.with_odds(np.zeros(len(own.borders.one)), smallest) if smallest else own
    half = weight / (1 + weight)  # comes to one half when the weight is taken out
    more = evidence(own, [one.cut(half) for one in beside], math.log(weight))
    return own.with_odds(more, smallest)


def evidence(own: Hierarchy, beside: Sequence[Numbers], even: float = 0.0) -> NDArray[np.float64]:
    """Log odds, one for each border of a section, that it parts two objects, as others show it.

    Parameters
    ----------
    own
        Fragments of the section and their borders.
    beside
        Objects ``(Y, X)`` of the sections next to it, one or two.
    even
        The log odds at which a border of `own` is as likely there as not.

    Notes
    -----
    Two fragments of one object lie over the same objects of the next section. How much that tells
    depends on thickness, size of cells and alignment; so it is learned by logistic regression from
    the borders of this section that are beyond doubt. Where sections don't resemble each other
    nothing is learned, and all odds are even.
    """
    from sklearn.linear_model import LogisticRegression  # loads for a second and a half

    borders = own.borders
    odds = borders.total / borders.length - even
    alike = np.mean([likeness(own, objects) for objects in beside], axis=0)
    parted, joined = odds > _SURE, odds < -_SURE
    if min(parted.sum(), joined.sum()) < _FEW:
        return np.zeros(len(odds))
    known = parted | joined
    learned = LogisticRegression(class_weight="balanced").fit(alike[known, None], parted[known])
    if learned.coef_[0, 0] >= 0:  # sections that tell the opposite tell nothing
        return np.zeros(len(odds))
    found: NDArray[np.float64] = _SHARE * learned.decision_function(alike[:, None])
    return found


def likeness(own: Hierarchy, objects: Numbers) -> NDArray[np.float64]:
    """How far the two sides of each border lie over the same objects: cosine, 0 to 1."""
    shared = _shared(own.fragments, objects)
    sides = shared[own.borders.one], shared[own.borders.other]
    lengths = [np.sqrt((side * side).sum(1)) for side in sides]
    cosine: NDArray[np.float64] = (sides[0] * sides[1]).sum(1) / (lengths[0] * lengths[1])
    return cosine


def _shared(regions: Numbers, objects: Numbers) -> Any:
    """Sparse ``(regions, objects)``: how many pixels both have."""
    shape = int(regions.max()) + 1, int(objects.max()) + 1
    ones = np.ones(regions.size)
    return csr_array((ones, (regions.ravel(), objects.ravel())), shape=shape)
