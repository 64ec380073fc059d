"""Classes of the Segment dock: colours, names, taken out and put back, with the undo of napari."""

import numpy as np
import pytest
from acting import PLACE, action, click, sentence, stack
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QColor

from napari_simgraph import Labels
from napari_simgraph.core.classes import ClassTable
from napari_simgraph.viewer.views.numbering import Numbering
from napari_simgraph.viewer.views.taking_out import put_back, take_out

EM = ("membrane", "cytoplasm", "mitochondrion", "synapse")


@pytest.fixture
def strokes(dock, viewer, qtbot):
    """A layer with a stroke of each of the first three classes, counted."""
    viewer.add_image(stack(), name="larva", **PLACE)
    dock.teach.painting.new_strokes()
    layer = viewer.layers["larva · strokes"]
    for value in (1, 2, 3):
        layer.paint((1, 10 * value, 20), value)
    qtbot.waitUntil(lambda: len(dock.teach.painting.numbering.counts()) == 3)
    return layer


def classes(dock):
    return dock.teach.painting.classes


def color(layer, value):
    return QColor.fromRgbF(*map(float, layer.get_color(value)[:3])).name().upper()


def test_a_click_on_the_square_opens_the_palette_and_layers_take_the_colour(dock, strokes, qtbot):
    place = classes(dock).visualItemRect(classes(dock).topLevelItem(1)).center()
    qtbot.mouseClick(classes(dock).viewport(), Qt.MouseButton.LeftButton, pos=QPoint(9, place.y()))
    popup = classes(dock)._popup
    assert popup.isVisible()
    green = next(b for b in popup.buttons if b.accessibleName() == "green")
    click(qtbot, green)
    assert not popup.isVisible()
    assert classes(dock).table.rows[1].color == "#009E73"
    assert color(strokes, 2) == "#009E73"
    assert classes(dock).table.names == EM


def test_any_other_colour_can_be_typed(dock, strokes, qtbot):
    classes(dock).pick_color(1)
    popup = classes(dock)._popup
    qtbot.keyClicks(popup.field, "#12ab34")
    qtbot.keyClick(popup.field, Qt.Key.Key_Return)
    assert color(strokes, 1) == "#12AB34"


def test_results_of_the_image_follow_by_name(dock, viewer, strokes):
    session, image = dock.session, viewer.layers["larva"]
    table = ClassTable.of(["cytoplasm", "nucleus"])
    noun = Labels(np.ones((3, 48, 48), np.uint8), classes=table)
    session.add_result(noun, image, "classes", {})
    made = viewer.layers["larva · classes"]
    nucleus = color(made, 2)
    classes(dock).recolor(2, "#CC79A7")
    assert color(made, 1) == "#CC79A7"
    assert color(made, 2) == nucleus


def test_a_class_that_was_painted_is_taken_out_and_put_back(dock, strokes, qtbot):
    before = np.array(strokes.data)
    count = int((before == 2).sum())
    classes(dock).removing.emit(2)
    assert sentence(dock) == f"Removed 'cytoplasm': {count:,} px are unlabelled now."
    assert classes(dock).table.names == ("membrane", "mitochondrion", "synapse")
    assert set(np.unique(strokes.data)) == {0, 1, 3}  # the others keep their value
    labels = dock.teach.painting.labels()
    assert set(np.unique(labels.read())) == {0, 1, 2}
    assert labels.classes.names[1] == "mitochondrion"
    assert dock.teach.painting.numbering.counts()[2] == int((before == 3).sum())
    dock.teach.painting.paint(2)
    assert strokes.selected_label == 3
    assert list(strokes.features["class"]) == ["–", "membrane", "mitochondrion", "synapse"]
    click(qtbot, action(dock, "Undo"))
    assert classes(dock).table.names == EM
    np.testing.assert_array_equal(strokes.data, before)


def test_the_undo_of_napari_brings_the_class_back_with_its_strokes(dock, strokes, qtbot):
    before = np.array(strokes.data)
    classes(dock).removing.emit(2)
    strokes.undo()
    qtbot.waitUntil(lambda: classes(dock).table.names == EM, timeout=3000)
    np.testing.assert_array_equal(strokes.data, before)
    assert "Removed" not in sentence(dock)


def test_a_stroke_after_the_removal_ends_the_offer_and_a_new_class_takes_a_new_number(
    dock, strokes, qtbot
):
    classes(dock).removing.emit(3)
    strokes.paint((0, 5, 5), 1)
    qtbot.waitUntil(lambda: "Removed" not in sentence(dock))
    classes(dock).add("vesicle")
    assert classes(dock).numbers == (1, 2, 4, 5)


def test_classes_of_a_layer_of_ours_are_read_with_their_numbers(dock, viewer, strokes):
    classes(dock).removing.emit(2)
    strokes.name = "mine"
    painting = dock.teach.painting
    painting.classes.show_table(ClassTable.of(["x", "y"]))
    painting._read_names()
    assert classes(dock).table.names == ("membrane", "mitochondrion", "synapse")
    assert classes(dock).numbers == (1, 3, 4)


def test_the_class_that_0_means_stays(dock, viewer, qtbot):
    data = stack()
    viewer.add_image(data, name="larva")
    viewer.add_labels(np.where(data < 110, 0, 255).astype(np.uint8), name="mask")
    qtbot.waitUntil(lambda: sentence(dock).startswith("Paint a second class"), timeout=3000)
    click(qtbot, action(dock, "0 is background"))
    classes(dock).removing.emit(1)
    assert sentence(dock).startswith("'background' is what 0 means here")
    assert len(classes(dock).table) == 2


def test_going_to_a_class_shows_the_section_with_most_of_it(dock, viewer, strokes):
    strokes.paint((2, 30, 30), 4)
    viewer.dims.set_current_step(0, 0)
    dock.teach.painting._go_to(4)
    assert viewer.dims.current_step[0] == 2


def test_many_pixels_are_taken_out_without_filling_the_history(viewer, monkeypatch):
    monkeypatch.setattr("napari_simgraph.viewer.views.taking_out._UNDOABLE", 10)
    layer = viewer.add_labels(np.tile(np.arange(3, dtype=np.uint8), (20, 10)))
    before = np.array(layer.data)
    layer.mode = "paint"
    taken = take_out(layer, 2)
    assert taken.count == 200
    assert set(np.unique(layer.data)) == {0, 1}
    assert layer.mode == "paint"
    layer.undo()
    assert set(np.unique(layer.data)) == {0, 1}
    put_back(taken)
    np.testing.assert_array_equal(layer.data, before)


def test_values_of_their_own_are_taken_in_their_order():
    mask = Numbering({85: 5, 255: 7}, (1, 3), 0)
    assert mask.counts() == {1: 5, 2: 7}
    assert mask.layer_value(2) == 255
    gap = Numbering({1: 5, 2: 4, 3: 7}, (1, 3), 0)
    assert gap.counts() == {1: 5, 2: 7}
    assert gap.taken_out() == [2]
    assert Numbering({1: 5, 4: 1}, (1, 2), 0).wanted() == 2
    assert Numbering({200: 5, 201: 1}, (1,), 0).wanted() == 1
