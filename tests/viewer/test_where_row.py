"""Workers and clusters are chosen in the Jobs dock, and count from the next job."""

from __future__ import annotations

import pytest

from napari_simgraph import MemoryRoom
from napari_simgraph.capabilities import segmentation, similarity
from napari_simgraph.core.job import Note, Progress
from napari_simgraph.io.folder_room import FolderRoom
from napari_simgraph.scale.cluster import on_cluster
from napari_simgraph.viewer.views import where_row
from napari_simgraph.viewer.views.jobs import JobsDock

pytestmark = pytest.mark.usefixtures("own_log")


@pytest.fixture
def jobs_in_threads():
    """Not here: where a job goes is what is asked."""


@pytest.fixture
def dock(make_napari_viewer, monkeypatch):
    monkeypatch.setattr(where_row, "gui_threads", lambda: 3)
    viewer = make_napari_viewer(show=True)
    made = JobsDock(viewer)
    viewer.window.add_dock_widget(made, name="Jobs", area="right")
    yield made
    made.session.jobs.close(1.0)


def said(dock):
    return dock.where._said.text() if dock.where._said.isVisible() else ""


def enter(qtbot, dock, text):
    dock.where.address.setText(text)
    dock.where.address.editingFinished.emit()


def test_workers_a_cluster_or_a_device(qtbot, dock):
    jobs, where = dock.session.jobs, dock.where
    assert not where.isVisible()
    dock.change.setCurrentText("4 workers here")
    assert (jobs.cluster, dock.session.device) == ("4", "auto")
    assert said(dock) == where_row.HELPS
    assert not where.address.isVisible()
    dock.change.setCurrentText(where_row.CLUSTER)
    assert jobs.cluster == ""
    assert where.address.isVisible()
    enter(qtbot, dock, "somewhere")
    assert "not 'somewhere'" in said(dock)
    assert jobs.cluster == ""
    enter(qtbot, dock, " tcp://10.0.0.7:8786 ")
    assert jobs.cluster == "tcp://10.0.0.7:8786"
    assert said(dock) == where_row.HELPS
    again = where_row.WhereRow(dock.session, dock)  # as in a dock that is opened anew
    assert again.choice.currentText() == where_row.CLUSTER
    assert again.address.text() == "tcp://10.0.0.7:8786"
    dock.change.setCurrentText("CPU")
    assert (jobs.cluster, dock.session.device) == ("", "cpu")
    assert not where.isVisible()


def test_without_dask_it_says_what_to_install(dock, monkeypatch):
    monkeypatch.setattr(where_row, "find_spec", lambda name: None)
    dock.change.setCurrentText("4 workers here")
    assert "napari-simgraph[cluster]" in said(dock)
    assert dock.session.jobs.cluster == ""


def test_only_what_workers_can_do_goes_to_them(dock, monkeypatch, tmp_path):
    jobs, room = dock.session.jobs, FolderRoom(tmp_path / "room")
    asked = []
    monkeypatch.setattr(
        jobs._processes, "job", lambda *given, **named: asked.append((*given, named))
    )
    config = segmentation.Apply(threads=1)
    jobs.apart(segmentation.apply, "model", "image", config=config, room=room)
    jobs.cluster = "4"
    jobs.apart(segmentation.apply, "model", "image", config=config, room=room)
    jobs.apart(similarity.apply, "table", config=similarity.Apply(), room=MemoryRoom())
    assert [given[0] for given in asked] == [segmentation.apply, on_cluster, similarity.apply]
    assert asked[1][1:5] == ("4", segmentation.apply, "model", "image")
    assert asked[1][5]["config"].threads == 0
    assert asked[1][5]["blocks"] == room.folder / "blocks"


def test_the_dashboard_is_a_link(qtbot, dock):
    def job():
        yield Note("Dashboard: http://127.0.0.1:8787/status")
        yield Note("Pixels are 4 nm.")
        while True:
            yield Progress(0.5, "z 3 of 50 · 12 of 80 blocks")

    task = dock.session.jobs.submit("Segment", job)
    qtbot.waitUntil(lambda: task.id in dock._cards and len(task.notes) == 2)
    card = dock._cards[task.id]
    qtbot.waitUntil(lambda: card.link.isVisible())
    assert card.page == "http://127.0.0.1:8787/status"
    assert card._note.toolTip() == "Pixels are 4 nm."
    task.cancel()
    qtbot.waitUntil(lambda: task.state.over)
