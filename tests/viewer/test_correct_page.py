"""The tab Correct on a real viewer: merge, split, paint, undo, fill, places, with real clicks."""

import numpy as np
import pytest
from acting import SHORT, action, click, sentence
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_simgraph import ClassTable, Image, MemoryRoom, run
from napari_simgraph.capabilities import segmentation
from napari_simgraph.core.raster import Labels
from napari_simgraph.viewer.restore import open_workspace
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.views.filling_objects import corrected
from napari_simgraph.viewer.views.segment import CORRECT, TEACH
from napari_simgraph.viewer.views.strokes import add_strokes

SHAPE = (4, 60, 80)
PLACE = {"scale": (50, 4, 4), "units": ("nm",) * 3, "axis_labels": ("z", "y", "x")}


def numbers():
    """Objects 1 and 2 side by side with a line between, 3 below in sections 0 and 3 alone."""
    made = np.zeros(SHAPE, np.uint32)
    made[:, 5:25, 5:35], made[:, 5:25, 36:70] = 1, 2
    made[0, 40:55, 10:30], made[3, 40:55, 14:34] = 3, 3
    return made


@pytest.fixture
def page(dock, viewer):
    """The page in front, with objects that a run made."""
    walls = np.where(numbers() == 0, 60, 190).astype(np.uint8)
    image = viewer.add_image(walls, name="larva", **PLACE)
    space = {"spacing": (50.0, 4.0, 4.0), "unit": "nm"}
    noun = Labels(numbers(), meaning="objects", **space)
    dock.session.add_result(noun, image, "objects", {"capability": "segmentation"})
    dock.tabs.setCurrentIndex(CORRECT)
    viewer.dims.set_current_step(0, 1)
    return dock.correct


@pytest.fixture
def small_model():
    """A model of walls and cells, hardly trained."""
    classes = ClassTable.of(["membrane", "cell"])
    pixels = np.where(numbers() == 0, 60, 190).astype(np.uint8)
    space = {"spacing": (50.0, 4.0, 4.0), "unit": "nm"}
    labels = Labels(np.where(numbers() == 0, 1, 2).astype(np.uint8), classes=classes, **space)
    job = segmentation.train(Image(pixels, **space), labels, config=SHORT, room=MemoryRoom())
    return run(job)


class Press:
    """A mouse event of napari's, as its callbacks get it."""

    def __init__(self, page, index):
        self.position, self.modifiers, self.button = at(page, index), (), 1
        self.pos, self.type = np.array([10.0, 10.0]), "mouse_press"


def at(page, index):
    return page.hand.layer.data_to_world(index)


def click_image(page, viewer, index):
    viewer.cursor.position = tuple(at(page, index))
    steps = page.hand.picker._pressed(viewer, Press(page, index))
    next(steps, None)
    next(steps, None)


def draw(page, viewer, *corners):
    press = Press(page, corners[0])
    steps = page.hand.modes._pressed(viewer, press)
    next(steps)
    press.type = "mouse_move"
    for corner in corners[1:]:
        press.position = at(page, corner)
        next(steps)
    press.type = "mouse_release"
    next(steps, None)


def press(viewer, key):
    """A key on the picture, as napari gets it: the layer in hand is asked first."""
    QTest.keyClick(viewer.__wrapped__.window._qt_viewer.canvas.native, key)


def shown(page):
    return np.asarray(page.hand.layer.data)


def test_merge_by_two_clicks_undo_and_redo(page, dock, viewer, qtbot):
    layer = page.hand.layer
    assert layer.editable
    assert viewer.layers.selection.active == layer
    text = viewer.canvas.overlays.text
    click(qtbot, page.tools.buttons["merge"])
    assert text.text == "Merge: click the first object · Esc leaves"
    assert text.visible
    assert layer.cursor == "crosshair"
    click_image(page, viewer, (1, 10, 10))
    assert text.text == "Merge 1 with: click the second object · Esc leaves"
    click_image(page, viewer, (1, 10, 50))
    assert sentence(dock) == "Merged 2 into 1 in all sections."
    assert not text.visible
    assert not page.tools.buttons["merge"].isChecked()
    assert (shown(page)[:, 5:25, 5:70] == 1).all()
    assert layer.features.set_index("index")["locked"].to_dict() == {0: "", 1: "yes"}
    assert page.tools.undo.text() == "Undo merged 2 into 1"
    viewer.dims.set_current_step(0, 3)
    click(qtbot, page.tools.undo)
    np.testing.assert_array_equal(shown(page), numbers())
    assert viewer.dims.current_step[0] == 1  # where it was done
    click(qtbot, page.tools.redo)
    assert (shown(page)[:, 5:25, 5:70] == 1).all()
    click(qtbot, action(dock, "Undo"))
    np.testing.assert_array_equal(shown(page), numbers())
    # keys belong to the page in front
    assert {"G", "K", "D", "M", "Delete", "Ctrl+Z"} <= {str(key) for key in layer.keymap}
    assert {"N", "Shift+N", "Y", "U"} <= {str(key) for key in viewer.keymap}
    dock.tabs.setCurrentIndex(TEACH)
    assert not layer.keymap
    assert "Y" not in {str(key) for key in viewer.keymap}
    dock.tabs.setCurrentIndex(CORRECT)
    said = {key: ours for key, _, ours in page.keys.rows()}
    assert all(said.values())


def test_split_by_a_drawn_line(page, dock, viewer, qtbot):
    camera = viewer.scene.camera
    click(qtbot, page.tools.buttons["split"])
    assert not camera.mouse_pan
    draw(page, viewer, (1, 2, 15), (1, 15, 15), (1, 28, 15))
    assert "larva · cut" in [layer.name for layer in viewer.layers]
    press(viewer, Qt.Key.Key_Return)
    assert sentence(dock) == "Split 1 in all sections: the smaller part is 4."
    assert camera.mouse_pan
    assert "larva · cut" not in [layer.name for layer in viewer.layers]
    for section in shown(page):
        assert (section[5:25, 5:13] == 4).all()
        assert (section[5:25, 18:35] == 1).all()
    click(qtbot, page.tools.this_one)
    click(qtbot, page.tools.buttons["split"])
    draw(page, viewer, (1, 2, 50), (1, 28, 50))
    page.hand.modes.enter()
    assert [int(section[10, 60] != section[10, 40]) for section in shown(page)] == [0, 1, 0, 0]
    click(qtbot, page.tools.buttons["split"])
    press(viewer, Qt.Key.Key_Escape)
    assert not viewer.canvas.overlays.text.visible


def test_painted_strokes_and_tools_share_one_history(page, dock, viewer, qtbot):
    layer = page.hand.layer
    click(qtbot, page.tools.buttons["new"])
    assert layer.mode == "paint"
    assert layer.selected_label == 4
    layer.paint((1, 50, 60), 4)
    qtbot.waitUntil(lambda: sentence(dock) == "Painted 4.", timeout=2000)
    painted = shown(page)
    assert (painted == 4).sum() > 50
    click_image(page, viewer, (1, 10, 10))
    assert not len(page.hand.ids)  # picking rests while one paints
    layer.mode = "pan_zoom"
    click_image(page, viewer, (1, 10, 10))
    assert page.hand.ids.tolist() == [1]
    click(qtbot, page.tools.buttons["delete"])
    assert np.unique(shown(page)).tolist() == [0, 2, 3, 4]
    layer.undo()  # napari's own steps are gone: they would write old values over new ones
    assert np.unique(shown(page)).tolist() == [0, 2, 3, 4]
    click(qtbot, page.tools.undo)
    np.testing.assert_array_equal(shown(page), painted)
    click(qtbot, page.tools.undo)
    np.testing.assert_array_equal(shown(page), numbers())
    page.hand.choose(np.zeros(0, np.int64))
    click(qtbot, page.tools.buttons["smooth"])
    assert sentence(dock) == "Click an object first, then smooth it."
    viewer.dims.set_current_step(0, 3)
    click_image(page, viewer, (3, 45, 20))
    click(qtbot, page.tools.buttons["between"])
    assert sentence(dock) == "Filled z 1 and z 2. Check them with Q and W."
    assert all(280 < (section == 3).sum() <= 300 for section in shown(page))
    click(qtbot, page.tools.buttons["between"])
    assert sentence(dock) == "Paint on two sections first, then fill between."
    click_image(page, viewer, (3, 45, 20))
    click(qtbot, page.tools.buttons["smooth"])
    assert sentence(dock) == "Smoothed 3 in all sections."
    assert shown(page)[2, 40, 12] == 0  # a corner


def test_places_are_listed_answered_and_kept(page, dock, viewer, qtbot):
    click(qtbot, page.places.find)
    qtbot.waitUntil(lambda: page.finding.task is None, timeout=20_000)
    many = len(page.places.spots)
    assert many >= 2
    assert sentence(dock) == f"Found {many} places to check. N goes to the first."
    click(qtbot, page.places.next)
    first = page.places.current
    assert viewer.dims.current_step[0] == first.z
    assert page.hand.ids.tolist() == list(first.objects)
    click(qtbot, page.places.right)
    assert page.places.said.text() == f"1 of {many} done"
    assert page.places.current == page.places.spots[1]
    click(qtbot, page.places.skip)
    dock.session.flush()
    folder = dock.session.workspace.folder
    dock.session.workspace.close()
    open_workspace(dock.session, folder)
    assert [spot.done for spot in page.places.spots[:3]] == ["right", "skipped", ""][:many]
    assert len(about(page.hand.layer)["places"]) == many


def test_without_objects_it_says_where_to_make_them(dock, viewer, vnc):
    dock.tabs.setCurrentIndex(CORRECT)
    assert sentence(dock) == "Make objects first: tick objects in Run on all."
    assert not dock.footer.main.isEnabled()
    assert dock.controls.minimumSizeHint().width() <= 356


def test_a_later_run_leaves_corrected_objects_and_its_undo_brings_all_back(page, dock, viewer):
    page.hand.choose(np.array([1]))
    page.hand.mode("merge")
    click_image(page, viewer, (1, 10, 50))
    session, image = dock.session, viewer.layers["larva"]
    before = session.result(image, "objects")
    made = numbers()
    made[made == 3] = 9
    noun = Labels(made, meaning="objects", spacing=(50.0, 4.0, 4.0), unit="nm")
    noun = run(corrected(noun.replace(object_classes=np.zeros(10, np.uint8)), before))
    session.add_result(noun, image, "objects", {"capability": "segmentation"})
    QApplication.processEvents()
    layer = page.hand.layer
    np.testing.assert_array_equal(np.asarray(layer.data), np.asarray(before.levels[0]))
    assert layer.data.locked.tolist() == [1]
    assert about(layer)["edited"]
    assert layer.features.set_index("index")["locked"][1] == "yes"
    session.undo_result(image, "objects")
    assert [step.said for step in page.corrector.objects.steps] == [
        "Merged 2 into 1 in all sections."
    ]


def test_learning_from_corrections_and_looking_at_them(page, dock, viewer, qtbot, small_model):
    assert not dock.footer.main.isEnabled()
    page.hand.choose(np.array([1]))
    page.hand.mode("merge")
    click_image(page, viewer, (1, 10, 50))
    assert not dock.footer.main.isEnabled()  # there is no model yet
    dock.session.add_model(small_model, "walls")
    page.training = SHORT
    dock.renew()
    click(qtbot, dock.footer.main)
    qtbot.waitUntil(lambda: page.learning.task is None, timeout=60_000)
    assert sentence(dock).startswith("Learned from 1 correction in ")
    assert len(dock.session.models("segmentation")) == 2
    assert dock.run.model.name.startswith("larva corrected, ")
    click(qtbot, page.since.compare_button)
    np.testing.assert_array_equal(shown(page), numbers())
    click(qtbot, page.since.compare_button)
    assert (shown(page)[:, 5:25, 5:70] == 1).all()
    click(qtbot, page.since.show_button)
    assert [(spot.kind, spot.z, spot.objects) for spot in page.places.spots] == [
        ("merged", 1, (1,))
    ]
    click(qtbot, action(dock, "Back"))
    assert page.places.spots == []


def test_strokes_are_filled_between_in_one_step(dock, viewer, vnc, qtbot):
    strokes = add_strokes(viewer, viewer.layers["vnc"])
    strokes.data[0, 5:15, 5:15] = strokes.data[2, 5:15, 7:17] = 2
    strokes.data[1, 8, 8] = 1
    strokes.selected_label = 2
    viewer.dims.set_current_step(0, 2)
    (key,) = [act for key, act in strokes.keymap.items() if str(key) == "D"]
    key(strokes)
    assert sentence(dock) == "Filled z 1. Check them with Q and W."
    assert 90 <= (strokes.data[1] == 2).sum() <= 100
    assert strokes.data[1, 8, 8] == 1  # what is painted stays
    strokes.undo()
    assert not (strokes.data[1] == 2).any()
    viewer.dims.set_current_step(0, 0)
    strokes.data[2] = 0
    key(strokes)
    assert sentence(dock) == "Paint on two sections first, then fill between."
