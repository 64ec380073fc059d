"""Query: what is asked for by examples, and the patches that are most like it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.neighbours import Points, unit
from napari_simgraph.core.patches import PatchGrid, Rows
from napari_simgraph.core.tables import EmbeddingTable, Neighbours

_AGAINST = 0.5  # how much what is not wanted counts; Rocchio's 0.15 to 0.25 hardly shows with one
_SAME = 0.999  # of the area shared: the very patch
_BLOCK = 2**18  # rows compared at once


class Box(NamedTuple):
    """A square of an image: its number, section, first pixel and side in pixels."""

    image: int
    z: int
    y: int
    x: int
    size: int


def parse_boxes(text: str, grid: PatchGrid) -> list[Box]:
    """Boxes written ``IMAGE,Z,Y,X,SIZE``, several with ``;`` between; IMAGE is name or number.

    Raises
    ------
    ValueError
        It is written in another way, or there is no such image.
    """
    boxes = []
    for part in (one.strip() for one in text.split(";") if one.strip()):
        name, *numbers = part.rsplit(",", 4)
        try:
            z, y, x, size = (int(number) for number in numbers)
        except ValueError:
            raise ValueError(f"A box is written IMAGE,Z,Y,X,SIZE, not '{part}'.") from None
        if size < 1:
            raise ValueError("The side of a box is at least one pixel.")
        boxes.append(Box(grid.find_source(name.strip()), z, y, x, size))
    return boxes


def parse_rows(text: str, table: EmbeddingTable) -> list[int]:
    """Row numbers written ``3, 17``.

    Raises
    ------
    ValueError
        There is no such row.
    """
    rows = []
    for part in (one.strip() for one in text.split(",") if one.strip()):
        if not part.isdigit() or int(part) >= len(table):
            raise ValueError(
                f"There is no patch {part}: they are counted from 0 to {len(table) - 1}."
            )
        rows.append(int(part))
    return rows


def rows_in(grid: PatchGrid, box: Box) -> tuple[Rows, NDArray[np.float64]]:
    """Patches that overlap a box, and how much of their area and its is shared (0 to 1).

    Box and patches are in pixels of the finest level.
    """
    rows = np.flatnonzero((grid.image == box.image) & (grid.z == box.z))
    factor = 1.0
    if grid.layouts:
        source = grid.sources[box.image]
        factor = source.shape[-2] / grid.layouts[box.image].plane[0]
    side = grid.size[rows] * factor
    shared = np.ones(len(rows))
    for start, name in ((box.y, "y"), (box.x, "x")):
        low = getattr(grid, name)[rows] * factor
        both = np.minimum(low + side, start + box.size) - np.maximum(low, start)
        shared *= np.clip(both, 0, None)
    share = shared / (side**2 + box.size**2 - shared)
    return rows[share > 0], share[share > 0]


def lies_at(grid: PatchGrid, rows: Sequence[int], sections: int) -> NDArray[np.bool_]:
    """For each patch whether it overlaps one of some rows."""
    found = np.zeros(len(grid), np.bool_)
    for row in rows:
        found |= grid.overlapping(np.full(len(grid), row), np.arange(len(grid)), sections)
    return found


def lies_in(
    grid: PatchGrid, of: PatchGrid, boxes: Sequence[Box], sections: int
) -> NDArray[np.bool_]:
    """For each patch whether it overlaps one of some boxes, which lie in the images `of`."""
    found = np.zeros(len(grid), np.bool_)
    numbers = {one.fingerprint: number for number, one in enumerate(grid.sources)}
    for box in boxes:
        number = numbers.get(of.sources[box.image].fingerprint)
        for z in range(box.z - sections, box.z + sections + 1):
            if number is not None:
                found[rows_in(grid, box._replace(image=number, z=z))[0]] = True
    return found


def points_of(
    table: EmbeddingTable, boxes: Sequence[Box]
) -> tuple[list[NDArray[np.float32]], bool]:
    """The points of boxes from the patches that lie there, and whether each is itself a patch.

    Where it is none: the mean of all that overlap it, those counting most that share most with it.

    Raises
    ------
    ValueError
        A box lies where there is no patch.
    """
    points, all_there = [], True
    for box in boxes:
        rows, share = rows_in(table.grid, box)
        if not len(rows):
            raise ValueError("The box lies where the table has no patch: draw it elsewhere.")
        if share.max() > _SAME:
            points.append(table.values[rows[share.argmax()]])
            continue
        all_there = False
        weights = (share**2 / (share**2).sum()).astype(np.float32)
        points.append(weights @ unit(table.values[rows]))
    return points, all_there


def wanted(like: Sequence[NDArray[np.float32]], unlike: Sequence[NDArray[np.float32]]) -> Points:
    """One point from examples and counterexamples [1]_.

    Raises
    ------
    ValueError
        There is no example.

    References
    ----------
    .. [1] Rocchio, Relevance feedback in information retrieval, 1971.
    """
    if not len(like):
        raise ValueError("Nothing was asked for: give a box or a patch.")
    point = unit(np.array(like)).mean(0)
    if len(unlike):
        point = point - _AGAINST * unit(np.array(unlike)).mean(0)
    one: Points = unit(point[None])[0]
    return one


def most_alike(
    table: EmbeddingTable, query: Points, k: int, left_out: NDArray[np.bool_]
) -> Neighbours:
    """The k rows most similar to a point, without those left out, best first."""
    similarity = np.empty(len(table), np.float32)
    for start in range(0, len(table), _BLOCK):
        part = slice(start, start + _BLOCK)
        similarity[part] = unit(table.values[part]) @ query
    similarity[left_out] = -np.inf
    k = min(k, int((~left_out).sum()))
    best = np.argpartition(-similarity, k - 1)[:k] if k else np.zeros(0, np.intp)
    best = best[np.argsort(-similarity[best], kind="stable")]
    columns = {"row": best} | {name: values[best] for name, values in table.columns.items()}
    name = f"{table.name} · neighbours"
    return Neighbours(table.grid.take(best), similarity[best], columns=columns, name=name)
