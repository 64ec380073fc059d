"""Networks that learn side by side: each by itself, whatever the threads, and gone on with."""

import numpy as np
import pytest
import torch
from torch import nn

from napari_simgraph import MemoryRoom, run
from napari_simgraph.learn import fit as fitting
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.device import pick
from napari_simgraph.learn.fit import Plan, fit
from napari_simgraph.learn.team import Team
from napari_simgraph.nets.several import Several, members_of


class Lines:
    """y = 2 x + 1, for so many networks; remembers what each was given."""

    def __init__(self, count=2):
        torch.manual_seed(0)
        self.network = Several([nn.Linear(1, 1) for _ in range(count)])
        self.asked = []
        self.short = set()

    def batch(self, number, size):
        return np.random.default_rng(number).normal(size=(size, 1)).astype(np.float32)

    def loss(self, network, batch, number):
        row = [member is network for member in self.network.members].index(True)
        self.asked.append((row, number, len(batch)))
        if number in self.short:
            self.short.remove(number)
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        x = torch.from_numpy(batch)
        return ((network(x) - 2 * x - 1) ** 2).mean()

    def check(self, network):
        return {}


def learn(lesson, plan, threads=1, room=None):
    aside = Aside()
    place = pick("cpu", threads, "full")
    try:
        return run(fit(lesson, plan, place, room or MemoryRoom(), aside))
    finally:
        aside.close()


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_each_learns_from_batches_of_its_own(threads):
    lesson = Lines(3)
    fitted = learn(lesson, Plan(steps=300, batch=4, rate=0.05), threads)
    assert sorted(lesson.asked) == sorted((n % 3, n, 4) for n in range(900))
    for row in range(3):
        assert fitted.arrays[f"members.{row}.weight"].item() == pytest.approx(2, abs=0.1)


def test_side_by_side_they_learn_the_same_as_one_after_the_other():
    one, two = (learn(Lines(), Plan(steps=40, batch=4, rate=0.05), n) for n in (1, 2))
    assert one.history == two.history
    assert all(np.array_equal(one.arrays[k], two.arrays[k]) for k in one.arrays)


def test_gone_on_from_a_checkpoint_they_end_the_same(monkeypatch):
    monkeypatch.setattr(fitting, "_CHECKPOINT_SECONDS", 0.0)
    states = []

    class Diary(MemoryRoom):
        def checkpoint(self, state):
            super().checkpoint(state)
            states.append(self.state)

    plan = Plan(steps=12, batch=2, key="run")
    whole = learn(Lines(), plan, 2, Diary())
    for number in (0, 5, 11):
        later = MemoryRoom()
        later.state = states[number]
        resumed = learn(Lines(), plan, 2, later)
        assert all(np.array_equal(resumed.arrays[k], whole.arrays[k]) for k in whole.arrays)


def test_where_memory_is_short_for_one_all_go_on_with_smaller_batches():
    lesson = Lines()
    lesson.short = {7}  # of the second, in the fourth step
    fitted = learn(lesson, Plan(steps=10, batch=4), 2)
    assert (fitted.steps, fitted.batch) == (10, 2)
    assert {size for _, number, size in lesson.asked if number > 7} == {2}


def test_an_error_of_one_comes_out_when_all_are_done():
    lesson = Lines()
    team = Team(lesson, pick("cpu", 2, "full"))
    try:
        lesson.short = {0}
        with pytest.raises(RuntimeError, match="memory"):
            team.learn(team.batches(0, 2), 0, 0.1)
        assert {row for row, *_ in lesson.asked} == {0, 1}
        assert np.isfinite(team.learn(team.batches(1, 2), 1, 0.1))
    finally:
        team.close()


def test_without_a_rate_nothing_is_learned():
    lesson = Lines()
    team = Team(lesson, pick("cpu", 2, "full"))
    before = [member.weight.clone() for member in members_of(lesson.network)]
    team.learn(team.batches(0, 2), 0, 0.0)
    team.close()
    for member, old in zip(members_of(lesson.network), before, strict=True):
        assert torch.equal(member.weight, old)
