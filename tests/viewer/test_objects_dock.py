"""The Objects dock on a real viewer: measure, choose, filter, edit, undo, write."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest
from acting import action, click, sentence
from qtpy.QtCore import Qt

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.objects import ObjectTable
from napari_simgraph.viewer.looks import class_look
from napari_simgraph.viewer.restore import open_workspace
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.views.objects import ObjectsDock
from napari_simgraph.viewer.views.objects_job import outlines
from napari_simgraph.viewer.views.objects_model import ObjectModel

_CTRL = Qt.KeyboardModifier.ControlModifier
PLACE = {"scale": (50, 4, 4), "units": ("nm",) * 3, "axis_labels": ("z", "y", "x")}
CLASSES = ClassTable.of(["membrane", "cell"])


def pixels():
    """Four cells of 1000, 400 and 400 px and 48 px with a hole of 2, one membrane of 2 sections."""
    made = np.zeros((5, 60, 80), np.uint8)
    made[0:5, 5:15, 5:25] = 2
    made[1:5, 30:40, 10:20] = 2
    made[0:4, 30:40, 40:50] = 2
    made[4, 5:15, 60:65] = 2
    made[4, 8:10, 62:63] = 0
    made[2:4, 50:52] = 1
    return made


@pytest.fixture
def dock(viewer):
    made = ObjectsDock(viewer)
    viewer.window.add_dock_widget(made, name="Objects", area="right")
    yield made
    made.session.jobs.close()


@pytest.fixture
def image(viewer):
    grey = np.random.default_rng(0).integers(100, 110, (5, 60, 80)).astype(np.uint8)
    return viewer.add_image(grey, name="vnc", **PLACE)


@pytest.fixture
def labels(viewer, image):
    return viewer.add_labels(pixels(), name="painted", **class_look(CLASSES), **PLACE)


def measure(dock, qtbot):
    click(qtbot, dock.footer.main)
    qtbot.waitUntil(lambda: dock.task is None and dock.editor.table is not None, timeout=20_000)


def column(dock, name):
    model = dock.panel.model
    return model.table[name][model.order].tolist()


def click_row(dock, qtbot, row):
    rows = dock.panel.rows
    place = rows.visualRect(dock.panel.model.index(row, 1)).center()
    qtbot.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=place)


class Press:
    """A mouse event of napari's, as its callbacks get it."""

    def __init__(self, viewer, position, modifiers=()):
        self.position, self.modifiers, self.button = position, modifiers, 1
        self.pos, self.type = np.array([10.0, 10.0]), "mouse_press"


def click_image(dock, viewer, index, modifiers=(), moved=0.0):
    layer = dock.editor.layer
    press = Press(viewer, layer.data_to_world(index), modifiers)
    steps = dock.picker._pressed(viewer, press)
    if next(steps, "rests") == "rests":
        return
    press.type, press.pos = "mouse_move", press.pos + moved
    next(steps)
    press.type = "mouse_release"
    next(steps, None)


def test_an_empty_dock_says_what_for_and_what_is_missing(dock, viewer):
    assert sentence(dock) == "No labels are open yet."
    assert not dock.footer.main.isEnabled()
    viewer.add_labels(pixels(), name="painted")
    assert dock.footer.main.isEnabled()
    assert sentence(dock).startswith("About 5 s on CPU")


def test_pieces_of_classes_become_a_layer_with_a_table(dock, viewer, labels, qtbot):
    measure(dock, qtbot)
    assert sentence(dock).startswith("Measured 5 objects in ")
    assert column(dock, "pixels") == [1000, 400, 400, 320, 48]
    assert set(column(dock, "class")) == {"cell", "membrane"}
    assert all(100 < grey < 110 for grey in column(dock, "mean_grey"))
    layer = viewer.layers["vnc · objects"]
    assert layer == dock.editor.layer
    np.testing.assert_allclose(layer.scale, labels.scale)
    assert layer.locked
    assert layer.contour == 2
    assert next(iter(layer.features["class"])) == "–"
    told = layer.get_status(layer.data_to_world((0, 10, 10)), world=True)
    assert "class: cell" in told["coordinates"]
    assert "volume_um3: 0.0008" in told["coordinates"]
    assert about(layer)["command"].startswith("napari-simgraph objects find")


def test_a_row_goes_there_and_a_click_in_the_image_chooses_the_row(dock, viewer, labels, qtbot):
    measure(dock, qtbot)
    viewer.dims.set_current_step(0, 0)
    click_row(dock, qtbot, 4)  # only in section 4
    assert viewer.dims.current_step[0] == 4
    ids = dock.panel.ids()
    outline = dock.chosen.layer
    known = outline.unique_id
    assert np.asarray(outline.data[4]).sum() == 48
    assert dock.editor.layer.selected_label == ids[0]
    assert viewer.layers.selection.active != outline
    click_image(dock, viewer, (4, 10, 10))
    assert column(dock, "pixels")[dock.panel.rows.currentIndex().row()] == 1000
    click_image(dock, viewer, (4, 35, 15), modifiers=("Shift",))
    assert len(dock.panel.ids()) == 2
    assert dock.chosen.layer.unique_id == known
    click_image(dock, viewer, (4, 10, 10), moved=9.0)  # a drag is no click
    assert len(dock.panel.ids()) == 2
    click_image(dock, viewer, (4, 25, 70))  # beside all objects
    assert len(dock.panel.ids()) == 0
    assert not dock.chosen.layer.visible


# napari itself says in 3-D that it draws no contours there
@pytest.mark.filterwarnings("ignore:Contours are not displayed")
def test_picking_rests_while_one_paints_and_in_3d(dock, viewer, labels, qtbot):
    measure(dock, qtbot)
    viewer.layers.selection.active = labels
    labels.mode = "paint"
    click_image(dock, viewer, (0, 10, 10))
    assert len(dock.panel.ids()) == 0
    labels.mode = "pan_zoom"
    viewer.dims.ndisplay = 3
    click_image(dock, viewer, (0, 10, 10))
    assert len(dock.panel.ids()) == 0


def test_the_camera_moves_only_to_what_is_out_of_view(dock, viewer, labels, qtbot):
    measure(dock, qtbot)
    centre = viewer.scene.camera.center
    click_row(dock, qtbot, 0)
    assert viewer.scene.camera.center == centre
    viewer.scene.camera.zoom *= 40
    viewer.scene.camera.center = (0, 55 * 4, 75 * 4)
    click_row(dock, qtbot, 1)
    row = dock.panel.model.order[1]
    table = dock.panel.model.table
    centre = np.array(viewer.scene.camera.center[-2:]) / 1000
    shown = np.array(viewer.canvas.size) / viewer.scene.camera.zoom / 1000
    place = np.array([table["y_um"][row], table["x_um"][row]])
    assert (np.abs(place - centre) < shown / 2).all()


def test_delete_and_undo(dock, viewer, labels, qtbot):
    measure(dock, qtbot)
    layer = dock.editor.layer
    before = np.array(layer.data)
    click_row(dock, qtbot, 0)
    number = int(dock.panel.ids()[0])
    qtbot.keyClick(dock.panel.rows, Qt.Key.Key_Delete)
    assert sentence(dock) == f"Deleted object {number}."
    assert column(dock, "pixels") == [400, 400, 320, 48]
    assert not (np.asarray(layer.data) == number).any()
    assert len(layer.features) == 5
    click(qtbot, action(dock, "Undo"))
    assert sentence(dock) == f"Undone: deleted object {number}."
    np.testing.assert_array_equal(np.asarray(layer.data), before)
    assert column(dock, "pixels")[0] == 1000
    qtbot.keyClick(dock.panel.rows, Qt.Key.Key_Z, _CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert sentence(dock) == f"Deleted object {number}."
    qtbot.keyClick(dock.panel.rows, Qt.Key.Key_Z, _CTRL)
    np.testing.assert_array_equal(np.asarray(layer.data), before)
    viewer.cursor.position = tuple(layer.data_to_world((0, 35, 45)))
    dock._delete_under(layer)
    assert len(column(dock, "pixels")) == 4
    np.testing.assert_array_equal(labels.data, pixels())  # what was painted stays


def test_sizes_and_classes_are_filtered_and_the_hidden_can_be_deleted(dock, labels, qtbot):
    measure(dock, qtbot)
    assert not dock.panel.others_button.isEnabled()
    dock.panel.kind.setCurrentText("cell")
    assert column(dock, "pixels") == [1000, 400, 400, 48]
    dock.panel.size.setValue((500, 1000))
    qtbot.waitUntil(lambda: len(dock.panel.model.order) == 3, timeout=2000)
    assert dock.panel.said.text().startswith("3 of 5 objects · ")
    click(qtbot, dock.panel.others_button)
    assert sentence(dock) == "Deleted 2 objects."
    assert column(dock, "pixels") == [1000, 400, 400]
    click(qtbot, action(dock, "Undo"))
    assert len(dock.panel.model.table) == 5


def test_holes_are_filled_and_only_those_rows_measured_anew(dock, viewer, labels, qtbot):
    measure(dock, qtbot)
    old = dock.editor.table
    click(qtbot, dock.panel.fill_button)
    assert "No holes" in sentence(dock)  # open to the sections beside it: from section to section
    dock.input.form.control("through").set(False)
    measure(dock, qtbot)
    old = dock.editor.table
    click(qtbot, dock.panel.fill_button)
    assert sentence(dock) == f"Filled holes in object {_changed(old, dock.editor.table)}."
    assert dock.editor.table["pixels"].sum() == old["pixels"].sum() + 2
    click(qtbot, action(dock, "Undo"))
    assert dock.editor.table.fingerprint == old.fingerprint


def _changed(old, new):
    return int(new["id"][old["pixels"] != new["pixels"]][0])


def test_objects_that_there_are_keep_their_layer_and_numbers(dock, viewer, image, qtbot):
    data = np.zeros((5, 60, 80), np.int32)
    data[:, 10:20, 10:20], data[1:3, 30:40, 30:50] = 7, 90_000
    layer = viewer.add_labels(data, name="cells", **PLACE)
    assert dock.input.meaning.currentIndex() == 1
    measure(dock, qtbot)
    assert column(dock, "id") == [7, 90_000]
    assert dock.editor.layer == layer
    assert [one.name for one in viewer.layers] == ["vnc", "cells"]
    click_row(dock, qtbot, 1)
    click(qtbot, dock.panel.delete_button)
    assert np.unique(layer.data).tolist() == [0, 7]
    layer.undo()  # napari's own steps back are gone: they would not fit any more
    assert np.unique(layer.data).tolist() == [0, 7]


def test_edited_objects_are_never_replaced(dock, viewer, labels, qtbot):
    measure(dock, qtbot)
    measure(dock, qtbot)
    names = [layer.name for layer in viewer.layers]
    assert names.count("vnc · objects") == 1
    dock.editor.remove(dock.editor.table["id"][:1])
    measure(dock, qtbot)
    assert "vnc · objects 2" in [layer.name for layer in viewer.layers]
    assert len(viewer.layers["vnc · objects"].features) == 5


def test_edits_are_kept_in_the_workspace(dock, viewer, labels, qtbot):
    measure(dock, qtbot)
    dock.editor.remove(dock.editor.table["id"][:1])
    ids = dock.editor.table["id"]
    dock.editor.remove(ids[:1])
    dock.editor.undo()
    dock.session.flush()
    shown = np.asarray(dock.editor.layer.data)
    dock.session.workspace.close()
    open_workspace(dock.session, dock.session.workspace.folder)
    layer = viewer.layers["vnc · objects"]
    np.testing.assert_array_equal(np.asarray(layer.data), shown)
    assert len(np.unique(shown)) == 1 + len(ids)
    assert about(layer)["edited"]
    assert [step.said for step in layer.data.undone] == [f"Deleted object {ids[0]}."]


def test_tables_are_written_with_units(dock, labels, qtbot, tmp_path):
    measure(dock, qtbot)
    dock.save(str(tmp_path / "cells"))
    assert sentence(dock) == "Wrote 5 rows to cells.csv."
    with open(tmp_path / "cells.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert float(rows[0]["volume_um3"]) > 0


def test_shares_are_plotted_with_a_mark_at_the_section(dock, viewer, labels, qtbot):
    measure(dock, qtbot)
    plot = dock.shares.plot
    assert plot.isVisibleTo(dock)
    viewer.dims.set_current_step(0, 3)
    assert plot._mark.value() == 3
    plot.asked.emit(1)
    assert viewer.dims.current_step[0] == 1
    share = dock.shares.table
    pick = (share["class"] == "membrane") & (share["section"] == 2)
    assert share["pixels"][pick].tolist() == [2 * 80]


def test_drawn_regions_have_shares_of_their_own(dock, viewer, labels, qtbot):
    shapes = viewer.add_shapes(
        [np.array([[0, -0.5, -0.5], [0, -0.5, 39.5], [0, 29.5, 39.5], [0, 29.5, -0.5]])],
        shape_type="rectangle",
        name="half",
        **PLACE,
    )
    assert dock.input._regions_row.isVisibleTo(dock)
    dock.input.regions.choose(shapes)
    np.testing.assert_allclose(outlines(shapes, labels)[0].max(0), (29.5, 39.5))
    measure(dock, qtbot)
    share = dock.shares.table
    pick = (share["class"] == "cell") & (share["section"] == 0)
    assert share["region"][pick].tolist() == ["region 1"]
    assert share["fraction"][pick].tolist() == [200 / (30 * 40)]


def test_without_a_pixel_size_it_says_so(dock, viewer, qtbot):
    viewer.add_labels(pixels(), name="painted")
    measure(dock, qtbot)
    assert sentence(dock).endswith("The pixel size is unknown: sizes are in pixels.")
    assert dock.panel.model.columns[2].title == "px"


def test_a_layer_that_goes_takes_its_table_along(dock, viewer, labels, qtbot):
    measure(dock, qtbot)
    click_row(dock, qtbot, 0)
    layer = viewer.layers["vnc · objects"]
    layer.locked = False
    viewer.layers.remove(layer)
    assert not dock.panel.isVisibleTo(dock)
    assert dock.chosen.layer is None
    assert sentence(dock).startswith("About")


def test_a_hundred_thousand_rows_sort_and_filter_at_once():
    import time

    many = 100_000
    sizes = np.random.default_rng(0).lognormal(size=many)
    kinds = np.array(["a", "b"], object)[np.arange(many) % 2]
    columns = {"id": np.arange(1, many + 1), "class": kinds, "volume_um3": sizes}
    more = {"pixels": np.arange(many), "touches_border": kinds == "a"}
    model = ObjectModel(lambda number: None)
    model.show(ObjectTable(columns | more))
    start = time.thread_time()
    model.sort(2, Qt.SortOrder.DescendingOrder)
    model.filter("a", 0.5, 2.0)
    model.rows(np.arange(1, 50))
    assert time.thread_time() - start < 0.2
    shown = sizes[model.order]
    assert (np.diff(shown) <= 0).all()
    assert 0 < model.rowCount() < many / 2


def test_the_nerve_cord_is_clicked_through(dock, viewer, qtbot):
    tifffile = pytest.importorskip("tifffile")
    folder = Path(os.environ.get("SIMGRAPH_DATA", "../shared/data")) / "groundtruth_vnc"
    if not folder.is_dir():
        pytest.skip("no real data: set SIMGRAPH_DATA to its folder")
    place = PLACE | {"scale": (50, 4.6, 4.6)}
    viewer.add_image(tifffile.imread(folder / "stack1-raw.tif"), name="vnc", **place)
    mask = (tifffile.imread(folder / "stack1-mitochondria.tif") > 0).astype(np.uint8)
    viewer.add_labels(mask, name="mitochondria", **place)
    click(qtbot, dock.footer.main)
    qtbot.waitUntil(lambda: dock.task is None and dock.editor.table is not None, timeout=60_000)
    table = dock.editor.table
    assert len(table) == 41
    assert table["pixels"].sum() == mask.sum()
    volume = mask.sum() * 50 * 4.6**2 * 1e-9
    assert table["volume_um3"].sum() == pytest.approx(volume)
    click_row(dock, qtbot, 1)
    number = int(dock.panel.ids()[0])
    section = viewer.dims.current_step[0]
    assert (np.asarray(dock.editor.layer.data)[section] == number).any()


def test_nothing_is_wider_than_the_dock(dock, viewer, labels, qtbot):
    measure(dock, qtbot)
    assert dock.controls.minimumSizeHint().width() <= 356
