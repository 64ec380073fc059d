import errno
import os
import platform
import threading

import numpy as np
import pytest
import tifffile
from acting import click
from qtpy.QtWidgets import QFileDialog, QPushButton

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Labels, each_image
from napari_simgraph.io.read import read
from napari_simgraph.io.workspace import Workspace
from napari_simgraph.viewer import restore
from napari_simgraph.viewer.readers import read_path
from napari_simgraph.viewer.views.workspace import WorkspaceDock

SHAPE = (3, 40, 50)


@pytest.fixture
def dock(make_napari_viewer_proxy):
    viewer = make_napari_viewer_proxy()
    made = WorkspaceDock(viewer)
    viewer.window.add_dock_widget(made, name="Workspace")
    return made


def texts(dock):
    tree, found = dock._tree, {}
    for i in range(tree.topLevelItemCount()):
        top = tree.topLevelItem(i)
        rows = [top.child(j) for j in range(top.childCount())]
        found[top.text(0)] = [f"{row.text(0)}|{row.text(1)}" for row in rows]
    return found


def row_of(dock, name):
    return next(row for row in dock._tree._rows if row.name == name)


def fill(dock):
    viewer, session = dock.viewer, dock.session
    stack = viewer.add_image(np.zeros(SHAPE, np.uint8), name="vnc")
    session.ensure_workspace()
    strokes = viewer.add_labels(np.zeros(SHAPE, np.uint8), name="strokes")
    strokes.paint((1, 10, 10), 1)
    table = ClassTable.of(["membrane"])
    noun, info = Labels(np.ones(SHAPE, np.uint8), classes=table), {"command": "napari-simgraph …"}
    session.add_result(noun, stack, "classes", info)
    session.add_model(Model("segmentation", {}, {"name": "unet", "options": {}}), "larva live")
    session.record_run({"id": "train 1", "title": "Learn from strokes", "state": "done"})
    session.flush()
    session.flush()
    dock.renew()
    return stack


def open_in(dock, qtbot, folder, **how):
    """Open a workspace, and wait until it is there or was refused."""
    dock.open_folder(folder, **how)
    assert dock.busy
    qtbot.waitUntil(lambda: not dock.busy, timeout=20_000)
    return dock.footer.sentence.text()


def test_empty_it_says_what_it_is_for(dock):
    assert dock._missing.text() == (
        "Nothing to keep yet. A workspace begins with your first stroke or run."
    )
    assert not dock.footer.main.isEnabled()


def test_it_lists_what_is_kept(dock):
    fill(dock)
    found = texts(dock)
    assert found["Images"] == ["✓ vnc|copied"]
    assert found["Painted"] == ["✓ strokes|"]
    assert found["Models"] == ["larva live|"]
    assert [row.partition("|")[0] for row in found["Results"]] == ["✓ vnc · classes"]
    assert found["Runs"] == ["Learn from strokes|done"]
    assert dock.footer.main.isEnabled()
    dock._count(dock.session.workspace)
    dock._say_saved()
    assert "✔ Saved" in dock._saved.text()
    assert "· 1 stroke ·" in dock._saved.text()


def test_it_says_while_nothing_can_be_saved_and_when_that_is_over(dock):
    fill(dock)
    dock.renew()

    def full():
        raise OSError(errno.ENOSPC, "No space left on device")

    keeper, wrong = dock.session.keeper, [full]
    keeper.do(lambda: wrong and wrong[0]())
    keeper.written().result()
    dock._say_saved()
    assert dock._saved.text() == "! Not saved now"
    assert dock.footer.sentence.text().startswith("The disk is full: what you do stays")
    wrong.clear()
    keeper.written().result()
    dock._say_saved()
    assert dock._saved.text().startswith("✔ Saved")
    assert dock.footer.sentence.text() == "Saved again: nothing was lost."


def test_a_result_that_was_deleted_can_be_shown_again(dock):
    fill(dock)
    dock.viewer.layers.remove("vnc · classes")
    dock.renew()
    assert texts(dock)["Results"] == ["classes|closed"]
    dock._tree.chosen.emit(row_of(dock, "classes"))
    assert int(dock.viewer.layers["vnc · classes"].data.max()) == 1
    assert texts(dock)["Results"][0].startswith("✓ vnc · classes")


def test_right_click_copies_the_command(dock, qtbot):
    from qtpy.QtWidgets import QApplication

    fill(dock)
    menu = dock._tree.menu_of(row_of(dock, "vnc · classes"))
    actions = {action.text(): action for action in menu.actions()}
    assert list(actions) == ["Open", "Show in folder", "Copy command"]
    actions["Copy command"].trigger()
    assert QApplication.clipboard().text() == "napari-simgraph …"


def test_a_copy_can_be_opened(dock, tmp_path, qtbot):
    fill(dock)
    dock.save_copy(tmp_path / "copy")
    qtbot.waitUntil(lambda: dock.footer.sentence.text() == "Copied to copy.", timeout=10000)
    assert open_in(dock, qtbot, tmp_path / "copy") == "Opened copy."
    assert [layer.name for layer in dock.viewer.layers] == ["vnc", "vnc · classes", "strokes"]
    assert dock.session.workspace.folder == tmp_path / "copy"


def test_a_workspace_in_use_can_be_looked_at(dock, tmp_path, qtbot):
    folder = tmp_path / "other"
    other = Workspace(folder)
    other.save({"layers": []})
    who = f" (process {os.getpid()} on {platform.node()[:30]})"
    assert open_in(dock, qtbot, folder) == f"Another window has this workspace{who}."
    assert not dock._card.isHidden()
    assert not dock.footer.main.isEnabled()
    open_in(dock, qtbot, folder, look_only=True)
    assert dock.session.workspace.look_only
    dock.viewer.add_image(np.zeros((4, 5)))
    dock.session.flush()
    assert Workspace(folder, look_only=True).state["layers"] == []
    other.close()


def test_pictures_that_are_gone_or_changed_are_asked_about(dock, tmp_path, qtbot, monkeypatch):
    for number in range(3):
        tifffile.imwrite(tmp_path / f"p{number}.tif", np.full((40, 50), number, np.uint8))
        data, told, _ = read_path(str(tmp_path / f"p{number}.tif"))[0]
        dock.viewer.add_image(data, **told)
    dock.session.ensure_workspace()
    dock.session.flush()
    dock.session.flush()
    dock.save_copy(tmp_path / "copy")
    qtbot.waitUntil(lambda: dock.footer.sentence.text() == "Copied to copy.", timeout=10000)
    (tmp_path / "p0.tif").rename(tmp_path / "moved.tif")
    (tmp_path / "p1.tif").unlink()
    tifffile.imwrite(tmp_path / "p2.tif", np.full((40, 50), 9, np.uint8))
    os.utime(tmp_path / "p2.tif", (1e9, 1e9))
    said = open_in(dock, qtbot, tmp_path / "copy")
    assert said == "p0.tif is not where it was. And 2 more."
    asking = dock._asking
    assert asking.sentence.text() == said
    monkeypatch.setattr(
        QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "moved.tif"), "")
    )
    click(qtbot, asking.first)
    assert dock.footer.sentence.text() == "Found moved.tif."
    assert asking.sentence.text() == "p1.tif is not where it was. And 1 more."
    assert (asking.first.text(), asking.second.text()) == ("Find it…", "Go on without")
    click(qtbot, asking.second)
    assert asking.sentence.text() == "p2.tif has changed since; results may not fit."
    assert "✓ p2|has changed" in texts(dock)["Images"]
    assert (asking.first.text(), asking.second.text()) == ("Keep", "Close it")
    click(qtbot, asking.first)
    assert asking.isHidden()
    assert sorted(layer.name for layer in dock.viewer.layers) == ["p0", "p2"]


def test_a_long_reading_lets_the_window_go_on_and_can_be_cancelled(
    dock, tmp_path, qtbot, monkeypatch
):
    fill(dock)
    dock.save_copy(tmp_path / "copy")
    qtbot.waitUntil(lambda: dock.footer.sentence.text() == "Copied to copy.", timeout=10000)
    threads, held, real = set(), threading.Event(), restore._layer

    def slow(workspace, told, parts):
        threads.add(threading.get_ident())
        assert held.wait(20)
        return real(workspace, told, parts)

    monkeypatch.setattr(restore, "_layer", slow)
    dock.open_folder(tmp_path / "copy")
    (task,) = dock.session.jobs.tasks
    qtbot.waitUntil(lambda: task.progress.text == "reading vnc", timeout=10_000)
    assert dock.footer.running  # and the window goes on: it waited for that
    click(qtbot, dock.footer.cancel)
    held.set()
    qtbot.waitUntil(lambda: not dock.busy, timeout=10_000)
    assert dock.footer.sentence.text() == "copy was not opened."
    assert threading.get_ident() not in threads
    assert [layer.name for layer in dock.viewer.layers] == ["vnc", "vnc · classes", "strokes"]
    assert dock.session.workspace.folder != tmp_path / "copy"
    assert open_in(dock, qtbot, tmp_path / "copy") == "Opened copy."  # it is not held any more


def test_a_new_workspace_takes_the_layers_along(dock, tmp_path):
    fill(dock)
    dock.begin_new(tmp_path / "new")
    dock.session.flush()
    dock.session.flush()
    kept = [
        told["look"]["name"] for told in Workspace(tmp_path / "new", look_only=True).state["layers"]
    ]
    assert kept == ["vnc", "vnc · classes", "strokes"]
    assert any((tmp_path / "new" / "painted").glob("*/c/1/0/0"))


def test_before_anything_is_kept_a_place_can_be_chosen(dock, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "napari_simgraph.viewer.views.workspace.QFileDialog.getExistingDirectory",
        lambda *_: str(tmp_path),
    )
    (new,) = (one for one in dock._card.findChildren(QPushButton) if one.text() == "New…")
    new.click()
    assert dock.session.workspace.folder == tmp_path
    assert dock.footer.sentence.text() == f"Everything is saved in {tmp_path.name} from now on."
    assert dock.controls.isVisibleTo(dock)


def test_a_folder_with_files_is_no_new_workspace(dock, tmp_path):
    (tmp_path / "thesis.doc").touch()
    dock.begin_new(tmp_path)
    assert "holds files already" in dock.footer.sentence.text()


@pytest.mark.parametrize("ending", [".tif", "", ".ome.zarr"])
def test_labels_are_exported(dock, tmp_path, monkeypatch, ending):
    fill(dock)
    offered = []

    def choose(parent, title, name):
        offered.append(name)
        return str(tmp_path / "out"), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    dock.viewer.layers.selection.active = dock.viewer.layers["vnc · classes"]
    dock._ask_export(ending)
    assert offered == [f"vnc_classes{ending}"]
    assert dock.footer.sentence.text() == f"Written: out{ending}."
    (image,) = each_image(read(tmp_path / f"out{ending}").image)
    np.testing.assert_array_equal(np.asarray(image.levels[0]), np.ones(SHAPE))


def test_export_asks_for_a_layer_with_pixels(dock, monkeypatch):
    fill(dock)
    chosen = lambda *_: ("out.tif", "")  # noqa: E731
    monkeypatch.setattr(QFileDialog, "getSaveFileName", chosen)
    dock.viewer.add_points(np.zeros((1, 3)), name="spots")
    dock._ask_export(".tif")
    assert "holds no pixels" in dock.footer.sentence.text()
