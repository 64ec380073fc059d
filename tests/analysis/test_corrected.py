"""Corrected objects: merged by name, cut in tiles, every step undone to the last pixel."""

import numpy as np
import pytest

from napari_simgraph import run
from napari_simgraph.analysis import acts
from napari_simgraph.analysis.acts import Target
from napari_simgraph.analysis.corrected import Corrected
from napari_simgraph.analysis.id_table import IdTable

DEPTH, EDGE = 5, 300  # more than a tile


def numbers():
    """Object 1 left of a line of background in section 1 to 3, object 2 right of it, 9 apart."""
    made = np.zeros((DEPTH, EDGE, EDGE), np.uint32)
    made[1:4, 100:200, 100:150], made[1:4, 100:200, 151:200] = 1, 2
    made[:, 250:260, 20:280] = 9
    return made


@pytest.fixture
def objects():
    made = numbers()
    made.flags.writeable = False
    return Corrected(made, 9)


def at(objects, z=2, y=150, x=120, *, through=True):
    return Target(objects, (z, y, x), through)


def do(objects, act):
    step = run(act)
    objects.do(step)
    return step


def random_acts(objects, seed):
    """Twelve acts in any order, as a person might click them."""
    rng = np.random.default_rng(seed)
    for _ in range(12):
        z = int(rng.integers(DEPTH))
        there = np.unique(objects.section(z))
        there = there[there > 0]
        target = at(objects, z, through=bool(rng.integers(2)))
        kind = int(rng.integers(5))
        if not len(there):
            continue
        one, other = int(rng.choice(there)), int(rng.choice(there))
        try:
            if kind == 0:
                do(objects, acts.merge(target, one, other))
            elif kind == 1:
                x = int(rng.integers(100, 200))
                do(objects, acts.split(target, one, [(90, x), (270, x)]))
            elif kind == 2:
                do(objects, acts.delete(target, [one]))
            elif kind == 3:
                do(objects, acts.rounded(target, one, 2.0))
            else:
                objects[z, 10:20, 10:20] = rng.choice([one, int(objects.new_number()), 2])
                edit = objects.take_stroke()
                objects.add_stroke(acts.Step("Painted.", target.place, (one,), edit))
        except ValueError:
            continue


@pytest.mark.parametrize("seed", range(4))
def test_any_order_of_acts_goes_back_and_forth_exactly(objects, seed):
    seen = [np.asarray(objects)]
    objects.changed.connect(lambda: seen.append(np.asarray(objects)))
    random_acts(objects, seed)
    states = list(seen)
    assert len(objects.steps) > 2
    for state in reversed(states[:-1]):
        objects.undo()
        np.testing.assert_array_equal(np.asarray(objects), state)
    np.testing.assert_array_equal(np.asarray(objects), numbers())
    for state in states[1:]:
        objects.redo()
        np.testing.assert_array_equal(np.asarray(objects), state)
    assert objects.redo() is None


def test_merging_renames_and_closes_the_line_between(objects):
    step = do(objects, acts.merge(at(objects), 1, 2))
    assert step.said == "Merged 1 into 2 in all sections."
    assert step.renamed.after == {1: 2}
    merged = np.asarray(objects)
    assert (merged[1:4, 100:200, 100:200] == 2).all()
    assert [int((plane == 2).sum()) for plane in merged] == [0, 10_000, 10_000, 10_000, 0]
    assert len(step.edit.changes) == 3  # the line alone was written
    np.testing.assert_array_equal(np.asarray(objects.tiles.base), numbers())
    objects.original = True
    np.testing.assert_array_equal(np.asarray(objects), numbers())


def test_merging_in_this_section_leaves_the_others(objects):
    do(objects, acts.merge(at(objects, through=False), 1, 2))
    assert np.unique(objects[2]).tolist() == [0, 2, 9]
    assert np.unique(objects[1]).tolist() == [0, 1, 2, 9]
    with pytest.raises(ValueError, match="two different objects"):
        run(acts.merge(at(objects), 9, 9))


def test_a_line_splits_through_the_stack(objects):
    do(objects, acts.merge(at(objects), 1, 2))
    step = do(objects, acts.split(at(objects), 2, [(90, 130), (210, 130)]))
    new = step.objects[1]
    assert new == 10
    cut = np.asarray(objects)
    for z in (1, 2, 3):
        assert (cut[z, 100:200, 100:128] == new).all()
        assert (cut[z, 100:200, 133:200] == 2).all()
        assert not (cut[z, 100:200, 100:200] == 0).any()
    here = do(objects, acts.split(at(objects, through=False), 9, [(240, 150), (270, 150)]))
    assert np.unique(objects[2, 255]).tolist() == [0, 9, here.objects[1]]
    assert np.unique(objects[1, 255]).tolist() == [0, 9]
    with pytest.raises(ValueError, match="parts nothing"):
        run(acts.split(at(objects), 9, [(10, 10), (20, 10)]))


def test_deleted_objects_come_back_and_their_number_can_be_painted_again(objects):
    step = do(objects, acts.delete(at(objects), [1, 9]))
    assert step.said == "Deleted 2 objects."
    assert np.unique(objects).tolist() == [0, 2]
    objects[0, 5:9, 5:9] = 9
    assert np.unique(objects[0]).tolist() == [0, 9]
    objects.add_stroke(acts.Step("Painted 9.", (0, 5, 5), (9,), objects.take_stroke()))
    assert objects.locked.tolist() == [9]
    objects.undo()
    objects.undo()
    np.testing.assert_array_equal(np.asarray(objects), numbers())
    assert objects.locked.tolist() == []


def test_indexed_like_numpy(objects):
    plain = numbers()
    rows = np.array([150, 255, 0])
    for key in (2, -1, (1, 150), (slice(1, 3), slice(0, 300, 7), slice(90, 160)), ..., (..., 120)):
        np.testing.assert_array_equal(objects[key], plain[key])
    picked = (np.array([2, 0, 1]), rows, np.array([120, 30, 0]))
    np.testing.assert_array_equal(objects[picked], plain[picked])
    assert objects[2, 150, 120] == 1
    objects[picked] = plain[picked] = np.array([7, 8, 9])
    objects[3, 240:270, 240:270] = plain[3, 240:270, 240:270] = 4
    np.testing.assert_array_equal(np.asarray(objects), plain)


def test_flat_objects(objects):
    flat = Corrected(numbers()[2], 9)
    step = do(flat, acts.merge(at(flat, 0), 1, 2))
    assert step.said == "Merged 1 into 2."
    assert (flat[100:200, 100:200] == 2).all()
    do(flat, acts.split(at(flat, 0), 2, [(90, 130), (210, 130)]))
    assert np.unique(flat).tolist() == [0, 2, 9, 10]


def test_small_and_far_apart_numbers_are_renamed_alike():
    small, far = IdTable(), IdTable()
    small.rename({3: 7, 4: 0})
    far.rename({3: 7, 4: 0, 2**40: 3})
    block = np.array([[1, 3, 4, 7]])
    assert small.shown(block).tolist() == far.shown(block).tolist() == [[1, 7, 0, 7]]
    assert far.shown(np.array([[2**40]])).tolist() == [[3]]
    assert sorted(small.members(7)) == [3, 7]
