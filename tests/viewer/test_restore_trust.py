"""A workspace from a stranger is read without going anywhere else."""

import json

import numpy as np

from napari_simgraph import Image
from napari_simgraph.core.job import run
from napari_simgraph.io.kept import keep
from napari_simgraph.io.painted import PaintedPixels
from napari_simgraph.io.workspace import Workspace
from napari_simgraph.viewer.restore import reading


def told(**parts):
    return {"about": {}, "place": {}, "look": {"name": "theirs"}} | parts


def test_layers_come_from_inside_the_workspace(tmp_path):
    secret = np.full((9, 9), 7, np.uint8)
    PaintedPixels(tmp_path / "p1", (9, 9), np.uint8).write(secret)
    keep(Image(secret), tmp_path / "i1")
    layers = [told(kind="painted", id="../../p1"), told(kind="painted", id=str(tmp_path / "p1"))]
    layers += [told(kind="image", id="i1"), told(kind="image", id=["i1"]), told(look="theirs")]
    layers += [told(kind="painted", id="p2", place=3), "layer", 5, None, []]
    images = {"i1": {"copy": "../i1"}}
    Workspace(tmp_path / "theirs").close()
    text = json.dumps({"format": 1, "layers": layers, "images": images})
    (tmp_path / "theirs" / "workspace.json").write_text(text)
    brought = run(reading(tmp_path / "theirs", look_only=True))
    assert brought.layers == []
    assert len(brought.missing) == 5  # what has a name and may be found
    elsewhere = [note for note in brought.workspace.notes if "elsewhere" in note]
    assert len(elsewhere) == 3
    assert all(note.endswith(".") for note in brought.workspace.notes)
