"""Marked: which patches a person's marks speak of, and what they say of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.marks import Mark, Marks
from napari_simgraph.core.patch_pixels import pool
from napari_simgraph.core.patches import PatchGrid, Rows
from napari_simgraph.core.raster import Labels, LabelsSet

_PAINTED = 1e-3  # share of a patch that must be painted for it to count


@dataclass(frozen=True, eq=False)
class Said:
    """What is known of the patches of a grid.

    `like` and `unlike` are rows to learn from, `normal` those of a reference without anything odd
    (unlike, too, where something is looked for), `left_out` those not to be used; `name` is what
    is looked for.
    """

    like: Rows
    unlike: Rows
    normal: Rows
    left_out: Rows
    name: str = ""

    def __len__(self) -> int:
        return len(self.like) + len(self.unlike)


def said(
    marks: Marks | Labels | LabelsSet | None, grid: PatchGrid, wanted: str = "", share: float = 0.5
) -> Said:
    """What marks or painted labels say of the patches of a grid.

    Parameters
    ----------
    marks
        Marks, of which those of models are passed over, or labels painted on the images.
    grid
        The patches.
    wanted
        The class looked for; "" for the first one. Clicks (like, not like) belong to it, all other
        classes are what is not looked for.
    share
        Of what is painted in a patch, so much must be of the class.

    Raises
    ------
    ValueError
        There is no such class, or a mark lies in an image without patches.
    """
    if marks is None:
        none = np.zeros(0, np.intp)
        return Said(none, none, none, none)
    if isinstance(marks, Marks):
        return _of_marks(marks.of_person(), grid, wanted)
    return _of_labels(marks, grid, wanted, share)


def lying_on(marks: Marks, grid: PatchGrid) -> Marks:
    """The marks of a person that lie on the images of a grid, in sections that have patches.

    Raises
    ------
    ValueError
        None does.
    """
    own = marks.of_person()
    if not len(own):
        raise ValueError(f"{marks.name}: a model outlined these; only what a person marked counts.")
    found = own.where(lambda one: _lies_on(one, grid))
    if not len(found):
        raise ValueError(f"{marks.name} marks nothing on these images: it is of another one.")
    return found


def rows_under(mark: Mark, grid: PatchGrid) -> Rows:
    """The patches a mark speaks of.

    Of points and strokes the patches whose middles are nearest; of areas those whose middles lie
    inside, or the nearest one to a small area.

    Raises
    ------
    ValueError
        The mark lies in an image without patches.
    """
    number = _image(mark, grid)
    if mark.kind in ("point", "stroke"):
        return _nearest(_along(mark, grid), mark.z, number, grid)
    rows, middles = _middles(number, mark.z, grid)
    inside = np.zeros(len(rows), np.bool_)
    for outline in mark.parts:  # a hole takes out what the outline before it took in
        inside ^= _inside(middles, outline)
    if inside.any():
        return rows[inside]
    return _nearest(mark.parts[0].mean(0)[None], mark.z, number, grid)


def _of_marks(marks: Marks, grid: PatchGrid, wanted: str) -> Said:
    named = list(dict.fromkeys(one.name for one in marks if one.role == "class"))
    clicked = any(one.role in ("query+", "query-") for one in marks)
    if wanted and wanted not in named and not clicked:
        raise ValueError(f"Nothing is marked '{wanted}'; there are {', '.join(named) or 'none'}.")
    name = wanted or (named[0] if named and not clicked else "")
    state = np.zeros(len(grid), np.int8)
    normal, out = np.zeros((2, len(grid)), np.bool_)
    for one in marks:
        rows = rows_under(one, grid)
        if one.role == "normal":
            normal[rows] = True
        elif one.role == "exclude":
            out[rows] = True
        elif one.role != "complete":  # of two marks on a patch the later one counts
            like = one.role == "query+" or (one.role == "class" and one.name == name)
            state[rows] = 1 if like else -1
    if (state > 0).any():
        state[normal & (state == 0)] = -1
    return _said(state, normal, out, name)


def _of_labels(labels: Labels | LabelsSet, grid: PatchGrid, wanted: str, share: float) -> Said:
    first = labels if isinstance(labels, Labels) else labels.labels[0]
    if not len(first.classes):
        raise ValueError("The painted classes have no names: give them with --classes a,b.")
    ground = first.classes.backgrounds()
    named = [one for one in first.classes if one.value not in ground] or list(first.classes)
    row = first.classes.find(wanted) if wanted else named[0]
    shares = np.nan_to_num(pool(grid, labels))
    painted = shares.sum(1) if first.exclusive else np.ones(len(grid))
    of_class = shares[:, row.value - 1] / np.maximum(painted, _PAINTED)
    state = np.where(of_class >= share, 1, -1) * (painted > _PAINTED)
    nothing = np.zeros(len(grid), np.bool_)
    return _said(state, nothing, nothing, row.name)


def _said(
    state: NDArray[np.integer], normal: NDArray[np.bool_], out: NDArray[np.bool_], name: str
) -> Said:
    like, unlike = np.flatnonzero((state > 0) & ~out), np.flatnonzero((state < 0) & ~out)
    return Said(like, unlike, np.flatnonzero(normal & ~out), np.flatnonzero(out), name)


def _lies_on(mark: Mark, grid: PatchGrid) -> bool:
    try:
        number = _image(mark, grid)
        _middles(number, mark.z, grid)
    except ValueError:
        return False
    places = np.concatenate(mark.parts)
    size = np.array(grid.sources[number].shape[-2:])
    return bool((places.max(0) >= -0.5).all() and (places.min(0) <= size - 0.5).all())


def _image(mark: Mark, grid: PatchGrid) -> int:
    if mark.image:
        return grid.find_source(mark.image)
    if len(grid.sources) > 1:
        raise ValueError("The marks don't say in which of the images they lie.")
    return 0


def _middles(number: int, z: int, grid: PatchGrid) -> tuple[Rows, NDArray[np.float64]]:
    """Rows of a section and their middles in pixels of the finest level."""
    rows = np.flatnonzero((grid.image == number) & (grid.z == z))
    if not len(rows):
        raise ValueError(f"A mark lies in section {z}, of which the table has no patches.")
    down, right = grid.finest(number)
    half = grid.size[rows] / 2
    middles = np.stack([(grid.y[rows] + half) * down, (grid.x[rows] + half) * right], 1) - 0.5
    return rows, middles


def _nearest(places: NDArray[np.float64], z: int, number: int, grid: PatchGrid) -> Rows:
    from scipy.spatial import cKDTree

    rows, middles = _middles(number, z, grid)
    return np.unique(rows[cKDTree(middles).query(places)[1]])


def _along(mark: Mark, grid: PatchGrid) -> NDArray[np.float64]:
    """The places of points, or of a stroke so close to each other that no patch is missed."""
    places = mark.parts[0]
    if mark.kind == "point" or len(places) < 2:
        return places
    step = max(1.0, float(grid.size.min()) / 4) if len(grid) else 1.0
    parts = []
    for start, end in pairwise(places):
        count = max(2, int(np.hypot(*(end - start)) / step) + 2)
        parts.append(start + np.linspace(0, 1, count)[:, None] * (end - start))
    return np.concatenate(parts)


def _inside(places: NDArray[np.float64], outline: NDArray[np.float64]) -> NDArray[np.bool_]:
    from skimage.measure import points_in_poly

    if len(outline) < 3:
        return np.zeros(len(places), np.bool_)
    found: NDArray[np.bool_] = points_in_poly(places, outline)
    return found
