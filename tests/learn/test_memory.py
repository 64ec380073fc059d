"""Memory that really runs out: a limit set on a process of its own."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource
import numpy as np
import torch
from napari_simgraph import Image, Labels, MemoryRoom, run
from napari_simgraph.capabilities.segmentation import Train, train
from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.job import Note

torch.set_num_threads(1)
pixels = np.random.default_rng(0).integers(0, 255, (2, 300, 300), np.uint8)
image = Image(pixels)
labels = Labels((pixels // 128 + 1).astype(np.uint8), classes=ClassTable.of(["a", "b"]))
usual = {"minutes": 0, "steps": 3, "depth": 3, "device": "cpu", "threads": 1, "holdout": "none"}

def told(kind):
    if isinstance(kind, Note) and kind.warning:
        print(kind.text)

def learn(**settings):
    return run(train(image, labels, config=Train(**usual | settings), room=MemoryRoom()), told)

usual_limit = resource.getrlimit(resource.RLIMIT_AS)

def room(megabytes):
    with open("/proc/self/statm") as told:
        now = int(told.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + megabytes * 2**20, usual_limit[1]))

learn(batch=1, patch=128, width=16)  # all libraries are loaded
room(100)
print(learn(batch=32, patch=128, width=16).steps)
print("---")
room(30)
try:
    learn(batch=16, patch=256, width=32)
except MemoryError as error:
    print(error)
"""


SHORT = "Memory was short: it goes on in smaller steps."
TOO_LITTLE = (
    "Too little memory even for one patch. Use a smaller network or patch, or close programs."
)
pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux keeps such a limit"
)


@pytest.fixture(scope="module")
def told():
    """What was said with little room, and with next to none; libraries are loaded once."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [line for line in done.stdout.splitlines() if "pixel size" not in line]
    return lines[: lines.index("---")], lines[lines.index("---") + 1 :]


def test_memory_that_ran_out_is_told_in_one_sentence(told):
    """PyTorch, oneDNN and C++ each have words of their own for it."""
    assert told[1][-1] == TOO_LITTLE


def test_a_step_that_found_no_memory_gives_back_what_it_held(told):
    """Else no smaller batch would find any either."""
    *notes, steps = told[0]
    assert set(notes) == {SHORT}
    assert steps == "3"
