"""Parting of classes and the report of how well they are told apart, held against slow ways."""

import numpy as np
import pytest

from napari_simgraph import Image, ImageSet
from napari_simgraph.analysis.class_answers import answers
from napari_simgraph.analysis.class_report import (
    calibration_error,
    honest_chances,
    report,
    temperature,
    tempered,
)
from napari_simgraph.analysis.holding import apart, groups_of, hold
from napari_simgraph.core.classified import Classified, picture_names
from napari_simgraph.core.patches import grid_over


@pytest.mark.parametrize("seed", range(5))
def test_every_class_is_on_both_sides_and_no_group_is(seed):
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 40, 200)
    classes = np.where(groups < 3, 2, np.where(groups < 15, 1, 0))  # of the rarest three groups
    held = hold(classes, groups, 0.25, seed)
    assert not set(groups[held.learn]) & set(groups[held.kept])
    assert sorted([*held.learn, *held.kept]) == list(range(200))
    assert set(classes[held.learn]) == set(classes[held.kept]) == {0, 1, 2}
    assert held.unchecked == ()
    assert 0.15 < len(held.kept) / 200 < 0.45


def test_a_class_of_one_group_is_learned_from_and_not_checked():
    held = hold([0] * 6 + [1] * 4, [0, 1, 2, 3, 4, 5, 9, 9, 9, 9], 0.3, 0)
    assert held.unchecked == (1,)
    assert {6, 7, 8, 9} <= set(held.learn.tolist())


def test_a_group_of_two_classes_never_takes_the_last_of_one_away():
    # group 0 holds all of class 1 but one group, and is large
    classes = np.array([0, 0, 0, 1, 1, 0, 0, 1])
    groups = np.array([0, 0, 0, 0, 0, 1, 2, 3])
    for seed in range(20):
        held = hold(classes, groups, 0.5, seed)
        assert set(classes[held.learn]) == {0, 1}


def test_nothing_is_kept_aside_where_nothing_is_asked_for():
    held = hold([0, 0, 1, 1], [0, 1, 2, 3], 0.0, 0)
    assert len(held.kept) == 0
    assert held.unchecked == (0, 1)


def test_patches_of_one_image_are_parted_by_blocks_that_do_not_overlap():
    grid = grid_over(Image(np.zeros((256, 256), np.uint8)), 16, 8)
    rows = np.arange(len(grid))
    classes = (grid.x >= 128).astype(int)
    held = hold(classes, groups_of(grid, rows, classes, ()), 0.2, 0)
    learn = held.learn[apart(grid, held.learn, held.kept)]
    pairs = np.array(np.meshgrid(learn, held.kept)).reshape(2, -1)
    assert not grid.overlapping(*pairs).any()
    assert len(learn) > 0.4 * len(grid)


def test_pictures_of_one_specimen_belong_together():
    images = ImageSet([Image(np.full((8, 8), n, np.uint8), name=str(n)) for n in range(6)])
    grid = grid_over(images, 8, 8)
    groups = groups_of(grid, np.arange(6), [0] * 6, ("a", "b", "a", "b", "c", "c"))
    assert groups.tolist() == [0, 1, 0, 1, 2, 2]


CHANCES = np.array([[0.9, 0.1, 0], [0.6, 0.4, 0], [0.2, 0.8, 0], [0.7, 0.2, 0.1], [0.3, 0.4, 0.3]])
TRUTH = np.array([0, 1, 1, 0, 2])


def test_report_by_hand():
    made = report(CHANCES, TRUTH, ("a", "b", "c"))
    assert made.confusion.tolist() == [[2, 0, 0], [1, 1, 0], [0, 1, 0]]
    np.testing.assert_allclose(made.recall, [1, 0.5, 0])
    np.testing.assert_allclose(made.precision, [2 / 3, 0.5, np.nan])
    assert made.balanced == pytest.approx(0.5)
    assert made.accuracy == pytest.approx(0.6)
    assert made.ap[0] == pytest.approx(1.0)  # the two of a have the largest chances of a
    assert "precision c plain" not in made.summary("plain")
    assert made.summary("plain")["recall b plain"] == pytest.approx(0.5)


def test_calibration_error_against_a_slow_count():
    rng = np.random.default_rng(0)
    chances = tempered(rng.normal(size=(400, 4)) * 2, 1.0)
    truth = rng.integers(0, 4, 400)
    sure, right = chances.max(1), chances.argmax(1) == truth
    slow = 0.0
    for bin_ in range(15):
        inside = (sure >= bin_ / 15) & (sure < (bin_ + 1) / 15)
        if inside.any():
            slow += inside.mean() * abs(sure[inside].mean() - right[inside].mean())
    assert calibration_error(chances, truth) == pytest.approx(slow)


def test_temperature_finds_what_chances_were_sharpened_by():
    rng = np.random.default_rng(1)
    honest = tempered(rng.normal(size=(4000, 3)) * 2, 1.0)
    truth = np.array([rng.choice(3, p=row) for row in honest])
    sharp = tempered(np.log(honest), 1 / 3)
    assert temperature(sharp, truth) == pytest.approx(3, rel=0.1)
    before, after = (calibration_error(c, truth) for c in (sharp, honest_chances(sharp, truth)))
    assert after < 0.03 < before


def pictures(names, classes, root="/somewhere"):
    made = [
        Image(np.full((4, 4), n, np.uint8), name=name, source=f"{root}/{name}")
        for n, name in enumerate(names)
    ]
    return ImageSet(made, tuple(classes))


def found(images, chances, names):
    return Classified.of(grid_over(images, 4, 4), np.asarray(chances, float), names)


def test_answers_match_by_name_whatever_the_order():
    said = found(pictures(["x.png", "y.png"], ["", ""]), [[0.9, 0.1], [0.2, 0.8]], ["cat", "dog"])
    truth = pictures(["dog/y.png", "Cat/x.png", "dog/z.png"], ["dog", "Cat", "dog"], "/elsewhere")
    figures = answers(said, truth)
    assert figures["accuracy"] == 1.0
    assert figures["pictures"] == 2


def test_a_class_that_was_never_learned_counts_as_wrong():
    said = found(pictures(["x.png", "y.png"], ["", ""]), [[0.9, 0.1], [0.2, 0.8]], ["cat", "dog"])
    figures = answers(said, pictures(["x.png", "y.png"], ["cat", "fox"]))
    assert figures["balanced"] == pytest.approx(0.5)
    assert figures["recall fox"] == 0


def test_answers_say_what_is_missing():
    said = found(pictures(["x.png"], [""]), [[1.0, 0.0]], ["cat", "dog"])
    with pytest.raises(ValueError, match="no classes"):
        answers(said, pictures(["x.png"], [""]))
    with pytest.raises(ValueError, match="no picture in common"):
        answers(said, pictures(["q.png"], ["cat"]))


def test_pictures_are_called_by_their_path_below_the_common_folder():
    images = pictures(["Crack/a.png", "Free/a.png"], ["Crack", "Free"])
    assert picture_names(grid_over(images, 4, 4).sources) == ("Crack/a.png", "Free/a.png")
    flat = pictures(["a.png", "b.png"], ["", ""])
    assert picture_names(grid_over(flat, 4, 4).sources) == ("a.png", "b.png")
