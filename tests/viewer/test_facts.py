"""The facts line: sizes in words, set in place with the effect seen at once."""

import numpy as np
import pytest
from napari.layers import Image, Labels
from qtpy.QtCore import Qt

from napari_simgraph.viewer.facts import FactsLine
from napari_simgraph.viewer.layer_combo import LayerCombo, say_facts


@pytest.fixture
def viewer(make_napari_viewer_proxy):
    return make_napari_viewer_proxy()


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_facts_say_shape_and_size_so_that_axes_cannot_be_mixed_up():
    stack = Image(np.zeros((5, 8, 9)), scale=(50, 4, 4), units=("nm",) * 3)
    assert say_facts(stack) == "5x8x9 · 4 nm, sections 50 nm"
    slide = Image(np.zeros((30, 20, 3), np.uint8), rgb=True, scale=(0.5, 0.5), units=("um",) * 2)
    assert say_facts(slide) == "30x20 RGB · 500 nm"
    assert say_facts(Image(np.zeros((5, 8, 9)))) == "5x8x9 · size unknown"


def test_setting_the_size_scales_the_image_and_what_lies_on_it(viewer, qtbot):
    image = viewer.add_image(np.zeros((5, 8, 9)), name="larva")
    painted = viewer.add_labels(np.zeros((5, 8, 9), int), name="strokes")
    line = FactsLine(viewer)
    qtbot.addWidget(line)
    line.show_layer(image)
    line.show()
    click(qtbot, line.set_button)
    editor = line.size_editor
    assert editor.isVisible()
    for box, text in ((editor.pixel, "4"), (editor.section, "50")):
        box.setFocus()
        box.selectAll()
        qtbot.keyClicks(box, text)
    with qtbot.waitSignal(line.changed):
        qtbot.keyClick(editor.section, Qt.Key.Key_Return)
    for layer in (image, painted):
        np.testing.assert_allclose(layer.scale, (50, 4, 4))
        assert [str(unit) for unit in layer.units] == ["nanometer"] * 3
        assert tuple(layer.axis_labels) == ("z", "y", "x")
    assert viewer.canvas.overlays.scale_bar.visible
    assert line.text.text() == "5x8x9 · 4 nm, sections 50 nm"
    assert not editor.isVisible()


def test_a_patch_resolution_result_keeps_its_place_on_the_image(viewer, qtbot):
    image = viewer.add_image(np.zeros((64, 64)), name="larva", metadata={"simgraph": {"id": "i1"}})
    other = viewer.add_image(np.zeros((64, 64)), name="another picture")
    coarse = viewer.add_image(
        np.zeros((4, 4)),
        scale=(16, 16),
        translate=(7.5, 7.5),
        metadata={"simgraph": {"thing": "x", "image": "i1"}},
    )
    line = FactsLine(viewer)
    qtbot.addWidget(line)
    line.show_layer(image)
    line.set_size((2.0, 2.0), "um")
    np.testing.assert_allclose(coarse.scale, (32, 32))
    np.testing.assert_allclose(coarse.translate, (15, 15))
    np.testing.assert_allclose(other.scale, (1, 1))


def test_four_axes_are_chosen_in_two_menus_without_copying(viewer, qtbot):
    data = np.arange(2 * 3 * 8 * 9).reshape(2, 3, 8, 9)
    image = viewer.add_image(data, name="movie", scale=(1, 50, 4, 4))
    line = FactsLine(viewer)
    qtbot.addWidget(line)
    line.show_layer(image)
    line.show()
    assert line.text.text() == "This layer has 4 axes (t, z, y, x). Choose which to use."
    click(qtbot, line.set_button)
    assert line.axis_editor.axis.currentText() == "t (2)"
    line.axis_editor.index.setCurrentIndex(1)
    with qtbot.waitSignal(line.changed):
        click(qtbot, line.axis_editor.ok)
    made = viewer.layers.selection.active
    assert made.name == "movie · t 1"
    np.testing.assert_array_equal(made.data, data[1])
    assert np.shares_memory(made.data, data)
    np.testing.assert_allclose(made.scale, (50, 4, 4))


def test_the_layer_menu_follows_the_viewer_and_greys_what_cannot_be_used(viewer, qtbot):
    combo = LayerCombo(viewer, Labels, lambda layer: "other shape" if layer.ndim == 3 else "")
    qtbot.addWidget(combo)
    assert combo.layer is None
    flat = viewer.add_labels(np.zeros((8, 8), int), name="flat")
    viewer.add_labels(np.zeros((3, 8, 8), int), name="deep")
    assert combo.layer == flat
    assert combo.itemText(0) == "deep (other shape)"
    assert not combo.model().item(0).isEnabled()
    flat.name = "renamed"
    assert combo.currentText().startswith("renamed")
    with qtbot.waitSignal(combo.chosen):
        viewer.layers.remove(flat)
    assert combo.layer is None
    combo.close_events()
    viewer.add_labels(np.zeros((8, 8), int), name="late")
    assert combo.layer is None


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")  # napari divides by its shape
def test_an_image_without_pixels_is_not_offered(viewer, qtbot):
    viewer.add_image(np.zeros((0, 64, 64), np.uint8), name="empty")
    combo = LayerCombo(viewer, Image, lambda layer: "")
    qtbot.addWidget(combo)
    assert combo.itemText(0) == "empty (no pixels)"
    assert combo.layer is None
    combo.close_events()


def test_of_five_axes_two_are_chosen_one_after_the_other(viewer, qtbot):
    layer = viewer.add_image(np.arange(2 * 3 * 4 * 5 * 6).reshape(2, 3, 4, 5, 6), name="cells")
    line = FactsLine(viewer)
    qtbot.addWidget(line)
    line.show_layer(layer)
    line.take_axis(1, 2)
    made = viewer.layers.selection.active
    assert made.axis_labels == ("t", "z", "y", "x")
    line.show_layer(made)
    assert line.text.text() == "This layer has 4 axes (t, z, y, x). Choose which to use."
    line.take_axis(0, 1)
    np.testing.assert_array_equal(viewer.layers.selection.active.data, layer.data[1, 2])
    assert viewer.layers.selection.active.axis_labels == ("z", "y", "x")
