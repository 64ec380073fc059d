"""napari is killed in mid-training; the workspace is opened again and the training goes on."""

import json
import os
import subprocess
import sys

import psutil
import pytest

from napari_simgraph.io.folder_room import FolderRoom
from napari_simgraph.io.models import load_model

COMMON = """
import sys
from pathlib import Path
import napari
from qtpy.QtCore import QTimer
from napari_simgraph.capabilities.segmentation import Train

viewer = napari.Viewer()
_, dock = viewer.window.add_plugin_dock_widget("napari-simgraph", "Segment")
small = {"width": 4, "depth": 2, "patch": 64, "batch": 2, "device": "cpu"}
# A checkpoint comes every half minute.
length = {"all": {"minutes": 1}, "the window": {"minutes": 0, "steps": 800}}
settings = Train(**small, **length[sys.argv[1]])
said = []

def say(*words):
    if words not in said:
        said.append(words)
        print(*words, flush=True)

def learn():
    task = dock.teach.task
    if task is None and not said and dock.footer.main.isEnabled():
        say("offer", dock.footer.sentence.text())
        dock.footer.main.click()
    elif task is not None and task.progress.done > 0:
        say("at", task.progress.text)
    elif task is None and said and dock.session.models():
        say("torch", "torch" in sys.modules)
        say("end", dock.footer.sentence.text())
        timer.stop()
        viewer.close()

timer = QTimer()
timer.timeout.connect(learn)
timer.start(50)
"""
FIRST = """
viewer.open_sample("napari-simgraph", "larva")
dock.teach.way.choose(live=False)
dock.teach.form.set_value(settings)
napari.run()
"""
SECOND = """
from napari_simgraph.viewer.restore import open_workspace
open_workspace(dock.session, Path(sys.argv[2]))
dock.teach.way.choose(live=False)
dock.teach.form.set_value(settings)
napari.run()
"""


def window(code, home, *words):
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", COMMON + code, *words],
        env=os.environ | {"SIMGRAPH_WORKSPACES": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    )


def checkpoint(home):
    """What the last checkpoint of the one run says; empty where there is none."""
    kept = [FolderRoom(run).restore() for run in home.glob("*/runs/*")]
    return kept[0].info if kept and kept[0] else {}


def killed_in_mid_training(home, how):
    """The steps that it had told when it was killed."""
    first = window(FIRST, home, how)
    for line in first.stdout:
        told = int(line.split()[2]) if line.startswith("at step") else 0
        if told >= 100 and (how == "the window" or checkpoint(home)["step"] > 0):
            break
    children = psutil.Process(first.pid).children()
    for child in children if how == "all" else ():
        child.kill()
    first.kill()
    first.wait()
    first.stdout.close()
    gone, _ = psutil.wait_procs(children, timeout=5)
    assert len(gone) == len(children) > 0
    return told


@pytest.mark.long  # two windows with a training each: one to three minutes
@pytest.mark.parametrize("how", ["the window", "all"])
def test_a_training_goes_on_after_napari_was_killed(tmp_path, how):
    told = killed_in_mid_training(tmp_path, how)
    (folder,) = (path for path in tmp_path.iterdir() if (path / "workspace.json").exists())
    (run,) = (folder / "runs").iterdir()
    assert json.loads((run / "run.json").read_text())["state"] == "running"
    kept, total = (checkpoint(tmp_path)[key] for key in ("step", "total"))
    # the process outlives the window by the step in hand; else the last checkpoint counts, which
    # may be newer than what the window had told
    assert (told if how == "the window" else 1) <= kept < total
    second = window(SECOND, tmp_path, how, str(folder))
    lines = second.communicate(timeout=200)[0].splitlines()
    assert second.returncode == 0
    assert lines[0] == "offer Learning was broken off: it goes on where it stood."
    steps = [int(line.split()[2]) for line in lines if line.startswith("at step")]
    assert kept <= steps[0] <= kept + 50
    assert "torch False" in lines
    assert lines[-1].startswith("end Learned ")
    (model,) = (folder / "models").iterdir()
    assert load_model(model).steps == total
    assert len(list((folder / "runs").iterdir())) == 1
