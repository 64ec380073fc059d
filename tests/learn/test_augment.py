import dataclasses

import pytest
import torch

from napari_simgraph.learn.augment import Augment, augment, settle

OFF = dict.fromkeys(["flips", "rotation", "scaling", "elastic", "intensity", "damage"], False)


def drawn(edge, channels=1):
    generator = torch.Generator().manual_seed(1)
    marks = torch.randint(0, 3, (3, 2, edge, edge), generator=generator)
    return torch.randn((3, channels, edge, edge), generator=generator), marks.to(torch.uint8)


def varied(how, channels=1, seed=0):
    inputs, marks = drawn(how.reading, channels)
    return augment(inputs, marks, how, torch.Generator().manual_seed(seed))


def test_all_switched_off_nothing_changes():
    how = Augment(32, **OFF)
    inputs, marks = drawn(32)
    sample = varied(how)
    assert torch.equal(sample.inputs, inputs)
    assert torch.equal(sample.known, (marks > 0).float())


@pytest.mark.parametrize("one", list(OFF))
def test_each_switch_does_something_and_chance_is_its_own(one):
    how = Augment(32, **OFF | {one: True})
    before = torch.get_rng_state()
    outcomes = [varied(how, seed=seed).inputs for seed in range(6)]
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(varied(how).inputs, outcomes[0])
    assert any(not torch.equal(outcomes[0], other) for other in outcomes[1:])
    assert all(torch.isfinite(out).all() for out in outcomes)


def test_labels_move_with_the_picture():
    how = dataclasses.replace(Augment(32), intensity=False, damage=False)
    edge = how.reading
    picture = torch.zeros((4, 1, edge, edge))
    picture[:, :, : edge // 2, : edge // 3] = 1.0
    marks = torch.cat([1 + (picture > 0), 1 + (picture == 0)], 1).to(torch.uint8)
    sample = settle(augment(picture, marks, how, torch.Generator().manual_seed(3)), exclusive=True)
    assert ((sample.inputs > 0.5) == (sample.target[:, :1] > 0.5)).float().mean() > 0.99
    assert torch.equal(sample.target.sum(1), torch.ones_like(sample.target[:, 0]))


def test_damage_spares_the_middle_section_from_going_missing():
    how = Augment(16, sections=3, **OFF | {"damage": True})
    out = [varied(how, channels=3, seed=seed).inputs for seed in range(40)]
    missing = [(x[:, 0] == x[:, 1]).all((1, 2)) for x in out]
    assert any(one.any() for one in missing)
