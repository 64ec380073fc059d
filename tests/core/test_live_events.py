"""Events and answers of a live session survive JSON; a history says when what was learned."""

import json

import numpy as np
import pytest

from napari_simgraph.core.live import (
    UNCHANGED,
    Answer,
    ClassChange,
    Field,
    History,
    Place,
    Region,
    Scores,
    Seek,
    Strokes,
)
from napari_simgraph.core.live_parts import joined, parts

PLANE = np.array([[0, 1, UNCHANGED]], np.uint8)
ONES = [
    Strokes(3, 10, 20, PLANE),
    Region(3, 10, 20, PLANE > 0, "exclude"),
    Field(0, -5, 0, 100, 200),
    ClassChange("merge", 2, into=1),
    Seek(((1, 2, 3), (4, 5, 6))),
    Answer(0, 1, 2, PLANE, PLANE[None], PLANE, (1, 3), "U-Net", Scores(0.5, None, 0.2, {3: 0.5})),
    Place(1, 2, 3, 200),
]


@pytest.mark.parametrize("one", ONES, ids=lambda one: type(one).__name__)
def test_each_comes_back_from_json_and_arrays(one):
    info, arrays = parts(one)
    again = joined(json.loads(json.dumps(info)), arrays)
    assert type(again) is type(one)
    info_again, arrays_again = parts(again)
    assert info_again == info
    for name, array in arrays.items():
        assert arrays_again[name].dtype == array.dtype
        assert np.array_equal(arrays_again[name], array)


def test_what_is_none_of_ours_is_told():
    with pytest.raises(ValueError, match="no event"):
        joined({"is": "Model"})
    with pytest.raises(ValueError, match="damaged"):
        joined({"is": "Field", "z": 1})


def test_a_stroke_is_a_plane():
    with pytest.raises(ValueError, match="plane"):
        Strokes(0, 0, 0, np.zeros((2, 2, 2), np.uint8))


def test_a_history_says_which_events_came_together_and_when():
    events = [Strokes(z, 0, 0, PLANE) for z in range(5)]
    marks = ((1, 0), (3, 0), (3, 40), (4, 55), (4, 90))
    history = History((events[0], Field(0, 0, 0, 9, 9), *events[1:]), marks)
    groups = [(steps, [one.z for one in group]) for steps, group in history.groups()]
    # the last was sent, but the window was gone before it was answered
    assert groups == [(0, [0]), (0, [1, 2]), (55, [3]), (90, [4])]
    assert history.steps == 90
    assert History().groups() == []
