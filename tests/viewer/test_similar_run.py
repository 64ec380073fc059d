"""Runs of the Similar dock: an early answer, stopped and gone on with, replaced and taken back."""

from dataclasses import replace

import numpy as np
import pytest
from acting import action, click, sentence
from patches import PLACE, pixels, press

from napari_simgraph.core.early import POINTS
from napari_simgraph.core.job import Region
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.views import similar_run
from napari_simgraph.viewer.views.similar import SimilarDock
from napari_simgraph.viewer.views.similar_early import TRY
from napari_simgraph.viewer.views.similar_job import Settings

SHORT = Settings(
    minutes=0, steps=2, patch=16, stride=16, batch=8, width=4, depth=2, dimensions=8, device="cpu"
)
# Steps, and work in each: learning lasts longer than the test, on a machine that draws late, too.
LONG = {"steps": 4000, "batch": 32, "width": 16}
KEY = "vnc, 16 px"


@pytest.fixture
def dock(viewer):
    made = SimilarDock(viewer)
    viewer.window.add_dock_widget(made, name="Similar", area="right")
    yield made
    made.session.jobs.close()


@pytest.fixture
def layer(viewer):
    return viewer.add_image(pixels(), name="vnc", **PLACE)


def learn(dock, qtbot, **settings):
    dock.input.form.set_value(replace(SHORT, **settings))
    click(qtbot, dock.footer.main)
    over(dock, qtbot)


def over(dock, qtbot):
    qtbot.waitUntil(lambda: dock.task is None, timeout=60_000)


def drawn(viewer):
    return [one for one in viewer.layers if about(one).get("thing") == "patches"]


def test_another_run_keeps_labels_and_can_be_taken_back(dock, viewer, layer, qtbot):
    session = dock.session
    learn(dock, qtbot)
    first = session.selection.table
    session.edits.label([0, 1], "wall")
    press(viewer, layer, (1, 20, 30))
    assert sentence(dock).startswith("12 places")
    learn(dock, qtbot, steps=3)
    second = session.selection.table
    assert session.tables.keys() == [KEY]
    assert np.abs(second.values - first.values).max() > 1e-3
    assert (second.classes() == "wall").sum() == 2  # what a person said stays
    assert len(drawn(viewer)) == 1
    (asked,) = session.selection.like  # the same question, to what was learned now
    np.testing.assert_array_equal(asked.point, second.values[asked.row])
    assert {hit.table for hit in session.selection.hits} == {KEY}
    session.edits.label([2], "wall")
    click(qtbot, action(dock, "Undo learning"))
    assert sentence(dock) == "Undone: the patches are as they were before."
    back = session.selection.table
    np.testing.assert_array_equal(back.values, first.values)
    assert (back.classes() == "wall").sum() == 2
    assert session.edits.last == ""  # of the table that is gone
    assert len(drawn(viewer)) == 1
    session.flush()
    kept = list((session.workspace.folder / "tables").glob("*.h5ad"))
    assert [path.stem for path in kept] == [KEY.replace(",", "-")]
    learn(dock, qtbot, stride=8)
    assert len(drawn(viewer)[0].data) == len(session.selection.table) > len(first)
    assert (session.selection.table.classes() == "wall").sum() == 2  # nearest ones
    learn(dock, qtbot, patch=32, stride=16)
    click(qtbot, action(dock, "Undo learning"))
    assert session.tables.keys() == [KEY]  # that of 32 px was the first of its kind
    assert session.selection.key == KEY
    session.selection.show_table(None)
    assert not [one for one in viewer.layers if about(one).get("fleeting")]  # nothing drawn stays


def test_a_dock_that_is_closed_while_it_learns_hears_no_more(
    dock, viewer, layer, qtbot, monkeypatch
):
    monkeypatch.setattr(similar_run, "AFTER_S", 0.01)
    dock.input.form.set_value(replace(SHORT, **LONG))
    click(qtbot, dock.footer.main)
    qtbot.waitUntil(lambda: dock.run.early.said == TRY, timeout=60_000)
    task, early = dock.task, dock.run.early
    viewer.window.remove_dock_widget(dock)
    task.ticked.emit(Region(POINTS, (slice(0, 9), slice(0, 8))))  # it learned on for a moment
    assert early.said == ""
    again = viewer.window.add_plugin_dock_widget("napari-simgraph", "Jobs")[1]
    assert again.session.jobs.tasks == [task]  # it is found again, and can be cancelled
    task.cancel()
    qtbot.waitUntil(lambda: task.state.over, timeout=60_000)


def test_an_early_answer_then_stopped_and_gone_on_with(dock, viewer, layer, qtbot, monkeypatch):
    monkeypatch.setattr(similar_run, "AFTER_S", 0.01)
    session = dock.session
    dock.input.form.set_value(replace(SHORT, **LONG))
    click(qtbot, dock.footer.main)
    qtbot.waitUntil(lambda: dock.run.early.said == TRY, timeout=60_000)
    assert session.selection.table.made["early"]
    press(viewer, layer, (1, 20, 30))
    hits = session.selection.hits
    assert hits
    assert "places, nearest" in viewer.status
    session.edits.label([hits[0].row], "wall")
    qtbot.waitUntil(lambda: TRY in sentence(dock), timeout=60_000)
    click(qtbot, dock.footer.stop)
    over(dock, qtbot)
    assert sentence(dock).startswith("Kept what was learned in ")
    assert session.tables.keys() == [KEY]
    assert not session.selection.table.made.get("early")
    assert (session.selection.table.classes() == "wall").sum() == 1
    session.flush()
    files = {path.stem for path in (session.workspace.folder / "tables").iterdir()}
    assert files == {KEY.replace(",", "-")}  # nothing of the early answer is on disk
    (run,) = [one for one in session.workspace.runs() if one["id"].startswith("similar ")]
    before = session.room(run["id"]).restore().info["step"]
    assert before > 0
    dock.run.tell(None)
    assert sentence(dock) == "Learning was broken off: it goes on where it stood."
    click(qtbot, dock.footer.main)
    qtbot.waitUntil(lambda: "loss" in (dock.task.curves if dock.task else {}), timeout=60_000)
    click(qtbot, dock.footer.stop)
    over(dock, qtbot)
    assert session.room(run["id"]).restore().info["step"] > before
    assert len([one for one in session.workspace.runs() if "similar" in one["id"]]) == 1
    (model, _) = session.models("embedding")
    assert session.model(model).steps > before
    assert action(dock, "Go on")


def test_what_should_not_matter_is_ticked_by_kind_and_by_hand(dock, viewer, layer, qtbot):
    row = dock.input.ignore
    ticked = lambda: {name for name, box in row._boxes.items() if box.isChecked()}  # noqa: E731
    dock.input.form.set_value(SHORT)
    assert ticked() == {"rotation", "brightness", "noise"}
    assert dock.input.asked()[1].ignore == "auto"
    assert row._boxes["stain"].isHidden()
    click(qtbot, row._boxes["rotation"])
    assert dock.input.asked()[1].ignore == "brightness,noise"
    colours = viewer.add_image(np.zeros((300, 300, 3), np.uint8), name="slide", rgb=True)
    dock.input.image.menu.choose(colours)
    assert not row._boxes["stain"].isHidden()
    assert ticked() == {"brightness", "noise"}  # the person ticked
    click(qtbot, row._boxes["brightness"])
    click(qtbot, row._boxes["noise"])
    assert dock.input.asked()[1].ignore == "none"


def test_the_report_stands_beside_plainer_ways(dock, viewer, layer, qtbot):
    report, session = dock.report, dock.session
    assert not report.isEnabled()
    learn(dock, qtbot)
    report.fold.open()
    shown = lambda: [label.text() for label in labels(report)]  # noqa: E731
    assert shown() == []
    click(qtbot, report.measure_button)
    qtbot.waitUntil(lambda: report.task is None, timeout=60_000)
    words = shown()
    assert words[:3] == ["in use", "spread", "hubs"]
    assert {"learned", "untrained network", "raw pixels", "grey statistics"} < set(words)
    assert "–" not in words
    assert report.said.text().startswith("Measured on 48 of 48 patches. Label some")
    bright = session.selection.table
    session.edits.label(np.flatnonzero(bright.grid.x >= 24)[:10], "right")
    session.edits.label(np.flatnonzero(bright.grid.x < 24)[:10], "left")
    assert shown() == words  # of the same patches
    click(qtbot, report.measure_button)
    qtbot.waitUntil(lambda: report.task is None, timeout=60_000)
    assert {"vote of 10", "same of 10", "same first"} < set(shown())
    assert ", 20 with a class." in report.said.text()
    viewer.layers.remove(layer)
    click(qtbot, report.measure_button)
    assert report.said.text().startswith("Open the images of these patches")


def labels(report):
    page = report._page
    return [page.itemAt(n).widget() for n in range(page.count())]
