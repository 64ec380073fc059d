"""Nothing is lost: the process of the model is killed, and the window is."""

import signal
import subprocess
import sys

import numpy as np
import psutil
import pytest
from acting import action, click, sentence
from test_live_page import QUICK, answered, begun, kinds, stack, stroke

from napari_simgraph.core.live import Strokes
from napari_simgraph.viewer.jobs import JobRunner
from napari_simgraph.viewer.restore import open_workspace

APART = JobRunner.live  # before the fixture of all viewer tests keeps jobs in threads

WINDOW = """
import os, signal, sys
from pathlib import Path
import napari
from napari_simgraph.viewer.jobs import JobRunner
from napari_simgraph.viewer.views.segment import SegmentDock
sys.path.insert(0, {tests!r})
from acting import stack
from test_live_page import QUICK, along, stroke
from qtpy.QtCore import QTimer

JobRunner.live = lambda _, verb, *nouns, **named: verb(*nouns, **named)
viewer = napari.Viewer(show=False)
dock = SegmentDock(viewer)
viewer.window.add_dock_widget(dock, name="Segment", area="right")
viewer.add_image(stack(), name="larva")
viewer.dims.set_current_step(0, 1)
dock.teach.live.form.set_value(QUICK)
dock.footer.main.click()
dock.teach.painting.layer.brush_size = 1
stroke(dock, 1, along(1, 12))
stroke(dock, 2, along(1, 18, 14, 22))

def look():
    teaching = dock.teach.live.teaching
    if teaching.answer and not teaching.lane.waiting_since:
        if teaching.answer.strokes == 2:
            stroke(dock, 2, along(1, 30, 26, 34))
            return
        stroke(dock, 1, along(1, 36))
        dock.session.keeper.written().result()  # a few milliseconds
        os.kill(os.getpid(), signal.SIGKILL)

timer = QTimer()
timer.timeout.connect(look)
timer.start(50)
napari.run()
"""


@pytest.fixture
def live(dock):
    dock.teach.way.choose(live=True)
    dock.teach.live.form.set_value(QUICK)
    return dock


@pytest.mark.long
def test_where_the_process_of_the_model_is_killed_strokes_are_safe(
    live, viewer, qtbot, monkeypatch, own_log
):
    monkeypatch.setattr(JobRunner, "live", APART)
    image = viewer.add_image(stack(), name="larva")
    viewer.dims.set_current_step(0, 1)
    first = begun(live, qtbot, image)
    (process,) = [p for p in psutil.Process().children() if "scale.child" in str(p.cmdline())]
    process.kill()
    stroke(live, 2, [(1, 30, 28), (1, 30, 30)])  # whoever speaks to it hears that it is gone
    qtbot.waitUntil(lambda: not live.teach.live.busy, timeout=20_000)
    assert sentence(live).startswith("It was ended by the system")
    assert len(kinds(live, image, Strokes)) == 3
    assert live.teach.painting.layer.data[1, 30, 28] == 2
    click(qtbot, action(live, "Copy report"))
    click(qtbot, live.footer.main)
    assert answered(live, qtbot).strokes == first.strokes + 1


@pytest.mark.long
def test_a_window_that_is_killed_loses_no_stroke_and_its_workspace_goes_on(
    live, viewer, qtbot, home
):
    code = WINDOW.format(tests=str(__file__).rpartition("/")[0])
    words = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(words, timeout=240)
    assert done.returncode == -signal.SIGKILL
    (folder,) = [path.parent for path in home.glob("*/workspace.json")]
    notes = open_workspace(live.session, folder)
    assert notes == ["Brought back all but the last stroke."]
    viewer.dims.set_current_step(0, 1)
    layer = live.teach.painting.layer
    assert sorted(np.unique(np.nonzero(layer.data)[1])) == [12, 18, 30, 36]
    assert sentence(live) == "It goes on where it stood, with all your strokes."
    click(qtbot, live.footer.main)
    assert answered(live, qtbot).strokes == 4
    told = kinds(live, live.teach.image.layer, Strokes)
    assert [int(s.top) for s in told] == [12, 18, 30, 36]
