import os
import shutil

import imagecodecs
import numpy as np
import pytest
import tifffile
from results import SHAPE, classes, names, sure

from napari_simgraph.io.workspace import Workspace
from napari_simgraph.viewer.readers import read_path
from napari_simgraph.viewer.restore import accept, find_again, go_on_without, open_workspace
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.sheets import sheet_of


def paint(layer, z, value):
    layer.selected_label, layer.mode = value, "paint"
    layer.paint((z, 10, 10), value)


def state_of(viewer):
    camera, dims = viewer.scene.camera, viewer.dims
    layers = [
        (x.name, tuple(x.scale), tuple(map(str, x.units)), x.visible, x.opacity, x.axis_labels)
        for x in viewer.layers
    ]
    return layers, camera.zoom, tuple(camera.center), dims.point, dims.ndisplay


def test_contact_sheets_and_their_labels_come_back(make_napari_viewer_proxy, tmp_path):
    for i in range(3):
        for name in (f"im{i}.png", f"im{i}_mask.png"):
            pixels = np.eye(1100 + i, 1200, dtype=np.uint8) * 255
            (tmp_path / name).write_bytes(imagecodecs.png_encode(pixels))
    viewer = make_napari_viewer_proxy()
    for data, told, kind in read_path(str(tmp_path)):
        getattr(viewer, f"add_{kind}")(data, **told)
    assert [layer.multiscale for layer in viewer.layers] == [True, True]
    session = Session(viewer)
    session.ensure_workspace("sheet")
    session.flush()
    folder = session.workspace.folder
    session.workspace.close()
    fresh = make_napari_viewer_proxy()
    assert open_workspace(Session(fresh), folder) == []
    assert [layer.name for layer in fresh.layers] == [layer.name for layer in viewer.layers]
    assert sheet_of(fresh.layers[0]).layout.find(3, 4).image == 0


def test_a_reopened_workspace_is_as_it_was(make_napari_viewer_proxy, tmp_path):
    file = tmp_path / "vnc.tif"
    pixels = np.random.default_rng(0).integers(0, 255, SHAPE).astype(np.uint8)
    tifffile.imwrite(
        file, pixels, imagej=True, metadata={"axes": "ZYX", "spacing": 0.05, "unit": "um"}
    )
    viewer = make_napari_viewer_proxy()
    for data, told, kind in read_path(str(file)):
        getattr(viewer, f"add_{kind}")(data, **told)
    vnc = viewer.layers[0]
    viewer.add_image(pixels[0], name="flat")
    strokes = viewer.add_labels(np.zeros(SHAPE, np.uint8), name="strokes")
    session = Session(viewer)
    paint(strokes, 2, 1)
    session.add_result(classes(2), vnc, "classes", {"seed": 3})
    session.add_result(sure(0.5), vnc, "sure", {})
    viewer.layers["strokes"].opacity = 0.9
    viewer.layers.move(0, 2)
    viewer.dims.point = (viewer.dims.range[0].stop, 0, 0)
    viewer.scene.camera.zoom, viewer.scene.camera.center = 3.5, (0, 7, 9)
    session.flush()
    before, folder = state_of(viewer), session.workspace.folder
    pictures = {layer.name: np.array(layer.data) for layer in viewer.layers}
    session.workspace.close()

    fresh = make_napari_viewer_proxy()
    other = Session(fresh)
    assert open_workspace(other, folder) == []
    assert state_of(fresh) == before
    for layer in fresh.layers:
        np.testing.assert_array_equal(np.asarray(layer.data), pictures[layer.name])
    made = other.add_result(classes(1), fresh.layers["vnc"], "classes", {})
    assert made.replaced
    assert other.workspace.folder == folder


def test_a_moved_picture_is_told_and_found_again(viewer, tmp_path, home):
    file = tmp_path / "vnc.tif"
    tifffile.imwrite(file, np.arange(2000, dtype=np.uint16).reshape(40, 50))
    data, told, _ = read_path(str(file))[0]
    viewer.add_image(data, **told)
    session = Session(viewer)
    session.ensure_workspace()
    session.flush()
    session.flush()  # what the writing thread found out of the picture
    folder = session.workspace.folder
    file.rename(tmp_path / "elsewhere.tif")
    session.workspace.close()
    session.keeper.change_to(None)
    viewer.layers.clear()
    assert open_workspace(session, folder) == ["vnc.tif is not where it was."]
    session.flush()
    session.flush()
    assert len(Workspace(folder, look_only=True).state["layers"]) == 1
    layer = find_again(session, session.keeper.missing[0], tmp_path / "elsewhere.tif")
    assert (layer.name, layer.data.shape) == ("vnc", (40, 50))
    assert session.keeper.missing == []


def test_a_damaged_result_does_not_stop_the_rest(viewer, vnc):
    session = Session(viewer)
    session.add_result(classes(1), vnc, "classes", {})
    session.flush()
    session.flush()
    folder = session.workspace.folder
    for path in (folder / "results").rglob("noun.json"):
        path.write_text("{")
    session.workspace.close()
    session.keeper.change_to(None)
    viewer.layers.clear()
    (note,) = open_workspace(session, folder)
    assert "damaged" in note
    assert names(viewer) == ["vnc"]


def test_a_folder_without_a_workspace_is_said(viewer, tmp_path):
    with pytest.raises(ValueError, match="There is no workspace"):
        open_workspace(Session(viewer), tmp_path)


def test_what_is_only_looked_at_is_never_written(viewer, vnc, home, tmp_path):
    held = Workspace(tmp_path / "theirs")
    held.save({"layers": []})
    before = {path: path.read_bytes() for path in held.folder.glob("*")}
    session = Session(viewer)
    open_workspace(session, held.folder, look_only=True)
    session.add_result(classes(1), vnc, "classes", {})
    session.flush()
    assert session.workspace.folder.parent == home
    assert session.workspace.results()
    assert {path: path.read_bytes() for path in held.folder.glob("*")} == before
    held.close()


@pytest.fixture
def kept(viewer, tmp_path):
    """A session whose workspace knows two pictures of one size by where they lie."""
    for name, step in {"vnc": 1, "lobe": 2}.items():
        pixels = (np.arange(2000) * step).astype(np.uint16).reshape(40, 50)
        tifffile.imwrite(tmp_path / f"{name}.tif", pixels)
        data, told, _ = read_path(str(tmp_path / f"{name}.tif"))[0]
        viewer.add_image(data, **told)
    session = Session(viewer)
    session.ensure_workspace()
    session.flush()  # what the pictures are like is noted before anybody changes them
    yield session
    session.flush()


def reopened(session):
    """What is to be said when its workspace is closed and opened again."""
    session.flush()
    session.flush()  # what the writing thread found out of the pictures
    folder = session.workspace.folder
    session.workspace.close()
    session.keeper.change_to(None)
    session.viewer.layers.clear()
    return open_workspace(session, folder)


def change(path, pixels):
    tifffile.imwrite(path, pixels)
    os.utime(path, (1e9, 1e9))  # another time, whatever the clock of the disk


def test_a_changed_picture_is_asked_about_until_it_is_answered(kept, tmp_path):
    change(tmp_path / "vnc.tif", np.zeros((40, 50), np.uint16))
    os.utime(tmp_path / "lobe.tif", (1e9, 1e9))  # touched, not changed
    said = ["vnc.tif has changed since; results may not fit."]
    assert reopened(kept) == said
    assert reopened(kept) == said  # nobody answered
    (key,) = kept.keeper.changed
    accept(kept, key)
    assert reopened(kept) == []
    change(tmp_path / "vnc.tif", np.zeros((10, 10), np.uint16))
    assert reopened(kept) == ["vnc.tif has another size now; results may not fit."]
    accept(kept, key, keep=False)
    assert names(kept.viewer) == ["lobe"]
    assert reopened(kept) == []


def test_a_picture_that_is_found_again_is_looked_at(kept, tmp_path):
    (tmp_path / "vnc.tif").rename(tmp_path / "there.tif")
    assert reopened(kept) == ["vnc.tif is not where it was."]
    find_again(kept, kept.keeper.missing[0], tmp_path / "lobe.tif")  # it is another one
    assert list(kept.keeper.changed.values()) == [
        "lobe.tif has changed since; results may not fit."
    ]
    kept.viewer.layers.remove("vnc")
    kept.keeper.changed.clear()


def test_one_goes_on_without_a_picture_that_is_gone(kept, tmp_path):
    (tmp_path / "vnc.tif").unlink()
    assert reopened(kept) == ["vnc.tif is not where it was."]
    go_on_without(kept, kept.keeper.missing[0])
    assert reopened(kept) == []
    assert names(kept.viewer) == ["lobe"]


def test_pictures_that_are_moved_with_the_workspace_are_no_question(kept, tmp_path):
    reopened(kept)
    kept.flush()
    folder = kept.workspace.folder
    kept.workspace.close()
    kept.keeper.change_to(None)
    kept.viewer.layers.clear()
    (tmp_path / "away").mkdir()
    for path in (*tmp_path.glob("*.tif"), folder.parent):
        path.rename(tmp_path / "away" / path.name)
    moved = tmp_path / "away" / folder.relative_to(tmp_path)
    assert open_workspace(kept, moved) == []
    assert names(kept.viewer) == ["vnc", "lobe"]


def test_labels_without_a_stroke_come_back_after_a_crash(viewer, vnc):
    session = Session(viewer)
    session.ensure_workspace()
    viewer.add_labels(np.zeros(SHAPE, np.uint8), name="strokes")
    session.keeper.save_state()  # and no more: here it is killed
    session.keeper.ask(int).result()
    session.keeper.written().result()
    folder = session.workspace.folder
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("lock*"))
    session.workspace.close()
    session.keeper.change_to(None)
    viewer.layers.clear()
    assert open_workspace(session, copy) == []
    assert names(viewer) == ["vnc", "strokes"]
