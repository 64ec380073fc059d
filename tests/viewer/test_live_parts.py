"""What live learning is made of, without a window: shadow, tally, class book, outlines, words."""

import numpy as np
import pytest

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.live import (
    FILTERS,
    NETWORK,
    UNCHANGED,
    Answer,
    ClassChange,
    Region,
    Scores,
    Strokes,
)
from napari_simgraph.viewer.live.book import ClassBook
from napari_simgraph.viewer.live.outlines import outline, region_of, same
from napari_simgraph.viewer.live.shadow import Shadow, Tally
from napari_simgraph.viewer.live.words import say_answer, say_first, say_why


def whole(pixels):
    return tuple(slice(0, n) for n in pixels.shape)


def test_a_stroke_is_the_smallest_box_of_what_differs_and_is_told_once():
    shadow, pixels = Shadow((8, 9)), np.zeros((8, 9), int)
    assert shadow.differing(pixels, 2, (0, 0), whole(pixels)) == []
    pixels[3, 2:6], pixels[4, 3] = 2, 700  # no class has such a value
    (stroke,) = shadow.differing(pixels, 2, (0, 0), whole(pixels))
    assert (stroke.z, stroke.top, stroke.left) == (2, 3, 2)
    np.testing.assert_array_equal(stroke.values, [[2, 2, 2, 2]])
    assert shadow.differing(pixels, 2, (0, 0), whole(pixels)) == []
    pixels[3, 3] = 0
    (erased,) = shadow.differing(pixels, 2, (0, 0), whole(pixels))
    assert erased.values.tolist() == [[0]]
    assert shadow.sections == [2]


def test_a_field_tells_of_pixels_of_the_image():
    shadow, pixels = Shadow((100, 100)), np.zeros((10, 10), np.uint8)
    pixels[1, 2] = 3
    (stroke,) = shadow.differing(pixels, 0, (40, 60), whole(pixels))
    assert (stroke.top, stroke.left) == (41, 62)


def test_what_was_told_before_is_not_told_again_and_joined_classes_are_one():
    values = np.full((2, 3), 4, np.uint8)
    shadow = Shadow((8, 9))
    shadow.tell([Strokes(0, 1, 1, values), ClassChange("merge", 4, into=2)])
    pixels = np.zeros((8, 9), np.uint8)
    pixels[1:3, 1:4] = 2
    assert shadow.differing(pixels, 0, (0, 0), whole(pixels)) == []
    shadow.tell([ClassChange("remove", 2)])
    assert len(shadow.differing(pixels, 0, (0, 0), whole(pixels))) == 1


def test_strokes_count_until_nothing_is_left_of_them():
    shadow = Shadow((8, 9))
    tally = Tally(shadow)
    ones = np.full((1, 4), 1, np.uint8)
    half = np.array([[0, 0, UNCHANGED, UNCHANGED]], np.uint8)
    for event in (Strokes(0, 1, 1, ones), Strokes(0, 5, 1, ones), Strokes(0, 1, 1, half)):
        shadow.tell([event])
        tally.tell([event])
    assert tally.counts() == {1: 2}
    for event in (Strokes(0, 1, 1, half[:, ::-1].copy()), ClassChange("merge", 1, into=7)):
        shadow.tell([event])
        tally.tell([event])
    assert tally.counts() == {7: 1}


def test_the_book_tells_only_what_changed():
    book, table = ClassBook(), ClassTable.of(["membrane", "cell"], ["#F0E442", "#0072B2"])
    first = book.changes(table, (1, 2))
    assert [(c.kind, c.value, c.name) for c in first] == [
        ("add", 1, "membrane"),
        ("add", 2, "cell"),
    ]
    book.tell(first)
    assert book.changes(table, (1, 2)) == []
    renamed = ClassTable.of(["wall"], ["#F0E442"])
    assert book.changes(renamed, (1,)) == [
        ClassChange("remove", 2),
        ClassChange("rename", 1, "wall", "#F0E442"),
    ]


@pytest.mark.parametrize("ndim", [2, 3])
def test_regions_become_shapes_and_the_same_regions_again(ndim):
    shape = (5, 30, 30)[-ndim:]
    box = Region(4 if ndim == 3 else 0, 3, 5, np.ones((6, 9), bool))
    round_one = Region(box.z, 2, 2, np.hypot(*np.mgrid[-8:9, -8:9]) < 8)
    for region in (box, round_one):
        again = region_of(*outline(region, ndim), shape)
        assert again.z == region.z
        assert same(again, region) or region is round_one
        corner = again.top - region.top, again.left - region.left
        assert max(map(abs, corner)) <= 1
    assert region_of(np.zeros((2, ndim)), "line", shape) is None
    assert region_of(outline(box, ndim)[0] + 100, "rectangle", shape) is None


def test_an_ellipse_covers_no_corners():
    corners = np.array([[2, 2], [2, 22], [12, 22], [12, 2]], float)
    region = region_of(corners, "ellipse", (30, 30))
    assert 0.6 < region.mask.mean() < 0.75  # a quarter of pi, less the rim
    assert not region.mask[0, 0]


def answer(by, now, before=None, strokes=6):
    plane = np.zeros((1, 1), np.uint8)
    before = before or now
    return Answer(0, 0, 0, plane, plane[None], plane, (1,), by, now, before, strokes)


def test_the_status_line_says_who_answers_and_how_good_it_is():
    unknown, filters = Scores(), Scores(0.76, None, 0.6, {}, 3)
    both = Scores(0.76, 0.81, 0.6, {}, 3)
    better = Scores(0.78, 0.86, 0.6, {}, 4)
    assert say_answer(answer(FILTERS, unknown)) == (
        "Answering: quick filters, learned from 6 strokes."
    )
    assert say_answer(answer(FILTERS, filters, strokes=1)) == (
        "Answering: quick filters, 0.76, learned from 1 stroke."
    )
    assert say_answer(answer(NETWORK, both, filters)) == (
        "The U-Net has taken over: 0.81, quick filters 0.76."
    )
    assert say_answer(answer(NETWORK, both)) == "Answering: U-Net, 0.81 (filters 0.76)."
    assert say_answer(answer(NETWORK, better, both)) == (
        "Answering: U-Net, 0.81 → 0.86 (filters 0.78)."
    )
    assert say_why(answer(NETWORK, both)) == (
        "On 3 strokes kept aside: U-Net 0.81, filters 0.76, grey 0.60."
    )
    assert "every fifth" in say_why(answer(FILTERS, unknown))


def test_the_first_strokes_are_asked_for_class_by_class():
    names, numbers = ("membrane", "cytoplasm"), (1, 5)
    assert "Ctrl+2 and paint cytoplasm" in say_first(names, {}, numbers)
    assert say_first(names, {5: 1}, numbers).startswith("Paint a second class")
    assert say_first(names, {5: 1, 1: 2}, numbers) == ""
    assert say_first(("one",), {}, (1,)).startswith("Add a second class")
