"""The Jobs dock shows what the runner does, costs little, and fits into 300 px."""

from __future__ import annotations

import time

import numpy as np
import pytest
from napari.utils.progress import progress
from qtpy.QtCore import QMimeData, QPointF, Qt
from qtpy.QtGui import QDragMoveEvent, QDropEvent, QGuiApplication
from qtpy.QtWidgets import QLabel, QPlainTextEdit, QPushButton

from napari_simgraph.core.job import Device, Note, Progress
from napari_simgraph.core.job import Signal as JobSignal
from napari_simgraph.viewer.jobs import State
from napari_simgraph.viewer.views.curves import Curves, _smooth
from napari_simgraph.viewer.views.jobs import JobsDock, say_device

pytestmark = pytest.mark.usefixtures("own_log")


@pytest.fixture
def viewer(make_napari_viewer):
    return make_napari_viewer(show=True)  # the dock rests while nobody sees it


@pytest.fixture
def dock(viewer):
    made = JobsDock(viewer)
    viewer.window.add_dock_widget(made, name="Jobs", area="right")
    yield made
    made.session.jobs.close(1.0)


@pytest.fixture
def jobs(dock):
    return dock.session.jobs


def learning(until=1.0):
    yield Device("CPU, 2 cores", 3_100_000_000, 24_000_000_000)
    yield Note("Memory was short: it goes on in smaller steps.")
    done = 0.0
    while True:
        time.sleep(0.005)
        done = min(until, done + 0.05)
        values = {"loss": 1 - done, "agreement": done}
        if (yield Progress(done, "step 310/500", 70, values)) is JobSignal.STOP:
            return "model"
        if done >= 1:
            return "model"


def failing():
    yield Progress()
    raise RuntimeError("shapes cannot be multiplied")


def texts(widget):
    labels = (part for part in widget.findChildren(QLabel) if part.isVisibleTo(widget))
    return [part.accessibleName() or part.text() for part in labels]


def press(widget, text):
    found = [b for b in widget.findChildren(QPushButton) if b.text() == text and not b.isHidden()]
    assert len(found) == 1
    found[0].click()


def test_empty_says_what_it_is_for(dock):
    assert "No jobs. What takes long appears here." in texts(dock)
    assert any(text.startswith("CPU, ") and text.endswith(" GB") for text in texts(dock))


def test_a_running_job_has_bar_curves_note_and_device(qtbot, dock, jobs):
    task = jobs.submit("Learn what is similar", lambda: learning(0.62))
    qtbot.waitUntil(lambda: bool(dock.findChildren(Curves)))
    qtbot.waitUntil(lambda: "Learn what is similar" in texts(dock))
    card = dock._cards[task.id]
    qtbot.waitUntil(lambda: card.bar.text() == "62 % · 1 min 10 s left")
    qtbot.waitUntil(lambda: "CPU, 2 cores · 3.1 of 24 GB" in texts(dock))
    note = "Memory was short: it goes on in smaller steps."
    qtbot.waitUntil(lambda: note in texts(dock))
    assert "step 310/500" in texts(dock)
    assert "No jobs. What takes long appears here." not in texts(dock)
    qtbot.waitUntil(lambda: "agreement 0.62" in texts(dock))
    qtbot.waitUntil(lambda: "error 0.38" in texts(dock))


def test_pause_go_on_stop_and_keep(qtbot, dock, jobs):
    task = jobs.submit("Learn", lambda: learning(0.5))
    qtbot.waitUntil(lambda: task.id in dock._cards)
    press(dock._cards[task.id], "Pause")
    assert task.state is State.PAUSED
    qtbot.waitUntil(lambda: dock._cards[task.id].bar.text() == "paused")
    press(dock._cards[task.id], "Go on")
    assert task.state is State.RUNNING
    press(dock._cards[task.id], "Stop and keep")
    qtbot.waitUntil(lambda: task.id in dock._rows)
    assert task.state is State.STOPPED
    assert not dock._cards
    qtbot.waitUntil(lambda: any(t.startswith("Kept what was made in") for t in texts(dock)))


def test_waiting_jobs_can_go_first_or_be_dropped(qtbot, dock, jobs):
    running = jobs.submit("Learn", lambda: learning(0.5))
    tasks = [jobs.submit(name, learning) for name in ("Segment", "Export", "Draw")]
    tasks[0].estimate = 180
    qtbot.waitUntil(lambda: len(dock._waiting._rows) == 3)
    qtbot.waitUntil(lambda: "about 3 min" in texts(dock))
    press(dock._waiting._rows[2], "First")
    qtbot.waitUntil(lambda: "Draw" in texts(dock._waiting._rows[0]))
    press(dock._waiting._rows[1], "×")
    qtbot.waitUntil(lambda: len(dock._waiting._rows) == 2)
    assert tasks[0].state is State.CANCELLED
    running.cancel()
    qtbot.waitUntil(lambda: tasks[1].state.over)
    assert tasks[2].state is State.DONE


def test_what_failed_can_be_read_copied_and_gone_on_with(qtbot, dock, jobs):
    again = []
    task = jobs.submit("Learn", failing)
    task.retry = lambda: again.append(1)
    qtbot.waitUntil(lambda: task.id in dock._rows)
    row = dock._rows[task.id]
    qtbot.waitUntil(lambda: "It stopped unexpectedly. Your strokes are safe." in texts(row))
    press(row, "Show")
    assert "shapes cannot be multiplied" in row.findChild(QPlainTextEdit).toPlainText()
    press(row, "Copy report")
    assert "shapes cannot be multiplied" in QGuiApplication.clipboard().text()
    press(row, "Go on")
    assert again == [1]


def test_what_is_done_shows_its_score_and_raises_its_result(qtbot, dock, jobs):
    raised = []
    task = jobs.submit("Live learning", learning)
    task.reveal = lambda: raised.append(1)
    qtbot.waitUntil(lambda: task.id in dock._rows)
    qtbot.waitUntil(lambda: "0 s  1.00" in texts(dock._rows[task.id]))
    assert "done" in texts(dock._rows[task.id])
    press(dock._rows[task.id], "Show")
    assert raised == [1]


def test_it_fits_into_300_px_with_long_names_and_both_themes(qtbot, viewer, dock, jobs):
    long = "Learn areas of interest in all the slides of a folder with a very long name"
    task = jobs.submit(long, lambda: learning(0.5))
    for _ in range(3):
        jobs.submit(long, learning).estimate = 4000
    qtbot.waitUntil(lambda: bool(dock.findChildren(Curves)))
    for theme in ("light", "dark"):
        viewer.theme = theme
        qtbot.wait(30)
        assert dock.inside.minimumSizeHint().width() <= 284  # 300 less a scroll bar
    task.cancel()


def test_every_button_has_a_tooltip_of_two_lines_and_a_name(qtbot, dock, jobs):
    jobs.submit("Learn", failing)
    jobs.submit("Learn", lambda: learning(0.5))
    jobs.submit("Segment", learning)
    qtbot.waitUntil(lambda: bool(dock._rows) and len(dock._waiting._rows) == 1)
    buttons = [b for b in dock.controls.findChildren(QPushButton) if not b.isHidden()]
    assert len(buttons) >= 6
    for button in buttons:
        if button.isVisible():
            assert button.toolTip().count("\n") == 1, button.text()
            assert button.accessibleName()


def test_a_turn_costs_less_than_50_ms(qtbot, dock, jobs):
    task = jobs.submit("Learn", lambda: learning(0.5))
    qtbot.waitUntil(lambda: bool(dock.findChildren(Curves)))
    task.pause()
    task.curves["loss"] = [(float(i), 1 / (i + 1)) for i in range(2000)]
    costs = []
    for i in range(10):
        task.curves["loss"][-1] = (2000.0 + i, 0.1)
        began = time.perf_counter()
        dock._cards[task.id].renew()
        dock._cards[task.id].renew_curves()
        dock.renew()
        costs.append(time.perf_counter() - began)
    assert sorted(costs)[5] < 0.05


def test_device_line_needs_no_torch():
    said = say_device(None)
    assert said.startswith("CPU, ")
    assert say_device(Device("H200", 5_000_000_000, 140_000_000_000)) == "H200 · 5.0 of 140 GB"


def test_the_line_is_the_mean_of_the_last_values():
    values = np.arange(200.0)
    smooth = _smooth(values)
    slow = [values[max(0, i - 7) : i + 1].mean() for i in range(200)]  # 4 % of 200 are 8
    np.testing.assert_allclose(smooth, slow)


def titles(jobs):
    return [task.title for task in jobs.tasks if task.state is State.WAITING]


def queue_of(jobs, qtbot, dock):
    jobs.submit("Learn", lambda: learning(0.5))
    for name in ("Map", "Draw", "Count"):
        jobs.submit(name, lambda: learning(0.5))
    qtbot.waitUntil(lambda: len(dock._waiting._rows) == 3)


def laid_out(rows):
    """Whether each row stands below the one before: the dock gives a new list room a turn later."""
    ends = [row.geometry().bottom() for row in rows._rows]
    return all(below.y() > end for end, below in zip(ends, rows._rows[1:], strict=False))


def drop(qtbot, dock, row, to):
    """What Qt tells the list when a row is let go of at the height ``to`` gives."""
    rows, data = dock._waiting, QMimeData()
    qtbot.waitUntil(lambda: laid_out(rows))
    at = to(rows)
    data.setData("application/x-simgraph-job", row._task.id.encode())
    place = QPointF(20, at)
    action, button = Qt.DropAction.MoveAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    rows.dragMoveEvent(QDragMoveEvent(place.toPoint(), action, data, button, none))
    assert rows._mark.isVisible()
    rows.dropEvent(QDropEvent(place, action, data, button, none))


def test_waiting_jobs_can_be_dragged_to_another_place(qtbot, dock, jobs):
    queue_of(jobs, qtbot, dock)
    rows = dock._waiting
    drop(qtbot, dock, rows._rows[2], lambda _: 0)
    assert titles(jobs) == ["Count", "Map", "Draw"]
    qtbot.waitUntil(lambda: rows._rows[0]._task.title == "Count")
    drop(qtbot, dock, rows._rows[0], lambda rows: rows._rows[1].geometry().bottom())
    assert titles(jobs) == ["Map", "Count", "Draw"]
    qtbot.waitUntil(lambda: rows._rows[0]._task.title == "Map")
    drop(qtbot, dock, rows._rows[0], lambda rows: rows.height())
    assert titles(jobs) == ["Count", "Draw", "Map"]
    assert not rows._mark.isVisible()


def test_the_device_of_the_next_jobs_is_changed_here(dock):
    heard = []
    dock.session.device_changed.connect(lambda: heard.append(dock.session.device))
    dock.change.setCurrentText("CPU")
    assert heard == ["cpu"]


def test_jobs_stand_in_the_activity_of_napari_too(qtbot, dock, jobs):
    task = jobs.submit("Learn", lambda: learning(0.5))
    qtbot.waitUntil(lambda: any(bar.n > 400 for bar in progress._all_instances))
    (bar,) = progress._all_instances
    assert (bar.desc.strip(": "), bar.total) == ("Learn", 1000)
    task.cancel()
    qtbot.waitUntil(lambda: not progress._all_instances)
