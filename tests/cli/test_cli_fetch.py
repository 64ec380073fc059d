"""``napari-simgraph fetch`` as a person types it."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from napari_simgraph.cli import main
from napari_simgraph.io import fetch_sets

WHOLE = np.random.default_rng(0).bytes(300_000)


@pytest.fixture
def toy(server, tmp_path, monkeypatch):
    """A set of one file in a registry of its own, and an empty data home."""
    told = {"title": "Toy", "what": "Small.", "licence": "CC0 for toys", "cite": ["Me 2026"]}
    told |= {
        "repository": "o/r",
        "commit": "c0",
        "made": [{"file": "s.svs", "copy": "d/slide.svs"}],
    }
    (tmp_path / "sets.json").write_text(json.dumps({"toy": told}))
    row = f"{hashlib.sha256(WHOLE).hexdigest()}\t{len(WHOLE)}\td/slide.svs\n"
    (tmp_path / "toy.tsv").write_text(row)
    monkeypatch.setattr(fetch_sets, "_REGISTRY", tmp_path)
    monkeypatch.setenv("SIMGRAPH_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SIMGRAPH_MIRROR", server.url)
    server.files["o/r/c0/d/slide.svs"] = WHOLE
    return tmp_path


def test_without_a_name_it_lists(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("SIMGRAPH_DATA_HOME", str(tmp_path))
    assert main(["fetch"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["isbi2012", "vnc", "slides"]
    assert "12.8 MB" in lines[0]


def test_the_licence_is_told_and_nothing_loaded_without_a_yes(toy, server, capsys):
    assert main(["fetch", "toy", "--progress", "none"]) == 2
    told = capsys.readouterr()
    assert "CC0 for toys" in told.err
    assert "--yes" in told.err
    assert told.out == ""
    assert server.asked == []
    assert not (toy / "home").exists()


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("\n", 2), ("no\n", 2)])
def test_an_answer_decides(toy, monkeypatch, answer, code):
    import io

    typed = io.StringIO(answer)
    typed.isatty = lambda: True
    monkeypatch.setattr(sys, "stdin", typed)
    assert main(["fetch", "toy", "--progress", "none"]) == code
    assert (toy / "home" / "toy" / "s.svs").is_file() == (code == 0)


def test_files_are_named_on_stdout_and_a_second_call_loads_nothing(toy, server, capsys):
    out = toy / "elsewhere"
    assert main(["fetch", "toy", "--yes", "--out", str(out)]) == 0
    assert capsys.readouterr().out.strip() == str(out / "s.svs")
    assert (out / "s.svs").read_bytes() == WHOLE
    assert main(["fetch", "toy", "--out", str(out)]) == 0  # no question either
    told = capsys.readouterr()
    assert "already" in told.err
    assert "CC0" not in told.err
    assert len(server.asked) == 1


def test_what_can_not_be_had_costs_one_line(toy, server, capsys):
    server.files.clear()
    assert main(["fetch", "toy", "--yes", "--progress", "none"]) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith("napari-simgraph: slide.svs is no")
    assert main(["fetch", "cats"]) == 2
    assert main(["fetch", "toy", "--mirror", "ftp://x"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2


PROGRAM = """
import sys
from pathlib import Path
from napari_simgraph.cli import main
from napari_simgraph.io import fetch_sets
fetch_sets._REGISTRY = Path(sys.argv.pop(1))
sys.exit(main(sys.argv[1:]))
"""


def test_ctrl_c_ends_it_at_once_and_the_next_call_goes_on(toy, server):
    server.slow = 0.15
    words = [sys.executable, "-c", PROGRAM, str(toy), "fetch", "toy", "--yes", "--progress", "json"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, env=os.environ, text=True) as process:
        for line in process.stderr:
            if line.startswith("{") and json.loads(line).get("done", 0) > 0.1:
                break
        before = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.stderr.read()
    assert process.returncode == 130
    assert time.monotonic() - before < 2  # the end of the interpreter included
    server.slow = 0
    assert main(["fetch", "toy", "--yes", "--progress", "none"]) == 0
    assert server.asked[-1][1] > 0
