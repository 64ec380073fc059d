import numpy as np
import pytest

from napari_simgraph import ClassTable, Image, Labels, run
from napari_simgraph.core.job import Note
from napari_simgraph.learn.holdout import choose, parse_sections
from napari_simgraph.learn.normalise import EMPTY, RULE, measure
from napari_simgraph.learn.pairs import find_boundary
from napari_simgraph.learn.sampling import Cutting, Field, Sampler, scan
from napari_simgraph.learn.windows import Windows, mirrored

TWO = ClassTable.of(["a", "b"])


@pytest.mark.parametrize("dtype", ["u1", ">u2", "<i4", "f8", "?"])
def test_grey_values_of_any_type_come_near_zero(dtype):
    grey = np.random.default_rng(0).integers(0, 200, (64, 64))
    pixels = (grey > 100 if dtype == "?" else grey).astype(dtype)
    image = Image(pixels)
    values = run(measure(image, RULE)).normalise(image.section(0))
    assert values.dtype == np.float32
    assert abs(values.mean()) < 0.1
    assert values.std() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("value", [7.0, np.nan, np.inf])
def test_constant_and_broken_pixels_stay_finite(value):
    image = Image(np.full((20, 20), value, np.float32), name="flat")
    told = []
    values = run(measure(image, RULE), told.append).normalise(image.section(0))
    assert np.isfinite(values).all()
    warned = [tick.text for tick in told if isinstance(tick, Note)]
    assert warned == ([] if np.isfinite(value) else [EMPTY.format("flat")])


def test_windows_are_mirrored_and_sections_repeated():
    pixels = np.arange(3 * 4 * 5, dtype=np.float32).reshape(3, 4, 5)
    image = Image(pixels)
    box = mirrored(image, 1, (-3, 7), (-2, 9))[..., 0]
    assert np.array_equal(box, np.pad(pixels[1], ((3, 3), (2, 4)), mode="reflect"))
    statistics = run(measure(image, RULE))
    three = Windows(image, statistics, 1).read(0, (0, 4), (0, 5))
    assert np.array_equal(three[0], three[1])
    assert not np.array_equal(three[1], three[2])


def sampler(values, kept=(), edge=16):
    labels = Labels(values, classes=TWO)
    image = Image(values.astype(np.float32))
    windows = Windows(image, run(measure(image, RULE)))
    found = run(scan([labels], kept))
    return Sampler([windows], [labels], found, kept, Cutting(edge, edge // 4, 0))


def test_crops_hold_labels_and_rare_classes_come_often():
    values = np.zeros((200, 200), np.uint8)
    values[:, :50] = 1
    values[150, 150:155] = 2
    marks = sampler(values).batch(0, 60).marks
    assert (marks > 0).any((1, 2, 3)).all()
    assert (marks[:, 1] == 2).any((1, 2)).sum() >= 1


def test_batches_depend_on_seed_and_number_alone():
    values = np.random.default_rng(0).integers(0, 3, (40, 40)).astype(np.uint8)
    one = sampler(values)
    again = one.batch(5, 3)
    assert np.array_equal(sampler(values).batch(5, 3).inputs, again.inputs)
    assert not np.array_equal(one.batch(6, 3).inputs, again.inputs)


def test_what_is_kept_aside_is_never_shown_even_mirrored():
    values = np.full((30, 30), 1, np.uint8)
    values[20:] = 2
    values[:5] = 2
    kept = [Field(0, 0, (20, 30), (0, 30))]
    one = sampler(values, kept, edge=48)
    marks = one.batch(0, 20).marks
    shown = (marks[:, 1] == 2).sum()
    assert shown > 0
    every = sampler(values, edge=48).batch(0, 20).marks
    assert shown < (every[:, 1] == 2).sum()


def test_sections_are_read_from_words():
    assert parse_sections("", 3) == [0, 1, 2]
    assert parse_sections("0-1,4", 9) == [0, 1, 4]
    for wrong in ("9", "a", "1-x", "-2"):
        with pytest.raises(ValueError, match=r"\.$"):
            parse_sections(wrong, 5)


def test_auto_keeps_neighbouring_sections_or_a_strip():
    masks = np.random.default_rng(0).integers(1, 3, (12, 60, 60)).astype(np.uint8)
    stack = Labels(masks, classes=TWO)
    kept = choose("auto", [stack], run(scan([stack])))
    assert [field.z for field in kept] == [10, 11]
    flat = Labels(masks[0], classes=TWO)
    (strip,) = choose("auto", [flat], run(scan([flat])))
    assert strip.rows == (50, 60)
    dots = np.zeros((60, 60), np.uint8)
    dots[3, :9], dots[40, :9] = 1, 2
    few = Labels(dots, classes=TWO)
    assert choose("auto", [few], run(scan([few]))) == []


def test_the_thinner_of_two_masks_is_the_boundary():
    values = np.full((90, 90), 2, np.uint8)
    values[::15], values[:, ::15] = 1, 1
    labels = Labels(values, classes=TWO)
    name, sentence = find_boundary("", labels, run(scan([labels])))
    assert name == "a"
    assert "thinner" in sentence
    halves = Labels(np.where(np.arange(90) < 45, 1, 2)[None].repeat(90, 0), classes=TWO)
    assert find_boundary("", halves, run(scan([halves]))) == ("", "")
    assert find_boundary("b", labels, run(scan([labels]))) == ("b", "")
    assert find_boundary("none", labels, run(scan([labels]))) == ("", "")
