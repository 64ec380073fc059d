"""The loss on borders: what it judges, what it leaves alone, and where it pulls."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage

from napari_simgraph.analysis.agglomeration import find_fragments, log_odds, region_borders
from napari_simgraph.learn.borders import border_loss, even_odds

EDGE = 64
MIDDLE = slice(29, 35)
SURE, NOT = 0.98, 0.02


def cells():
    """A membrane down the middle."""
    target = torch.zeros(1, EDGE, EDGE)
    target[:, :, MIDDLE] = 1
    return target, torch.ones_like(target)


def wall(gap=None, ridge=None):
    """What a network found: the membrane, with a gap; a ridge across the left cell."""
    found = torch.full((1, EDGE, EDGE), NOT)
    found[:, :, MIDDLE] = SURE
    if gap:
        found[:, gap[0] : gap[1], MIDDLE] = NOT
    if ridge:
        found[:, 29:35, :29] = ridge
    return found.requires_grad_(True)


def loss_and_pull(found, target, known, even=0.0):
    loss = border_loss(found, target, known, even)
    if not loss.requires_grad:  # nothing could be judged
        return loss.item(), torch.zeros(EDGE, EDGE)
    loss.backward()
    return loss.item(), found.grad[0]


def test_what_is_right_costs_little_and_what_is_wrong_much():
    right, _ = loss_and_pull(wall(), *cells())
    torn, _ = loss_and_pull(wall(gap=(4, 60)), *cells())
    cut, _ = loss_and_pull(wall(ridge=0.9), *cells())
    assert right < 0.1
    assert torn > 1.0
    assert cut > 0.4


def test_a_gap_is_pulled_up_and_a_false_membrane_down():
    _, pull = loss_and_pull(wall(gap=(20, 44)), *cells())
    assert pull[20:44, MIDDLE].sum() < 0  # descent raises the probability
    assert (pull[:, :24] == 0).all()  # the insides of cells are left to the other losses
    _, pull = loss_and_pull(wall(ridge=0.9), *cells())
    assert pull[29:35, 2:26].sum() > 0


def test_the_odds_are_those_that_agglomeration_takes():
    rng = np.random.default_rng(0)
    noise = ndimage.gaussian_filter(rng.normal(size=(96, 96)), 3)
    found = (1 / (1 + np.exp(-40 * noise))).astype(np.float32)
    true = noise > 0.02
    smooth = ndimage.gaussian_filter(found, 1.0, mode="mirror")
    fragments = find_fragments(smooth)
    odds = np.clip(smooth, 1e-3, 1 - 1e-3)
    borders = region_borders(fragments, np.log(odds / (1 - odds)))
    assert np.abs(np.log(odds / (1 - odds)) - log_odds(found))[8:-8, 8:-8].max() < 1e-3

    truth_cells, _ = ndimage.label(~true)
    owner, size = {}, {}
    for one in range(1, fragments.max() + 1):
        counts = np.bincount(truth_cells[fragments == one])[1:]
        inside = counts.sum()
        if inside > 20 and counts.max() > 0.7 * inside:
            owner[one], size[one] = counts.argmax(), inside
    total = weight = 0.0
    for one, other, sums, length in zip(*borders, strict=True):
        if one not in owner or other not in owner:
            continue
        mean = sums / length - math.log(5)
        sign = 1 if owner[one] != owner[other] else -1
        each = math.sqrt(min(size[one], size[other]))
        total += each * math.log1p(math.exp(-sign * mean))
        weight += each
    assert weight > 0
    target = torch.from_numpy(true[None].astype(np.float32))
    loss = border_loss(torch.from_numpy(found[None]), target, torch.ones_like(target), even_odds(5))
    assert loss.item() == pytest.approx(total / weight, rel=0.02)


def test_strokes_and_empty_crops_say_nothing():
    target, known = cells()
    known[:, :, 10:] = 0
    for told in (known, torch.zeros_like(known)):
        loss, pull = loss_and_pull(wall(gap=(4, 60)), target, told)
        assert loss == 0
        assert not pull.any()
    everywhere = torch.ones(1, EDGE, EDGE)  # nothing but membrane
    assert loss_and_pull(wall(), everywhere, everywhere)[0] == 0


def test_one_crop_without_borders_does_not_disturb_another():
    target, known = (torch.cat([one, torch.zeros_like(one)]) for one in cells())
    found = torch.cat([wall(gap=(20, 44)), wall()])
    alone = border_loss(found[:1], target[:1], known[:1], 0.0)
    assert border_loss(found, target, known, 0.0).item() == pytest.approx(alone.item())


def test_half_precision_is_taken():
    found = wall().detach().bfloat16()
    assert torch.isfinite(border_loss(found, *cells(), 0.0))
