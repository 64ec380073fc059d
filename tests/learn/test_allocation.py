import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys, threading
import numpy as np
from napari_simgraph.learn.allocation import give_freed_blocks_back, keep_freed_blocks
kept = keep_freed_blocks() if sys.argv[1] != "plain" else None
if sys.argv[1] == "back":
    give_freed_blocks_back()

def work():
    for _ in range(100):
        np.ones(5_000_000)  # 40 MB, filled and freed

before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
thread = threading.Thread(target=work)
thread.start()
thread.join()
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(mode):
    words = [sys.executable, "-c", PROGRAM, mode]
    kept, count = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    return kept, int(count)


@pytest.mark.skipif(sys.platform == "win32", reason="page faults are not counted there")
def test_freed_blocks_are_used_again_where_the_system_can():
    kept, fewer = faults("keep")
    _, plain = faults("plain")
    if kept == "False":
        pytest.skip("this C library has no such setting")
    assert fewer < plain / 2  # huge pages make few faults of either
    _, back = faults("back")
    assert back > 2 * fewer  # as it was before
