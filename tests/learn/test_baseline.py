"""What grey values alone reach: the rule is the best of its kind, and says nothing of places."""

import numpy as np
import pytest

from napari_simgraph import Image, Labels
from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.job import run
from napari_simgraph.learn.aside import Halt
from napari_simgraph.learn.baseline import boxes
from napari_simgraph.learn.pairs import Wishes, look
from napari_simgraph.learn.pixels import Exam

AB = ClassTable.of(["dark", "bright"])
EDGE = 96


def exam(pixels, truth, holdout="5", **about):
    image = Image(pixels, axes="ZYXC" if pixels.ndim == 4 else "ZYX")
    labels = Labels(truth, classes=AB, **about)
    return Exam(run(look([image], [labels], Wishes(holdout), Halt())))


def halves(contrast, seed=0):
    """Six sections, the left half brighter by so many spreads of the noise."""
    rng = np.random.default_rng(seed)
    truth = np.ones((6, EDGE, EDGE), np.uint8)
    truth[:, :, : EDGE // 2] = 2
    return rng.normal(100, 10, truth.shape) + 10 * contrast * (truth == 2), truth


def test_what_differs_in_grey_is_found_and_what_does_not_is_not():
    easy = exam(*halves(6)).baseline(48)
    assert easy["baseline"] > 0.99
    assert set(easy) == {"baseline", "baseline dark", "baseline bright"}
    assert exam(*halves(0)).baseline(48)["baseline"] == pytest.approx(0.5, abs=0.05)


def test_it_is_near_the_best_that_one_pixel_can_tell():
    pixels, truth = halves(2)  # two spreads apart: the best threshold is right in 84 of 100
    assert exam(pixels, truth).baseline(48)["baseline"] == pytest.approx(0.84, abs=0.02)


def test_what_is_kept_aside_is_not_learned_from():
    pixels, truth = halves(6)
    truth[5] = 3 - truth[5]  # the section kept aside says the opposite
    assert exam(pixels, truth).baseline(48)["baseline"] < 0.01


def test_a_rare_class_is_not_given_up():
    rng = np.random.default_rng(0)
    truth = np.ones((6, EDGE, EDGE), np.uint8)
    truth[:, 40:46, 40:46] = 2  # 36 of 9216 pixels
    pixels = rng.normal(100, 10, truth.shape) + 35 * (truth == 2)
    assert exam(pixels, truth).baseline(48)["baseline bright"] > 0.2


def test_classes_that_overlap_and_colours_are_told_too():
    pixels, truth = halves(6)
    colours = np.stack([np.full_like(pixels, 50), pixels, 255 - pixels], -1).astype(np.float32)
    masks = np.stack([np.where(truth == 1, 2, 1), np.where(truth == 2, 2, 1)], -1)
    found = exam(colours, masks.astype(np.uint8), axes="ZYXC", exclusive=False).baseline(48)
    assert found["baseline"] > 0.99


def test_of_neighbour_sections_only_the_middle_counts():
    inputs = np.stack([np.full((2, 2), v, np.float32) for v in (-9, 0, 9)])
    assert np.all(boxes(inputs, 1) == 32)
    assert np.all(boxes(inputs[1:2], 1) == 32)
