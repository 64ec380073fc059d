"""Clusters of signatures: known groups are found, and noise is said to have none."""

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from napari_simgraph.analysis.signature_clusters import (
    against,
    k_means,
    suggested,
    suggestion_steps,
)


def blobs(k, each=60, spread=0.3):
    rng = np.random.default_rng(0)
    middles = np.eye(k, 8) * 3
    truth = np.repeat(np.arange(k), each)
    return (middles[truth] + rng.normal(0, spread, (k * each, 8))).astype(np.float32), truth


def suggest(points):
    calls, tried = suggestion_steps(points, 5)
    return suggested(tried[:6], [call() for call in calls[:6]])


def test_four_groups_are_found_and_said_to_be_stable():
    points, truth = blobs(4)
    found = suggest(points)
    assert (found.number, found.stable) == (4, True)
    assert found.sentence.startswith("4 groups")
    known = against(k_means(points, 4), np.array(list("abcd"))[truth], 99, 0)
    assert known.purity == 1
    assert known.information == pytest.approx(1)
    assert known.chance == pytest.approx(0.01)
    assert known.counts.sum(0).tolist() == [60] * 4


def test_noise_has_no_stable_groups():
    points = np.random.default_rng(0).normal(size=(300, 30)).astype(np.float32)
    found = suggest(points)
    assert not found.stable
    assert found.sentence.startswith("No number of groups is stable here;")


def test_chance_is_told_from_chance():
    rng = np.random.default_rng(5)
    cluster, classes = rng.integers(0, 4, 300).astype(np.int32), rng.choice(["x", "y", ""], 300)
    found = against(cluster, classes, 99, 0)
    assert found.chance > 0.05
    assert abs(found.information) < 0.05
    assert found.counts.sum() == (classes != "").sum()
    # what is shuffled is compared by plain information: the same as that of sklearn
    known = classes != ""
    plain = mutual_info_score(classes[known], cluster[known])
    from napari_simgraph.analysis.signature_clusters import _information

    assert _information(found.counts) == pytest.approx(plain)


def test_more_groups_than_patches_is_one_sentence():
    points, _ = blobs(2, each=12)
    with pytest.raises(ValueError, match="40 groups need at least 40 patches; there are 24"):
        k_means(points, 40)
    same = np.zeros((10, 3), np.float32)
    assert len(np.unique(k_means(same, 3))) == 1  # no more groups than there are kinds
