import math

import pytest
import torch

from napari_simgraph.learn.losses import (
    Counting,
    binary_cross_entropy,
    cross_entropy,
    dice_loss,
    segmentation_loss,
)


@pytest.fixture
def drawn():
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn((2, 3, 4, 5), generator=generator)
    right = torch.randint(0, 3, (2, 4, 5), generator=generator)
    target = torch.nn.functional.one_hot(right, 3).permute(0, 3, 1, 2).float()
    known = (torch.rand((2, 1, 4, 5), generator=generator) > 0.4).float().expand(-1, 3, -1, -1)
    return scores, target * known, known, torch.tensor([1.0, 3.0, 0.5])


def pixels(tensor):
    n, _, height, width = tensor.shape
    return [(i, y, x) for i in range(n) for y in range(height) for x in range(width)]


def test_cross_entropy_as_written_out(drawn):
    scores, target, known, weights = drawn
    total = weight = 0.0
    for i, y, x in pixels(scores):
        if known[i, 0, y, x]:
            k = int(target[i, :, y, x].argmax())
            powers = [math.exp(s) for s in scores[i, :, y, x].tolist()]
            total -= float(weights[k]) * math.log(powers[k] / sum(powers))
            weight += float(weights[k])
    assert float(cross_entropy(*drawn)) == pytest.approx(total / weight, rel=1e-5)


def test_binary_cross_entropy_as_written_out(drawn):
    scores, target, known, weights = drawn
    total = weight = 0.0
    for i, y, x in pixels(scores):
        for k in range(3):
            if known[i, k, y, x]:
                p = 1 / (1 + math.exp(-float(scores[i, k, y, x])))
                yes = bool(target[i, k, y, x])
                w = float(weights[k]) if yes else 1.0
                total -= w * math.log(p if yes else 1 - p)
                weight += w
    assert float(binary_cross_entropy(*drawn)) == pytest.approx(total / weight, rel=1e-5)


def test_dice_as_written_out(drawn):
    scores, target, known, _ = drawn
    chances = scores.softmax(1)
    each = []
    for k in range(3):
        both = size = 0.0
        for i, y, x in pixels(scores):
            if known[i, k, y, x]:
                both += float(chances[i, k, y, x] * target[i, k, y, x])
                size += float(chances[i, k, y, x] + target[i, k, y, x])
        each.append((2 * both + 1) / (size + 1))
    assert float(dice_loss(chances, target, known)) == pytest.approx(1 - sum(each) / 3, rel=1e-5)


@pytest.mark.parametrize("loss", [cross_entropy, binary_cross_entropy])
def test_unlabelled_pixels_change_nothing(drawn, loss):
    scores, target, known, weights = drawn
    other = torch.where(known > 0, scores, torch.full_like(scores, 7.0))
    assert torch.equal(loss(scores, target, known, weights), loss(other, target, known, weights))


def test_dice_counts_as_much_as_was_said(drawn):
    scores, target, known, weights = drawn
    entropy = cross_entropy(scores, target, known, weights)
    dice = dice_loss(scores.softmax(1), target, known)
    for share in (0.0, 0.5, 2.0):
        made = segmentation_loss(scores, target, known, Counting(weights, share), True)
        assert float(made) == pytest.approx(float(entropy + share * dice), rel=1e-6)
