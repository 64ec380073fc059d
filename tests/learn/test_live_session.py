"""A live session: right answers from few strokes, explicit truth, the same answers again."""

import numpy as np
import pytest

from live_driver import WHOLE, Session, classes, stroke
from napari_simgraph import Image, Labels, MemoryRoom, run
from napari_simgraph.capabilities import segmentation
from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.live import (
    FILTERS,
    ClassChange,
    Field,
    History,
    Region,
    Seek,
    Strokes,
)
from toy import CLASSES, toy_image, toy_truth

TRUTH = toy_truth()
NAMES = classes("stripes", "grain", "disc")
FIRST = [
    stroke(TRUTH, 1, 20, 4, 4, 30),
    stroke(TRUTH, 2, 20, 60, 4, 30),
    stroke(TRUTH, 3, 16, 10, 6, 20),
]


def right(answer):
    """Share of pixels with the right class."""
    truth = TRUTH[answer.top :, answer.left :][: answer.classes.shape[0], : answer.classes.shape[1]]
    return float((answer.classes == truth).mean())


def test_three_strokes_are_enough_for_a_first_answer_which_a_correction_betters():
    session = Session(toy_image())
    first = session.do(*NAMES, WHOLE, *FIRST)
    assert first.by == FILTERS
    assert first.classes.shape == (96, 96)
    assert first.values == (1, 2, 3)
    assert right(first) > 0.85
    assert first.strokes == 3
    odd = stroke(TRUTH, 2, 56, 80, 8, 8)
    wrong = [one.classes[56:64, 80:88] != 2 for one in (first, session.do(odd))]
    assert wrong[1].mean() < max(0.05, wrong[0].mean())
    model = session.stop()
    made = run(segmentation.apply(model, toy_image(), config=PLAIN, room=MemoryRoom()))
    assert np.array_equal(made.classes.read(), session.answers[-1].classes)
    assert made.classes.classes.names == ("stripes", "grain", "disc")


PLAIN = segmentation.Apply(average="none", boundaries="raw", device="cpu", threads=1)


def test_a_field_is_answered_where_it_is_and_none_without_a_field():
    session = Session(toy_image())
    assert session.do(*NAMES, *FIRST) is None
    answer = session.do(Field(0, -20, 50, 40, 500))
    assert (answer.z, answer.top, answer.left) == (0, 0, 50)
    assert answer.classes.shape == (40, 46)
    assert answer.chances.shape == (3, 40, 46)
    assert answer.unsure.max() > answer.unsure.min()
    whole = session.do(WHOLE)
    assert np.array_equal(whole.classes[:40, 50:], answer.classes)


def test_what_is_missing_is_told_and_wrong_input_gets_a_sentence():
    session = Session(toy_image())
    assert session.do(*NAMES, WHOLE) is None
    assert "stroke of each class" in session.notes[-1].text
    session.do(FIRST[0])
    assert "second class" in session.notes[-1].text
    session.do(Strokes(0, 90, 90, np.ones((10, 10), np.uint8)))
    assert any("outside the image" in note.text for note in session.notes)
    session.do(Strokes(0, 0, 0, np.full((2, 2), 7, np.uint8)))
    assert any("no class 7" in note.text for note in session.notes)
    with pytest.raises(ValueError, match="second class"):
        session.stop()
    other = Labels(np.zeros((40, 40), np.uint8), classes=CLASSES)
    with pytest.raises(ValueError, match="another shape"):
        Session(toy_image(), other).do()


def test_answers_are_the_same_again_from_the_journal():
    session = Session(toy_image(), rest=30)
    session.do(*NAMES, WHOLE)
    session.do(*FIRST)
    session.do(stroke(TRUTH, 2, 56, 80, 8, 8), stroke(TRUTH, 1, 60, 4, 4, 30))
    events = (*NAMES, WHOLE, *FIRST)
    events += (stroke(TRUTH, 2, 56, 80, 8, 8), stroke(TRUTH, 1, 60, 4, 4, 30))
    last = session.do(stroke(TRUTH, 2, 70, 60, 4, 30))
    events += (stroke(TRUTH, 2, 70, 60, 4, 30),)
    again = Session(toy_image(), history=History(events, session.marks()), rest=30)
    same = again.do()
    assert np.array_equal(same.chances, last.chances)
    assert same.events == last.events
    assert len(again.answers) == 1
