"""The journal of a live session: what is in it is whole, whatever happened to its last record."""

import numpy as np
import pytest

from napari_simgraph.core.live import Answer, ClassChange, Field, Region, Strokes
from napari_simgraph.core.live_parts import parts
from napari_simgraph.io.journal import Journal, read_history

PLANE = np.array([[0, 1, 255], [2, 2, 0]], np.uint8)
EVENTS = [
    ClassChange("add", 1, "Membran ä", "#123456"),
    Field(0, 0, 0, 9, 9),
    Strokes(2, 3, 4, PLANE),
    Region(2, 3, 4, PLANE > 0, "complete", 1),
]
ANSWER = Answer(0, 0, 0, PLANE, PLANE[None], PLANE, (1,), "U-Net", events=3, steps=70)


def written(path):
    journal = Journal(path, {"image": "abc"})
    for event in EVENTS:
        journal.event(event)
    journal.answer(ANSWER)
    return journal


def same(one, other):
    (info, arrays), (info_other, arrays_other) = parts(one), parts(other)
    return info == info_other and all(np.array_equal(a, arrays_other[k]) for k, a in arrays.items())


def test_what_was_kept_comes_back(tmp_path):
    history = written(tmp_path / "live.journal").history()
    assert len(history.events) == len(EVENTS)
    assert all(map(same, history.events, EVENTS))
    assert history.marks == ((3, 70),)
    assert Journal(tmp_path / "live.journal").about == {"image": "abc"}


@pytest.mark.parametrize("lost", [1, 7, 12])
def test_a_torn_last_record_is_dropped_and_the_journal_goes_on(tmp_path, lost):
    path = tmp_path / "live.journal"
    written(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-lost])
    assert read_history(path).marks == ()
    again = Journal(path)
    again.event(EVENTS[0])
    history = read_history(path)
    assert len(history.events) == len(EVENTS) + 1
    assert same(history.events[-1], EVENTS[0])


def test_nothing_is_lost_that_was_written_before_damage(tmp_path):
    path = tmp_path / "live.journal"
    written(path)
    content = bytearray(path.read_bytes())
    content[-3] ^= 0xFF
    path.write_bytes(content)
    assert len(read_history(path).events) == len(EVENTS)


def test_another_file_is_told_and_left_alone(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("this is not a journal at all")
    with pytest.raises(ValueError, match="no journal"):
        Journal(path)
    assert path.read_text() == "this is not a journal at all"
