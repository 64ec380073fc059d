"""Edits of objects: what changes, what comes back, how little is remembered."""

import numpy as np

from napari_simgraph import run
from napari_simgraph.analysis import acts
from napari_simgraph.analysis.acts import Target
from napari_simgraph.analysis.blocks import Volume
from napari_simgraph.analysis.components import Neighbours
from napari_simgraph.analysis.corrected import Corrected
from napari_simgraph.analysis.filling import fill_holes
from napari_simgraph.analysis.step_records import record, replay


def numbers():
    """Object 3 in sections 0 and 1, object 9 with a hole beside it."""
    made = np.zeros((3, 20, 30), np.uint16)
    made[:2, 2:6, 2:9], made[1, 10:18, 10:28] = 3, 9
    made[1, 12:14, 12:14] = 0
    return made


BOX = (slice(1, 2), slice(10, 18), slice(10, 28))


def test_holes_of_some_objects_are_filled_inside_their_box():
    objects = Corrected(numbers(), 9)
    at, how = Target(objects, (1, 12, 12)), (BOX, Neighbours())
    scratch = Volume(np.zeros((1, 8, 18), np.int32), 3)
    none = run(fill_holes(at, np.array([3]), scratch, how))
    assert not none.objects
    assert not none.changes
    step = run(fill_holes(at, np.array([9]), scratch, how))
    assert step.objects == (9,)
    objects.do(step)
    assert (objects[1, 10:18, 10:28] == 9).all()
    objects.undo()
    np.testing.assert_array_equal(objects, numbers())


def test_a_large_edit_takes_little_memory():
    array = np.ones((4, 500, 500), np.int32)
    objects = Corrected(array, 1)
    for z in range(4):
        objects.do(run(acts.delete(Target(objects, (z, 0, 0), through=False), [1])))
    packed = sum(len(c.before) + len(c.after) for step in objects.steps for c in step.edit.changes)
    assert not np.asarray(objects).any()
    assert packed < array.nbytes / 50


def test_a_journal_played_back_gives_the_same_objects():
    objects, told = Corrected(numbers(), 9), []
    for act in (
        acts.merge(Target(objects, (1, 4, 4)), 3, 9),
        acts.split(Target(objects, (1, 14, 20)), 9, [(8, 20), (20, 20)]),
        acts.delete(Target(objects, (0, 3, 3), through=False), [9]),
    ):
        step = run(act)
        objects.do(step)
        told.append(record(step))
    objects.undo()
    told.append({"event": "undo"})
    again = Corrected(numbers(), 9)
    assert replay(again, [*told, {"event": "step", "said": "cut off"}]) == 4
    np.testing.assert_array_equal(again, objects)
    assert again.locked.tolist() == objects.locked.tolist()
    assert [step.said for step in again.undone] == ["Deleted object 9 in section 0."]
    again.undo()
    again.undo()
    np.testing.assert_array_equal(again, numbers())
