"""A process that writes a workspace is killed at random moments: what it had told is there."""

import contextlib
import subprocess
import sys
import time

import numpy as np
import pytest

import workspace_writer
from napari_simgraph.io.safe import is_half
from napari_simgraph.io.workspace import Workspace
from workspace_writer import SHAPE, act, found, kind_of, value

SEED = 20261121
STROKES = ("stroke", "wider")
LISTS = {"model": "models", "step": "steps", "live": "live"}
_LONGEST_S = 0.02  # after an acknowledgement, until the kill: several acts long


def killed_at(folder, first, random):
    """The last step that was told by a process that began after `first`."""
    words = [sys.executable, workspace_writer.__file__, str(folder), str(SEED), str(first)]
    wanted, told = first + int(random.integers(1, 60)), first
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            told = int(line)
            if told >= wanted:
                break
        else:
            raise AssertionError("the writer ended by itself")
        time.sleep(float(random.random()) * _LONGEST_S)  # somewhere inside an act
        process.kill()
        for line in process.stdout:  # what it told before it died
            with contextlib.suppress(ValueError):
                told = int(line)
    return told


class Expected:
    """What must be on disk after a step, and what may be: of the step that was broken off."""

    def __init__(self):
        self.pixels, self.steps = np.zeros(SHAPE, np.uint16), 0
        self.last = dict.fromkeys(("result", "state", "run"), 0)
        self.lists = {name: [] for name in ("journal", "models", "steps", "live")}

    def go_on(self, told):
        """Take in all steps up to one."""
        for n in range(self.steps + 1, told + 1):
            kind, box = act(SEED, n)
            if kind in STROKES:
                self.pixels[box] = value(n)
            elif kind in self.last:
                self.last[kind] = n
            else:
                self.lists[LISTS[kind]].append(n)
            self.lists["journal"].append(n)
        self.steps = told

    def check(self, there):
        """Hold it against what a workspace holds, and go on from that."""
        self.steps += 1  # was broken off: of this alone all or nothing may be there
        kind, box = act(SEED, self.steps)
        same = there.pixels == self.pixels
        if kind in STROKES:
            same[box] |= there.pixels[box] == value(self.steps)
        assert same.all()
        self.pixels = there.pixels.astype(np.uint16)
        for name, number in self.last.items():
            self.last[name] = getattr(there, name)
            assert self.last[name] in (number, *([self.steps] if kind == name else [])), name
        for name, known in self.lists.items():
            self.lists[name] = getattr(there, name)
            mine = name in ("journal", LISTS.get(kind))
            assert self.lists[name] in (known, *([[*known, self.steps]] if mine else [])), name


def kill_again_and_again(folder, kills):
    random, expected = np.random.default_rng(SEED), Expected()
    for _ in range(kills):
        expected.go_on(killed_at(folder, expected.steps, random))
        workspace = Workspace(folder)
        assert workspace.notes == ["Brought back all but the last stroke."]
        expected.check(found(workspace))
        workspace.close()
        halves = [path for path in folder.rglob("*") if is_half(path.name)]
        assert [path for path in halves if "runs" not in path.parts] == []


def test_a_writer_that_is_killed_loses_nothing_that_it_told(tmp_path):
    kill_again_and_again(tmp_path / "w", 5)


@pytest.mark.long  # two seconds a kill, many more on a busy machine
@pytest.mark.timeout(3600)
def test_a_writer_that_is_killed_fifty_times(tmp_path):
    kill_again_and_again(tmp_path / "w", 50)


def test_pixels_change_their_type_in_mid_work():
    assert {kind_of(n) for n in range(60)} == {np.dtype(np.uint8), np.dtype(np.uint16)}
