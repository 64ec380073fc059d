"""A real viewer with a home of its own, and what stands in it."""

import gc
import logging

import numpy as np
import pytest

from napari_simgraph.io.workspace import HOME
from napari_simgraph.viewer.jobs import JobRunner
from napari_simgraph.viewer.log import NAME
from napari_simgraph.viewer.views.segment import SegmentDock


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Where this test's workspaces go."""
    monkeypatch.setenv(HOME, str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def jobs_in_threads(monkeypatch):
    """Jobs stay in threads: a process of their own takes seconds to load torch.

    Tests of that process define a fixture of this name anew (`test_apart.py`).
    """
    for way in ("apart", "live"):
        monkeypatch.setattr(JobRunner, way, lambda _, verb, *nouns, **named: verb(*nouns, **named))
    monkeypatch.setattr(JobRunner, "warm", lambda _, call: None)


@pytest.fixture(autouse=True, scope="module")
def garbage_of_this_file_only():
    """What was alive before is not looked through after each window: that took half a second."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def own_log(tmp_path, monkeypatch):
    """A log in this test's folder."""
    monkeypatch.setattr("napari_simgraph.viewer.log.user_log_dir", lambda *_, **__: str(tmp_path))
    yield
    logger = logging.getLogger(NAME)
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()


@pytest.fixture
def viewer(make_napari_viewer_proxy):
    """A viewer as docks get it."""
    return make_napari_viewer_proxy()


@pytest.fixture
def dock(viewer):
    """The Segment dock in it, learning once: `test_live_page.py` learns while it paints."""
    made = SegmentDock(viewer)
    made.teach.way.choose(live=False)
    viewer.window.add_dock_widget(made, name="Segment", area="right")
    yield made
    made.session.jobs.close()


@pytest.fixture
def vnc(viewer):
    """A small EM stack in it."""
    pixels = np.random.default_rng(0).integers(0, 255, (3, 40, 50)).astype(np.uint8)
    units, names = ("nm",) * 3, ("z", "y", "x")
    return viewer.add_image(pixels, name="vnc", scale=(50, 4, 4), units=units, axis_labels=names)


@pytest.fixture
def runner(qapp):
    """A runner of jobs without a viewer."""
    made = JobRunner()
    yield made
    made.close(1.0)
