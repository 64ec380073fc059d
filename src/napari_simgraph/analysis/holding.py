"""Holding: which labelled patches are kept aside, so that every class is on both sides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from napari_simgraph.core.patches import PatchGrid, Rows

_BLOCKS = (4, 2, 1)  # sides of blocks in patches: larger ones tell more of what is unseen
_ENOUGH = 4  # patches of a class, from which on it should be in more than one block


class Held(NamedTuple):
    """Positions among the labelled ones to learn from and to check on.

    `unchecked` are the classes that can't be on both sides.
    """

    learn: Rows
    kept: Rows
    unchecked: tuple[int, ...]


def hold(classes: ArrayLike, groups: ArrayLike, share: float, seed: int) -> Held:
    """Labelled patches parted in two, each group on one side and each class on both.

    The rarest class is seen to first. A class of one group is learned from and not checked.

    Parameters
    ----------
    classes
        Numbers from 0 ``(N,)``.
    groups
        Which of them belong together ``(N,)``, any numbers.
    share
        How much of each class is kept aside, at least one group.
    seed
        Of the draw.
    """
    known, which = np.asarray(classes), np.unique(groups, return_inverse=True)[1].ravel()
    count = int(known.max(initial=-1)) + 1
    table = np.zeros((int(which.max(initial=-1)) + 1, count), np.int64)  # group x class
    np.add.at(table, (which, known), 1)
    order = np.random.default_rng(seed).permutation(len(table))
    kept = np.zeros(len(table), np.bool_)
    for k in np.argsort((table > 0).sum(0), kind="stable") if share > 0 else ():
        wanted = max(1, round(share * int(table[:, k].sum())))
        for group in order[table[order, k] > 0]:
            if table[kept, k].sum() >= wanted:
                break
            rest = (table[~kept] > 0).sum(0) - (table[group] > 0)
            # every class of the group must stay on the other side, too
            kept[group] = kept[group] or bool((rest[table[group] > 0] > 0).all())
    alone = [k for k in range(count) if not table[kept, k].sum()]
    aside = kept[which] if len(which) else np.zeros(0, np.bool_)
    return Held(np.flatnonzero(~aside), np.flatnonzero(aside), tuple(alone))


def groups_of(grid: PatchGrid, rows: Rows, classes: ArrayLike, named: Sequence[str]) -> Rows:
    """Which patches belong together: by the groups of their images, else by blocks in space.

    Parameters
    ----------
    grid, rows
        The labelled patches.
    classes
        Their classes ``(N,)``.
    named
        A group for each image, or none.
    """
    image = grid.image[rows]
    if named:
        return np.unique(named, return_inverse=True)[1].ravel()[image]
    if len(np.unique(image)) == len(rows):
        return np.arange(len(rows))
    known = np.asarray(classes)
    blocks = np.arange(len(rows))
    for side in _BLOCKS:
        size = side * grid.size[rows]
        cells = np.stack([image, grid.z[rows], grid.y[rows] // size, grid.x[rows] // size])
        blocks = np.unique(cells, axis=1, return_inverse=True)[1].ravel()
        several = [
            len(np.unique(blocks[known == k])) > 1
            for k in np.unique(known)
            if (known == k).sum() >= _ENOUGH
        ]
        if all(several):
            break
    return blocks


def apart(grid: PatchGrid, learn: Rows, kept: Rows) -> NDArray[np.bool_]:
    """Which rows to learn from overlap none that are kept aside ``(len(learn),)``."""
    if not len(kept) or not len(learn):
        return np.ones(len(learn), np.bool_)
    side = float(max(grid.size[learn].max(), grid.size[kept].max()))
    places: list[NDArray[Any]] = []
    for rows in (learn, kept):
        half = grid.size[rows] / 2
        far = 1e7 * (grid.image[rows] * 1000.0 + grid.z[rows])  # other sections overlap nothing
        places.append(np.stack([far, grid.y[rows] + half, grid.x[rows] + half], 1))
    near = cKDTree(places[1]).query(places[0], p=np.inf, distance_upper_bound=side * 1.001)[0]
    clear: NDArray[np.bool_] = near >= side
    return clear
