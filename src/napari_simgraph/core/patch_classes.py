"""Classes of patches: from folders, from a table of patches, or from what was painted on them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.patch_pixels import pool
from napari_simgraph.core.patches import PatchGrid
from napari_simgraph.core.raster import Labels, LabelsSet
from napari_simgraph.core.sheet import natural

_PAINTED = 1e-3  # share of a patch that must be painted for it to count
NONE = -1  # in the numbers of classes: a patch without one


class Classed(NamedTuple):
    """Classes by number.

    Parameters
    ----------
    table
        Their names in natural order, or in that of what was painted.
    numbers
        For each patch its place in the table ``(N,)``, `NONE` where it has no class.
    joined
        Names that differ in upper and lower case alone and were taken for one.
    """

    table: ClassTable
    numbers: NDArray[np.intp]
    joined: tuple[str, ...] = ()


def image_classes(grid: PatchGrid) -> NDArray[np.str_]:
    """The class of each patch as its image has it, "" where that has none."""
    return np.array([one.image_class for one in grid.sources], np.str_)[grid.image]


def painted_classes(
    grid: PatchGrid, labels: Labels | LabelsSet, share: float = 0.5
) -> NDArray[np.str_]:
    """The class that is painted most in each patch, "" where nothing is or none makes up a share.

    Parameters
    ----------
    grid
        The patches.
    labels
        Painted on their images, in the same order.
    share
        Of what is painted in a patch, so much must be of the class.

    Raises
    ------
    ValueError
        The painted classes have no names.
    """
    first = labels if isinstance(labels, Labels) else labels.labels[0]
    if not len(first.classes):
        raise ValueError("The painted classes have no names: give them with --classes a,b.")
    shares = np.nan_to_num(pool(grid, labels))
    painted = shares.sum(1)
    most = shares.argmax(1)
    known = shares.max(1) >= share * np.maximum(painted, _PAINTED)
    names = np.array(first.classes.names, np.str_)[most]
    return np.where(known & (painted > _PAINTED), names, "")


def numbered(names: NDArray[np.str_]) -> Classed:
    """Names of classes as a table and numbers; upper and lower case are alike."""
    spelled: dict[str, str] = {}
    joined: list[str] = []
    there = sorted({str(one).strip() for one in names} - {""})
    for name in sorted(there, key=natural):  # of two spellings the same one each time
        known = spelled.setdefault(name.casefold(), name)
        joined += [name] if known != name else []
    table = ClassTable.of(spelled.values())
    places = {folded: number for number, folded in enumerate(spelled)}
    unique, which = np.unique(names, return_inverse=True)
    values = [places.get(str(one).strip().casefold(), NONE) for one in unique]
    return Classed(table, np.array(values, np.intp)[which.ravel()], tuple(joined))
