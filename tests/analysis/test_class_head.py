"""The last layer by itself: what it is fitted to, how far it goes, and rare classes."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from napari_simgraph.analysis.class_head import STRENGTHS, Known, chosen_strength, last_layer


def points(counts, apart, seed=0, width=40):
    """Features of classes that differ in one direction each, every picture a group of its own."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(counts)), counts)
    features = rng.normal(size=(len(truth), width)) * rng.uniform(0.1, 20, width)
    features[np.arange(len(truth)), truth] += apart * features.std(0)[truth]
    return features.astype(np.float32), Known(truth, np.arange(len(truth)), len(counts))


def test_it_is_a_logistic_regression_on_standardised_features():
    features, known = points((30, 30, 30), 3.0)
    layer = last_layer(features, known, True, 0)
    slow = LogisticRegression(C=layer.strength, class_weight="balanced", max_iter=3000, tol=1e-6)
    scaled = StandardScaler().fit_transform(features)
    wanted = slow.fit(scaled, known.truth).predict_proba(scaled)
    scores = layer.scores(features)
    found = np.exp(scores - scores.max(1, keepdims=True))
    np.testing.assert_allclose(found / found.sum(1, keepdims=True), wanted, atol=0.03)


@pytest.mark.parametrize("counts", [(90, 6), (60, 60, 6)])
def test_a_rare_class_is_found_where_classes_count_alike(counts):
    features, known = points(counts, 2.0)
    unseen, told = points((50,) * len(counts), 2.0, seed=1)
    features[:, :], unseen[:, :] = features / features.std(0), unseen / unseen.std(0)
    rare = unseen[told.truth == len(counts) - 1]
    shares = []
    for balanced in (False, True):
        found = last_layer(features, known, balanced, 0).scores(rare).argmax(1)
        shares.append((found == len(counts) - 1).mean())
    assert shares[1] > shares[0] + 0.1


def test_weights_go_less_far_where_features_say_little():
    clear, known = points((40, 40), 6.0)
    noise = np.random.default_rng(3).normal(size=clear.shape).astype(np.float32)
    assert chosen_strength(noise, known, True, 0) < chosen_strength(clear, known, True, 0)
    assert chosen_strength(noise, known, True, 0) in STRENGTHS


def test_pictures_of_one_specimen_do_not_vouch_for_each_other():
    """Ten copies of each of eight specimens: by copies the features seem to tell everything."""
    rng = np.random.default_rng(0)
    specimens = rng.normal(size=(8, 60))
    features = np.repeat(specimens, 10, 0) + 0.05 * rng.normal(size=(80, 60))
    truth = np.repeat(np.arange(8) % 2, 10)
    alone = Known(truth, np.arange(80), 2)
    grouped = alone._replace(groups=np.repeat(np.arange(8), 10))
    assert chosen_strength(features, grouped, True, 0) < chosen_strength(features, alone, True, 0)


def test_a_class_without_pictures_is_never_found():
    features, known = points((20, 20), 3.0)
    layer = last_layer(features, known._replace(classes=3), True, 0)
    assert layer.weights.shape == (3, features.shape[1])
    assert set(layer.scores(10 * features).argmax(1)) == {0, 1}
    alone = last_layer(features[:20], Known(known.truth[:20], known.groups[:20], 2), True, 0)
    assert set(alone.scores(features).argmax(1)) == {0}
