import numpy as np
import pytest

from napari_simgraph.analysis.agglomeration import hierarchy
from napari_simgraph.analysis.choosing import choose_threshold


def section(wall, texture):
    """Two rooms with a wall between them, and a weaker line across each that parts nothing."""
    boundary = np.full((60, 61), 0.02, np.float32)
    boundary[:, 28:33] = wall
    boundary[28:33, :28] = boundary[28:33, 33:] = texture
    truth = np.ones(boundary.shape, bool)
    truth[:, 28:33] = False
    return hierarchy(boundary), truth


def test_the_threshold_lies_between_what_parts_and_what_does_not():
    trees, truths = zip(*(section(0.97, 0.7), section(0.95, 0.75)), strict=True)
    figures = choose_threshold(trees, truths)
    assert 0.75 < figures["parting_threshold"] < 0.95
    assert figures["parting_v_rand"] == pytest.approx(1, abs=0.01)
    assert figures["parting_merge"] == pytest.approx(0, abs=1e-9)


def test_one_threshold_for_all_means_a_compromise():
    """What is a wall in one section is texture in the other: some error must remain."""
    trees, truths = zip(*(section(0.8, 0.6), section(0.97, 0.9)), strict=True)
    figures = choose_threshold(trees, truths)
    assert figures["parting_v_rand"] < 0.95
    assert figures["parting_split"] + figures["parting_merge"] > 0.1
