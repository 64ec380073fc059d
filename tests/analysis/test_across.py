"""Borders in doubt are decided by the sections above and below, where these know better."""

import numpy as np
from scipy import ndimage

from faint_walls import COLUMNS, HIGH, ROWS, WIDE, cells
from napari_simgraph.analysis.across import evidence, likeness
from napari_simgraph.analysis.agglomeration import hierarchy
from napari_simgraph.analysis.closing import closed


def number(boundary, *beside):
    """How many cells there are when the closed boundary is cut at one half."""
    return ndimage.label(closed(boundary, 1.0, beside) < 0.5)[1]


def test_a_faint_wall_stands_where_it_stands_beside():
    doubtful = cells(0, [(1, 3), (2, 6)], to=0.35)
    assert number(doubtful) == ROWS * COLUMNS - 2
    assert number(doubtful, cells(1), cells(2)) == number(doubtful, cells(1)) == ROWS * COLUMNS


def test_a_doubtful_wall_falls_where_there_is_none_beside():
    doubtful, open_ = cells(0, [(1, 3)], to=0.6), cells(1, [(1, 3)], to=0.01)
    assert number(doubtful) == ROWS * COLUMNS
    assert number(doubtful, open_, open_) == ROWS * COLUMNS - 1


def test_a_sure_wall_stands_whatever_lies_beside():
    open_ = cells(1, [(1, 3)], to=0.01)
    assert number(cells(0), open_, open_) == ROWS * COLUMNS


def test_what_does_not_resemble_the_section_changes_nothing():
    doubtful = cells(0, [(1, 3), (2, 6)], to=0.35)
    noise = ndimage.gaussian_filter(np.random.default_rng(3).random(doubtful.shape), 4)
    other = np.clip((noise - noise.min()) / np.ptp(noise), 0, 1)
    flat = np.full_like(doubtful, 0.01)  # an empty section: one object
    for beside in (other, flat):
        assert number(doubtful, beside, beside) == number(doubtful)


def test_too_few_sure_borders_teach_nothing():
    own = hierarchy(cells(0)[:HIGH, : 3 * WIDE])
    assert not evidence(own, [own.cut(0.5)]).any()


def test_likeness_is_the_cosine_of_what_both_sides_lie_over():
    own = hierarchy(cells(0, [(1, 3)], to=0.35))
    objects = hierarchy(cells(1)).cut(0.5)
    found = likeness(own, objects)
    for at in range(0, len(found), 7):
        one, other = own.borders.one[at], own.borders.other[at]
        counts = [
            np.bincount(objects[own.fragments == side], minlength=objects.max() + 1)
            for side in (one, other)
        ]
        cosine = counts[0] @ counts[1] / np.linalg.norm(counts[0]) / np.linalg.norm(counts[1])
        np.testing.assert_allclose(found[at], cosine)
