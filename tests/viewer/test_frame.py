"""The frame of docks: states, constant height, places, tasks from queue to end."""

import time

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QLabel, QMainWindow, QPushButton

from napari_simgraph.core.job import Note, Progress, Signal
from napari_simgraph.viewer.frame import DockFrame
from napari_simgraph.viewer.placing import open_dock, parent_of
from napari_simgraph.viewer.theme import STATE_COLORS, colors, state_pixmap

STATES = ("ready", "running", "queued", "done", "stopped", "error")


@pytest.fixture
def frame(viewer, qtbot):
    made = DockFrame(viewer)
    qtbot.addWidget(made)
    made.resize(380, 600)
    made.show()
    return made


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def actions(frame):
    row = frame.footer._actions.layout()
    widgets = [row.itemAt(i).widget() for i in range(row.count())]
    return {w.text(): w for w in widgets if isinstance(w, QPushButton)}


def counting(steps=400):
    yield Note("Memory was short: it goes on in smaller steps.")
    for step in range(steps):
        known = step % 3 == 0  # as of jobs that say it once a step and tick in between
        signal = yield Progress(step / steps, f"step {step}", seconds_left=70 if known else -1)
        if signal is Signal.STOP:
            return step
        time.sleep(0.005)
    return steps


def test_the_main_button_calls_and_can_be_pressed_by_key(frame, qtbot):
    pressed = []
    frame.set_main("Learn", lambda: pressed.append(1))
    click(qtbot, frame.footer.main)
    frame.run_main()
    assert pressed == [1, 1]
    frame.footer.main.setEnabled(False)
    frame.run_main()
    assert pressed == [1, 1]


def test_the_footer_has_one_height_in_all_states(frame, qtbot):
    frame.set_main("Learn")
    qtbot.wait(20)
    heights = set()
    for state in STATES:
        frame.show_state(
            state, "A sentence that is long enough to fill a second line of the footer."
        )
        frame.footer.show_running(state == "running")
        qtbot.wait(10)
        heights.add(frame.footer.height())
    frame.show_state("done", "Made.", ("Undo", print))
    frame.set_next((("Run on all", print), ("Find similar places", print)))
    qtbot.wait(10)
    heights.add(frame.footer.height())
    assert len(heights) == 1


def test_every_state_has_its_own_sign_or_colour(qapp):
    looks = {
        (STATE_COLORS[s], bytes(state_pixmap(s).toImage().constBits().asarray(14 * 14 * 4)))
        for s in ("ready", "running", "queued", "done", "stopped", "error")
    }
    assert len(looks) == 6


def test_an_empty_dock_dims_its_controls_and_offers_buttons(frame, qtbot):
    opened = []
    frame.body.addWidget(QLabel("inside"))
    frame.show_empty("What for.", "What is missing.", [("Open image…", lambda: opened.append(1))])
    assert not frame.controls.isEnabled()
    assert not frame.footer.main.isEnabled()
    (button,) = frame._card.findChildren(QPushButton)
    click(qtbot, button)
    assert opened == [1]
    frame.show_state("ready", "About 5 min.")
    assert frame.controls.isEnabled()
    assert frame._card.isHidden()


def test_at_most_one_button_and_two_chips(frame, qtbot):
    done = []
    frame.show_state("done", "Made 2 layers.", ("Undo", lambda: done.append("undo")))
    frame.set_next([(name, lambda name=name: done.append(name)) for name in ("a", "b", "c")])
    assert list(actions(frame)) == ["Undo", "a", "b"]
    click(qtbot, actions(frame)["b"])
    click(qtbot, actions(frame)["Undo"])
    assert done == ["b", "undo"]


def test_a_task_is_shown_from_start_to_end(frame, runner, qtbot):
    task = runner.submit("Count", counting)
    frame.follow(task, runner)
    assert frame.footer.running
    qtbot.waitUntil(lambda: frame.footer.bar.text().endswith("% · 1 min 10 s left"))
    qtbot.waitUntil(lambda: task.progress.seconds_left < 0)
    assert frame.footer.bar.text().endswith("left")
    assert frame.footer.sentence.text().startswith("step ")
    assert frame.footer.sentence.text().endswith("Memory was short: it goes on in smaller steps.")
    click(qtbot, frame.footer.pause)
    assert frame.footer.pause.text() == "Go on"
    held = frame.footer.bar.value()
    qtbot.wait(150)
    assert frame.footer.bar.value() - held <= 50  # what was on its way when it was paused
    click(qtbot, frame.footer.pause)
    with qtbot.waitSignal(task.ended):
        click(qtbot, frame.footer.stop)
    assert not frame.footer.running
    assert frame.footer.sentence.text().startswith("Kept what was made in ")


def test_cancel_drops_it_and_the_next_task_waits_for_its_turn(frame, runner, qtbot):
    first, second = runner.submit("First", counting), runner.submit("Second", counting)
    qtbot.waitUntil(lambda: first.progress.seconds_left > 0)
    frame.follow(second, runner)
    assert frame.footer.sentence.text() == "Waiting for First, about 1 min."
    first.cancel()
    qtbot.waitUntil(lambda: frame.footer.sentence.text().startswith("step "))
    with qtbot.waitSignal(second.ended):
        click(qtbot, frame.footer.cancel)
    assert frame.footer.sentence.text().startswith("Cancelled.")


def test_a_dock_opened_second_is_tabbed_with_the_first_at_380_px(make_napari_viewer_proxy, qtbot):
    viewer = make_napari_viewer_proxy(show=True)
    viewer.window.resize(1280, 800)
    first, second = DockFrame(viewer), DockFrame(viewer)
    for each, name in ((first, "Segment"), (second, "Jobs")):
        viewer.window.add_dock_widget(each, name=name, area="right")
    qtbot.waitUntil(lambda: abs(second.width() - 380) < 12, timeout=3000)
    window = parent_of(first, QMainWindow)
    one, two = parent_of(first, QDockWidget), parent_of(second, QDockWidget)
    assert one in window.tabifiedDockWidgets(two)
    assert open_dock(viewer, "Segment") == first
    qtbot.waitUntil(lambda: second.visibleRegion().isEmpty())
    assert not first.visibleRegion().isEmpty()


def test_colours_follow_the_theme_until_the_dock_is_closed(frame, viewer):
    viewer.theme = "light"
    assert not colors(viewer).dark
    assert colors(viewer).focus in frame.styleSheet()
    frame.close()
    viewer.theme = "dark"
    assert colors(viewer).focus not in frame.styleSheet()


def test_every_control_of_the_frame_has_a_tooltip(frame):
    for button in frame.footer.findChildren(QPushButton):
        assert button.toolTip() or button.text() == ""
    assert frame.settings.button.toolTip()
    assert frame.keys.button.toolTip()
