"""Areas of high score, their outlines, and the few clicks they come from."""

import numpy as np
import pytest

from napari_simgraph import Image
from napari_simgraph.analysis.areas import as_labels, as_marks, find_areas
from napari_simgraph.analysis.marked import rows_under
from napari_simgraph.analysis.outlines import outlines
from napari_simgraph.core.patches import grid_over
from napari_simgraph.core.tables import ScoreTable

DRAWING = """
#####...
#...#..#
#.#.#.#.
#...#...
#####...
"""


def cells(drawing):
    letters = np.array([list(line) for line in drawing.split()])
    return np.argwhere(letters == "#")


def painted(rings, shape):
    """Each cell whose middle lies inside an odd number of rings: slow and obvious."""
    from skimage.measure import points_in_poly

    middles = np.argwhere(np.ones(shape)) + 0.5
    inside = sum(points_in_poly(middles, ring).astype(int) for parts in rings for ring in parts)
    return (inside % 2).reshape(shape).astype(bool)


def test_outlines_have_corners_only_and_their_holes():
    found = outlines(cells(DRAWING))
    assert sorted(len(parts) for parts in found) == [1, 1, 1, 2]  # diagonal cells don't touch
    ring, hole = next(parts for parts in found if len(parts) == 2)
    assert sorted(map(tuple, ring)) == [(0, 0), (0, 5), (5, 0), (5, 5)]
    assert sorted(map(tuple, hole)) == [(1, 1), (1, 4), (4, 1), (4, 4)]


def test_outlines_of_random_cells_enclose_just_them():
    rng = np.random.default_rng(0)
    for _ in range(30):
        here = rng.random((9, 11)) < rng.uniform(0.2, 0.9)
        found = outlines(np.argwhere(here))
        assert (painted(found, here.shape) == here).all()


@pytest.fixture
def scored():
    """Two sections of 4 x 4 patches of 8 px, 4 px apart, of 2 nm."""
    image = Image(np.zeros((2, 20, 20), np.uint8), spacing=(50, 2, 2), unit="nm", name="a")
    grid = grid_over(image, 8, 4)
    score = np.full((2, 4, 4), 0.1, np.float32)
    score[0, 0, :2] = 0.9
    score[1, 0, 1] = 0.8  # the same area one section below
    score[0, 3, 3] = 0.95
    score[1, 3, 0] = np.nan
    return ScoreTable(grid, score.ravel())


def test_areas_hang_together_through_sections_and_are_ranked(scored):
    first, second = find_areas(scored, 0.5)
    assert first.rows.tolist() == [0, 1, 17]
    assert (first.number, first.mean) == (1, pytest.approx(2.6 / 3))
    assert first.size == pytest.approx(3 * (4 * 2) ** 2)  # nm2: cells, not overlapping patches
    assert second.rows.tolist() == [15]
    assert second.place == (0, 15.5, 15.5)
    assert len(find_areas(scored, 0.5, least=2)) == 1
    assert find_areas(scored, 0.99) == []


def test_areas_as_marks_lie_where_their_patches_lie(scored):
    areas = find_areas(scored, 0.5)
    marks = as_marks(areas, scored.grid, "interesting")
    assert [mark.z for mark in marks] == [0, 1, 0]
    assert {mark.by for mark in marks} == {"model"}
    assert rows_under(marks.rows[0], scored.grid).tolist() == [0, 1]
    assert marks.rows[0].measurements["Rank"] == 1
    labels = as_labels(areas, scored.grid)
    assert labels.spacing == (50, 8, 8)
    assert labels.read()[0].tolist() == [[1, 1, 0, 0], [0] * 4, [0] * 4, [0, 0, 0, 2]]
