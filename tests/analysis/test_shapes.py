"""Cutting, filling in between, rounding: shapes of known size."""

import numpy as np
import pytest

from napari_simgraph import run
from napari_simgraph.analysis import acts
from napari_simgraph.analysis.between import between, smooth
from napari_simgraph.analysis.corrected import Corrected
from napari_simgraph.analysis.cutting import cut, follow

Y, X = np.mgrid[:120, :120]


def disc(y, x, radius):
    return (Y - y) ** 2 + (X - x) ** 2 <= radius**2


def dice(one, other):
    return 2 * (one & other).sum() / (one.sum() + other.sum())


def test_a_line_from_side_to_side_parts_at_the_line():
    mask = np.zeros((120, 120), bool)
    mask[20:100, 10:110] = True
    halves = cut(mask, [(10, 50), (110, 50)])
    assert (halves.one ^ halves.other)[mask].all()
    columns = {int(np.flatnonzero(half.any(0))[0]) for half in halves}
    assert columns <= {10, 49, 50, 51, 52}
    assert cut(mask, [(5, 0), (5, 110)]) is None


def test_a_line_that_ends_inside_is_gone_on_with_at_equal_distance():
    mask = disc(60, 60, 40)
    halves = cut(mask, [(15, 60), (60, 60)])
    sizes = [half.sum() / mask.sum() for half in halves]
    assert sum(sizes) == 1
    assert min(sizes) > 0.4


def test_a_bent_line():
    mask = np.ones((120, 120), bool)
    halves = cut(mask, [(0, 40), (60, 40), (60, 119)])
    corner = min(halves, key=np.sum)
    assert dice(corner, (Y < 60) & (X > 40)) > 0.97


def test_parts_go_on_by_overlap_and_what_overlaps_both_is_cut():
    before = cut(disc(60, 60, 30), [(0, 60), (119, 60)])
    parts = follow(disc(62, 63, 30), before)
    assert (parts.one | parts.other).sum() == disc(62, 63, 30).sum()
    assert not (parts.one & parts.other).any()
    assert abs(int(parts.one.sum()) - int(parts.other.sum())) < 0.3 * parts.one.sum()
    two = disc(60, 40, 12) | disc(60, 80, 12)  # fell apart: each piece goes whole to one part
    apart = follow(two, before)
    assert {int(part.sum()) for part in apart} == {int(disc(60, 40, 12).sum())}


def test_between_two_discs_lies_a_disc():
    masks = between(disc(60, 60, 10), disc(60, 60, 30), 3)
    for mask, radius in zip(masks, (15, 20, 25), strict=True):
        assert dice(mask, disc(60, 60, radius)) > 0.97


def test_what_moved_is_followed():
    (middle,) = between(disc(40, 30, 10), disc(40, 60, 10), 1)
    assert dice(middle, disc(40, 45, 10)) > 0.95
    one, other = disc(20, 20, 8) | disc(90, 90, 8), disc(24, 20, 8) | disc(90, 64, 8)
    (both,) = between(one, other, 1)
    assert dice(both, disc(22, 20, 8) | disc(90, 77, 8)) > 0.94
    (none,) = between(disc(10, 10, 4), disc(110, 110, 4), 1)
    assert not none.any()


def test_smoothing_takes_off_pimples_and_keeps_the_size():
    rough = disc(60, 60, 25)
    rough[60, 85:92] = True
    rough[60, 36:40] = False
    rounder = smooth(rough, 2.0)
    assert not rounder[60, 88:].any()
    assert rounder[60, 37]
    assert abs(int(rounder.sum()) - disc(60, 60, 25).sum()) < 0.03 * rounder.sum()


def test_a_gap_is_the_one_in_view():
    there = [False, True, False, False, True, False, True]
    assert acts.gap(there, 2) == (1, 4)
    assert acts.gap(there, 4) == (1, 4)
    assert acts.gap(there, 6) == (4, 6)
    assert acts.gap(there, 0) is None
    assert acts.gap([True, True], 1) is None


def test_an_object_is_filled_between_and_never_over_another():
    made = np.zeros((5, 120, 120), np.uint32)
    made[0][disc(60, 60, 20)] = made[3][disc(60, 60, 20)] = 4
    made[1, :60] = 8
    objects = Corrected(made, 8)
    step = run(acts.fill_between(acts.Target(objects, (3, 60, 60)), 4))
    assert step.said == "Filled z 1 and z 2. Check them with Q and W."
    objects.do(step)
    assert dice(objects[2] == 4, disc(60, 60, 20)) == 1
    assert (objects[1, :60] == 8).all()
    with pytest.raises(ValueError, match="two sections first"):
        run(acts.fill_between(acts.Target(objects, (3, 60, 60)), 4))


def test_where_nothing_can_be_filled_between_nothing_is_said_to_be():
    made = np.zeros((6, 120, 120), np.uint32)
    made[0][disc(60, 60, 20)] = made[5][disc(60, 60, 20)] = 4
    made[1:3] = made[4] = 8
    objects = Corrected(made, 8)
    step = run(acts.fill_between(acts.Target(objects, (0, 60, 60)), 4))
    assert step.said.startswith("Filled z 3.")
    objects.do(step)
    made[3] = 8
    with pytest.raises(ValueError, match="too far apart, or other objects"):
        run(acts.fill_between(acts.Target(Corrected(made, 8), (0, 60, 60)), 4))
    assert acts.say_filled([3, 5, 8]) == "Filled z 3, z 5 and z 8."
    assert acts.say_filled([3, 4, 5]) == "Filled z 3 to z 5."
