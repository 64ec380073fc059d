"""Run on a folder, in the Segment dock: listed, done file by file, opened by a double-click."""

import numpy as np
import pytest
import torch
from PIL import Image as Picture
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from napari_simgraph.capabilities import segmentation
from napari_simgraph.cli import main
from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.job import Progress, run
from napari_simgraph.core.raster import Image, Labels
from napari_simgraph.core.room import MemoryRoom
from napari_simgraph.viewer.apart import import_triton_apart
from napari_simgraph.viewer.views.segment import RUN

SHORT = segmentation.Train(minutes=0, steps=4, width=4, depth=2, patch=32, batch=2, threads=1)


@pytest.fixture(scope="module")
def model():
    """A tiny network for grey pictures."""
    torch.set_num_threads(1)
    import_triton_apart()  # as torch outside of a Task has to
    pixels = np.random.default_rng(0).integers(0, 255, (40, 48)).astype(np.uint8)
    classes = ClassTable.of(["dark", "bright"])
    labels = Labels((1 + (pixels > 127)).astype(np.uint8), classes=classes)
    image, room = Image(pixels, name="x"), MemoryRoom()
    return run(segmentation.train(image, labels, config=SHORT, room=room)).replace(name="tiny")


@pytest.fixture
def source(tmp_path):
    """Three grey pictures, one of them below, a colour one, a broken one and a text."""
    folder = tmp_path / "cells"
    (folder / "day 2").mkdir(parents=True)
    rng = np.random.default_rng(1)
    for name, size in {"a": (40, 50), "b": (64, 33), "day 2/a": (40, 40)}.items():
        pixels = rng.integers(0, 255, size).astype(np.uint8)
        Picture.fromarray(pixels).save(folder / f"{name}.png")
    Picture.fromarray(rng.integers(0, 255, (9, 9, 3)).astype(np.uint8)).save(folder / "rgb.png")
    (folder / "torn.png").write_bytes((folder / "a.png").read_bytes()[:200])
    (folder / "notes.txt").write_text("x")
    return folder


@pytest.fixture
def page(dock, model, source, qtbot, monkeypatch):
    """The page after a person chose the folder."""
    dock.session.add_model(model, "tiny")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(source))
    dock.tabs.setCurrentIndex(RUN)
    dock._ask_folder()
    qtbot.waitUntil(lambda: len(dock.folder.table.rows.files) == 5, timeout=5000)
    dock.folder.form.set_value(segmentation.Apply(average="none", device="cpu", threads=1))
    return dock.folder


def sentence(dock):
    return dock.footer.sentence.text()


def done(dock, page, qtbot):
    dock.run_main()
    assert page.task is not None
    qtbot.waitUntil(lambda: page.task is None, timeout=60_000)


def test_a_folder_is_offered_before_any_image_is_open(dock, source, qtbot, monkeypatch):
    dock.tabs.setCurrentIndex(RUN)
    offered = [dock._buttons.itemAt(i).widget() for i in range(dock._buttons.count())]
    button = next(w for w in offered if w is not None and w.text() == "A folder…")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert dock.page is dock.run  # nothing was chosen
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(source))
    dock._ask_folder()
    assert dock.page is dock.folder
    qtbot.waitUntil(lambda: "no model yet" in sentence(dock), timeout=5000)
    assert not dock.footer.main.isEnabled()


def test_the_folder_is_listed_and_one_can_go_back(dock, page, home, viewer, tmp_path, qtbot):
    assert page.table.rows.files == ["a.png", "b.png", "rgb.png", "torn.png", "day 2/a.png"]
    assert dock.footer.main.text() == "Segment 5 files"
    assert "notes.txt" in page._note.text()
    assert page.folders.target == home / "cells segmented"
    assert page.minimumSizeHint().width() < 356  # of a dock of 380 px
    (tmp_path / "none").mkdir()
    page.folders.choose(tmp_path / "none")
    qtbot.waitUntil(lambda: "no image" in sentence(dock), timeout=5000)
    assert not dock.footer.main.isEnabled()
    viewer.add_image(np.zeros((3, 9, 9), np.uint8), name="x")
    dock._show_folder(False)
    assert dock.page is dock.run
    assert dock.run.isVisibleTo(dock)
    assert not page.isVisibleTo(dock)


def test_it_runs_says_what_became_of_each_and_opens_it(dock, page, viewer, qtbot):
    done(dock, page, qtbot)
    assert sentence(dock).startswith("3 of 5 files are done, 2 could not be. It took")
    rows = page.table.rows
    shown = Qt.ItemDataRole.DisplayRole
    cells = {file: rows.data(rows.index(i, 1), shown) for i, file in enumerate(rows.files)}
    assert "%" in cells["a.png"]
    assert "3 colours" in cells["rgb.png"]
    assert "torn.png" in cells["torn.png"]
    assert (page.folders.target / "day 2" / "a.tif").is_file()
    assert main(["rerun", str(page.folders.target / "b.tif"), "--progress", "none"]) == 0
    assert (page.folders.target / "table.csv").is_file()
    tip = rows.data(rows.index(0, 1), Qt.ItemDataRole.ToolTipRole)
    assert "bright" in tip
    assert "40x50" in tip
    table = page.table
    for _ in range(2):  # the second finds the picture open
        table.activated.emit(table.rows.index(1, 0))
    assert [layer.name for layer in viewer.layers] == ["b", "b · classes"]
    assert viewer.layers[1].data.shape == (64, 33)
    assert set(np.unique(viewer.layers[1].data)) <= {1, 2}
    table.activated.emit(table.rows.index(3, 0))
    assert "torn.png" in sentence(dock)


def test_what_is_done_is_passed_over_the_next_time(dock, page, qtbot):
    done(dock, page, qtbot)
    first = (page.folders.target / "a.tif").stat().st_mtime_ns
    done(dock, page, qtbot)
    assert (page.folders.target / "a.tif").stat().st_mtime_ns == first
    assert sentence(dock).startswith("3 of 5")
    page.again.setChecked(True)
    done(dock, page, qtbot)
    assert (page.folders.target / "a.tif").stat().st_mtime_ns > first


def test_cancel_keeps_what_was_done(dock, page, qtbot, monkeypatch):
    slow = segmentation.apply

    def endless(model, image, *, config, room):
        if image.name == "b":
            while True:
                yield Progress(0.5, "here")
        return (yield from slow(model, image, config=config, room=room))

    monkeypatch.setattr(segmentation, "apply", endless)
    dock.run_main()
    qtbot.waitUntil(lambda: "file 2 of 5" in sentence(dock), timeout=20_000)
    page.task.cancel()
    qtbot.waitUntil(lambda: page.task is None, timeout=5000)
    assert "stay done" in sentence(dock)
    assert list(page.table.rows.rows) == ["a.png"]
    assert (page.folders.target / "a.tif").is_file()
