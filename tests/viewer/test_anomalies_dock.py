"""The Anomalies dock on a real viewer: mark, learn, look, walk, judge, and take back."""

import csv

import numpy as np
import pytest
import tifffile
from acting import action, click, sentence
from patches import show
from qtpy.QtCore import Qt

from napari_simgraph.capabilities.anomaly import Train
from napari_simgraph.viewer.views.anomalies import AnomaliesDock
from napari_simgraph.viewer.views.bottom import shown_page
from toy import drawn, toy_pixels

SHORT = Train(
    minutes=0, steps=12, patch=32, width=16, tile=8, batch=4, device="cpu", features=False
)
PLACE = {"scale": (4, 4), "units": ("nm", "nm")}


@pytest.fixture
def dock(viewer):
    made = AnomaliesDock(viewer)
    viewer.window.add_dock_widget(made, name="Anomalies", area="right")
    yield made
    made.session.jobs.close()


def done(dock, qtbot):
    qtbot.waitUntil(lambda: dock.task is None, timeout=120_000)


def around_the_odd_patch():
    y, x = np.nonzero(drawn() == "X")
    return [(y.min(), x.min()), (y.min(), x.max()), (y.max(), x.max()), (y.max(), x.min())]


def test_what_is_missing(dock, viewer, qtbot, tmp_path):
    assert sentence(dock) == "No image is open yet."
    viewer.add_image(np.zeros((2, 3, 40, 40), np.uint8), name="channels")
    assert "This layer has 4 axes" in sentence(dock)
    assert not dock.footer.main.isEnabled()
    grey = viewer.add_image(toy_pixels(), name="toy", **PLACE)
    dock.input.image.menu.choose(grey)
    assert sentence(dock).startswith("Learns from toy, about 10 min on CPU")
    item = dock.input.pretext.model().item(2)
    assert not item.isEnabled()
    assert item.toolTip() == "This image has no colour to guess."
    dock.input.there.setChecked(True)
    assert sentence(dock) == "Choose the folder of normal images."
    good = tmp_path / "bottle" / "train" / "good"
    good.mkdir(parents=True)
    for number in range(12):
        tifffile.imwrite(good / f"{number:02}.tif", toy_pixels()[: 80 + number])
    (good / "12.tif").write_text("broken")
    dock.input.choose_folder(str(tmp_path / "bottle"))
    few = "Only 12 normal images: scores will be rough."
    assert sentence(dock) == f"{few} 1 could not be read."
    click(qtbot, action(dock, "Which?"))
    assert "12.tif" in sentence(dock)


def test_mark_learn_look_walk_judge_and_take_back(dock, viewer, qtbot, tmp_path):
    layer = viewer.add_image(toy_pixels(), name="toy", **PLACE)
    show(dock.session, layer, "toy, 16 px")
    click(qtbot, dock.input.pens[0])
    regions = viewer.layers.selection.active
    assert regions.mode == "add_polygon"
    regions.add_polygons(np.array(around_the_odd_patch()))
    assert len(dock.input.marks()) == 1
    dock.input.form.set_value(SHORT)
    assert dock.footer.main.text() == "Learn what is normal"
    click(qtbot, dock.footer.main)
    done(dock, qtbot)
    assert sentence(dock).startswith("Knows what is normal, learned in ")
    assert dock.footer.main.text() == "Look for anomalies"
    assert all(line.isHidden() for line in dock.input.learning)  # a model has learned
    inserted = []
    viewer.layers.events.inserted.connect(lambda event: inserted.append(event.value.name))
    click(qtbot, dock.footer.main)
    done(dock, qtbot)
    qtbot.waitUntil(lambda: "toy · anomalies" in viewer.layers, timeout=10_000)
    assert inserted.count("toy · anomaly") == 2  # while it was written, and the result
    assert [layer.name for layer in viewer.layers].count("toy · anomaly") == 1
    shown = {one.name: one for one in viewer.layers}
    found = shown["toy · anomaly"]
    assert found.data.shape == (96, 96)
    assert tuple(found.scale) == (4, 4)
    assert found.visible
    assert not shown["toy · expected"].visible
    dock.found.show_menu.setCurrentIndex(1)
    dock.found.show_menu.activated.emit(1)
    assert shown["toy · expected"].visible
    assert not found.visible
    assert "anomaly" in dock.session.selection.table.columns
    later = show(dock.session, layer, "toy, found later")  # patches made after the look
    assert "anomaly" not in later.columns
    qtbot.waitUntil(lambda: "anomaly" in dock.session.selection.table.columns, timeout=10_000)
    assert "anomaly" in dock.session.tables.get("toy, found later").columns
    walk_and_judge(dock, viewer, qtbot)
    dock.save(str(tmp_path / "scores.csv"))
    rows = list(csv.DictReader((tmp_path / "scores.csv").read_text().splitlines()))
    assert [row["image"] for row in rows] == ["toy"]
    assert 0 < float(rows[0]["score"]) < 1
    dock.runs.undo()
    assert "toy · anomaly" not in viewer.layers
    left_out_and_fast(dock, viewer, qtbot)


def left_out_and_fast(dock, viewer, qtbot):
    """A model is there: what is left out of the image is not searched, and fast hides nothing."""
    odd, normal, out = dock.input.pens
    assert out.isEnabled()
    assert not odd.isEnabled()
    assert not normal.isEnabled()
    click(qtbot, out)
    viewer.layers.selection.active.add_polygons(np.array(around_the_odd_patch()))
    dock.input.looking.control("speed").set("fast")
    click(qtbot, dock.footer.main)
    done(dock, qtbot)
    qtbot.waitUntil(lambda: "toy · anomalies" in viewer.layers, timeout=30_000)
    y, x = np.nonzero(drawn() == "X")
    score = viewer.layers["toy · anomaly"].data
    assert not score[y.min() + 1 : y.max() - 1, x.min() + 1 : x.max() - 1].any()
    assert score.any()
    assert dock.found.show_menu.currentIndex() == 0
    assert not dock.found.show_menu.model().item(2).isEnabled()
    assert "toy · hidden" not in viewer.layers


def test_regions_that_are_normal(dock, viewer, qtbot):
    viewer.add_image(toy_pixels(), name="toy", **PLACE)
    for corner in (0, 48):
        click(qtbot, dock.input.pens[1])
        square = np.array([[0, 0], [0, 40], [40, 40], [40, 0.0]]) + corner
        viewer.layers.selection.active.add_polygons(square)
    assert [one.role for one in dock.input.marks()] == ["normal", "normal"]
    assert sentence(dock).startswith("Learns from 2 normal regions of toy, about 10 min on CPU")


def walk_and_judge(dock, viewer, qtbot):
    found = dock.found
    found.set_rate(0.1)
    found.alarms.emit(found.rate)
    qtbot.waitUntil(lambda: bool(found.lines), timeout=10_000)
    assert " above " in sentence(dock)
    click(qtbot, found.next_button)
    assert found.line == found.lines[0]
    worst = found.lines[0].place
    marked = viewer.layers["toy · anomalies"].data
    assert marked[tuple(round(n) for n in worst.middle)] in (0, 1)
    assert marked.any()
    shown_as_thumbnails(dock, viewer, qtbot)
    worst = found.line.place
    before = found.count.text()
    click(qtbot, found.no_button)
    qtbot.waitUntil(lambda: all(one.place != worst for one in found.lines), timeout=10_000)
    assert found.count.text() != before or not found.lines
    assert found.rate < 0.1  # the threshold is higher, and what it means is told
    assert action(dock, "Undo")


def shown_as_thumbnails(dock, viewer, qtbot):
    """The worst places, as they are listed; a click goes there, and lights up the row."""
    page = shown_page(viewer, "Thumbnails")
    places = [line.place for line in dock.found.lines]
    qtbot.waitUntil(lambda: len(page.sights.sights.items) == len(places), timeout=10_000)
    assert page.title.text() == f"Worst places, {len(places)} of {len(places)}"
    assert page.list.isHidden()
    model = page.sights.sights
    assert model.data(model.index(0)).startswith(f"1  {places[0].score:.2f}")
    assert not model.data(model.index(0), Qt.ItemDataRole.DecorationRole).isNull()
    assert page.sights.currentIndex().row() == 0  # where the list went before
    dock.found.places.setCurrentItem(None)
    viewer.scene.camera.center = (0.0, -5000.0, -5000.0)
    viewer.scene.camera.zoom = 0.01
    page.sights.clicked.emit(model.index(0))
    assert dock.found.line.place == places[0]
    assert min(viewer.scene.camera.center[-2:]) > -1000
    across = places[0].columns[1] - places[0].columns[0], places[0].rows[1] - places[0].rows[0]
    assert 4 * max(across) * viewer.scene.camera.zoom > 47  # px on the screen: no speck
    page.walk(1)
    assert dock.found.line.place == places[min(1, len(places) - 1)]
    table = dock.session.selection
    table.answer(())  # a question of patches takes the page back
    assert not page.sights.title
    assert not page.list.isHidden()
    dock.found.choose(places[0])


def test_a_folder_of_pictures_is_listed_by_score(dock, viewer, qtbot, tmp_path):
    rng = np.random.default_rng(0)
    for kind, count in (("good", 5), ("hole", 1)):
        (tmp_path / "tiles" / kind).mkdir(parents=True)
        for number in range(count):
            pixels = rng.integers(100, 140, (48, 48)).astype(np.uint8)
            if kind == "hole":
                pixels[12:36, 12:36] = 250
            tifffile.imwrite(tmp_path / "tiles" / kind / f"{number}.tif", pixels)
    (tmp_path / "ground_truth" / "hole").mkdir(parents=True)
    mask = np.zeros((48, 48), np.uint8)
    mask[12:36, 12:36] = 255
    tifffile.imwrite(tmp_path / "ground_truth" / "hole" / "0_mask.tif", mask)
    viewer.open(str(tmp_path / "tiles"), plugin="napari-simgraph")
    dock.input.choose_folder(str(tmp_path / "tiles"))
    assert sentence(dock) == "Only 5 normal images: scores will be rough."
    assert dock.input.where.text() == "5 images"
    assert dock.input.where.toolTip() == str(tmp_path / "tiles" / "good")
    dock.input.form.set_value(SHORT)
    for _ in ("learn", "look"):
        click(qtbot, dock.footer.main)
        done(dock, qtbot)
    qtbot.waitUntil(lambda: "tiles · anomalies" in viewer.layers, timeout=10_000)
    assert "AUROC: pictures 1.00, pixels " in sentence(dock)
    images = dock.found.images
    assert images.topLevelItemCount() == 6
    assert images.topLevelItem(0).text(0) == "hole/0.tif"  # there is a good one of that name
    dock.found.set_rate(0.1)
    result = dock.runs.result
    dock.found.image_going.emit("hole/0.tif")  # it fills the view
    middle = result.layout.place(result.names.index("hole/0.tif"), 24, 24)
    assert viewer.scene.camera.center[-2:] == pytest.approx(middle, abs=1)
    assert 48 * viewer.scene.camera.zoom > 0.7 * min(viewer.canvas.size)
    shown = viewer.layers["tiles · anomaly"].data
    finest = shown[0] if isinstance(shown, list | tuple) else shown
    assert tuple(finest.shape) == result.layout.shape
    page = shown_page(viewer, "Thumbnails")
    assert page.sights.title
    viewer.layers.remove(result.layer)  # what was found goes with its image
    viewer.add_image(toy_pixels(), name="other")
    assert dock.runs.result is None
    assert dock.found.isHidden()
    assert not page.sights.title
    assert " above " not in sentence(dock)
