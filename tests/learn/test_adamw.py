"""AdamW: the steps of torch's own, without what its class loads."""

import subprocess
import sys

import torch
from torch import nn

from napari_simgraph.learn.adamw import AdamW

LOOK = """
import sys
from napari_simgraph.capabilities import segmentation
segmentation.get_ready()
print(sorted({"torch._dynamo", "sklearn", "pandas"} & set(sys.modules)))
"""


def network():
    """One that learns, and has a layer that is left out."""
    torch.manual_seed(0)
    made = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 2, 1))
    made.aside = nn.Linear(2, 2)
    return made.to(memory_format=torch.channels_last)


def learn(one, step, steps):
    pictures = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    for number in range(steps):
        one[3](one[:3](pictures)).square().mean().backward()
        step(0.01 / (number + 1))


def same(one, other):
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return all(torch.equal(mine, its) for mine, its in pairs)


def test_steps_are_those_of_torchs_class_also_after_a_break():
    ours, theirs = network(), network()
    mine, its = AdamW(ours.parameters(), 0.1), torch.optim.AdamW(theirs.parameters())

    def step(rate):
        its.param_groups[0].update(lr=rate, weight_decay=0.1)
        its.step()
        its.zero_grad()

    learn(ours, mine.step, 3)
    learn(theirs, step, 3)
    assert same(ours, theirs)
    assert not same(ours, network())
    goes_on = AdamW(ours.parameters(), 0.1)
    goes_on.restore(mine.memory)
    learn(ours, goes_on.step, 3)
    learn(theirs, step, 3)
    assert same(ours, theirs)


def test_what_a_first_answer_waits_for_loads_neither_a_compiler_nor_statistics():
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, timeout=240)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
