"""Drawings that look like another class are drawn anew, and the others stay."""

import numpy as np
import pytest

from napari_simgraph.learn.clouds import Clouds
from napari_simgraph.learn.draw_check import Chance, Remembered, checked
from napari_simgraph.learn.draw_reading import Reading, any_reading


class Signs:
    """Draws numbers as they are; they look like class 1 above zero, like class 0 below."""

    def __init__(self, reads=True):
        self.reading = reads
        self.clouds = Clouds.plain(2, 3)
        self.looked = 0

    def weights(self, kinds):
        return np.eye(2, dtype=np.float32)[kinds]

    def drawn(self, numbers, weights):
        assert len(numbers) == len(weights)
        return numbers

    def looks_like(self, drawn):
        self.looked += len(drawn)
        return (drawn[:, 0] > 0).astype(int)


def asked(count=200, again=12, seed=5):
    kinds, how = np.arange(count) % 2, Chance(seed, 1.0, again)
    return kinds, how, Signs().clouds.draw(kinds, seed, 1.0)


def test_what_looks_like_another_class_is_drawn_anew_and_the_rest_stays():
    kinds, how, numbers = asked()
    drawer = Signs()
    found = checked(drawer, numbers, kinds, how)
    right = drawer.looks_like(numbers) == kinds
    assert 0.3 < right.mean() < 0.7
    np.testing.assert_array_equal(found[right], numbers[right])
    assert (drawer.looks_like(found) == kinds).mean() > 0.98
    assert len(np.unique(found[:, 0])) == len(found)
    np.testing.assert_array_equal(found, checked(drawer, numbers, kinds, how))
    other = checked(drawer, numbers, kinds, how, first=256)
    assert (other[~right] != found[~right]).all()


@pytest.mark.parametrize(("again", "reads"), [(0, True), (12, False)])
def test_nothing_is_looked_at_where_it_is_not_asked_for_or_not_known(again, reads):
    kinds, how, numbers = asked(again=again)
    drawer = Signs(reads)
    np.testing.assert_array_equal(checked(drawer, numbers, kinds, how), numbers)
    assert drawer.looked == 0


def test_a_slider_moves_the_same_ones_without_another_look():
    kinds, how, _ = asked(16)
    drawer = Signs()
    kept = Remembered(drawer)
    first, looked = kept.numbers(kinds, how), drawer.looked
    assert kept.numbers(kinds, how) is first
    assert drawer.looked == looked > 0
    assert (kept.numbers(kinds, Chance(6, 1.0, 12)) != first).any()
    assert kept.numbers(1 - kinds, how).shape == first.shape


def test_a_class_is_read_from_features_and_kept_in_a_model():
    rng = np.random.default_rng(0)
    kinds = np.arange(120) % 3
    features = rng.normal(size=(120, 10)) * 5 + 3
    features[np.arange(120), kinds] += 20
    reading = Reading.learn(features.astype(np.float32), kinds, 3)
    kept = reading.arrays()
    assert any_reading(kept)
    again = Reading.of(kept)
    assert (again.says(features) == kinds).mean() > 0.95
    assert Reading.of({}) is None


def test_a_rare_class_is_read_as_well():
    rng = np.random.default_rng(1)
    kinds = np.repeat([0, 1], [190, 10])
    features = rng.normal(size=(200, 4)) + 1.5 * np.eye(4)[kinds]
    reading = Reading.learn(features.astype(np.float32), kinds, 2)
    assert (reading.says(features)[kinds == 1] == 1).mean() > 0.6
