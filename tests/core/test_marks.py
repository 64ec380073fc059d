"""Marks, and which patches they speak of."""

from dataclasses import replace

import numpy as np
import pytest

from napari_simgraph import Image, Labels
from napari_simgraph.analysis.marked import lying_on, rows_under, said
from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.marks import MODEL, Mark, Marks, click
from napari_simgraph.core.patches import grid_over


@pytest.fixture
def grid():
    """Two sections of 4 x 4 patches of 8 px, side by side."""
    return grid_over(Image(np.zeros((2, 32, 32), np.uint8), name="a"), 8, 8)


def square(low, high, **kwargs):
    corners = np.array([[low, low], [low, high], [high, high], [high, low]], float)
    return Mark("polygon", (corners,), **kwargs)


def test_a_click_is_of_the_patch_it_lies_in(grid):
    row = rows_under(click(12, 27, z=1), grid)
    assert row.tolist() == [16 + 4 * 1 + 3]


def test_a_stroke_takes_all_patches_on_its_way(grid):
    stroke = Mark("stroke", ([[4, 1], [4, 30]],))
    assert rows_under(stroke, grid).tolist() == [0, 1, 2, 3]


def test_an_area_takes_what_lies_inside_and_leaves_its_hole_out(grid):
    whole = square(-1, 33)
    assert len(rows_under(whole, grid)) == 16
    ring = replace(whole, parts=(*whole.parts, square(7, 24).parts[0]))
    assert sorted(rows_under(ring, grid)) == [0, 1, 2, 3, 4, 7, 8, 11, 12, 13, 14, 15]
    assert rows_under(square(3, 4), grid).tolist() == [0]  # smaller than any patch


def test_clicks_and_classes_say_like_and_unlike(grid):
    marks = Marks((click(3, 3), click(3, 12, like=False)))
    found = said(marks, grid)
    assert (found.like.tolist(), found.unlike.tolist()) == ([0], [1])
    named = Marks((square(-1, 7, name="tumour"), square(16, 33, name="stroma")))
    assert said(named, grid).like.tolist() == [0]
    assert said(named, grid, "stroma").like.tolist() == [10, 11, 14, 15]
    with pytest.raises(ValueError, match="tumour, stroma"):
        said(named, grid, "nerve")


def test_what_is_normal_is_not_what_is_looked_for(grid):
    marks = Marks((square(-1, 7, name="tumour"), square(-1, 15, role="normal")))
    found = said(marks, grid)
    assert (found.like.tolist(), found.unlike.tolist()) == ([0], [1, 4, 5])
    assert found.normal.tolist() == [0, 1, 4, 5]
    alone = said(Marks((square(-1, 15, role="normal"),)), grid)
    assert len(alone) == 0


def test_marks_of_another_image_are_told_apart(grid):
    here, far = square(-1, 7, name="tumour"), square(100, 120, name="tumour")
    above = square(-1, 7, z=5, name="tumour")
    kept = lying_on(Marks((here, far, above, replace(here, image="b"))), grid)
    assert kept.rows == (here,)
    with pytest.raises(ValueError, match="of another one"):
        lying_on(Marks((far, above)), grid)
    with pytest.raises(ValueError, match="a model outlined these"):
        lying_on(Marks((replace(here, by=MODEL),)), grid)


def test_of_two_clicks_on_a_patch_the_later_one_counts(grid):
    marks = Marks((click(3, 3), click(3, 3, like=False)))
    assert said(marks, grid).unlike.tolist() == [0]
    out = said(marks.with_mark(square(-1, 7, role="exclude")), grid)
    assert len(out) == 0
    assert out.left_out.tolist() == [0]


def test_what_a_model_said_never_trains(grid):
    marks = Marks((square(-1, 7, name="x", by=MODEL), square(16, 33, name="y")))
    assert said(marks, grid).name == "y"
    assert len(said(marks, grid)) == 4


def test_painted_labels_count_by_their_share(grid):
    painted = np.zeros((2, 32, 32), np.uint8)
    painted[0, :8, :8] = 1
    painted[0, :8, 8:16] = 2
    painted[0, :4, 8:16] = 1  # half of the second patch
    labels = Labels(painted, classes=ClassTable.of(["cell", "wall"]))
    assert said(labels, grid).like.tolist() == [0, 1]
    assert said(labels, grid, share=0.6).unlike.tolist() == [1]
    assert said(labels, grid, "wall", 0.6).like.tolist() == []


def test_a_mark_must_lie_where_there_are_patches(grid):
    with pytest.raises(ValueError, match="section 9"):
        rows_under(click(3, 3, z=9), grid)
    with pytest.raises(ValueError, match="no image 'b'"):
        rows_under(click(3, 3, image="b"), grid)


def test_marks_are_known_by_what_they_say():
    one, other = Marks((click(1, 2),)), Marks((click(1, 3),))
    assert one.fingerprint == Marks((click(1, 2),)).fingerprint
    assert one.fingerprint != other.fingerprint
    assert one.with_mark(click(4, 4)).rows[-1].time
    with pytest.raises(ValueError, match="kind 'circle'"):
        Mark("circle", ([[0, 0]],))
    with pytest.raises(ValueError, match="draw it again"):
        Mark("point", (np.zeros((0, 2)),))
