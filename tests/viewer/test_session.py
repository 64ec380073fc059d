import errno
import time

import numpy as np
import pytest
from napari.layers import Layer
from qtpy.QtWidgets import QWidget
from results import SHAPE, classes, names, sure

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.model import Model
from napari_simgraph.io import kept, lines, models, workspace
from napari_simgraph.io.painted import PaintedPixels, open_painted
from napari_simgraph.io.workspace import Workspace
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.sharing import session_of
from napari_simgraph.viewer.stacking import about


def test_docks_of_a_viewer_share_a_session(viewer):
    first = session_of(viewer)
    dock = QWidget()
    dock.session = first
    viewer.window.add_dock_widget(dock)
    assert session_of(viewer) is first


def test_a_result_lies_above_its_image_and_below_strokes(viewer, vnc):
    viewer.add_labels(np.zeros(SHAPE, np.uint8), name="strokes", scale=(50, 4, 4))
    other = viewer.add_image(np.zeros(SHAPE), name="other")
    session = Session(viewer)
    session.add_result(classes(1), vnc, "classes", {"command": "napari-simgraph …"})
    session.add_result(sure(0.5), vnc, "sure", {})
    assert names(viewer) == [
        "vnc",
        "vnc · sure membrane",
        "vnc · sure cytoplasm",
        "vnc · classes",
        "strokes",
        "other",
    ]
    layer = viewer.layers["vnc · classes"]
    assert about(layer)["command"] == "napari-simgraph …"
    assert layer.units == vnc.units
    assert viewer.layers.units is not None or other.units != vnc.units


def test_at_most_two_filled_overlays_are_seen(viewer, vnc):
    session = Session(viewer)
    assert session.add_result(classes(1), vnc, "classes", {}).hidden == []
    made = session.add_result(sure(0.5), vnc, "sure", {})
    assert made.hidden == []
    assert [layer.visible for layer in made.layers] == [True, False]
    unsure = sure(0.5).replace(data=sure(0.5).read()[..., 0], axes="", classes=None)
    assert session.add_result(unsure, vnc, "not sure", {}).hidden == ["vnc · classes"]
    assert viewer.layers["vnc · sure membrane"].visible


def test_a_second_run_keeps_what_the_user_set(viewer, vnc):
    session = Session(viewer)
    (layer,) = session.add_result(classes(1), vnc, "classes", {}).layers
    layer.name, layer.opacity, layer.visible = "mine", 0.8, False
    viewer.layers.move(viewer.layers.index(layer), 0)
    colors = dict(layer.colormap.color_dict) | {1: np.array([1.0, 0, 0, 1])}
    layer.colormap = type(layer.colormap)(color_dict=colors)
    made = session.add_result(classes(2), vnc, "classes", {})
    assert made.replaced
    assert names(viewer) == ["mine", "vnc"]
    assert (layer.opacity, layer.visible, int(layer.data.max())) == (0.8, False, 2)
    np.testing.assert_array_equal(layer.colormap.color_dict[1], [1, 0, 0, 1])
    assert not layer.editable


def test_other_classes_bring_their_own_colours(viewer, vnc):
    session = Session(viewer)
    (layer,) = session.add_result(classes(1), vnc, "classes", {}).layers
    table = ClassTable.of(["ring", "disc"], ["#FF0000", "#00FF00"])
    session.add_result(classes(1, table), vnc, "classes", {})
    np.testing.assert_array_equal(layer.colormap.color_dict[1], [1, 0, 0, 1])
    assert list(layer.features["class"]) == ["–", "ring", "disc"]


def test_a_deleted_result_is_made_again(viewer, vnc):
    session, changes = Session(viewer), []
    session.results_changed.connect(lambda: changes.append(1))
    (layer,) = session.add_result(classes(1), vnc, "classes", {}).layers
    viewer.layers.remove(layer)
    assert session.result_layers(vnc, "classes") == []
    assert len(changes) == 2
    made = session.add_result(classes(2), vnc, "classes", {})
    assert (made.replaced, names(viewer)) == (False, ["vnc", "vnc · classes"])


def test_a_duplicated_result_stays_as_it_is(viewer, vnc):
    session = Session(viewer)
    (layer,) = session.add_result(classes(1), vnc, "classes", {}).layers
    data, state, kind = layer.as_layer_data_tuple()
    copy = Layer.create(data.copy(), state | {"name": "copy"}, kind)
    viewer.layers.insert(1, copy)
    session.add_result(classes(2), vnc, "classes", {})
    assert int(viewer.layers["copy"].data.max()) == 1
    assert int(viewer.layers["vnc · classes"].data.max()) == 2
    assert len(viewer.layers) == 3


def test_a_duplicated_image_has_results_of_its_own(viewer, vnc):
    session = Session(viewer)
    session.add_result(classes(1), vnc, "classes", {})
    data, state, kind = vnc.as_layer_data_tuple()
    viewer.add_layer(Layer.create(data, state | {"name": "twin"}, kind))
    session.add_result(classes(2), viewer.layers["twin"], "classes", {})
    assert names(viewer) == ["vnc", "vnc · classes", "twin", "twin · classes"]


def test_a_result_turned_into_an_image_is_not_overwritten(viewer, vnc):
    session = Session(viewer)
    (layer,) = session.add_result(classes(1), vnc, "classes", {}).layers
    data, state, _ = layer.as_layer_data_tuple()
    viewer.layers.remove(layer)
    base = {"name": "as image", "metadata": state["metadata"]}
    viewer.add_image(data, **base)
    session.add_result(classes(2), vnc, "classes", {})
    assert names(viewer) == ["vnc", "as image", "vnc · classes"]
    assert int(viewer.layers["as image"].data.max()) == 1


def test_a_rescaled_image_takes_its_next_result_along(viewer, vnc):
    session = Session(viewer)
    (layer,) = session.add_result(classes(1), vnc, "classes", {}).layers
    vnc.scale = (45, 5, 5)
    session.add_result(classes(2), vnc, "classes", {})
    np.testing.assert_array_equal(layer.scale, (45, 5, 5))
    assert session.image(vnc).spacing == (45, 5, 5)


def test_undo_brings_the_result_before_back(viewer, vnc):
    session = Session(viewer)
    for value in (1, 2):
        session.add_result(classes(value), vnc, "classes", {"seed": value})
    assert session.undo_result(vnc, "classes")
    layer = viewer.layers["vnc · classes"]
    assert (int(layer.data.max()), about(layer)["seed"]) == (1, 1)
    assert not session.undo_result(vnc, "classes")
    assert names(viewer) == ["vnc"]


def test_undo_reaches_results_of_an_earlier_session(viewer, vnc):
    session = Session(viewer)
    for value in (1, 2):
        session.add_result(classes(value), vnc, "classes", {})
    session.flush()
    session._before.clear()
    assert session.undo_result(vnc, "classes")
    assert int(np.max(viewer.layers["vnc · classes"].data)) == 1


def test_models_are_on_disk_and_in_menus_at_once(viewer, home):
    session, changes = Session(viewer), []
    session.models_changed.connect(lambda: changes.append(session.models("segmentation")))
    model = Model("segmentation", {"w": np.ones(3, np.float32)}, {"name": "unet", "options": {}})
    assert session.add_model(model, "larva live") == "larva live"
    assert session.add_model(model, "larva live") == "larva live 2"
    assert sorted(session.models("segmentation")) == ["larva live", "larva live 2"]
    assert session.models("embedding") == []
    assert changes
    again = Workspace(session.workspace.folder, look_only=True)
    assert sorted(again.models()) == ["larva live", "larva live 2"]
    np.testing.assert_array_equal(session.model("larva live 2").arrays["w"], np.ones(3))
    folder = str(session.workspace.model_folder("larva live"))
    assert session.load_model_folder(folder) == "larva live 3"
    with pytest.raises(ValueError, match="no model 'gone'"):
        session.model("gone")


def paint(layer, z, value):
    layer.selected_label, layer.mode = value, "paint"
    layer.paint((z, 10, 10), value)


def test_the_first_stroke_begins_a_workspace(viewer, vnc, home, qtbot):
    session = Session(viewer)
    strokes = viewer.add_labels(np.zeros(SHAPE, np.uint8), name="strokes")
    assert session.workspace is None
    paint(strokes, 1, 2)
    assert session.workspace.folder.parent == home
    painted = session.workspace.folder / "painted"
    qtbot.waitUntil(lambda: any(painted.glob("*/c/1/0/0")), timeout=5000)
    strokes.undo()
    session.flush()
    again = Workspace(session.workspace.folder, look_only=True)
    assert [line["event"] for line in again.journal()] == ["strokes", "strokes"]


def test_what_never_pauses_is_written_all_the_same(viewer, vnc, home, qtbot):
    session = Session(viewer)
    strokes = viewer.add_labels(np.zeros(SHAPE, np.uint8), name="strokes")
    values = iter(range(10**6))

    def painting():
        value = next(values)
        paint(strokes, 1, value % 200 + 1)
        viewer.scene.camera.zoom = 1 + value % 7
        folder = session.workspace.folder
        return any(folder.glob("painted/*/c/1/0/0")) and (folder / "workspace.json").exists()

    qtbot.waitUntil(painting, timeout=30_000)
    session.flush()


def test_a_window_whose_workspace_was_taken_over_says_so(viewer, vnc):
    session = Session(viewer)
    lock = session.ensure_workspace().folder / "lock"
    session.flush()
    lock.write_text(lock.read_text().replace('"token": "', '"token": "theirs '))
    session.keeper.save_state()
    told = "Another window took this workspace over: nothing is saved here."
    assert session.keeper.problem == told
    assert not session.keeper.writes


def test_strokes_on_a_full_disk_are_told_and_saved_once_there_is_room(
    viewer, vnc, qtbot, monkeypatch
):
    session = Session(viewer)
    strokes = viewer.add_labels(np.zeros(SHAPE, np.uint8), name="strokes")
    session.ensure_workspace()
    session.flush()
    told, real = [], PaintedPixels.write
    session.keeper._tell = lambda sentence, failed: told.append(sentence)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(PaintedPixels, "write", full)
    paint(strokes, 1, 3)
    qtbot.waitUntil(lambda: bool(told), timeout=10_000)
    session.keeper.ask(int).result()  # neither reading nor waiting makes it well
    qtbot.wait(5000)
    assert len(told) == 1
    assert session.keeper.problem == told[0]
    assert told[0].startswith("The disk is full: what you do stays in this window")
    monkeypatch.setattr(PaintedPixels, "write", real)
    qtbot.waitUntil(lambda: session.keeper.problem == "", timeout=10_000)
    session.keeper.written().result()
    kept = open_painted(session.workspace.folder / "painted" / about(strokes)["id"])
    np.testing.assert_array_equal(kept, strokes.data)


def test_a_stroke_costs_the_window_little(viewer, qtbot):
    session = Session(viewer)
    big = viewer.add_labels(np.zeros((50, 1024, 1024), np.uint8), name="strokes")
    session.ensure_workspace("big")
    paint(big, 3, 1)
    began = time.perf_counter()
    session.keeper.save_strokes()
    session.keeper.save_state()
    assert time.perf_counter() - began < 0.05
    session.flush()


def test_a_dock_that_is_opened_again_goes_on(viewer, vnc):
    first = Session(viewer)
    first.add_result(classes(1), vnc, "classes", {})
    first.flush()
    second = Session(viewer)
    assert second.workspace.folder == first.workspace.folder
    assert not first.keeper.writes
    assert second.keeper.writes
    assert second.add_result(classes(2), vnc, "classes", {}).replaced


def test_closing_the_viewer_keeps_its_layers(viewer, vnc):
    session = Session(viewer)
    strokes = viewer.add_labels(np.zeros(SHAPE, np.uint8), name="strokes")
    paint(strokes, 1, 2)
    session.flush()
    paint(strokes, 2, 1)
    viewer.layers.clear()
    session.flush()
    again = Workspace(session.workspace.folder, look_only=True)
    assert [told["look"]["name"] for told in again.state["layers"]] == ["vnc", "strokes"]
    pixels = open_painted(next((again.folder / "painted").glob("*")))
    assert [int(section.max()) for section in pixels] == [0, 2, 1]


def full(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_what_comes_out_while_the_disk_is_full_is_used_and_saved_later(viewer, vnc, monkeypatch):
    session = Session(viewer)
    folder = session.ensure_workspace().folder
    session.flush()
    with monkeypatch.context() as disk:
        for part in (models, lines, workspace, kept):
            for name in ("synced", "add_line", "write_json", "keep"):
                if hasattr(part, name):
                    disk.setattr(part, name, full)
        session.add_result(classes(1), vnc, "classes", {})
        session.record_run({"id": "train 1", "state": "done"})
        assert session.add_model(Model("segmentation", {}, {"name": "unet"}), "mine") == "mine"
        assert session.models("segmentation") == ["mine"]
        assert session.model("mine").name == "mine"
        session.keeper.written().result()
        assert session.keeper.problem.startswith("The disk is full: what you do stays")
        assert not (folder / "models" / "mine").exists()
    assert "vnc · classes" in names(viewer)
    session.flush()
    assert session.keeper.problem == ""
    again = Workspace(folder, look_only=True)
    assert list(again.models()) == ["mine"]
    assert again.results() == [f"{about(vnc)['id']} classes"]
    assert [run["state"] for run in again.runs()] == ["done"]


def test_a_stroke_where_no_workspace_can_begin_is_told(viewer, vnc, monkeypatch, qtbot):
    session, told = Session(viewer), []
    session.keeper._tell = lambda sentence, failed: told.append(sentence)
    strokes = viewer.add_labels(np.zeros(SHAPE, np.uint8), name="strokes")
    with monkeypatch.context() as disk:
        disk.setattr(Workspace, "begin", full)
        paint(strokes, 1, 3)
        qtbot.waitUntil(lambda: bool(told), timeout=10_000)
        assert told[0].startswith("The disk is full")
    paint(strokes, 1, 5)
    assert session.keeper.problem == ""
    session.flush()
    kept_strokes = open_painted(session.workspace.folder / "painted" / about(strokes)["id"])
    np.testing.assert_array_equal(kept_strokes, strokes.data)
