"""Prediction and truth are compared class by class, whatever order their files number them in."""

import numpy as np
import pytest
import tifffile

from napari_simgraph import ClassTable, Image, Labels
from napari_simgraph.capabilities.segmentation import score
from napari_simgraph.cli import main
from napari_simgraph.io.write import write

RNG = np.random.default_rng(0)
FOUND = RNG.integers(1, 4, (24, 30)).astype(np.uint8)
NAMES = ("membrane", "cell", "mitochondrion")
OTHER = ("cell", "mitochondrion", "membrane")
RENUMBERED = np.array([0, 3, 1, 2], np.uint8)[FOUND]  # the same classes, as OTHER numbers them


def labels(values, names, **more):
    return Labels(values, classes=ClassTable.of(names), **more)


def stacked(values, names):
    """A channel a class."""
    return np.stack([values == number for number in range(1, len(names) + 1)], -1)


def test_classes_are_found_by_name():
    truth = labels(RENUMBERED, OTHER)
    certain = stacked(FOUND, NAMES).astype(np.float32)
    chances = Image(certain, "YXC", classes=ClassTable.of(NAMES))
    for prediction in (labels(FOUND, NAMES), chances):
        figures = score(prediction, truth)
        assert figures["pixel_accuracy"] == figures["dice_mitochondrion"] == 1
        assert figures["v_rand"] == 1
        assert figures["v_rand_half"] == 1


def test_overlapping_classes_are_found_by_name():
    truth = labels(1 + stacked(RENUMBERED, OTHER), OTHER, axes="YXC", exclusive=False)
    overlapping = labels(1 + stacked(FOUND, NAMES), NAMES, axes="YXC", exclusive=False)
    chances = stacked(FOUND, NAMES).astype(np.float32)
    named = Image(chances, "YXC", classes=ClassTable.of(NAMES))
    for prediction in (labels(FOUND, NAMES), overlapping, named):
        assert score(prediction, truth)["mean"] == 1


def test_what_has_no_names_is_compared_by_number():
    numbered = labels(FOUND, [f"value {number}" for number in (1, 2, 3)])
    assert score(numbered, labels(FOUND, NAMES))["pixel_accuracy"] == 1
    assert score(Image(stacked(FOUND, NAMES).astype(np.float32), "YXC"), labels(FOUND, NAMES))


def test_a_class_more_is_never_right():
    truth = labels(np.where(FOUND == 3, 0, FOUND), NAMES[:2])
    assert score(labels(FOUND, NAMES), truth)["pixel_accuracy"] == 1
    everywhere = labels(np.where(FOUND == 3, 1, FOUND), NAMES[:2])
    assert score(labels(FOUND, NAMES), everywhere)["pixel_accuracy"] < 1


def test_other_names_are_told():
    with pytest.raises(ValueError, match="no class wall among membrane, cell, mitochondrion"):
        score(labels(FOUND, NAMES), labels(FOUND, ("membrane", "cell", "wall")))


def test_names_on_the_command_line_are_those_of_the_truth(tmp_path, capsys):
    membrane = RNG.random((24, 30)) < 0.3
    write(labels(np.where(membrane, 1, 2).astype(np.uint8), NAMES[:2]), tmp_path / "found.tif")
    tifffile.imwrite(tmp_path / "mask.tif", membrane.astype(np.uint8) * 255)
    both = ["--prediction", tmp_path / "found.tif", "--truth", tmp_path / "mask.tif"]
    words = ["segmentation", "score", *map(str, both), "--classes", "cell,membrane"]
    assert main(words) == 0
    assert '"pixel_accuracy": 1.0' in capsys.readouterr().out
