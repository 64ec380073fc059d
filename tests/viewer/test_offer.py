"""The last workspace is offered in every dock, until it is answered."""

from datetime import datetime

import numpy as np
import pytest
from acting import click

from napari_simgraph.viewer.offer_row import OfferRow
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.views.objects import ObjectsDock
from napari_simgraph.viewer.views.segment import SegmentDock
from napari_simgraph.viewer.views.workspace import WorkspaceDock


@pytest.fixture
def kept(home, make_napari_viewer_proxy):
    """A workspace that an earlier window left, with a picture and a stroke."""
    viewer = make_napari_viewer_proxy()
    session = Session(viewer)
    viewer.add_image(np.full((8, 9), 7, np.uint8), name="vnc")
    workspace = session.ensure_workspace()
    workspace.log("strokes", count=2)
    session.flush()
    session.keeper.flush()
    workspace.close()
    viewer.close()
    return workspace


@pytest.fixture
def docks(kept, make_napari_viewer_proxy):
    viewer = make_napari_viewer_proxy()
    made = [kind(viewer) for kind in (SegmentDock, ObjectsDock, WorkspaceDock)]
    for dock, name in zip(made, ("Segment", "Objects", "Workspace"), strict=True):
        dock.session = made[0].session
        viewer.window.add_dock_widget(dock, name=name)
    return made


def rows(docks):
    return [row for dock in docks for row in dock.findChildren(OfferRow)]


def test_every_dock_asks_and_one_answer_is_enough(docks, kept, qtbot):
    said = f"today {datetime.fromisoformat(kept.state['saved']):%H:%M}."
    for row in rows(docks):
        assert row.sentence.text() == f"Go on with {kept.name}? 2 strokes, {said}"
        assert not row.isHidden()
    click(qtbot, rows(docks)[0].second)
    assert all(row.isHidden() for row in rows(docks))
    assert docks[0].session.workspace is None
    assert (kept.folder / "workspace.json").exists()


@pytest.mark.parametrize("place", [0, 2], ids=["Segment", "Workspace"])
def test_go_on_brings_the_layers_back(docks, kept, qtbot, place):
    click(qtbot, rows(docks)[place].first)
    session = docks[0].session
    qtbot.waitUntil(lambda: session.workspace is not None, timeout=10_000)
    assert session.workspace.folder == kept.folder
    assert [layer.name for layer in session.viewer.layers] == ["vnc"]
    assert all(row.isHidden() for row in rows(docks))


def test_it_is_not_asked_once_work_has_begun(docks):
    docks[0].viewer.add_image(np.zeros((8, 9)), name="new")
    assert not rows(docks)[0].isHidden()  # looking at a picture is no answer
    docks[0].session.ensure_workspace()
    assert all(row.isHidden() for row in rows(docks))


def test_a_workspace_that_went_missing_is_told(docks, kept, qtbot):
    (kept.folder / "workspace.json").unlink()
    click(qtbot, rows(docks)[0].first)
    (task,) = docks[0].session.jobs.tasks
    qtbot.waitUntil(lambda: task.state.over, timeout=10_000)
    assert docks[0].session.workspace is None
