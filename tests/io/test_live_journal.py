"""The journal of a live session: what was written comes back, also where a line was cut off."""

import numpy as np

from napari_simgraph.core.live import ClassChange, Field, History, Region, Strokes
from napari_simgraph.io.live_journal import LiveJournal


def events():
    values = np.array([[1, 255], [0, 2]], np.uint8)
    yield ClassChange("add", 1, "membrane", "#F0E442")
    yield Strokes(3, 10, -2, values)
    yield Region(3, 0, 0, np.array([[True, False, True]]), rest=2)


def test_events_settings_and_marks_come_back(tmp_path):
    journal = LiveJournal(tmp_path / "new" / "live.jsonl")
    assert journal.read().history == History()
    journal.mark(1, 1)
    journal.begin({"seed": 3}, anew=True)
    for event in events():
        journal.add(event)
        journal.add(Field(0, 0, 0, 5, 5))  # says nothing that is true
    journal.mark(3, 40)
    journal.begin({"seed": 3}, anew=False)
    told = journal.read()
    assert told.settings == {"seed": 3}
    assert told.history.marks == ((3, 40),)
    change, strokes, region = told.history.events
    assert change == next(events())
    assert (strokes.z, strokes.top, strokes.left) == (3, 10, -2)
    np.testing.assert_array_equal(strokes.values, [[1, 255], [0, 2]])
    assert (region.kind, region.rest, region.mask.dtype) == ("complete", 2, bool)


def test_a_line_that_was_cut_off_takes_no_other_along(tmp_path):
    path = tmp_path / "live.jsonl"
    journal = LiveJournal(path)
    for event in events():
        journal.add(event)
    path.write_bytes(path.read_bytes()[:-30])
    journal.add(ClassChange("remove", 1))
    kinds = [type(event).__name__ for event in journal.read().history.events]
    assert kinds == ["ClassChange", "Strokes", "ClassChange"]
