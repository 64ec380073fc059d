"""Areas: patches whose score is high and that hang together, outlined and ranked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.outlines import outlines
from napari_simgraph.core.marks import MODEL, Mark, Marks
from napari_simgraph.core.patch_pixels import fold
from napari_simgraph.core.patches import PatchGrid, Rows
from napari_simgraph.core.raster import Labels, LabelsSet
from napari_simgraph.core.tables import ScoreTable


@dataclass(frozen=True, eq=False)
class Area:
    """Patches that hang together, in one or several sections.

    Parameters
    ----------
    number
        Its rank from 1.
    rows
        Its patches.
    mean
        Their mean score.
    size
        What they cover, in `unit` squared and summed over sections.
    exemplar
        The row that is most typical: of highest score, nearest to the middle.
    place
        Middle of the exemplar as z, y, x in pixels of the finest level.
    unit
        Unit of length.
    image
        Name of the image.
    """

    number: int
    rows: Rows
    mean: float
    size: float
    exemplar: int
    place: tuple[int, float, float]
    unit: str
    image: str


def find_areas(table: ScoreTable, above: float, least: int = 1) -> list[Area]:
    """Areas of patches that score above a threshold, the largest total score first.

    Patches hang together that lie side by side, in a section or in sections next to each other.
    `least` is the smallest number of patches.
    """
    grid = table.grid
    high = np.flatnonzero(np.nan_to_num(table.score, nan=-np.inf) > above)
    pieces = [rows for rows in _pieces(grid, high) if len(rows) >= least]
    total = [-float(table.score[rows].sum()) for rows in pieces]
    order = np.argsort(total, kind="stable")
    return [_area(table, pieces[at], rank) for rank, at in enumerate(order, 1)]


def as_marks(areas: list[Area], grid: PatchGrid, name: str) -> Marks:
    """The outlines of areas, one mark a section of each; a model's, so they never train."""
    rows = []
    for area in areas:
        for z in np.unique(grid.z[area.rows]).tolist():
            here = area.rows[grid.z[area.rows] == z]
            for parts in _outlines(grid, here):
                told = {
                    "Rank": float(area.number),
                    "Mean score": area.mean,
                    "Patches": float(len(area.rows)),
                    f"Size {area.unit}^2": area.size,
                    "Exemplar z": float(area.place[0]),
                    "Exemplar y px": area.place[1],
                    "Exemplar x px": area.place[2],
                }
                rows.append(
                    Mark("polygon", parts, z, area.image, name=name, by=MODEL, measurements=told)
                )
    return Marks(tuple(rows), name=name)


def as_labels(areas: list[Area], grid: PatchGrid) -> Labels | LabelsSet:
    """Numbers of areas at patch resolution: 0 where there is none.

    Raises
    ------
    ValueError
        The grid is not regular.
    """
    numbers = np.zeros(len(grid), np.int32)
    for area in areas:
        numbers[area.rows] = area.number
    maps = [fold(grid, numbers, one) for one in range(len(grid.sources))]
    made = tuple(
        Labels(
            one.levels[0],
            axes=one.axes,
            spacing=one.spacing,
            origin=one.origin,
            unit=one.unit,
            name=f"{source.name} · areas",
            meaning="objects",
        )
        for one, source in zip(maps, grid.sources, strict=True)
    )
    return made[0] if len(made) == 1 else LabelsSet(made)


def _area(table: ScoreTable, rows: Rows, rank: int) -> Area:
    grid, score = table.grid, table.score[rows]
    number = int(grid.image[rows[0]])
    source = grid.sources[number]
    down, right = grid.finest(number)
    middles = np.stack([grid.z[rows], grid.y[rows], grid.x[rows]], 1).astype(np.float64)
    away = np.linalg.norm(middles - middles.mean(0), axis=1)
    best = int(rows[np.lexsort((away, -score))[0]])
    half = grid.size[best] / 2
    place = (
        int(grid.z[best]),
        float((grid.y[best] + half) * down - 0.5),
        float((grid.x[best] + half) * right - 0.5),
    )
    stride = grid.layouts[number].stride if grid.layouts else grid.size[rows]
    covered = np.broadcast_to(np.square(stride), len(rows)).sum()
    size = float(covered * down * right * source.spacing[-1] * source.spacing[-2])
    return Area(
        rank, rows, float(score.mean()), size, best, place, source.unit, _name(grid, number)
    )


def _name(grid: PatchGrid, number: int) -> str:
    return grid.sources[number].name if len(grid.sources) > 1 else ""


def _pieces(grid: PatchGrid, rows: Rows) -> list[Rows]:
    """Rows that hang together; patches that lie anywhere hang together with none."""
    from scipy.sparse.csgraph import connected_components

    from napari_simgraph.analysis.beside import beside

    if not len(rows):
        return []
    if not grid.layouts:
        return [rows[at : at + 1] for at in range(len(rows))]
    from scipy.sparse import csr_array

    edges = beside(grid.take(rows))
    matrix = csr_array((edges.weights, edges.ends, edges.starts), (len(rows), len(rows)))
    count, which = connected_components(matrix, directed=False)
    order = np.argsort(which, kind="stable")
    cuts = np.cumsum(np.bincount(which, minlength=count))[:-1]
    return [np.sort(rows[part]) for part in np.split(order, cuts)]


def _outlines(grid: PatchGrid, rows: Rows) -> list[tuple[NDArray[np.float64], ...]]:
    """Outlines with their holes, in pixels of the finest level; a patch counts as its cell.

    Cells are as wide as patches are apart, so that they tile the section.
    """
    number = int(grid.image[rows[0]])
    factor = np.array(grid.finest(number))
    if not grid.layouts:
        low = np.stack([grid.y[rows], grid.x[rows]], 1)[0].astype(np.float64)
        corners = np.array([[0, 0], [0, 1], [1, 1], [1, 0]]) * float(grid.size[rows[0]])
        return [((low + corners) * factor - 0.5,)]
    layout = grid.layouts[number]
    cells = np.stack([grid.y[rows] - layout.first[0], grid.x[rows] - layout.first[1]], 1)
    cells //= layout.stride
    start = np.array(layout.first) + (layout.size - layout.stride) / 2
    return [
        tuple((ring * layout.stride + start) * factor - 0.5 for ring in rings)
        for rings in outlines(cells)
    ]
