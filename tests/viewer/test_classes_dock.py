"""The Classes dock on a real viewer: label, learn, hard and wrong ones, relabel, undo, pictures."""

import os

import numpy as np
import pytest
from acting import click, sentence
from patches import PLACE, pixels, press, show

from napari_simgraph import Image, ImageSet
from napari_simgraph.core.classified import kept_ids
from napari_simgraph.core.groups import CLASSES
from napari_simgraph.io.write import write
from napari_simgraph.viewer.sheets import sheet_of, spot_at
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.views.bottom import shown_page
from napari_simgraph.viewer.views.classes import LABEL, LEARN, ClassesDock
from napari_simgraph.viewer.views.classes_input import one_case
from napari_simgraph.viewer.views.classes_job import FOUND_COLUMN, SURE_COLUMN

SHORT = {"minutes": 0, "steps": 3, "batch": 8, "width": 4, "depth": 2, "device": "cpu"}


@pytest.fixture
def dock(viewer):
    made = ClassesDock(viewer)
    viewer.window.add_dock_widget(made, name="Classes", area="right")
    yield made
    made.session.jobs.close()


def learn(dock, qtbot, **changes):
    form = dock.learn.form
    form.set_value(type(form.value())(**{**form.value().to_json(), **SHORT, **changes}))
    click(qtbot, dock.footer.main)
    assert dock.task is not None, sentence(dock)
    qtbot.waitUntil(lambda: dock.task is None, timeout=120_000)  # torch is loaded on the way


def test_label_learn_look_relabel_and_undo(dock, viewer, qtbot):
    assert sentence(dock) == "No image is open yet."
    layer = viewer.add_image(pixels(), name="vnc", **PLACE)
    assert sentence(dock) == "First, patches of the image."
    session = dock.session
    show(session, layer)
    assert sentence(dock) == "Click a patch, then press 1 to put it into a class."
    assert not dock.footer.main.isEnabled()
    viewer.dims.set_current_step(0, 1)
    press(viewer, layer, (1, 20, 30))
    assert len(session.selection.rows) == 1
    first = int(session.selection.rows[0])
    click(qtbot, dock.label.add_button)
    dock.label.list.renamed.emit("class 1", "bright")
    assert dock.label.list.all_names == ["bright"]
    dock.label.list.topLevelItem(0).setSelected(True)
    session.selection.choose([first])
    click(qtbot, dock.label.label_button)
    assert session.selection.table.classes()[first] == "bright"
    assert "second class is needed" in sentence(dock) or "Labelled 1 patch" in sentence(dock)
    count = len(session.selection.table)
    words = np.where(np.arange(count) % 2, "bright", "dark")
    session.edits.label(words == "bright", "bright")
    session.edits.label(words == "dark", "dark")
    counts = {one.name: one.count for one in dock.label._lines()}
    assert counts == {"bright": count // 2, "dark": count - count // 2}
    listed = dock.label.list.all_names
    learn(dock, qtbot)
    assert sentence(dock).startswith("Balanced agreement ")
    assert dock.label.list.all_names == listed  # and so are their keys
    table = session.selection.table
    assert set(table.columns[FOUND_COLUMN]) <= {"bright", "dark"}
    assert 0 <= table.columns[SURE_COLUMN].min() <= table.columns[SURE_COLUMN].max() <= 1
    assert "vnc · patches" in viewer.layers
    figures = [one.figure for one in dock.label._lines()]
    assert all(figures)

    dock.tabs.setCurrentIndex(LEARN)
    assert dock.learn.table.rowCount() == 2
    kept = len(kept_ids(dock.run.model))
    cells = [dock.learn.table.item(i, j).text() for i in (0, 1) for j in (0, 1)]
    assert sum(int(text.replace("·", "0")) for text in cells) == kept
    assert f"On {kept} kept aside" in dock.learn.figures.text()

    dock.tabs.setCurrentIndex(LABEL)
    click(qtbot, dock.label.hard_button)
    page = shown_page(viewer, "Thumbnails")
    rows = [item.hit.row for item in page.model.items]
    sure = table.columns[SURE_COLUMN][rows]
    assert (np.diff(sure) >= 0).all()
    was = table.classes()[rows[0]]
    page.list.setCurrentIndex(page.model.index(0))
    page.label_one(2 if was == "bright" else 1)  # what the key does
    assert session.selection.table.classes()[rows[0]] != was
    assert page.list.currentIndex().row() == 1  # the next one
    session.edits.undo()
    assert session.selection.table.classes()[rows[0]] == was

    dock.run.show_map()
    found = [layer.name for layer in viewer.layers if "class map" in layer.name]
    assert found == ["vnc · class map"]
    made = viewer.layers["vnc · class map"]
    row = int(session.selection.table.grid.covering(0, 1, 17, 33)[0])
    world = layer.data_to_world((1, 17, 33))  # near the middle of one patch alone
    viewer.dims.set_current_step(0, 1)  # hard cases went to another section
    value = made.get_value(world, world=True)
    name = session.selection.table.columns[FOUND_COLUMN][row]
    assert made.features["class"][made.features["index"] == value].tolist() == [name]

    def mapped():
        """The model that the map tells of, and what it says of that place."""
        shown = viewer.layers["vnc · class map"]
        value = shown.get_value(world, world=True)
        said = shown.features["class"][shown.features["index"] == value].tolist()
        return about(shown)["model"], said

    assert mapped()[0] == dock.run.model.name
    before = mapped()
    learn(dock, qtbot, network="dense")
    name = session.selection.table.columns[FOUND_COLUMN][row]
    assert mapped() == (dock.run.model.name, [name])  # the map is of what was learned last
    undo = dict(dock.run.told.chips)["Undo learning"]
    undo()
    assert FOUND_COLUMN in session.selection.table.columns  # that of the first run
    assert mapped() == before


def test_classes_from_points_shapes_and_paint(dock, viewer, qtbot):
    layer = viewer.add_image(pixels(), name="vnc", **PLACE)
    show(dock.session, layer)
    grid = dock.session.selection.table.grid

    def classes_at(z, y, x):
        rows = grid.covering(0, z, y, x)
        return dock.session.selection.table.classes()[rows]

    click(qtbot, dock.label.take_button)
    assert sentence(dock).startswith("Choose painted classes, points or shapes")
    viewer.add_points([[0, 30, 30], [2, 30, 30]], features={"class": ["a", "b"]}, **PLACE)
    click(qtbot, dock.label.take_button)
    assert "a" in classes_at(0, 30, 30)
    assert "b" in classes_at(2, 30, 30)
    assert set(classes_at(1, 30, 30)) == {""}
    box = np.array([[1, 0, 0], [1, 0, 63], [1, 63, 63], [1, 63, 0]])
    viewer.add_shapes([box], shape_type="ellipse", name="round", **PLACE)
    click(qtbot, dock.label.take_button)
    assert set(classes_at(1, 32, 32)) == {"round"}
    assert set(classes_at(1, 3, 3)) == {""}  # a corner of the box lies outside of the ellipse
    painted = np.zeros((3, 64, 64), np.uint8)
    painted[1, :16, :16] = 2
    viewer.add_labels(painted, name="strokes", **PLACE)
    click(qtbot, dock.label.take_button)
    assert "value 2" in classes_at(1, 3, 3)
    assert sentence(dock).endswith("from 'strokes'.")
    dock.session.edits.undo()
    assert set(classes_at(1, 3, 3)) == {""}


def test_pictures_with_a_folder_a_class(dock, viewer, qtbot, tmp_path):
    rng = np.random.default_rng(0)
    for name, grey in (("bright", 200), ("dark", 50), ("odd", 120)):
        (tmp_path / "p" / name).mkdir(parents=True)
        for number in range(1 if name == "odd" else 10):
            values = np.clip(rng.normal(grey, 10, (16, 16)), 0, 255).astype(np.uint8)
            write(Image(values), tmp_path / "p" / name / f"{name}{number}.tif")
    colours = rng.integers(0, 255, (16, 16, 3)).astype(np.uint8)
    write(Image(colours, axes="YXC"), tmp_path / "p" / "dark" / "stain.tif")
    (tmp_path / "p" / "dark" / "torn.tif").write_bytes(b"II*")
    dock.input.open_folder(str(tmp_path / "p"))
    assert dock.input.of_pictures
    assert sentence(dock).startswith("3 classes, 22 pictures. 'odd' has only 1.")
    assert dock.input.told.text().startswith(f"Left out: dark{os.sep}torn.tif")
    listed = "".join(f"{k}/{k}{n}.tif,{n // 2}\n" for k in ("bright", "dark") for n in range(10))
    (tmp_path / "p" / "groups.csv").write_text("image,tile\n" + listed)
    dock.renew()
    assert "Kept aside by groups.csv." in sentence(dock)
    assert dock.input.given().image.image_groups[:3] == ("0", "0", "1")
    assert [one.count for one in dock.label._lines()] == [10, 11, 1]
    learn(dock, qtbot, steps=20)
    assert "stain.tif" in dock.noted.text()
    assert "Balanced agreement" in sentence(dock)
    lines = {one.name: one.figure for one in dock.label._lines()}
    assert lines["odd"].endswith("rare")
    table = dock.input.table
    assert len(table) == 21  # without the one in colours, and all still where they are seen
    ground, sheet = dock.session.canvas.ground, dock.input.sheet
    for row, place in enumerate(ground.centres(np.arange(21))[:, 1:]):
        spot = spot_at(sheet, sheet.data_to_world(place))
        assert sheet_of(sheet).images.images[spot.image].name == table.grid.sources[row].name
    assert dock.session.selection.key == dock.input.key
    assert (table.columns[FOUND_COLUMN] == table.classes())[:20].mean() > 0.7
    dock.session.edits.label([0], "dark")
    assert [one.count for one in dock.label._lines()][:2] == [9, 11]
    assert dock.session.edits.last.startswith("Labelled 1 patch")
    dock.run.show_map()
    assert "Pictures have no map" in sentence(dock)
    assert CLASSES in table.colors
    dock.learn.turn_button.click()
    assert not dock.learn.by_class.isHidden()
    assert dock.learn.table.isHidden()
    figures = [dock.learn.by_class.item(row, 0).text() for row in range(3)]
    assert figures[:2] == [
        f"{dock.run.model.metrics[f'recall {n}']:.2f}" for n in ("bright", "dark")
    ]
    assert figures[2] == "–"  # one picture can't be checked
    dock.learn.start.choose(dock.session.models("classification")[0])
    learn(dock, qtbot, steps=1)  # the table knows other pictures than the sheet, and goes on
    assert dock.learn.start_model() is not None
    assert "Balanced agreement" in sentence(dock)


def test_classes_that_differ_in_case_are_one():
    images = tuple(Image(np.full((4, 4), n, np.uint8)) for n in range(4))
    found = one_case(ImageSet(images, ("Cat", "cat", "", "dog")))
    assert found.image_classes == ("Cat", "Cat", "", "dog")
    assert one_case(ImageSet(images, ("a", "a", "b", ""))).image_classes == ("a", "a", "b", "")
