"""A live session: right answers from few strokes, explicit truth, the same answers again."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from live_driver import WHOLE, Session, classes, stroke
from napari_simgraph import Image, Labels, MemoryRoom, run
from napari_simgraph.capabilities import segmentation
from napari_simgraph.core.live import (
    FILTERS,
    UNCHANGED,
    ClassChange,
    Field,
    History,
    Region,
    Seek,
    Strokes,
)
from napari_simgraph.learn import live, live_keeper, pupil, quick
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


def test_getting_ready_leaves_no_trace():
    before = torch.get_num_threads(), torch.random.get_rng_state()
    segmentation.get_ready()
    assert torch.get_num_threads() == before[0]
    assert torch.equal(torch.random.get_rng_state(), before[1])


def test_three_strokes_are_enough_for_a_first_answer_which_a_correction_betters():
    session = Session(toy_image(), precision="full")  # in bfloat16 a few pixels in 10,000 differ
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
    config = replace(PLAIN, precision="full")
    made = run(segmentation.apply(model, toy_image(), config=config, room=MemoryRoom()))
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


def test_what_is_on_screen_is_looked_at_before_anything_is_painted(monkeypatch):
    session = Session(toy_image())
    session.do(*NAMES, WHOLE)
    monkeypatch.setattr(quick.Bank, "_compute", None)  # features are there
    first = session.do(*FIRST)
    assert right(first) > 0.85
    again = Session(toy_image())
    monkeypatch.undo()
    assert np.array_equal(again.do(*NAMES, WHOLE, *FIRST).chances, first.chances)


def test_strokes_that_come_just_before_the_end_are_learned_too():
    session = Session(toy_image())
    session.do(*NAMES, WHOLE)
    assert not session.answers
    for one in FIRST:
        session.send(one)
    model = session.stop()
    assert model.data["strokes"] == 3
    made = run(segmentation.apply(model, toy_image(), config=PLAIN, room=MemoryRoom()))
    assert (made.classes.read() == TRUTH).mean() > 0.85


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


def test_answers_are_the_same_again_from_the_journal_and_quick_where_it_was_kept(monkeypatch):
    monkeypatch.setattr(live, "CHECK", 4)
    monkeypatch.setattr(live_keeper, "_SECONDS", 0.0)
    session = Session(toy_image(), rest=8)
    parts = [(*NAMES, WHOLE), FIRST]
    parts += [(stroke(TRUTH, 2, 56, 80, 8, 8), stroke(TRUTH, 1, 60, 4, 4, 30))]
    parts += [(stroke(TRUTH, 2, 70, 60, 4, 30),)]
    last = [session.do(*events) for events in parts][-1]
    assert session.marks()[-1] == (6 + 3, 16)
    history = History(tuple(event for events in parts for event in events), session.marks())
    again = Session(toy_image(), history=history, rest=8)
    same = again.do()
    assert np.array_equal(same.chances, last.chances)
    assert (same.events, len(again.answers)) == (9, 1)

    def refuse(*_):
        raise RuntimeError("learned again")

    monkeypatch.setattr(pupil.Pupil, "learn", refuse)
    soon = Session(toy_image(), history=history, rest=8, room=session.room)
    assert np.array_equal(soon.do().chances, last.chances)
    with pytest.raises(RuntimeError, match="learned again"):  # that was kept by another session
        Session(toy_image(), history=history, rest=8, room=session.room, seed=1).do()


def test_classes_change_in_mid_session():
    session = Session(toy_image(), rest=2)
    first = session.do(*NAMES, WHOLE, *FIRST)
    assert first.values == (1, 2, 3)
    merged = session.do(ClassChange("merge", 3, into=1))
    assert merged.values == (1, 2)
    assert merged.chances.shape == (2, 96, 96)
    added = session.do(ClassChange("add", 4, "disc again"))
    assert added.values == (1, 2)  # nothing of it was painted yet
    disc = stroke(TRUTH, 3, 28, 56, 8, 20)
    disc.values[disc.values == 3] = 4
    painted = session.do(disc)
    assert painted.values == (1, 2, 4)
    assert (painted.classes[30:34, 60:66] == 4).mean() > 0.8
    session.do(ClassChange("rename", 4, "droplet"))
    assert session.stop().classes.names == ("stripes", "grain", "droplet")


def test_a_boundary_that_is_called_otherwise_by_now_is_still_the_boundary():
    session = Session(toy_image(), boundary="stripes")
    session.do(*NAMES, WHOLE, *FIRST)
    session.do(ClassChange("rename", 1, "wall"), ClassChange("merge", 1, into=3))
    assert session.stop().boundary == "disc"
    gone = Session(toy_image(), boundary="disc")
    gone.do(*NAMES, WHOLE, *FIRST, ClassChange("remove", 3))
    assert gone.stop().boundary == ""
    unpainted = Session(toy_image(), boundary="disc")
    unpainted.do(*NAMES, WHOLE, *FIRST[:2])
    assert unpainted.stop().boundary == ""


def test_the_network_answers_where_it_is_better_and_its_model_applies():
    model = session_model()
    assert model.network["name"] == "unet"
    session = Session(toy_image(), start=model, rest=4)
    at_once = session.do(WHOLE)
    assert at_once.by == "U-Net"
    made = run(segmentation.apply(model, toy_image(), config=PLAIN, room=MemoryRoom()))
    assert (made.classes.read() == at_once.classes).mean() > 0.99
    place = session.do(Seek()) and session.places[-1]
    assert place.unsure >= 0
    session.do(Seek(((place.z, place.y, place.x),)))
    again = session.places[-1]
    assert (again.y - place.y) ** 2 + (again.x - place.x) ** 2 > 60**2 or again.unsure < 0
    assert session.stop().fingerprint == model.fingerprint  # nothing was painted


def session_model():
    config = segmentation.Train(
        minutes=0, steps=2, width=4, depth=2, patch=32, device="cpu", threads=1, holdout="none"
    )
    labels = Labels(TRUTH, classes=CLASSES)
    return run(segmentation.train(toy_image(), labels, config=config, room=MemoryRoom()))


def test_colour_in_a_lazy_stack_is_read_around_the_field_only():
    read = []

    class Lazy:
        shape, dtype = (3, 2000, 2000, 3), np.dtype(np.uint16)

        def __getitem__(self, box):
            read.append(box)
            shape = [len(range(*s.indices(n))) for s, n in zip(box[1:], (2000, 2000), strict=False)]
            y, x = np.mgrid[: shape[0], : shape[1]]
            grey = 2000 + 1000 * (x % 2 if box[1].start >= 1000 else y % 2)
            return np.repeat(grey[..., None], 3, -1).astype(np.uint16)

    session = Session(Image(Lazy(), axes="ZYXC"), rest=0)
    left, right = (
        Strokes(1, 980, at, np.full((5, 40), value, np.uint8)) for value, at in ((1, 900), (2, 960))
    )
    before = len(read)
    answer = session.do(*classes("a", "b"), Field(1, 950, 900, 1010, 1000), left, right)
    assert answer.classes.shape == (60, 100)
    pixels = sum(np.prod([s.stop - s.start for s in box[1:3]]) for box in read[before:])
    assert pixels < 70 * 128**2 + 8 * 400**2


def test_labels_that_are_there_count_as_strokes_and_a_region_counts_whole():
    painted = np.zeros((96, 96), np.uint8)
    for one in FIRST[:2]:
        box = (slice(one.top, one.top + 4), slice(one.left, one.left + 30))
        painted[box] = one.values % UNCHANGED
    session = Session(toy_image(), Labels(painted, classes=CLASSES))
    first = session.do(WHOLE)
    assert first.strokes == 3  # a disc parts the first one
    region = Region(0, 12, 0, np.ones((24, 24), bool), "complete", 1)
    session.do(FIRST[2], region)
    assert session.answers[-1].strokes == 5
    assert not any(note.warning for note in session.notes)
