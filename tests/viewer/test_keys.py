"""Our keys: none of napari's is taken, and they do what the dock says."""

import napari
import numpy as np
from app_model.types import KeyBinding
from napari.layers import Image, Labels, Points, Shapes, Surface, Tracks, Vectors
from napari.utils.key_bindings import coerce_keybinding
from napari.utils.shortcuts import default_shortcuts
from qtpy.QtCore import Qt

from napari_simgraph.viewer.front_keys import FrontKeys
from napari_simgraph.viewer.keys import KEYS
from napari_simgraph.viewer.views import areas_keys
from napari_simgraph.viewer.views.segment import SegmentDock


def bound(viewer, key):
    return viewer.keymap.get(coerce_keybinding(key))


def test_no_key_of_ours_is_one_of_naparis():
    taken = {str(key) for keys in default_shortcuts.values() for key in keys}
    for kind in (napari.Viewer, Image, Labels, Points, Shapes, Surface, Tracks, Vectors):
        taken |= {str(key) for key in kind.class_keymap if isinstance(key, KeyBinding)}
    ours = {str(coerce_keybinding(key)) for key in KEYS}
    ours |= {str(coerce_keybinding(key)) for key, _, _ in areas_keys.KEYS}
    # napari's own are of Labels and Shapes, and of images in 3-D: there they stay
    ours -= {"Ctrl+Z", "R", "Y"}
    assert not ours & taken


def test_all_keys_are_bound_listed_and_given_back(viewer, dock):
    assert all(bound(viewer, key) for key in KEYS)
    rows = dock.bound.rows()
    assert [key for key, _, _ in rows] == [
        "Ctrl+Enter",
        "Ctrl+1 … 9",
        "Q",
        "W",
        "H",
        "Ctrl+Shift+S",
    ]
    assert all(ours for _, _, ours in rows)
    dock.bound.close()
    assert not any(bound(viewer, key) for key in KEYS)


def test_a_key_that_another_plugin_holds_is_left_to_it_and_struck_through(viewer):
    pressed = []
    viewer.bind_key("Q", lambda viewer: pressed.append(1))
    dock = SegmentDock(viewer)
    viewer.window.add_dock_widget(dock, name="Segment", area="right")
    assert not {key: ours for key, _, ours in dock.bound.rows()}["Q"]
    dock.bound.close()
    bound(viewer, "Q")(viewer)
    assert pressed == [1]
    dock.session.jobs.close()


def test_q_and_w_walk_through_the_sections_and_stop_at_the_ends(viewer, dock):
    viewer.add_image(np.zeros((3, 16, 16), np.uint8), name="larva")
    viewer.dims.set_current_step(0, 1)
    bound(viewer, "W")(viewer)
    assert viewer.dims.current_step[0] == 2
    bound(viewer, "W")(viewer)
    assert viewer.dims.current_step[0] == 2
    for _ in range(4):
        bound(viewer, "Q")(viewer)
    assert viewer.dims.current_step[0] == 0


def test_ctrl_number_takes_the_brush_of_that_class(viewer, dock):
    viewer.add_image(np.zeros((3, 16, 16), np.uint8), name="larva")
    dock.teach.painting.new_strokes()
    bound(viewer, "Control-3")(viewer)
    layer = dock.teach.painting.layer
    assert layer.selected_label == 3
    assert dock.teach.painting.classes.value == 3
    bound(viewer, "Control-9")(viewer)
    assert layer.selected_label == 3  # there is no ninth class


def test_h_hides_our_layers_while_it_is_held(viewer, dock):
    image = viewer.add_image(np.zeros((3, 16, 16), np.uint8), name="larva")
    dock.teach.painting.new_strokes()
    layer, hidden = dock.teach.painting.layer, viewer.add_points(np.zeros((1, 3)), visible=False)
    held = bound(viewer, "H")(viewer)
    next(held)
    assert not layer.visible
    assert image.visible
    next(held, None)
    assert layer.visible
    assert not hidden.visible


def test_ctrl_enter_presses_the_main_button(viewer, dock, qtbot):
    pressed = []
    viewer.add_image(np.zeros((3, 16, 16), np.uint8), name="larva")
    dock.set_main("Learn", lambda: pressed.append(1))
    dock.footer.main.setEnabled(True)
    qtbot.keyClick(dock.footer.main, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert pressed == [1]


def test_a_key_that_another_dock_had_taken_over_is_not_given_back_to_one_that_closed(viewer, dock):
    first, own = bound(viewer, "Control-Enter"), FrontKeys(dock.session, {"Control-Enter": list})
    own.bind()
    assert bound(viewer, "Control-Enter") is not first
    dock.bound.close()
    assert bound(viewer, "Control-Enter") is not None  # not theirs to give back
    own.free()
    assert bound(viewer, "Control-Enter") is None


def test_a_key_comes_back_to_the_dock_that_it_was_taken_from(viewer, dock):
    first, own = bound(viewer, "Control-Enter"), FrontKeys(dock.session, {"Control-Enter": list})
    own.bind()
    own.free()
    assert bound(viewer, "Control-Enter") is first
    viewer.bind_key("R", first)  # as another plugin does: its binding is nobody's of ours
    other = FrontKeys(dock.session, {"R": list})
    other.bind()
    assert bound(viewer, "R") is first
    assert not other.holds("R")
