"""Clouds of numbers: a class of two kinds is drawn as one or the other, not as a mixture."""

import numpy as np

from napari_simgraph.learn.clouds import Clouds, found_clouds

KINDS = np.repeat([0, 1, 2], [400, 400, 5])


def numbers(seed=0):
    """Class 0 has two kinds, at -1 and 1 of the first number; class 2 has five patches."""
    rng = np.random.default_rng(seed)
    made = rng.normal(0, 1, (len(KINDS), 3))
    made[:400, 0] = np.where(rng.random(400) < 0.25, -1, 1) + 0.1 * rng.normal(size=400)
    made[400:800, 2] = made[400:800, 1] * 0.9 + 0.1 * made[400:800, 2]
    return made.astype(np.float32)


def drawn(clouds, kind, **how):
    return clouds.draw(np.full(2000, kind), 0, **how)


def test_a_class_of_two_kinds_is_drawn_as_one_or_the_other():
    found = drawn(found_clouds(numbers(), KINDS, 3, 0), 0)
    assert (np.abs(found[:, 0]) > 0.5).mean() > 0.99
    assert abs((found[:, 0] < 0).mean() - 0.25) < 0.06
    plain = drawn(Clouds.plain(3, 3), 0)
    assert (np.abs(plain[:, 0]) > 0.5).mean() < 0.7  # what was drawn before: much lies between


def test_numbers_that_go_together_are_drawn_together():
    found = drawn(found_clouds(numbers(), KINDS, 3, 0), 1)
    assert np.corrcoef(found[:, 1], found[:, 2])[0, 1] > 0.9
    assert np.allclose(found.mean(0), 0, atol=0.15)


def test_few_patches_make_one_round_cloud():
    found = drawn(found_clouds(numbers(), KINDS, 3, 0), 2)
    assert np.allclose(found.mean(0), 0, atol=0.1)
    assert np.allclose(found.std(0), 1, atol=0.1)


def test_less_variety_draws_nearer_to_the_middles():
    clouds = found_clouds(numbers(), KINDS, 3, 0)
    assert len(np.unique(drawn(clouds, 0, spread=0.0).round(3), axis=0)) == 2
    assert drawn(clouds, 1, spread=0.5).std() < 0.6 * drawn(clouds, 1).std()


def test_a_model_keeps_them_and_one_of_before_has_round_ones():
    clouds = found_clouds(numbers(), KINDS, 3, 0)
    again = Clouds.of(clouds.arrays(), 3, 3)
    assert np.array_equal(drawn(again, 0), drawn(clouds, 0))
    assert not np.array_equal(clouds.draw(KINDS, 1), clouds.draw(KINDS, 2))
    assert np.array_equal(drawn(Clouds.of({}, 3, 3), 1), drawn(Clouds.plain(3, 3), 1))
    assert Clouds.of({}, 0, 3).draw(np.zeros(4, np.intp), 0).shape == (4, 3)


def test_patches_that_are_all_alike_and_many_numbers_are_no_trouble():
    alike = found_clouds(np.zeros((100, 4), np.float32), np.zeros(100, np.intp), 1, 0)
    assert np.abs(drawn(alike, 0)).max() < 0.5
    wide = np.random.default_rng(0).normal(size=(100, 80)).astype(np.float32)
    assert found_clouds(wide, np.zeros(100, np.intp), 1, 0).middle.shape == (1, 1, 80)
