"""Unlike anything seen: what is usual is told from what never came up."""

import numpy as np
import pytest

from napari_simgraph.analysis.ranking import auroc
from napari_simgraph.analysis.unlike import learn


def known(seed, count=300):
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 3, count)
    points = np.eye(3, 6)[classes] * 6 + rng.normal(0, 1, (count, 6))
    return points.astype(np.float32), np.array(["a", "b", "c"])[classes]


@pytest.mark.parametrize("method", ["neighbours", "mahalanobis"])
def test_what_never_came_up_is_unusual_and_what_did_is_not(method):
    points, classes = known(0)
    seen = learn(points, classes, (method, 5, 0))
    usual = known(1)[0]
    new = (np.array([0, 0, 0, 7, 0, 0]) + np.random.default_rng(2).normal(0, 1, (80, 6))).astype(
        np.float32
    )
    distance, share = seen.unlike(np.concatenate([usual, new]))
    truth = np.arange(380) >= 300
    assert auroc(distance, truth) > 0.97
    # a percentile: usual ones spread evenly over 0 to 100
    assert 35 < np.mean(share[:300]) < 65
    assert share.min() >= 0
    assert share.max() <= 100


def test_too_little_to_compare_with():
    points, classes = known(0, 5)
    with pytest.raises(ValueError, match="5 training patches tell nothing"):
        learn(points, classes, ("neighbours", 5, 0))
