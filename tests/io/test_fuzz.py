"""Damaged files of every kind: a clear sentence or what was there, never a crash or a hang.

The files are small real ones; each case damages one of them and has it read in another process.
"""

import json
import queue
import random
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import NamedTuple

import pytest
from fuzz_files import make_all
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CASE_SECONDS = 120  # far more than any case takes, also on a busy machine
GROWS = 2**30  # bytes that a case may take beyond what whole files took
DAMAGED, CLAIMED = 60, 40  # cases of `make test`: bytes, and claims in descriptions
MANY_DAMAGED, MANY_CLAIMED = 1400, 600  # of `make test-long`
PROGRAM = Path(__file__).with_name("fuzz_child.py")


class Case(NamedTuple):
    """What is damaged how: enough to make it again."""

    name: str
    seed: int


class Child:
    """The process that reads; begun anew where a case has ended it."""

    def __init__(self, warm):
        self.warm = warm
        self._begin()

    def _begin(self):
        words = [sys.executable, "-W", "ignore", str(PROGRAM)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            words, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
        )
        self.answers = queue.Queue()
        threading.Thread(target=self._listen, args=(self.process,), daemon=True).start()
        for real in self.warm:  # libraries are loaded before memory is limited
            answer = self.ask(real.reader, real.path)
            assert answer["end"] == "read", (real, answer)
        self.most = self.ask("limit", "")["most"]

    def _listen(self, process):
        answers = self.answers
        for line in process.stdout:
            answers.put(json.loads(line))
        answers.put({"end": "crash", "told": f"ended with {process.wait()}", "most": 0})

    def ask(self, reader, path):
        try:
            print(json.dumps({"reader": reader, "path": str(path)}), file=self.process.stdin)
            self.process.stdin.flush()
            return self.answers.get(timeout=CASE_SECONDS)
        except queue.Empty:
            return {"end": "hang", "told": f"after {CASE_SECONDS} s", "most": 0}
        except OSError:
            return {"end": "crash", "told": "ended before", "most": 0}

    def read(self, reader, path):
        answer = self.ask(reader, path)
        if answer["end"] in ("crash", "hang"):
            self.close()
            self._begin()
        elif answer["most"] > self.most + GROWS:
            answer = {"end": "memory", "told": f"{answer['most'] / 1e9:.1f} GB, {answer}"}
            self.close()
            self._begin()
        return answer

    def close(self):
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            pipe.close()


@pytest.fixture(scope="module")
def reals(tmp_path_factory):
    return make_all(tmp_path_factory.mktemp("real"))


@pytest.fixture(scope="module")
def child(reals):
    made = Child(list(reals.values()))
    yield made
    made.close()


@pytest.fixture(scope="module")
def whole(reals, child):
    """What the whole files are read as."""
    return {name: child.read(real.reader, real.path)["found"] for name, real in reals.items()}


def damage(path, dice):
    """Flip, overwrite or cut a file, or take one out of a folder."""
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    file = dice.choice(files)
    if path.is_dir() and dice.random() < 0.1:
        file.unlink()
        return
    content = bytearray(file.read_bytes())
    if not content:
        return
    how = dice.choice(("flip", "flip", "claim", "cut"))
    if how == "cut":
        file.write_bytes(content[: dice.randrange(len(content))])
        return
    for _ in range(dice.choice((1, 1, 2, 8))):
        # heads are short and say most
        near = min(len(content), 600) if dice.random() < 0.5 else len(content)
        at = dice.randrange(near)
        if how == "flip":
            content[at] ^= dice.randrange(1, 256)
        else:
            size = dice.choice((1, 2, 4, 8))
            content[at : at + size] = dice.choice((b"\xff", b"\x7f", b"\0"))[:1] * size
    file.write_bytes(content)


def copied(real, folder):
    target = folder / real.path.name
    (shutil.copytree if real.path.is_dir() else shutil.copyfile)(real.path, target)
    for beside in real.path.parent.glob(f"{real.path.name}.simgraph.json"):
        shutil.copyfile(beside, folder / beside.name)
    return target


def wrong(real, before, answer):
    """What is wrong with an answer; "" where nothing is."""
    if answer["end"] in ("crash", "hang", "memory", "raised"):
        return f"{answer['end']}: {answer['told']}"
    if answer["end"] == "read" and real.summed and answer["found"] != before:
        return f"read as something else without a word: {answer['found']}, not {before}"
    return ""


def damaged_cases(count, reals, child, whole, folder):
    names, found = sorted(reals), []
    for seed in range(count):
        case = Case(names[seed % len(names)], seed)
        place = folder / str(seed)
        place.mkdir()
        real = reals[case.name]
        path = copied(real, place)
        damage(path, random.Random(f"{case.name} {seed}"))
        said = wrong(real, whole[case.name], child.read(real.reader, path))
        if said:
            found.append(f"{case}: {said}")
        shutil.rmtree(place)
    return found


def test_damaged_files_are_told_or_read_as_they_were(reals, child, whole, tmp_path):
    found = damaged_cases(DAMAGED, reals, child, whole, tmp_path)
    assert not found, "\n\n".join(found)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_many_damaged_files(reals, child, whole, tmp_path):
    found = damaged_cases(MANY_DAMAGED, reals, child, whole, tmp_path)
    assert not found, f"{len(found)} cases\n" + "\n\n".join(found)


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.sampled_from([0, -1, 2**31 - 1, 2**40, 1e308, float("nan"), float("inf")])
    | st.sampled_from(["", "..", "../../../etc/passwd", "/etc/passwd", "a\0b", "ZYX", "é" * 300]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


def places(told, so_far=()):
    """All places in a JSON value."""
    yield so_far
    parts = told.items() if isinstance(told, dict) else enumerate(told)
    for key, value in parts if isinstance(told, dict | list) else ():
        yield from (
            places(value, (*so_far, key)) if isinstance(value, dict | list) else [(*so_far, key)]
        )


def put(told, place, value):
    if not place:
        return value
    inner = told
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return told


def described(real):
    """The JSON files of something that is made of several, or beside it."""
    if real.path.is_dir():
        return sorted(p for p in real.path.rglob("*") if p.suffix == ".json" or p.name == ".zarray")
    return [real.path] if real.path.suffix == ".geojson" else []


def claims(count, reals, child, folder):
    """Cases of hypothesis: any value at any place of any description."""
    known = {name: real for name, real in reals.items() if described(real)}

    @settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def case(data):
        name = data.draw(st.sampled_from(sorted(known)))
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        path = copied(known[name], folder)
        file = data.draw(st.sampled_from(described(known[name]._replace(path=path))))
        told = json.loads(file.read_text("utf-8"))
        place = data.draw(st.sampled_from(list(places(told))))
        file.write_text(json.dumps(put(told, place, data.draw(JUNK))))
        said = wrong(known[name]._replace(summed=False), None, child.read(known[name].reader, path))
        assert not said, f"{name} {file.name} {place}: {said}"

    case()


def test_claims_in_descriptions_are_not_believed(reals, child, tmp_path):
    claims(CLAIMED, reals, child, tmp_path / "case")


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_many_claims(reals, child, tmp_path):
    claims(MANY_CLAIMED, reals, child, tmp_path / "case")
