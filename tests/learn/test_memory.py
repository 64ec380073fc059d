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

torch.set_num_threads(1)
pixels = np.random.default_rng(0).integers(0, 255, (2, 300, 300), np.uint8)
image = Image(pixels)
labels = Labels((pixels // 128 + 1).astype(np.uint8), classes=ClassTable.of(["a", "b"]))
usual = {"minutes": 0, "steps": 3, "depth": 3, "device": "cpu", "threads": 1, "holdout": "none"}

def learn(**settings):
    return run(train(image, labels, config=Train(**usual | settings), room=MemoryRoom()))

learn(batch=1, patch=64, width=4)  # all libraries are loaded
with open("/proc/self/statm") as told:
    now = int(told.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (now + 60 * 2**20,) * 2)
try:
    learn(batch=16, patch=128, width=16)
except MemoryError as error:
    print(error)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux keeps such a limit")
def test_memory_that_ran_out_is_told_in_one_sentence():
    """PyTorch, oneDNN and C++ each have words of their own for it."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.stdout == (
        "Too little memory even for one patch. Use a smaller network or patch, or close programs.\n"
    ), done.stderr[-2000:]
