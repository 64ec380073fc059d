"""The Similar dock on a real viewer: learn, click, walk, label, write, and come back."""

import csv

import numpy as np
import pytest
import tifffile
from acting import action, click, sentence
from napari.utils.key_bindings import coerce_keybinding
from patches import PLACE, pixels, press, show, table_of
from qtpy.QtCore import Qt

from napari_simgraph.core.groups import CLASSES
from napari_simgraph.io.anndata_write import write_anndata
from napari_simgraph.io.read import read
from napari_simgraph.viewer.records import identify
from napari_simgraph.viewer.restore import open_workspace
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.views.bottom import shown_page
from napari_simgraph.viewer.views.similar import SimilarDock
from napari_simgraph.viewer.views.similar_job import Settings
from napari_simgraph.viewer.views.similar_say import CLICK

SHORT = Settings(
    minutes=0, steps=2, patch=16, stride=16, batch=8, width=4, depth=2, dimensions=8, device="cpu"
)


@pytest.fixture
def dock(viewer):
    made = SimilarDock(viewer)
    viewer.window.add_dock_widget(made, name="Similar", area="right")
    yield made
    made.session.jobs.close()


@pytest.fixture
def layer(viewer):
    return viewer.add_image(pixels(), name="vnc", **PLACE)


def learn(dock, qtbot):
    dock.input.form.set_value(SHORT)
    click(qtbot, dock.footer.main)
    qtbot.waitUntil(lambda: dock.task is None, timeout=120_000)  # torch is loaded on the way


def item(page, row):
    return page.list.visualRect(page.model.index(row)).center()


def click_item(qtbot, page, row, modifier=Qt.KeyboardModifier.NoModifier):
    qtbot.mouseClick(page.list.viewport(), Qt.MouseButton.LeftButton, modifier, item(page, row))


def test_what_is_missing_and_what_it_would_take(dock, viewer):
    assert sentence(dock) == "No image is open yet."
    small = viewer.add_image(np.zeros((40, 40), np.uint8), name="small")
    assert sentence(dock) == "Too few patches to compare (1). Use smaller patches."
    assert not dock.footer.main.isEnabled() or "Too few" in sentence(dock)
    dock.input.form.control("patch").set(8)
    assert dock.input.form.value().stride == 4  # half a patch, as nobody said otherwise
    assert sentence(dock).startswith("81 patches. About 5 min on CPU")
    viewer.add_image(np.zeros((2, 3, 40, 40), np.uint8), name="channels")
    assert dock.input.layer.name == "small"
    viewer.layers.remove(small)
    assert "This layer has 4 axes" in sentence(dock)
    assert not dock.footer.main.isEnabled()
    rgb = viewer.add_image(np.zeros((300, 300, 3), np.uint8), name="slide", rgb=True)
    dock.input.image.menu.choose(rgb)
    assert dock.input.form.value().patch == 8  # set by the person


def test_learn_click_walk_label_write_and_come_back(dock, viewer, layer, qtbot, tmp_path):
    learn(dock, qtbot)
    assert sentence(dock).startswith("48 patches in ")
    assert CLICK in sentence(dock)
    session = dock.session
    key = session.selection.key
    assert key == "vnc, 16 px"
    assert session.tables.graph(key) is not None
    points = viewer.layers["vnc · patches"]
    assert not points.visible
    assert {"patch_id", "image", "z", "class"} <= set(points.features)
    np.testing.assert_allclose(points.scale, layer.scale)
    viewer.dims.set_current_step(0, 1)
    press(viewer, layer, (1, 20, 30))
    assert sentence(dock).startswith("12 places, nearest ")
    page = shown_page(viewer, "Thumbnails")
    assert page.model.rowCount() == 12
    assert page.title.text() == "12 most like z 1, 96 nm x 96 nm"
    qtbot.waitUntil(lambda: all(page.thumbs.picture(key, h.row) for h in session.selection.hits))
    hits = session.selection.hits
    click_item(qtbot, page, 3)
    grid = session.selection.table.grid
    assert viewer.dims.current_step[0] == grid.z[hits[3].row]
    page.walk(1)
    assert viewer.dims.current_step[0] == grid.z[hits[4].row]
    click_item(qtbot, page, 5, Qt.KeyboardModifier.ControlModifier)
    assert session.selection.unlike[0].row == hits[5].row
    click_item(qtbot, page, 0)
    qtbot.mouseDClick(page.list.viewport(), Qt.MouseButton.LeftButton, pos=item(page, 0))
    assert len(session.selection.like) == 1
    assert not session.selection.unlike
    page.count.setValue(4)
    assert page.model.rowCount() == 4
    shown = page.rows()
    page.label_button.label("bright")
    assert (session.selection.table.classes()[shown] == "bright").all()
    assert viewer.layers["vnc · patches"].features["class"].tolist().count("bright") == 4
    page.save(str(tmp_path / "found"))
    qtbot.waitUntil(lambda: (tmp_path / "found" / "hits.csv").exists(), timeout=5000)
    lines = (tmp_path / "found" / "hits.csv").read_text(encoding="utf-8").splitlines()
    written = list(csv.DictReader(lines))
    assert [row["class"] for row in written] == ["bright"] * 4
    assert len(list((tmp_path / "found").glob("*.png"))) == 4
    table, folder = session.selection.table, session.workspace.folder
    session.flush()
    session.selection.show_table(None)
    session.workspace.close()
    open_workspace(session, folder)
    again = session.selection.table
    np.testing.assert_array_equal(again.values, table.values)
    np.testing.assert_array_equal(again.classes(), table.classes())
    ours = lambda: [one for one in viewer.layers if about(one).get("thing") == "patches"]  # noqa: E731
    qtbot.waitUntil(lambda: len(ours()) == 1)  # drawn anew from the table, not kept twice
    restored = next(one for one in viewer.layers if one.name == "vnc")
    press(viewer, restored, (0, 20, 30))
    assert session.selection.hits


def test_colour_links_and_some_patches_only(dock, viewer, layer, qtbot):
    session = dock.session
    table = show(session, layer)
    session.edits.label(np.flatnonzero(table.grid.x == 0), "left")
    whole = dock.whole
    words = [whole.colors.itemText(i) for i in range(whole.colors.count())]
    assert words == ["nothing", "class", "section"]
    points = viewer.layers["vnc · patches"]
    whole.colors.setCurrentIndex(1)
    whole.colors.activated.emit(1)
    assert points.visible
    left = np.asarray(points.features["class"]) == "left"
    assert len(np.unique(points.face_color[left], axis=0)) == 1
    assert not (points.face_color[left][0] == points.face_color[~left][0]).all()
    whole.links.setCurrentIndex(1)
    whole.links.activated.emit(1)
    section = viewer.dims.current_step[0]
    inside = (table.grid.z == section).sum() - 1  # each is joined with the next one
    assert len(viewer.layers["vnc · links"].data) == inside
    whole.where.setCurrentIndex(1)
    whole.where.activated.emit(1)
    assert len(session.selection.only) == left.sum()
    assert dock.search.only.text() == f"Only {left.sum()} patches ×"
    assert (points.face_color[~left][:, 3] < 0.2).all()
    points.selected_data = {0, 1}
    points.locked = False
    points.remove_selected()
    click(qtbot, dock.search.only)
    assert session.selection.only is None
    assert len(points.data) == len(table) - 2  # what was deleted is hidden, no more
    assert len(session.selection.table) == len(table)


def test_a_rectangle_without_a_model_is_the_mean_of_its_patches(dock, viewer, layer):
    show(dock.session, layer)
    viewer.dims.set_current_step(0, 0)
    press(viewer, layer, (0, 2, 26), ("Shift",), to=(0, 14, 38))
    (one,) = dock.session.selection.like
    assert one.row == -1
    assert "mean" in sentence(dock)
    assert dock.session.selection.hits


def test_a_table_of_another_image_says_so(dock, viewer, layer, tmp_path, qtbot):
    other = viewer.add_image(pixels(seed=5), name="other", **PLACE)
    table = show(dock.session, other, "other, 16 px")
    write_anndata(table, tmp_path / "saved.h5ad")
    viewer.layers.remove(other)
    dock.input.open_table(str(tmp_path / "saved.h5ad"))
    assert sentence(dock) == "This table was made from other, not vnc."
    click(qtbot, action(dock, "Open other"))
    assert sentence(dock) == "other is not where it was."
    dock.input.open_table(str(tmp_path / "none.h5ad"))
    assert "none.h5ad" in sentence(dock)
    assert CLASSES not in dock.session.selection.table.columns


def test_hits_in_a_slide_that_is_not_open(dock, viewer, layer, tmp_path, qtbot, monkeypatch):
    session, made = dock.session, {"model_fingerprint": "m"}
    show(session, layer)
    front = session.selection.table.replace(made=made)
    session.tables.add("vnc, 16 px", front, {"layers": [identify(layer, "i")]})
    session.selection.show_table(front, "vnc, 16 px")
    tifffile.imwrite(tmp_path / "b.tif", pixels(seed=3), photometric="minisblack")
    away = read(tmp_path / "b.tif").image
    write_anndata(table_of(away).replace(made=made), tmp_path / "b.h5ad")
    assert session.tables.open(tmp_path / "b.h5ad") == "b"
    viewer.dims.set_current_step(0, 1)
    press(viewer, layer, (1, 15, 31))
    page = shown_page(viewer, "Thumbnails")
    assert {item.hit.table for item in page.model.items} == {"vnc, 16 px"}
    page.where.setCurrentIndex(2)
    page.where.activated.emit(2)
    closed = []

    def found():
        closed[:] = [n for n, item in enumerate(page.model.items) if item.hit.table == "b"]
        return bool(closed)

    qtbot.waitUntil(found, timeout=10_000)  # several tables are searched beside the window
    assert not page.model.items[closed[0]].open
    assert "not open" in page.model.items[closed[0]].told
    row = page.model.items[closed[0]].hit.row
    qtbot.waitUntil(lambda: page.thumbs.picture("b", row) is not None)
    opened = []

    def open_it(source):
        assert source.path == str(tmp_path / "b.tif")
        opened.append(viewer.add_image(pixels(seed=3), name="b", translate=(0, 0, 400), **PLACE))
        return opened[-1]

    monkeypatch.setattr(session.canvas, "open_source", open_it)
    click_item(qtbot, page, closed[0])
    assert len(opened) == 1
    assert viewer.dims.current_step[0] == page.model.items[closed[0]].place.z
    assert session.selection.key == "vnc, 16 px"  # the answer stays as it was
    for key in (",", "."):
        assert coerce_keybinding(key) in viewer.keymap
