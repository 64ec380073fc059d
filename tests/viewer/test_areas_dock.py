"""The Areas dock on a real viewer: click, outline, turn down, write, suggest, learn, come back."""

import json
import shutil

import numpy as np
import pytest
from acting import action, click, sentence
from napari.utils.key_bindings import coerce_keybinding
from patches import PLACE, SIDE, STRIDE, pixels, press, table_of
from qtpy.QtCore import QPoint, Qt

from napari_simgraph import MemoryRoom, run
from napari_simgraph.capabilities import interest, similarity
from napari_simgraph.core.patch_pixels import fold
from napari_simgraph.io.geojson import read_geojson
from napari_simgraph.io.read import read
from napari_simgraph.viewer.areas.scored import SCORE
from napari_simgraph.viewer.layers import image_of
from napari_simgraph.viewer.records import identify
from napari_simgraph.viewer.restore import open_workspace
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.views.areas import AreasDock
from napari_simgraph.viewer.views.areas_keys import KEYS
from napari_simgraph.viewer.views.areas_say import NO_UNLIKE, READY
from napari_simgraph.viewer.views.areas_tabs import CLICKS, REGIONS
from napari_simgraph.viewer.views.bottom import shown_page

KEY = "vnc, 16 px"
BRIGHT, DARK = (1, 16, 32), (1, 52, 10)  # z, y, x: in the bright square of section 1, and away


@pytest.fixture
def dock(viewer):
    made = AreasDock(viewer)
    viewer.window.add_dock_widget(made, name="Areas", area="right")
    yield made
    made.session.jobs.close()


@pytest.fixture
def layer(viewer):
    data = pixels()
    data[0, 44:60, 44:60] += 120  # apart from the others, which touch through the sections
    return viewer.add_image(data, name="vnc", **PLACE)


def show(session, layer, linked=True):
    """The table of a layer, in front, with its links."""
    table = table_of(image_of(layer))
    noun = table
    if linked:
        config = similarity.Apply(k=5)
        noun = run(similarity.apply(table, config=config, room=MemoryRoom()))
    session.tables.add(KEY, noun, {"layers": [identify(layer, "i")]})
    session.selection.show_table(table, KEY)
    return table


def bright(table):
    """Patches that lie in a bright square for more than a half."""
    return table.values[:, :4].mean(1) > 0


def judge(dock, viewer, layer, qtbot):
    """A bright place is interesting, a dark one is not."""
    viewer.dims.set_current_step(0, 1)
    press(viewer, layer, BRIGHT, ("Shift",))
    press(viewer, layer, DARK, ("Control",))
    qtbot.waitUntil(lambda: dock.looking.scores is not None, timeout=60_000)
    qtbot.waitUntil(lambda: bool(dock.looking.areas), timeout=60_000)


def press_key(viewer, key):
    viewer.keymap[coerce_keybinding(key)](viewer)


def row_at(dock, number):
    """The middle of a row of the table of areas."""
    table = dock.found.table
    return table.visualRect(table.areas.index(number, 3)).center()


def test_from_nothing_to_links(dock, viewer, layer, qtbot):
    assert not dock.footer.main.isEnabled()
    assert "First, the patches" in dock._what_for.text()
    show(dock.session, layer, linked=False)
    assert sentence(dock) == "These patches have no links yet."
    assert dock.input.facts.text() == "147 patches in 3 sections, no links yet"
    press(viewer, layer, BRIGHT, ("Shift",))
    assert sentence(dock) == "Make the links first: the button above does."
    assert dock.footer.main.text() == "Make links"
    click(qtbot, dock.footer.main)
    qtbot.waitUntil(lambda: dock.task is None, timeout=60_000)
    assert sentence(dock).startswith("Made links in ")
    assert "links each" in dock.input.facts.text()
    assert dock.footer.main.text() == "Suggest areas"
    dock.tabs.setCurrentIndex(CLICKS)
    assert sentence(dock) == READY
    assert not dock.footer.main.isEnabled()  # there are no clicks to keep


def test_clicks_are_answered_outlined_turned_down_written_and_come_back(
    dock, viewer, layer, qtbot, tmp_path
):
    session, looking = dock.session, dock.looking
    table = show(session, layer)
    viewer.dims.set_current_step(0, 1)
    press(viewer, layer, BRIGHT, ("Shift",))
    assert dock.tabs.currentIndex() == CLICKS
    assert sentence(dock) == NO_UNLIKE
    judge(dock, viewer, layer, qtbot)
    assert looking.opinions.now.like == looking.opinions.now.unlike == 1
    assert sentence(dock) == "Answer from 2 clicks; too few to measure."
    scores = looking.scores.score
    is_bright = bright(table)
    assert np.median(scores[is_bright]) > 0.5 > np.median(scores[~is_bright])
    # the heat map: one cell a patch, where its patch lies
    heat = viewer.layers["vnc · interest"]
    folded = fold(table.grid, scores)
    np.testing.assert_allclose(heat.scale, (50, 4 * STRIDE, 4 * STRIDE))
    at = np.round(heat.world_to_data(folded.origin)).astype(int)
    shape = folded.levels[0].shape
    part = heat.data[:, at[1] : at[1] + shape[1], at[2] : at[2] + shape[2]]
    np.testing.assert_array_equal(part, folded.levels[0])
    assert heat.locked
    names = [one.name for one in viewer.layers]
    assert names.index("vnc · interest") < names.index("vnc · areas")
    # outlines enclose what scores above the threshold
    before = looking.areas[0]
    dock.found.slider.setValue(0.9)
    qtbot.waitUntil(lambda: looking.above == 0.9 and len(looking.areas[0].rows) < len(before.rows))
    assert all((scores[area.rows] > 0.9).all() for area in looking.areas)
    shapes = viewer.layers["vnc · areas"]
    assert sorted(set(shapes.features["area"])) == [one.number for one in looking.areas]
    # a row goes there; its patches are the thumbnails
    dock.found.slider.setValue(0.6)
    inside = int((scores > 0.6).sum())  # outlined a moment after the threshold is set
    qtbot.waitUntil(lambda: sum(len(one.rows) for one in looking.areas) == inside)
    area = looking.areas[1]
    qtbot.mouseClick(dock.found.table.viewport(), Qt.MouseButton.LeftButton, pos=row_at(dock, 1))
    assert viewer.dims.current_step[0] == area.place[0]
    page = shown_page(viewer, "Thumbnails")
    assert page.title.text() == "Area 2: its patches of highest score"
    assert {item.hit.row for item in page.model.items} <= set(area.rows.tolist())
    thick = np.asarray(shapes.edge_width) > min(shapes.edge_width)
    assert set(np.asarray(shapes.features["area"])[thick]) == {2}
    # turned down: grey, last, and its patches speak against it; undo takes that back
    drawn = [one.rows.tolist() for one in looking.areas]
    cell = dock.found.table.visualRect(dock.found.table.areas.index(1, 0))
    place = QPoint(cell.left() + 10, cell.center().y())
    qtbot.mouseClick(dock.found.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: looking.down == 1 and not looking.lane.waits, timeout=60_000)
    qtbot.waitUntil(lambda: looking.scores.score[area.rows].mean() < area.mean, timeout=60_000)
    assert looking.areas[-1].rows.tolist() == area.rows.tolist()
    click(qtbot, action(dock, "Undo: area 2 turned down"))
    qtbot.waitUntil(lambda: looking.down == 0 and not looking.lane.waits, timeout=60_000)
    np.testing.assert_allclose(looking.scores.score, scores, atol=1e-6)
    qtbot.waitUntil(lambda: [one.rows.tolist() for one in looking.areas] == drawn)
    # as files
    dock.write(str(tmp_path / "areas.geojson"), False)
    qtbot.waitUntil(lambda: sentence(dock).startswith("Wrote "))
    marks = read_geojson(tmp_path / "areas.geojson")
    assert {one.measurements["Rank"] for one in marks} == {a.number for a in looking.areas}
    dock.write(str(tmp_path / "areas.ome.tif"), True)
    qtbot.waitUntil(lambda: "areas.ome.tif" in sentence(dock))
    labels = read(tmp_path / "areas.ome.tif").image
    assert labels.levels[0].shape == folded.levels[0].shape
    # everything is there again after the workspace was opened
    looking.keep()
    folder = session.workspace.folder
    session.flush()
    session.selection.show_table(None)
    session.workspace.close()
    open_workspace(session, folder)
    qtbot.waitUntil(lambda: bool(looking.areas), timeout=60_000)
    assert looking.opinions.now.like == 1
    assert looking.above == 0.6
    np.testing.assert_allclose(looking.scores.score, scores, atol=1e-6)
    assert any(about(one).get("heat") for one in viewer.layers)
    image = next(one for one in viewer.layers if one.name == "vnc")
    image.keymap[coerce_keybinding("Y")](image)  # napari's own Y of images is for 3-D
    qtbot.waitUntil(lambda: looking.clicks == 3, timeout=60_000)


def test_asked_patches_reasons_and_a_rectangle(dock, viewer, layer, qtbot):
    session, looking = dock.session, dock.looking
    table = show(session, layer)
    judge(dock, viewer, layer, qtbot)
    asked = looking.asked
    press_key(viewer, "N")
    assert viewer.dims.current_step[0] == table.grid.z[asked]
    press_key(viewer, "N")
    qtbot.waitUntil(lambda: looking.asked != asked, timeout=60_000)
    other = looking.asked
    assert not table.grid.overlapping(np.array([asked]), np.array([other]))[0]
    press_key(viewer, "U")
    qtbot.waitUntil(lambda: looking.clicks == 3, timeout=60_000)
    assert looking.opinions.now.clicks[other] is False
    assert looking.scores.score[other] == 0
    viewer.dims.set_current_step(0, 2)
    press(viewer, layer, (2, 22, 31))
    click(qtbot, dock.found.why)
    reasons = dock.found.reasons
    qtbot.waitUntil(lambda: reasons.topLevelItemCount() > 2, timeout=60_000)
    first = reasons.topLevelItem(0)
    assert first.text(0).startswith("click: ")
    page = shown_page(viewer, "Thumbnails")
    assert page.title.text() == "What weighs most here"
    viewer.dims.set_current_step(0, 0)
    press(viewer, layer, (0, 40, 2), ("Control",), to=(0, 62, 40))
    inside = looking.opinions.now.unlike - 2
    assert inside > 4
    press_key(viewer, "Control-Z")
    assert looking.opinions.now.unlike == 2
    elsewhere = table.replace(values=table.values[:, ::-1].copy(), name="other")
    session.tables.add("other", elsewhere, session.tables.about(KEY))
    session.selection.show_table(elsewhere, "other")  # scores of the first are written before
    assert (looking.key, looking.table) == ("other", elsewhere)
    assert SCORE in session.tables.get(KEY).columns
    assert SCORE not in session.tables.get("other").columns
    session.selection.show_table(session.tables.get(KEY), KEY)
    assert looking.opinions.now.unlike == 2
    qtbot.waitUntil(lambda: looking.scores is not None, timeout=60_000)
    dock.front.came.emit(False)  # another dock is in front: keys and Shift are its own
    assert not any(coerce_keybinding(key) in viewer.keymap for key, _, _ in KEYS)
    assert session.canvas.picker.judge is None
    assert coerce_keybinding("Y") not in layer.keymap
    dock.front.came.emit(True)
    click(qtbot, dock.clicks.clear)
    assert not looking.opinions.now.clicks
    assert looking.scores is None
    assert not [one for one in viewer.layers if about(one).get("heat")]


def test_groups_are_suggested_confirmed_and_learned_models_are_kept(dock, viewer, layer, qtbot):
    session, looking = dock.session, dock.looking
    table = show(session, layer)
    short = {"minutes": 0, "steps": 10, "groups": 5, "device": "cpu", "width": 8}
    dock.input.form.set_value(dock.input.form.value().__class__(**short))
    click(qtbot, dock.footer.main)
    assert dock.footer.running
    qtbot.waitUntil(lambda: dock.task is None, timeout=120_000)  # torch is loaded on the way
    assert sentence(dock).startswith("Found 5 groups in ")
    qtbot.waitUntil(lambda: len(dock.suggest.cards) == 6, timeout=60_000)
    assert dock.suggest.cards[-1].text == "rare and together, untested"
    hits = [bright(table)[looking.groups.number == n].mean() for n in range(1, 6)]
    best = int(np.nanargmax(hits)) + 1
    item = dock.suggest.list.topLevelItem(best - 1)
    click(qtbot, dock.suggest.list.itemWidget(item, 2))
    qtbot.waitUntil(lambda: looking.scores is not None, timeout=60_000)
    assert sentence(dock).startswith(f"Group {best} is shown.")
    model = session.model(session.models("interest")[0])
    config = interest.Apply(group=best, device="cpu", threads=1)
    alone = run(interest.apply(model, looking.graph, config=config, room=MemoryRoom()))
    np.testing.assert_allclose(looking.scores.score, alone.score, atol=1e-3)
    press_key(viewer, "Control-Z")
    assert looking.scores is None
    rare = dock.suggest.list.topLevelItem(len(dock.suggest.cards) - 1)
    click(qtbot, dock.suggest.list.itemWidget(rare, 2))
    assert sentence(dock) == "Rare isn't always interesting: look before you trust it."
    np.testing.assert_array_equal(looking.scores.score, looking.groups.rare)
    judge(dock, viewer, layer, qtbot)  # clicks end the look at what is rare
    assert looking.opinions.now.group == 0
    click(qtbot, dock.footer.main)
    qtbot.waitUntil(lambda: len(session.models("interest")) == 2, timeout=60_000)
    assert sentence(dock).startswith("Kept as the model 'vnc interest, ")
    known = looking.scores.score.copy()
    dock.input.model.choose(session.models("interest")[0])
    assert dock.footer.main.text() == "Score with this model"
    click(qtbot, dock.footer.main)
    qtbot.waitUntil(lambda: dock.task is None, timeout=60_000)
    np.testing.assert_allclose(looking.scores.score, known, atol=1e-5)
    assert not looking.opinions.now.clicks  # the model answers, not they
    assert "vnc · clicks" not in viewer.layers
    looking.opinions.undo()
    assert looking.opinions.now.like == 1


def test_painted_classes_teach_and_wrong_ones_cost_one_sentence(dock, viewer, layer, qtbot):
    table = show(dock.session, layer)
    dock.tabs.setCurrentIndex(REGIONS)
    assert not dock.footer.main.isEnabled()
    small = viewer.add_labels(np.ones((8, 8), np.uint8), name="small")
    click(qtbot, dock.footer.main)
    assert sentence(dock).startswith("These labels have another shape (8 x 8) than the image")
    viewer.layers.remove(small)
    painted = np.where(layer.data > 120, 1, 2).astype(np.uint8)
    empty = viewer.add_labels(np.zeros_like(painted), name="painted", **PLACE)
    click(qtbot, dock.footer.main)
    assert "holds no painted classes" in sentence(dock)
    empty.data = painted
    dock.marks.painted.renew()
    short = {"minutes": 0, "steps": 10, "device": "cpu", "width": 8}
    dock.input.form.set_value(dock.input.form.value().__class__(**short))
    assert dock.marks.wanted.currentText() == "value 1"
    click(qtbot, dock.footer.main)
    qtbot.waitUntil(lambda: dock.task is None, timeout=120_000)
    assert dock.looking.figures["auroc"] > 0.8
    assert "these scores" in dock.found.report.cells[0][0].text().lower()
    dock.found.report_button.click()
    assert float(dock.found.report.cells[0][1].text()) > 0.8
    score, is_bright = dock.looking.scores.score, bright(table)
    assert np.median(score[is_bright]) > np.median(score[~is_bright])


def outlined(low, high, name, z):
    """A square as QuPath writes it: x first, from the corner of the first pixel."""
    (top, left), (bottom, right) = low, high
    ring = [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [ring], "plane": {"c": -1, "z": z, "t": 0}},
        "properties": {"objectType": "annotation", "classification": {"name": name}},
    }


def test_outlines_of_qupath_teach(dock, viewer, layer, qtbot, tmp_path):
    table = show(dock.session, layer)
    dock.tabs.setCurrentIndex(REGIONS)
    path = tmp_path / "slide.geojson"
    features = [outlined((8 * z, 24), (8 * z + 16, 40), "cell", z) for z in range(2)]
    features += [outlined((40, 0), (64, 24), "ground", z) for z in range(2)]
    elsewhere = outlined((900, 900), (950, 950), "cell", 0)
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [elsewhere]}))
    dock.marks.open(str(path))
    assert sentence(dock) == "slide marks nothing on these images: it is of another one."
    path.write_text("no JSON")
    dock.marks.open(str(path))
    assert "slide.geojson" in sentence(dock)
    whole = {"type": "FeatureCollection", "features": [*features, elsewhere]}
    path.write_text(json.dumps(whole))
    dock.marks.open(str(path))
    assert sentence(dock) == "4 marks of slide.geojson; 1 left out: a model's, or elsewhere."
    assert dock.marks.wanted.currentText() == "cell"
    drawn = viewer.layers["vnc · marks"]
    assert drawn.locked
    assert sorted(set(drawn.features["class"])) == ["cell", "ground"]
    np.testing.assert_allclose(drawn.data[0].min(0), (0, -0.5, 23.5))
    click(qtbot, dock.footer.main)
    qtbot.waitUntil(lambda: dock.task is None, timeout=120_000)
    score, is_bright = dock.looking.scores.score, bright(table)
    assert np.median(score[is_bright]) > 0.5 > np.median(score[~is_bright])
    dock.marks.wanted.setCurrentText("ground")
    click(qtbot, dock.footer.main)
    qtbot.waitUntil(lambda: dock.task is None, timeout=120_000)
    assert np.median(dock.looking.scores.score[is_bright]) < 0.5


def test_what_is_unlike_normal_regions(dock, viewer, layer, qtbot, tmp_path):
    session = dock.session
    table = show(session, layer)
    viewer.layers.selection.active = layer
    press_key(viewer, "R")
    assert dock.tabs.currentIndex() == REGIONS
    assert dock.footer.main.text() == "Show what is unlike normal"
    assert not dock.footer.main.isEnabled()
    regions = viewer.layers.selection.active
    assert regions.mode == "add_polygon"
    assert viewer.canvas.overlays.text.visible
    corners = [(34, -1), (34, 65), (65, 65), (65, -1)]
    regions.add_polygons([np.array([(z, *one) for one in corners]) for z in (1, 2)])
    assert dock.marks.normal.text() == "2 regions"
    viewer.layers.selection.active = layer
    assert regions.mode == "pan_zoom"
    assert not viewer.canvas.overlays.text.visible
    click(qtbot, dock.footer.main)
    qtbot.waitUntil(lambda: dock.task is None, timeout=120_000)
    score, is_bright = dock.looking.scores.score, bright(table)
    assert np.median(score[is_bright]) > 0.7 > 0.5 > np.median(score[~is_bright])
    assert sentence(dock).startswith("Compared with normal in ")
    # they are there again after the workspace was opened, and can be changed
    dock.marks.book.keep()
    session.flush()
    folder = tmp_path / "copy"
    shutil.copytree(session.workspace.folder, folder, ignore=shutil.ignore_patterns("lock*"))
    viewer.layers.remove(regions)
    assert dock.marks.normal.text() == "none"
    open_workspace(session, folder)
    drawn = lambda: [one for one in viewer.layers if "regions" in about(one)]  # noqa: E731
    qtbot.waitUntil(lambda: bool(drawn()), timeout=60_000)
    assert dock.marks.normal.text() == "2 regions"
    again = drawn()[0]
    np.testing.assert_allclose(again.data[0], [(1, *one) for one in corners])


def test_patches_of_an_image_that_is_closed_say_so(dock, viewer, layer):
    show(dock.session, layer)
    viewer.layers.remove(layer)
    dock.renew()
    assert sentence(dock) == "vnc is not open."
    assert dock.looking.table.grid.size[0] == SIDE
