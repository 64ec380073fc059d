import errno

import numpy as np
import pytest
import torch
from torch import nn

from napari_simgraph import MemoryRoom, run
from napari_simgraph.core.job import Note, Progress, Signal
from napari_simgraph.learn import fit as fitting
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.device import pick
from napari_simgraph.learn.fit import Plan, fit


class Line:
    """A lesson: y = 2 x + 1 with a little noise."""

    def __init__(self, memory=100):
        self.network = nn.Linear(1, 1)
        with torch.no_grad():
            self.network.weight.fill_(0.0)
            self.network.bias.fill_(0.0)
        self.memory, self.sizes = memory, []

    def batch(self, number, size):
        return np.random.default_rng(number).normal(size=(size, 1)).astype(np.float32)

    def loss(self, network, batch, number):
        if len(batch) > self.memory:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        self.sizes.append(len(batch))
        x = torch.from_numpy(batch)
        return ((network(x) - 2 * x - 1) ** 2).mean()

    def check(self, network):
        return {"agreement": float(network.weight.detach())}


class Diary(MemoryRoom):
    """Remembers all checkpoints."""

    def __init__(self):
        super().__init__()
        self.states = []

    def checkpoint(self, state):
        super().checkpoint(state)
        self.states.append(self.state)


def learn(lesson, plan, room=None, on_tick=None):
    aside = Aside()
    try:
        return run(fit(lesson, plan, pick("cpu", 1, "full"), room or MemoryRoom(), aside), on_tick)
    finally:
        aside.close()


def test_it_learns_and_keeps_curves():
    fitted = learn(Line(), Plan(steps=400, batch=8, rate=0.05))
    assert fitted.arrays["weight"].item() == pytest.approx(2, abs=0.1)
    assert fitted.arrays["bias"].item() == pytest.approx(1, abs=0.1)
    assert fitted.steps == 400
    assert len(fitted.history["agreement"]) == 20
    assert fitted.history["loss"][-1][1] < 0.05


def test_gone_on_from_any_checkpoint_it_ends_the_same(monkeypatch):
    monkeypatch.setattr(fitting, "_CHECKPOINT_SECONDS", 0.0)
    room, plan = Diary(), Plan(steps=12, batch=2, key="run")
    whole = learn(Line(), plan, room)
    for number in (0, 5, 11):
        later = MemoryRoom()
        later.state = room.states[number]
        resumed = learn(Line(), plan, later)
        assert resumed.history == whole.history
        assert all(np.array_equal(resumed.arrays[k], whole.arrays[k]) for k in whole.arrays)


def test_a_checkpoint_of_another_run_is_left_alone():
    room = MemoryRoom()
    learn(Line(), Plan(steps=5, key="one"), room)
    seen = []
    learn(Line(), Plan(steps=3, key="other"), room, seen.append)
    assert seen[-1].text == "step 3 of 3"


def test_short_memory_halves_the_batch_and_says_so():
    lesson, notes = Line(memory=3), []
    fitted = learn(lesson, Plan(steps=5, batch=8), on_tick=notes.append)
    assert fitted.batch == 2
    assert fitted.steps == 5
    assert lesson.sizes == [2] * 5
    assert [n.text for n in notes if isinstance(n, Note)] == [fitting.SHORT] * 2


@pytest.mark.parametrize("plan", [Plan(steps=20, batch=8), Plan(seconds=0.3, batch=8)])
def test_where_memory_is_too_short_for_a_look_it_learns_on_and_says_so_once(plan):
    lesson, notes = Line(), []

    def no_room(network):
        raise MemoryError

    lesson.check = no_room
    fitted = learn(lesson, plan, on_tick=notes.append)
    assert fitted.batch == 8
    assert fitted.steps == fitted.planned
    assert [n.text for n in notes if isinstance(n, Note)] == [fitting.UNSEEN]


class Full(MemoryRoom):
    """On a disk that takes nothing."""

    def checkpoint(self, state):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_costs_nothing_that_was_learned_and_is_told_once(monkeypatch):
    monkeypatch.setattr(fitting, "_CHECKPOINT_SECONDS", 0.0)
    notes, plan = [], Plan(steps=50, batch=8, rate=0.05)
    fitted = learn(Line(), plan, Full(), lambda tick: notes.append(tick))
    told = [tick.text for tick in notes if isinstance(tick, Note)]
    assert told == [fitting.REFUSED]
    assert fitted.steps == 50
    np.testing.assert_array_equal(fitted.arrays["weight"], learn(Line(), plan).arrays["weight"])


def test_too_little_memory_for_one_patch_is_said():
    with pytest.raises(MemoryError, match="one patch"):
        learn(Line(memory=0), Plan(steps=5))


def test_other_errors_are_not_taken_for_short_memory():
    lesson = Line()
    lesson.loss = lambda *_: (_ for _ in ()).throw(RuntimeError("shapes differ"))
    with pytest.raises(RuntimeError, match="shapes differ"):
        learn(lesson, Plan(steps=5))


def test_minutes_fix_the_steps_which_make_the_same_run_again():
    timed = learn(Line(), Plan(seconds=0.5, batch=2))
    assert timed.steps == timed.planned > 1
    again = learn(Line(), Plan(steps=timed.steps, batch=2))
    assert np.array_equal(timed.arrays["weight"], again.arrays["weight"])


def test_stop_keeps_what_was_learned():
    steps = [0]

    def stop(tick):
        steps[0] += isinstance(tick, Progress)
        return Signal.STOP if steps[0] > 20 else None

    fitted = learn(Line(), Plan(steps=10_000, rate=0.1), on_tick=stop)
    assert 10 < fitted.steps < 30
    assert fitted.planned == 10_000
