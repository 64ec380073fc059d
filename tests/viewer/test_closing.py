"""Closing napari in mid-training: no error, no hang, and a checkpoint to go on from."""

import os
import subprocess
import sys

import psutil

from napari_simgraph.io.workspace import Workspace

CLOSE = """
import sys
import napari
import psutil
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QMainWindow

from napari_simgraph.capabilities.segmentation import Train

viewer = napari.Viewer()
_, dock = viewer.window.add_plugin_dock_widget("napari-simgraph", "Segment")
viewer.open_sample("napari-simgraph", "larva")
dock.teach.way.choose(live=False)
small = {"width": 4, "depth": 2, "patch": 64, "batch": 2}  # steps come soon, and never end
dock.teach.form.set_value(Train(minutes=0, steps=10_000_000, device="cpu", threads=1, **small))
timer = QTimer()

def look():
    task = dock.teach.task
    if task is None and dock.footer.main.isEnabled():
        dock.footer.main.click()
    elif task is not None and task.progress.done > 0:
        timer.stop()
        (child,) = psutil.Process().children()
        print("child", child.pid, "torch" in sys.modules)
        next(w for w in QApplication.topLevelWidgets() if isinstance(w, QMainWindow)).close()

timer.timeout.connect(look)
timer.start(300)
napari.run()
"""


def test_closing_napari_in_mid_training_keeps_a_checkpoint(tmp_path, qtbot):
    environment = os.environ | {"SIMGRAPH_WORKSPACES": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CLOSE],
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    assert "Error" not in done.stderr + done.stdout
    child, torch = done.stdout.split("child ")[1].split()[:2]
    assert torch == "False"  # it trained in a process of its own …
    qtbot.waitUntil(lambda: not psutil.pid_exists(int(child)), timeout=10_000)  # … that is gone
    (folder,) = (path.parent for path in tmp_path.glob("*/workspace.json"))
    (run,) = Workspace(folder).runs()
    assert run["can_go_on"]
