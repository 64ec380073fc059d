"""What corrections teach: walls where objects were cut, insides where they were joined."""

import numpy as np

from napari_simgraph import run
from napari_simgraph.analysis import acts
from napari_simgraph.analysis.blocks import Pace
from napari_simgraph.analysis.corrected import Corrected
from napari_simgraph.analysis.taught import Meaning, taught


def objects():
    made = np.zeros((3, 60, 90), np.uint32)
    made[:, 5:55, 5:40], made[:, 5:55, 41:80] = 1, 2
    return Corrected(made, 2)


def learn(made, inside, kinds=(0, 2, 2)):
    out = np.zeros(made.shape, np.uint8)
    said = run(taught(made, Meaning(1, inside, np.array(kinds, np.uint8)), out, Pace(1)))
    return said, out


def test_a_split_is_a_wall_in_the_section_that_was_looked_at():
    made = objects()
    made.do(run(acts.split(acts.Target(made, (1, 30, 20)), 1, [(0, 20), (59, 20)])))
    said, out = learn(made, inside=2)
    assert said == 1
    assert not out[[0, 2]].any()
    assert (out[1, 10:50, 17:24] == 1).any(1).all()
    assert (out[1, 10:50, 10:15] == 2).all()
    assert (out[1, 10:50, 40] == 1).all()  # the wall to the next object
    assert not out[1, 10:50, 45:].any()  # which nobody corrected
    assert set(np.unique(learn(made, inside=0)[1])) == {0, 1}  # what lies inside is not known


def test_where_a_wall_was_taken_away_is_inside():
    made = objects()
    made.do(run(acts.merge(acts.Target(made, (1, 30, 20)), 2, 1)))
    _, out = learn(made, inside=0)
    assert (out[1, 10:50, 40] == 2).all()
    assert not out[1, 10:50, 50:75].any()
    made.undo()
    assert learn(made, inside=0)[0] == 0


def test_strokes_stay_as_they_were_painted():
    made = objects()
    made.do(run(acts.merge(acts.Target(made, (1, 30, 20)), 2, 1)))
    out = np.zeros(made.shape, np.uint8)
    out[1, 30, 40] = 3
    run(taught(made, Meaning(1, 2, np.zeros(3, np.uint8)), out, Pace(1)))
    assert out[1, 30, 40] == 3
