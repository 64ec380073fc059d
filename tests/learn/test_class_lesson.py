"""How pictures are drawn, what the loss makes up for, what likeness says, and phases of a run."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from napari_simgraph import MemoryRoom
from napari_simgraph.core.room import Checkpoint
from napari_simgraph.learn.class_lesson import Drawing
from napari_simgraph.learn.fit import Fitted
from napari_simgraph.learn.likeness import Likeness
from napari_simgraph.learn.losses_classes import adjusted_loss
from napari_simgraph.learn.phases import Phases
from napari_simgraph.learn.state import Optimiser
from napari_simgraph.nets import build

TRUTH = np.array([0] * 90 + [1] * 9 + [2])


def shares(drawing, batches=60, size=50):
    drawn = np.concatenate([drawing.batch(number, size, 0) for number in range(batches)])
    return np.bincount(TRUTH[drawn], minlength=3) / len(drawn)


def test_balanced_drawing_shows_all_classes_equally_often():
    drawing = Drawing(TRUTH, 3, "balance", 0)
    np.testing.assert_allclose(shares(drawing), 1 / 3, atol=0.03)
    np.testing.assert_allclose(drawing.prior, 1)


def test_adjusted_drawing_shows_them_as_they_are_and_knows_how_common_they_are():
    drawing = Drawing(TRUTH, 3, "adjust", 0)
    np.testing.assert_allclose(shares(drawing, 40), [0.9, 0.09, 0.01], atol=1e-9)
    np.testing.assert_allclose(drawing.prior, [0.9, 0.09, 0.01])


def test_each_picture_comes_once_a_pass():
    drawing = Drawing(TRUTH, 3, "plain", 0)
    drawn = np.concatenate([drawing.batch(number, 40, 0) for number in range(5)])
    assert sorted(drawn[:100]) == sorted(drawn[100:]) == list(range(100))
    assert drawn[:100].tolist() != drawn[100:].tolist()


def test_small_classes_are_shown_as_if_they_had_more():
    drawing = Drawing(TRUTH, 3, "adjust", 45)
    np.testing.assert_allclose(shares(drawing), [0.5, 0.25, 0.25], atol=0.03)
    np.testing.assert_allclose(drawing.prior, [0.5, 0.25, 0.25])


def test_a_class_without_pictures_takes_no_part():
    drawing = Drawing(TRUTH[:99], 3, "balance", 0)
    scores = torch.zeros(1, 3)
    prior = torch.from_numpy(np.log(drawing.prior)).float()
    loss = adjusted_loss(scores, torch.tensor([0]), prior)
    assert float(loss) == pytest.approx(np.log(2), abs=1e-4)  # of two, not of three


def test_adjusted_loss_against_a_slow_one():
    rng = np.random.default_rng(0)
    scores, truth = rng.normal(size=(5, 3)), rng.integers(0, 3, 5)
    prior = np.array([0.7, 0.2, 0.1])
    slow = 0.0
    for row, true in zip(scores, truth, strict=True):
        weights = prior * np.exp(row)
        slow -= np.log(weights[true] / weights.sum()) / 5
    found = adjusted_loss(*map(torch.from_numpy, (scores, truth, np.log(prior))))
    assert float(found) == pytest.approx(slow, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "options"), [("classifier", {"width": 4, "depth": 2}), ("dense", {"patch": 16})]
)
def test_a_network_of_classes_overfits_one_batch(name, options):
    network = build(name, classes=3, in_channels=1, hidden=16, **options)
    pictures = torch.randn((12, 1, 16, 16), generator=torch.Generator().manual_seed(0))
    truth = torch.arange(12) % 3
    optimiser = Optimiser(network)
    network.train()
    for _ in range(60):
        functional.cross_entropy(network(pictures), truth).backward()
        optimiser.step(3e-3)
    assert (network(pictures).argmax(1) == truth).all()
    assert network.features(pictures).shape == (12, 16)


def test_likeness_gives_rare_classes_their_chance_and_leaves_the_others_theirs():
    rng = np.random.default_rng(0)
    middles = np.array([[5, 0, 0, 0], [0, 5, 0, 0], [0, 0, 5, 0]])
    truth = np.array([0] * 20 + [1] * 20 + [2] * 2)
    features = (middles[truth] + rng.normal(size=(42, 4))).astype(np.float32)
    likeness = Likeness.fit(features, truth, np.array([False, False, True]))
    said = np.tile([0.25, 0.75, 0.0], (42, 1))
    mixed = likeness.mixed(said, features)
    np.testing.assert_allclose(mixed.sum(1), 1, atol=1e-6)
    assert (mixed[truth == 2].argmax(1) == 2).all()
    common = mixed[truth < 2]
    np.testing.assert_allclose(common[:, 1], 3 * common[:, 0], atol=1e-6)
    again = Likeness.of(likeness.arrays())
    np.testing.assert_allclose(again.mixed(said, features), mixed)
    assert Likeness.of({}) is None


def test_a_class_of_one_picture_takes_in_no_more_than_its_share():
    rng = np.random.default_rng(0)
    truth = np.array([0] * 40 + [1] * 40 + [2])
    features = rng.normal(size=(81, 16)).astype(np.float32)  # which tell nothing
    likeness = Likeness.fit(features, truth, np.array([False, False, True]))
    said = np.tile([0.5, 0.5, 0.0], (400, 1))
    others = rng.normal(size=(400, 16)).astype(np.float32)
    greedy = likeness._replace(offset=np.zeros(3, np.float32))
    assert (greedy.mixed(said, others).argmax(1) == 2).mean() > 0.2
    assert (likeness.mixed(said, others).argmax(1) == 2).mean() < 0.1
    assert likeness.mixed(said[:81], features)[-1].argmax() == 2  # its own picture stays


def test_likeness_of_a_model_of_before():
    rng = np.random.default_rng(0)
    features, truth = rng.normal(size=(12, 4)).astype(np.float32), np.arange(12) % 3
    likeness = Likeness.fit(features, truth, np.ones(3, bool))
    arrays = {k: v for k, v in likeness.arrays().items() if not k.endswith("offset")}
    assert (Likeness.of(arrays).offset == 0).all()


def test_a_second_phase_keeps_what_the_first_learned():
    room = MemoryRoom()
    phases = Phases(room, 2)
    assert phases.done(0) is None
    first = Fitted({"w": np.arange(3.0)}, 7, 7, 16, {"loss": [[1, 0.5]]})
    phases.room(0).checkpoint(Checkpoint({"network/w": np.zeros(3)}, {"step": 7, "key": "a"}))
    assert phases.room(0).restore().info["step"] == 7
    assert phases.room(1).restore() is None  # it is the other one's
    phases.finish(0, first)
    phases.room(1).checkpoint(Checkpoint({"network/w": np.ones(3)}, {"step": 2, "key": "b"}))
    later = Phases(room, 2)
    found = later.done(0)
    np.testing.assert_array_equal(found.arrays["w"], first.arrays["w"])
    assert (found.steps, found.history) == (7, first.history)
    kept = later.room(1).restore()
    assert kept.info["key"] == "b"
    assert list(kept.arrays) == ["network/w"]
    assert later.room(0).restore() is None
