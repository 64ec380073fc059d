"""Teach while one paints, on a real viewer with the real model, made small."""

import numpy as np
import pytest
import torch
from acting import PLACE, click, sentence, stack
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from napari_simgraph.capabilities import segmentation
from napari_simgraph.capabilities.segmentation import Live
from napari_simgraph.core.live import ClassChange, Region, Strokes
from napari_simgraph.io.workspace import Workspace
from napari_simgraph.viewer.jobs import JobRunner
from napari_simgraph.viewer.live.teaching import journal_of
from napari_simgraph.viewer.restore import open_workspace
from napari_simgraph.viewer.views.segment import SegmentDock

QUICK = Live(width=4, depth=2, patch=32, batch=2, rest=0, device="cpu", threads=1)
WAIT_MS = 60_000


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def live(dock):
    """The Segment dock, learning while one paints."""
    dock.teach.way.choose(live=True)
    dock.teach.live.form.set_value(QUICK)
    return dock


def stroke(dock, value, places):
    """One stroke of a class along these places."""
    painting = dock.teach.painting
    painting.paint(value)
    layer = painting.layer
    with layer.block_history():
        for place in places:
            layer.paint(place, layer.selected_label)
    QApplication.processEvents()


def along(z, row, first=2, last=46):
    return [(z, row, column) for column in range(first, last, 3)]


def answered(dock, qtbot):
    """Wait until all that was said is answered; the answer."""
    teaching = dock.teach.live.teaching
    lane = teaching.lane
    qtbot.waitUntil(lambda: bool(teaching.answer and not lane.waiting_since), timeout=WAIT_MS)
    return teaching.answer


def begun(dock, qtbot, image):
    """A session on an image, with a stroke of each of two classes."""
    click(qtbot, dock.footer.main)
    dock.teach.painting.layer.brush_size = 1
    stroke(dock, 1, along(1, 12))
    stroke(dock, 2, along(1, 18, 14, 22))
    return answered(dock, qtbot)


def events(dock, image):
    dock.session.keeper.written().result()
    return journal_of(dock.session, image).read().history.events


def kinds(dock, image, kind):
    return [event for event in events(dock, image) if isinstance(event, kind)]


def test_strokes_are_answered_over_the_image_while_one_paints(live, viewer, qtbot):
    image = viewer.add_image(stack(), name="larva", **PLACE)
    viewer.dims.set_current_step(0, 1)
    assert sentence(live) == "Start, then paint one short stroke per class."
    click(qtbot, live.footer.main)
    painted = viewer.layers["larva · strokes"]
    assert (painted.mode, painted.selected_label) == ("paint", 1)
    boxes = {type(one).__name__: one.box for one in viewer.canvas.overlays.values()}
    assert not boxes["BrushCircleOverlay"]  # an empty one ends napari with Mesa
    assert live.footer.main.text() == "Pause live learning"
    assert sentence(live).startswith("Paint a short stroke on membrane, then press Ctrl+2")
    painted.brush_size = 1
    stroke(live, 1, along(1, 12))
    assert sentence(live).startswith("Paint a second class")
    stroke(live, 2, along(1, 18))
    answered(live, qtbot)
    over = viewer.layers["larva · classes"]
    assert viewer.layers.selection.active == painted
    assert viewer.layers.index(over) == viewer.layers.index(image) + 1
    assert not over.editable
    truth = np.where(image.data[1] < 125, 1, 2)
    assert np.mean(over.data[1] == truth) > 0.85
    assert not over.data[0].any()
    assert sentence(live) == "Answering: quick filters, learned from 2 strokes."
    rows = live.teach.painting.classes
    assert rows.topLevelItem(0).text(2) == "1 stroke"
    viewer.dims.set_current_step(0, 2)  # the section that one turns to is answered
    qtbot.waitUntil(lambda: over.data[2].any(), timeout=WAIT_MS)

    painted.undo()
    qtbot.waitUntil(lambda: rows.topLevelItem(1).text(2) == "–", timeout=3000)
    assert sentence(live).startswith("Paint a second class")
    painted.redo()
    qtbot.waitUntil(lambda: rows.topLevelItem(1).text(2) == "1 stroke", timeout=3000)
    answered(live, qtbot)

    click(qtbot, live.footer.main)
    assert live.footer.main.text() == "Go on with live learning"
    stroke(live, 1, along(1, 24))
    assert len(kinds(live, image, Strokes)) == 5  # also while it holds
    click(qtbot, live.footer.main)
    assert answered(live, qtbot).strokes == 3

    live.teach.live.rows.show.setCurrentIndex(2)
    unsure = viewer.layers["larva · not sure"]
    assert unsure.visible
    assert not over.visible
    with qtbot.waitSignal(live.teach.learned, timeout=WAIT_MS):
        live.teach.live.keep()
    assert live.run.model.name in live.session.models("segmentation")
    assert sentence(live).startswith("Kept as 'larva live")
    assert over not in viewer.layers
    assert live.teach.way.isEnabled()
    live.session.flush()
    kept = [layer["about"].get("thing", "") for layer in live.session.workspace.state["layers"]]
    assert kept == ["", "strokes"]  # answers are made again
    click(qtbot, live.footer.main)  # what was kept are quick filters: all is learned again
    assert answered(live, qtbot).strokes == 3
    live.session.jobs.close()


def test_torch_is_loaded_beside_the_window_once_somebody_looks(viewer, qtbot, monkeypatch):
    ready = []
    monkeypatch.setattr(JobRunner, "warm", lambda _, call: ready.append(call))
    dock = SegmentDock(viewer)
    qtbot.addWidget(dock)
    viewer.add_image(stack(), name="larva")
    dock.teach.live._get_ready()  # as its clock does
    assert not ready  # nobody has opened the page
    dock.show()
    qtbot.waitUntil(lambda: ready == [segmentation.get_ready], timeout=WAIT_MS)
    click(qtbot, dock.footer.main)
    dock.teach.live._get_ready()
    assert len(ready) == 1  # its process is at work already
    dock.session.jobs.close()


def test_classes_change_in_mid_session(live, viewer, qtbot):
    image = viewer.add_image(stack(), name="larva", **PLACE)
    viewer.dims.set_current_step(0, 1)
    painting = live.teach.painting
    begun(live, qtbot, image)
    over, rows = viewer.layers["larva · classes"], painting.classes
    rows.topLevelItem(0).setText(0, "wall")
    rows.recolor(1, "#FF0000")
    rows.add("vesicle")
    rows.joining.emit(5, 2)
    rows.removing.emit(4)
    said = [(c.kind, c.value, c.name, c.into) for c in kinds(live, image, ClassChange)]
    assert said[4:] == [
        ("rename", 1, "wall", 0),
        ("rename", 1, "wall", 0),
        ("add", 5, "vesicle", 0),
        ("merge", 5, "", 2),
        ("remove", 4, "", 0),
    ]
    np.testing.assert_allclose(over.get_color(1)[:3], (1, 0, 0))
    stroke(live, 3, along(1, 30, 26, 34))
    answered(live, qtbot)
    before = len(kinds(live, image, Strokes))
    rows.joining.emit(3, 2)
    assert sentence(live) == "Joined 'mitochondrion' with 'cytoplasm'."
    assert set(np.unique(painting.layer.data)) == {0, 1, 2}
    assert painting.layer.selected_label in (1, 2)  # never a class that is gone
    assert set(np.unique(answered(live, qtbot).classes)) <= {1, 2}
    assert len(kinds(live, image, Strokes)) == before  # told as a class, not as strokes
    assert rows.topLevelItem(1).text(2) == "2 strokes"
    painting.said.button[1]()
    assert set(np.unique(painting.layer.data)) == {0, 1, 2, 3}
    qtbot.waitUntil(lambda: len(kinds(live, image, Strokes)) == before + 1, timeout=3000)


def test_a_region_counts_as_a_whole_until_it_is_deleted(live, viewer, qtbot):
    image = viewer.add_image(stack(), name="larva", **PLACE)
    viewer.dims.set_current_step(0, 1)
    begun(live, qtbot, image)
    rows = live.teach.live.rows
    click(qtbot, rows.region)
    layer, banner = viewer.layers["larva · regions"], viewer.canvas.overlays.text
    assert (viewer.layers.selection.active, layer.mode) == (layer, "add_rectangle")
    assert banner.visible
    assert banner.text == "Region: drag a rectangle; unpainted is cytoplasm · Esc leaves"
    layer.add_rectangles([[1, 14, 14], [1, 14, 22], [1, 22, 22], [1, 22, 14]])
    qtbot.waitUntil(lambda: not rows.region.isChecked(), timeout=3000)
    assert viewer.layers.selection.active == live.teach.painting.layer
    assert not banner.visible
    (region,) = kinds(live, image, Region)
    assert (region.z, region.top, region.left, region.mask.shape) == (1, 14, 14, (9, 9))
    assert region.rest == 2
    assert answered(live, qtbot).strokes == 3
    layer.selected_data = {0}
    layer.remove_selected()
    qtbot.waitUntil(lambda: len(kinds(live, image, Region)) == 2, timeout=3000)
    assert kinds(live, image, Region)[1].kind == "open"
    click(qtbot, rows.region)
    next(act for key, act in layer.keymap.items() if str(key) == "Escape")(layer)
    assert not rows.region.isChecked()


def test_next_goes_to_places_that_were_not_seen_and_back(live, viewer, qtbot):
    image = viewer.add_image(stack(), name="larva", **PLACE)
    viewer.dims.set_current_step(0, 1)
    begun(live, qtbot, image)
    places = live.teach.live.rows.places
    qtbot.keyClick(live.footer.main, Qt.Key.Key_N)  # once more while it looks: no other place
    qtbot.keyClick(live.footer.main, Qt.Key.Key_N)
    qtbot.waitUntil(lambda: places.said == "1 seen", timeout=WAIT_MS)
    said = "Least sure here: "
    qtbot.waitUntil(lambda: sentence(live).startswith(said), timeout=WAIT_MS)
    assert {"membrane", "cytoplasm"} == set(sentence(live)[len(said) : -1].split(" or "))
    ring = viewer.layers["larva · place"]
    assert viewer.layers.selection.active == live.teach.painting.layer
    first = ring.data.copy()
    places.forward()
    qtbot.waitUntil(lambda: places.said in ("2 seen", "none left"), timeout=WAIT_MS)
    if places.said == "2 seen":
        assert np.any(ring.data != first)
        places.back()
    np.testing.assert_array_equal(ring.data, first)
    assert image in viewer.layers


def test_a_reopened_workspace_goes_on_with_the_same_answers(
    live, viewer, qtbot, make_napari_viewer_proxy
):
    image = viewer.add_image(stack(), name="larva", **PLACE)
    viewer.dims.set_current_step(0, 1)
    first = begun(live, qtbot, image)
    live.session.flush()
    folder = live.session.workspace.folder
    live.session.jobs.close()
    live.session.workspace.close()
    viewer.layers.clear()

    dock = SegmentDock(viewer)
    viewer.window.remove_dock_widget(live)
    viewer.window.add_dock_widget(dock, name="Segment", area="right")
    dock.teach.live.form.set_value(QUICK)
    assert open_workspace(dock.session, folder) == []
    viewer.dims.set_current_step(0, 1)
    assert sentence(dock) == "It goes on where it stood, with all your strokes."
    before = len(events(dock, dock.teach.image.layer))
    click(qtbot, dock.footer.main)
    again = answered(dock, qtbot)
    np.testing.assert_array_equal(again.chances, first.chances)
    assert (again.events, again.strokes) == (first.events, first.strokes)
    assert len(events(dock, dock.teach.image.layer)) == before
    assert dock.teach.painting.classes.topLevelItem(0).text(2) == "1 stroke"
    dock.session.jobs.close()
    assert Workspace(folder, take_over=True).strokes() > 0


def test_large_images_are_painted_in_fields(live, viewer, qtbot):
    pixels = np.zeros((4200, 4300), np.uint16)
    pixels[3000:3400:2] = 900
    image = viewer.add_image(pixels, name="slide", scale=(2, 2))
    viewer.scene.camera.center = (0, 2 * 3200, 2 * 3000)
    viewer.scene.camera.zoom = 1.5
    click(qtbot, live.footer.main)
    layer = live.teach.painting.layer
    assert layer.data.shape == (2048, 2048)
    np.testing.assert_allclose(layer.translate, (2 * 2152, 2 * 1976))
    layer.brush_size = 1
    for value, row in ((1, 3100), (2, 3101)):
        stroke(live, value, [(row - 2152, 3000 - 1976 + i) for i in range(30)])
    answer = answered(live, qtbot)
    told = kinds(live, image, Strokes)
    assert [(s.top, s.left) for s in told] == [(3100, 3000), (3101, 3000)]
    over = viewer.layers["slide · classes"]
    assert over.data.shape == (2048, 2048)
    corner = np.array([answer.top, answer.left]) - over.translate / 2
    assert np.all(corner >= 0)
    assert over.data[tuple(corner.astype(int))] == answer.classes[0, 0]
    labels = live.teach.painting.labels()
    assert labels.shape == image.data.shape
    assert set(np.unique(labels.read((slice(3100, 3102), slice(3000, 3030))))) == {1, 2}
    viewer.scene.camera.center = (0, 100, 100)
    live.teach.painting.new_strokes()
    assert len(live.teach.painting.painted_layers) == 2


def test_what_does_not_fit_is_told_in_one_sentence(live, viewer, qtbot, own_log):
    viewer.add_image(np.zeros((2, 3, 48, 48), np.uint8), name="film")
    assert sentence(live) == "This layer has 4 axes. Choose above which to use."
    assert not live.footer.main.isEnabled()
    viewer.layers.clear()
    viewer.add_image(stack(), name="larva", **PLACE)
    small = viewer.add_labels(np.zeros((3, 20, 20), int), name="small")
    viewer.layers.selection.active = small
    assert sentence(live) == (
        "These labels have another shape (3 x 20 x 20) than the image (3 x 48 x 48)."
    )
    viewer.layers.selection.active = viewer.layers["larva"]
    click(qtbot, live.footer.main)
    live.teach.live.keep()  # nothing is painted: there is nothing to keep
    qtbot.waitUntil(lambda: not live.teach.live.busy, timeout=WAIT_MS)
    assert live.footer.main.text() == "Start live learning"
    assert "stroke" in sentence(live)
    live.teach.way.choose(live=False)
    live.teach.painting.zero.setChecked(True)
    live.teach.way.choose(live=True)
    click(qtbot, live.footer.main)
    assert sentence(live).startswith("Full masks are learned once")
