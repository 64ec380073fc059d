"""The lesson of what is normal: how several pretexts share it."""

from collections import Counter

import numpy as np
import pytest
import torch

from napari_simgraph import Image, ImageSet, run
from napari_simgraph.capabilities import anomaly
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.normal_lesson import NormalLesson
from napari_simgraph.learn.normal_work import normal_work
from napari_simgraph.nets import build
from napari_simgraph.nets.pretexts import NAMES


@pytest.fixture
def lesson():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (10, 64, 64, 3), np.uint8)
    config, aside = anomaly.Train(patch=32, device="cpu", threads=1), Aside()
    normal, _ = run(
        normal_work(ImageSet(tuple(Image(one, "YXC") for one in pixels)), None, config, aside)
    )
    aside.close()
    return NormalLesson(
        build("pretexts", seed=0, channels=3, names=NAMES, width=16), normal, config
    )


def test_pretexts_share_the_crops_of_a_step(lesson):
    shares = Counter()
    for number in range(3):
        batch = lesson.batch(number, 8)
        assert sum(len(crops) for crops, _ in batch.values()) == 8
        for name, (crops, task) in batch.items():
            assert len(task.shown) == len(crops)
            shares[name] += len(crops)
    assert shares == dict.fromkeys(NAMES, 8)
    again = lesson.batch(2, 8)
    assert all(np.array_equal(again[name][0], crops) for name, (crops, _) in batch.items())


def test_a_step_of_one_crop_teaches_one_pretext_in_turn(lesson):
    taught = []
    for number in range(6):
        batch = lesson.batch(number, 1)
        loss = lesson.loss(lesson.network, batch, number)
        assert torch.isfinite(loss)
        lesson.network.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        moved = {
            name
            for name, network in lesson.network.networks.items()
            if any(p.grad is not None for p in network.parameters())
        }
        assert moved == set(batch)
        taught += batch
    assert Counter(taught) == dict.fromkeys(NAMES, 2)


def test_all_pretexts_are_checked_on_all_that_is_watched(lesson):
    with torch.no_grad():
        found = lesson.check(lesson.network)
    assert list(found) == [f"off {name}" for name in NAMES]
