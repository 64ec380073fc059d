"""Later runs: what was corrected stays, what is the same keeps its number, changes are counted."""

import numpy as np

from napari_simgraph import run
from napari_simgraph.analysis import acts
from napari_simgraph.analysis.blocks import Pace, Volume
from napari_simgraph.analysis.corrected import Corrected
from napari_simgraph.analysis.keeping import compare, keep_corrected


def before():
    made = np.zeros((2, 40, 90), np.uint32)
    made[:, 5:35, 5:25], made[:, 5:35, 26:45], made[:, 5:35, 50:65], made[:, 5:35, 70:85] = (
        1,
        2,
        3,
        4,
    )
    return made


def test_corrected_objects_stay_and_others_keep_their_numbers():
    old = Corrected(before(), 4)
    old.do(run(acts.merge(acts.Target(old, (0, 10, 10)), 2, 1)))
    old.do(run(acts.delete(acts.Target(old, (0, 10, 75)), [4])))
    made = np.zeros_like(before())
    made[:, 5:35, 5:30], made[:, 5:35, 31:48] = 7, 5  # the merged object, told apart again
    made[:, 6:35, 50:65], made[:, 5:35, 70:86], made[:, 36:39, 5:80] = 1, 2, 3
    numbers = run(keep_corrected(made, old, Pace(1)))
    kept = np.asarray(old) == 1
    np.testing.assert_array_equal(made == 1, kept)
    assert (made[:, 6:35, 50:65] == 3).all()
    assert (made[:, 5:35, 70:85] == 0).all()  # deleted stays deleted
    assert numbers[1] == 3
    assert set(np.unique(made)) == {0, 1, 3, int(numbers[3]), int(numbers[5]), int(numbers[2])}
    assert min(numbers[3], numbers[5]) > 4


def test_joined_and_split_objects_are_counted():
    old = before()
    new = old.copy()
    new[new == 2] = 1
    new[:, 20:35, 50:65] = 9
    found = run(compare(Volume(new, 3), Volume(old, 3), Pace(1)))
    assert found.joined.tolist() == [1]
    assert found.split.tolist() == [3]
    assert found.changed == (2 * 30 * 19 + 2 * 15 * 15) / new.size
    renumbered = np.where(old > 0, 5 - old, 0)
    again = run(compare(Volume(renumbered, 3), Volume(old, 3), Pace(1)))
    assert (again.changed, len(again.joined), len(again.split)) == (0, 0, 0)
