"""Noise of sections: measured, and brought to what a model knows."""

import numpy as np
import pytest

from napari_simgraph import ClassTable, Image, Labels, MemoryRoom, run
from napari_simgraph.capabilities import segmentation
from napari_simgraph.learn import grain
from napari_simgraph.learn.normalise import Statistics
from napari_simgraph.learn.pixel_model import windows_of
from napari_simgraph.learn.windows import Windows

PLAIN = Statistics((0.0,), (1.0,))


def scene(noise, seed=0, side=96):
    """Stripes with hard edges on a slope, with noise."""
    y, x = np.mgrid[:side, :side].astype(np.float32) / side
    clean = (np.floor(8 * x) % 2) + y
    return (clean + np.random.default_rng(seed).normal(0, noise, clean.shape)).astype(np.float32)


@pytest.mark.parametrize("spread", [0.02, 0.1, 0.3])
def test_noise_is_measured_beside_edges_and_slopes(spread):
    assert grain.noise(scene(spread)) == pytest.approx(spread, rel=0.15)


def test_an_edge_is_no_noise():
    assert grain.noise(scene(0.0)) < 1e-6


@pytest.mark.parametrize("shape", [(1, 50), (50, 2), (1, 1)])
def test_a_plane_too_thin_to_tell_has_none(shape):
    assert grain.noise(np.ones(shape, np.float32)) == 0.0


def test_colours_are_left_as_they_are():
    noise = np.random.default_rng(0).normal(0, 1, (64, 64, 3)).astype(np.float32)
    image, three = Image(noise, "YXC"), Statistics((0.0,) * 3, (1.0,) * 3)
    assert grain.noise_in(image, three, 0) == 0.0


def test_a_little_more_noise_is_left_and_much_more_is_blurred():
    assert grain.blur_for(0.1, 0.0) == 0.0
    assert grain.blur_for(0.14, 0.1) == 0.0
    assert 0.4 < grain.blur_for(0.24, 0.065) < 0.8
    assert grain.blur_for(100.0, 0.1) == 1.5


def test_noise_comes_closer_to_what_is_known_and_quiet_sections_stay():
    quiet, loud = scene(0.05), scene(0.25, 1)
    image = Image(np.stack([quiet, loud]))
    plain, calm = Windows(image, PLAIN), Windows(image, PLAIN, noise=0.05)
    spans = ((0, 96), (0, 96))
    np.testing.assert_array_equal(calm.read(0, *spans), plain.read(0, *spans))
    found = grain.noise(calm.read(1, *spans)[0])
    assert found < 0.5 * grain.noise(loud)


def test_a_box_is_the_same_as_in_the_whole_also_beyond_the_border():
    image = Image(np.stack([scene(0.05), scene(0.25, 1)]))
    whole = Windows(image, PLAIN, 1, 0.05).read(1, (-8, 104), (-8, 104))
    part = Windows(image, PLAIN, 1, 0.05).read(1, (-8, 40), (50, 104))
    np.testing.assert_array_equal(part, whole[:, :48, 58:])


def test_a_model_knows_the_noise_of_what_it_learned_from():
    quiet = [scene(0.05, seed) for seed in range(2)]
    image = Image(np.stack([*quiet, scene(0.5, 9)]))
    truth = Labels((scene(0.0) > 0.9).astype(np.uint8)[None].repeat(3, 0) + 1)
    truth = truth.replace(classes=ClassTable.of(["a", "b"]))
    config = segmentation.Train(steps=2, minutes=0, patch=32, batch=2, width=4, depth=2)
    model = run(segmentation.train(image, truth, config=config, room=MemoryRoom()))
    known = grain.known_noise(model.normalisation)
    spread = float(np.std(image.read()))
    assert known == pytest.approx(0.05 / spread, rel=0.3)
    assert run(windows_of(model, None, image)).noise == known
    older = model.replace(
        normalisation={k: v for k, v in model.normalisation.items() if k != "noise"}
    )
    assert run(windows_of(older, None, image)).noise == 0.0


@pytest.mark.parametrize("told", ["much", None, -1.0, float("nan"), float("inf"), [1]])
def test_noise_that_makes_no_sense_is_none(told):
    assert grain.known_noise({"noise": told}) == 0.0
