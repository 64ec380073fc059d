"""What counts as truth in a live session: what was painted and marked, nothing else."""

import numpy as np
import pytest

from live_driver import classes
from napari_simgraph.core.live import UNCHANGED, ClassChange, Region, Strokes
from napari_simgraph.learn.truth import Truth

ALL = ((0, 600), (0, 600))


def truth(*names):
    made = Truth((600, 600), 3)
    for change in classes(*(names or ("membrane", "cell"))):
        made.change(change)
    return made


def paint(value, top, left, edge=10, z=1):
    return Strokes(z, top, left, np.full((edge, edge), value, np.uint8))


def square(top, left, edge, kind="complete", rest=0, z=1):
    return Region(z, top, left, np.ones((edge, edge), bool), kind, rest)


def values(made, z=1):
    return made.known(z, *ALL).values


def test_strokes_count_as_given_and_all_else_is_unknown():
    made = truth()
    made.mark(paint(1, 250, 250))  # over four tiles
    part = np.array([[2, UNCHANGED], [0, UNCHANGED]], np.uint8)
    made.mark(Strokes(1, 250, 250, part))
    found = values(made)
    assert (found > 0).sum() == 99
    assert found[250:252, 250:252].tolist() == [[2, 1], [0, 1]]
    assert not values(made, 0).any()


def test_in_a_complete_region_everything_counts_and_outside_nothing():
    made = truth()
    made.mark(paint(1, 100, 100))
    made.mark(square(95, 95, 30))  # unpainted must be the class that is not painted in it
    found = values(made)
    assert (found == 1).sum() == 100
    assert (found == 2).sum() == 800
    made.mark(paint(0, 100, 100))  # erased: unpainted again
    assert (values(made) == 2).sum() == 900
    made.mark(square(95, 95, 30, "open"))
    assert not values(made).any()


def test_nothing_counts_in_an_excluded_region_until_it_is_opened():
    made = truth()
    made.mark(paint(1, 100, 100))
    made.mark(square(95, 95, 30, "exclude"))
    made.mark(paint(2, 120, 120))
    assert (values(made) > 0).sum() == 75
    assert [len(one.places) for one in made.said()] == [75]
    made.mark(square(95, 95, 30, "open"))
    assert (values(made) > 0).sum() == 200


def test_a_region_of_which_the_rest_is_unclear_is_told():
    made = truth("membrane", "cell", "synapse")
    made.mark(paint(1, 100, 100))
    with pytest.raises(ValueError, match="which class the unpainted"):
        made.mark(square(95, 95, 30))
    made.mark(square(95, 95, 30, rest=3))
    assert (values(made) == 3).sum() == 800


def test_classes_are_added_renamed_merged_and_removed_and_values_stay():
    made = truth("membrane", "cell", "synapse")
    for value in (1, 2, 3):
        made.mark(paint(value, 100 * value, 100))
    made.change(ClassChange("rename", 2, "cytoplasm"))
    made.change(ClassChange("merge", 1, into=3))
    assert (values(made) == 3).sum() == 200
    assert made.values == (2, 3)
    assert made.table().names == ("cytoplasm", "synapse")
    made.change(ClassChange("remove", 2))
    assert set(np.unique(values(made))) == {0, 3}
    with pytest.raises(ValueError, match="no class 2"):
        made.mark(paint(2, 10, 10))
    with pytest.raises(ValueError, match="already"):
        made.change(ClassChange("add", 4, "Synapse"))
    made.change(ClassChange("add", 4, "vesicle"))
    assert made.values == (3, 4)


def test_every_fifth_of_a_class_is_kept_aside_and_never_learned():
    made = truth()
    for number in range(10):
        made.mark(paint(1, 20 * number, 0))
        made.mark(paint(2, 20 * number, 100))
    kept = [one.number for one in made.said() if one.kept]
    assert kept == [5, 6, 15, 16]  # the third and the eighth of each
    learned = made.learned(1, *ALL)
    assert (learned > 0).sum() == 1600
    assert (values(made) > 0).sum() == 2000


def test_what_is_painted_over_belongs_to_the_last():
    made = truth()
    made.mark(paint(1, 100, 100))
    made.mark(paint(2, 100, 100))
    assert [(one.number, set(one.values.tolist())) for one in made.said()] == [(2, {2})]
