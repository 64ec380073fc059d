"""Boundaries without gaps: seen on drawings of two cells."""

import numpy as np
import pytest
from skimage.measure import label

from napari_simgraph.analysis.closing import calibrated, closed, shared_out


def two_cells(gap: float = 0.1, spur: float = 0.0) -> np.ndarray:
    """A 64 x 64 section parted by a wall in column 32 with a gap of 6 px; a spur in the left cell.

    ::

        .......#........
        .......#........
        ..###..:........   # wall, : gap
        .......#........
    """
    boundary = np.full((64, 64), 0.02, np.float32)
    boundary[:, 31:34] = 0.95
    boundary[29:35, 31:34] = gap
    boundary[31:34, 8:20] = np.maximum(boundary[31:34, 8:20], spur)
    return boundary


def cells(boundary: np.ndarray) -> int:
    return int(label(boundary < 0.5, connectivity=1).max())


def test_a_gap_in_a_sure_membrane_is_closed():
    assert cells(two_cells()) == 1
    assert cells(closed(two_cells())) == 2


def test_a_membrane_that_ends_inside_a_cell_parts_nothing():
    assert cells(closed(two_cells(gap=0.95, spur=0.9))) == 2


def test_a_faint_line_across_a_cell_goes():
    faint = two_cells(gap=0.95)
    faint[31:34, :31] = 0.55  # from wall to wall, but never sure
    assert cells(faint) == 3
    whole = closed(faint, weight=5.0)
    assert cells(whole) == 2
    assert whole[31:34, 4:28].max() < 0.5


@pytest.mark.parametrize(("wall", "cut", "count"), [(0.4, 0.3, 1), (0.4, 0.5, 1), (0.8, 0.75, 2)])
def test_a_threshold_says_how_wide_boundaries_are_not_which_there_are(wall, cut, count):
    boundary = np.full((64, 64), 0.02, np.float32)
    boundary[:, 31:34] = wall
    assert label(closed(boundary) < cut, connectivity=1).max() == count


def test_a_spot_in_the_middle_of_a_cell_is_no_boundary():
    spot = two_cells(gap=0.95)
    spot[30:34, 12:16] = 0.9
    assert closed(spot)[30:34, 12:16].max() < 0.5
    assert closed(spot)[20, 30:35].max() > 0.8  # the wall stays


def test_pixels_away_from_borders_keep_their_probability():
    boundary = two_cells(gap=0.95)
    whole = closed(boundary)
    np.testing.assert_allclose(whole[5:60, 3:28], boundary[5:60, 3:28], atol=0.01)
    assert whole.dtype == np.float32
    assert whole.shape == boundary.shape


def test_without_any_cell_nothing_changes_and_nothing_fails():
    flat = np.full((16, 16), 0.9, np.float32)
    np.testing.assert_allclose(closed(flat), flat, atol=1e-3)
    np.testing.assert_allclose(closed(np.zeros((1, 1), np.float32)), 0, atol=1e-3)


@pytest.mark.parametrize("weight", [1.0, 5.0])
def test_calibration_undoes_a_weight_in_the_loss(weight):
    true = np.array([0.01, 0.2, 0.5, 0.9])
    taught = weight * true / (weight * true + 1 - true)  # what weighted cross-entropy leads to
    np.testing.assert_allclose(calibrated(taught, weight), true, atol=1e-5)


def test_the_other_classes_share_the_rest():
    given = np.array([0.5, 0.4, 0.1, 1.0, 0, 0], np.float32).reshape(2, 3).T[..., None]
    made = shared_out(given, 0, np.array([[0.2], [0.5]], np.float32), exclusive=True)
    np.testing.assert_allclose(made.sum(0), 1, rtol=1e-6)
    np.testing.assert_allclose(made[:, 0, 0], [0.2, 0.64, 0.16], rtol=1e-5)
    np.testing.assert_allclose(made[:, 1, 0], [0.5, 0.25, 0.25], rtol=1e-5)
    apart = shared_out(given, 0, np.array([[0.2], [0.5]], np.float32), exclusive=False)
    np.testing.assert_allclose(apart[1:], given[1:])
