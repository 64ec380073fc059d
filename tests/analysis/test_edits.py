"""Edits of objects in place: what changes, what comes back, how little is remembered."""

import numpy as np
import pytest

from napari_simgraph import run
from napari_simgraph.analysis import edits
from napari_simgraph.analysis.blocks import Pace, Volume
from napari_simgraph.analysis.components import Neighbours
from napari_simgraph.core.job import Signal


def numbers():
    """Object 3 in sections 0 and 1, object 9 with a hole beside it."""
    made = np.zeros((3, 20, 30), np.uint16)
    made[:2, 2:6, 2:9], made[1, 10:18, 10:28] = 3, 9
    made[1, 12:14, 12:14] = 0
    return made


WHOLE = (slice(0, 3), slice(0, 20), slice(0, 30))
BOX = (slice(1, 2), slice(10, 18), slice(10, 28))


@pytest.mark.parametrize("box", [WHOLE, BOX])
def test_removed_undone_and_done_again(box):
    array = numbers()
    volume = Volume(array, 3)
    edit = run(edits.remove(volume, np.array([9]), box, Pace(1)))
    assert np.unique(array).tolist() == [0, 3]
    edit.undo(volume)
    np.testing.assert_array_equal(array, numbers())
    edit.redo(volume)
    assert np.unique(array).tolist() == [0, 3]


def test_holes_of_some_objects_are_filled_inside_their_box():
    array = numbers()
    volume, scratch = Volume(array, 3), Volume(np.zeros((1, 8, 18), np.int32), 3)
    how = (BOX, Neighbours())
    none = run(edits.fill(volume, np.array([3]), scratch, how, Pace(1)))
    assert not len(none.ids)
    assert not none.edit.changes
    edit, ids = run(edits.fill(volume, np.array([9]), scratch, how, Pace(1)))
    assert ids.tolist() == [9]
    assert (array[1, 10:18, 10:28] == 9).all()
    edit.undo(volume)
    np.testing.assert_array_equal(array, numbers())


def test_flat_labels_are_edited_too():
    array = numbers()[1]
    edit = run(edits.remove(Volume(array, 2), np.array([3]), (slice(0, 1), *WHOLE[1:]), Pace(1)))
    assert np.unique(array).tolist() == [0, 9]
    edit.undo(Volume(array, 2))
    np.testing.assert_array_equal(array, numbers()[1])


def test_stopped_it_can_still_be_undone():
    array = numbers()
    job = edits.remove(Volume(array, 3), np.array([3]), WHOLE, Pace(1))
    edit = run(job, lambda tick: Signal.STOP)
    assert (array[0] == 0).all()
    assert (array[1] == 3).any()
    edit.undo(Volume(array, 3))
    np.testing.assert_array_equal(array, numbers())


def test_a_large_edit_takes_little_memory():
    array = np.ones((20, 500, 500), np.int32)
    whole = tuple(slice(0, n) for n in array.shape)
    edit = run(edits.remove(Volume(array, 3), np.array([1]), whole, Pace(1)))
    packed = sum(len(change.before) + len(change.after) for change in edit.changes)
    assert packed < array.nbytes / 50
