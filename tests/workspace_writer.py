"""A process that writes a workspace as fast as it can, until it is killed; see test_killed.py.

What it does at step n follows from the seed and n alone, so whoever reads its acknowledgements
knows what must be on disk.
"""

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from napari_simgraph.core.live import ClassChange
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Labels
from napari_simgraph.io.live_journal import LiveJournal
from napari_simgraph.io.models import load_model, save_model
from napari_simgraph.io.painted import PaintedPixels, open_painted
from napari_simgraph.io.step_log import append, records
from napari_simgraph.io.workspace import Workspace

SHAPE = (2, 600, 1100)  # six blocks a section
KINDS = ("stroke", "stroke", "wider", "result", "state", "model", "step", "live", "run")
RESULT, RUN = "i1 classes", "learn 1"


class Act(NamedTuple):
    """What is done at a step."""

    kind: str
    box: tuple[slice, ...]


def act(seed, n):
    """The act of step n; a stroke may reach over several blocks."""
    random = np.random.default_rng([seed, n])
    z, y, x = (int(random.integers(size)) for size in SHAPE)
    height, width = (int(random.integers(1, 400)) for _ in range(2))
    box = (slice(z, z + 1), slice(y, y + height), slice(x, x + width))
    return Act(KINDS[int(random.integers(len(KINDS)))], box)


def kind_of(n):
    """The type of painted pixels: after some steps they are of another one, and written anew."""
    return np.dtype(np.uint8 if n % 40 < 20 else np.uint16)


def value(n):
    """What a stroke paints, or a result is filled with."""
    return n % 250 + 1


class Writer:
    """Does acts in a workspace.

    Parameters
    ----------
    workspace
        Where.
    seed, pixels
        Of the acts, and what is painted.
    """

    def __init__(self, workspace, seed, pixels):
        self.workspace, self.seed, self.pixels = workspace, seed, pixels
        self.store = None

    def do(self, n):
        """Do step n; what it makes is on disk when this returns."""
        kind, box = act(self.seed, n)
        getattr(self, f"_{kind}")(n, box)
        self.workspace.log(kind, n=n)

    def _stroke(self, n, box):
        self.pixels[box] = value(n)
        if self.store is None:
            path = self.workspace.folder / "painted" / "p1"
            self.store = PaintedPixels(path, self.pixels.shape, self.pixels.dtype)
        self.store.write(self.pixels, [box])

    def _wider(self, n, box):
        if self.pixels.dtype != kind_of(n):
            self.pixels, self.store = self.pixels.astype(kind_of(n)), None
        self._stroke(n, box)

    def _result(self, n, box):
        self.workspace.keep_result(RESULT, Labels(np.full((40, 50), value(n), np.uint8)), {"n": n})

    def _state(self, n, box):
        self.workspace.save({"layers": [], "n": n})

    def _model(self, n, box):
        folder = self.workspace.model_folder(f"m{n}")
        folder.parent.mkdir(exist_ok=True)
        save_model(Model("test", {"w": np.full(9, n, np.float32)}, {"name": "x"}), folder)

    def _step(self, n, box):
        append(self.workspace.folder / "steps.jsonl", {"n": n})

    def _live(self, n, box):
        LiveJournal(self.workspace.folder / "live.jsonl").add(ClassChange("add", n, "x", "#FFFFFF"))

    def _run(self, n, box):
        self.workspace.record_run(RUN, {"title": "Learn", "state": "running", "n": n})


class Found(NamedTuple):
    """What a workspace holds, as `Writer` made it."""

    journal: list
    pixels: np.ndarray
    result: int
    state: int
    run: int
    models: list
    steps: list
    live: list


def found(workspace):
    """Read all of it."""
    painted = workspace.folder / "painted" / "p1"
    versions = workspace.versions(RESULT)
    if versions:
        noun, info = workspace.result(RESULT)
        assert np.unique(noun.levels[0][:]).tolist() == [value(info["n"])]
    events = LiveJournal(workspace.folder / "live.jsonl").read().history.events
    models = {name: load_model(path) for name, path in workspace.models().items()}
    numbers = {name: int(model.arrays["w"][0]) for name, model in models.items()}
    assert all(name == f"m{number}" for name, number in numbers.items())
    return Found(
        [line["n"] for line in workspace.journal()],
        open_painted(painted) if painted.exists() else np.zeros(SHAPE, np.uint8),
        versions[-1]["info"]["n"] if versions else 0,
        workspace.state.get("n", 0),
        next((run["n"] for run in workspace.runs()), 0),
        sorted(numbers.values()),
        [line["n"] for line in records(workspace.folder / "steps.jsonl")],
        [event.value for event in events],
    )


def main(folder, seed, n):
    """Open the workspace and write from step n on, telling each that is done."""
    workspace = Workspace(Path(folder))
    writer = Writer(workspace, seed, found(workspace).pixels)
    while True:
        n += 1
        writer.do(n)
        print(n, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
