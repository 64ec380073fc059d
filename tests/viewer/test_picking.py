"""Clicks on the canvas: which patch, more and less of it, rectangles, what is marked and where."""

import numpy as np
import pytest
from patches import PLACE, pixels, press, show

from napari_simgraph.core.patches import grid_over
from napari_simgraph.core.raster import ImageSet
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.viewer.layers import image_of
from napari_simgraph.viewer.picking import FLAT, NOTHING, RESTS
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.sketch import COLORS


@pytest.fixture
def session(viewer):
    made = Session(viewer)
    made.canvas.attach()
    yield made
    made.canvas.detach()
    made.jobs.close()


@pytest.fixture
def layer(viewer):
    return viewer.add_image(pixels(), name="vnc", **PLACE)


@pytest.fixture
def table(session, layer):
    return show(session, layer)


def row_at(table, z, y, x):
    grid = table.grid
    return int(np.flatnonzero((grid.z == z) & (grid.y == y) & (grid.x == x))[0])


def rows(session):
    return [hit.row for hit in session.selection.hits]


def kinds(session):
    return [mark.kind for mark in session.canvas.overlay.marks()]


def test_a_click_chooses_the_patch_below_and_marks_what_is_like_it(viewer, session, layer, table):
    viewer.dims.set_current_step(0, 1)
    press(viewer, layer, (1, 15, 31))
    asked = row_at(table, 1, 8, 24)
    assert session.selection.rows.tolist() == [asked]
    # the bright squares of the two other sections, before anything else
    assert set(rows(session)[:2]) == {row_at(table, 0, 0, 24), row_at(table, 2, 16, 24)}
    assert asked not in rows(session)
    best = session.selection.hits[0]
    one, other = (
        table.values[row] / np.linalg.norm(table.values[row]) for row in (asked, best.row)
    )
    assert best.score == pytest.approx(float(one @ other), abs=1e-5)
    marks = session.canvas.overlay.marks()
    query = next(mark for mark in marks if mark.kind == "query")
    assert (query.y, query.x, query.side) == (15.5, 31.5, 16)
    assert {"hit", "ring"} <= set(kinds(session))
    chosen, words = viewer.layers["vnc · chosen"], viewer.layers["vnc · ranks"]
    np.testing.assert_allclose(chosen.scale, layer.scale[1:])
    assert chosen.locked
    assert len(words.data) == sum(bool(mark.text) for mark in marks)
    assert COLORS["hit"] == "#E69F00"
    known = chosen.unique_id
    viewer.dims.set_current_step(0, 0)  # what was a ring is a square now
    first = next(m for m in session.canvas.overlay.marks() if m.kind == "hit")
    assert (first.y, first.x) == (7.5, 31.5)
    assert viewer.layers["vnc · chosen"].unique_id == known


def test_marks_that_are_hidden_change_all_the_same(viewer, session, layer, table):
    press(viewer, layer, (0, 15, 31))
    lines, words = viewer.layers["vnc · chosen"], viewer.layers["vnc · ranks"]
    many = len(words.data)
    lines.visible = words.visible = False
    session.selection.answer(session.selection.hits[:2])
    assert 0 < len(words.data) < many
    lines.visible = words.visible = True
    marks = session.canvas.overlay.marks()
    assert list(words.text.values) == [mark.text for mark in marks if mark.text]


def test_more_like_this_not_like_this_and_back(viewer, session, layer, table):
    viewer.dims.set_current_step(0, 1)
    press(viewer, layer, (1, 15, 31))
    press(viewer, layer, (1, 55, 8), ("Shift",))
    assert len(session.selection.like) == 2
    press(viewer, layer, (1, 55, 55), ("Control",))
    like, unlike = session.selection.like, session.selection.unlike
    assert (len(like), len(unlike)) == (2, 1)
    assert unlike[0].row not in rows(session)
    assert kinds(session).count("query") == 2
    assert kinds(session).count("unlike") == 1
    press(viewer, layer, (1, 55, 55), ("Shift",))  # thought better of it
    assert (len(session.selection.like), len(session.selection.unlike)) == (3, 0)
    press(viewer, layer, (1, 15, 31))
    assert len(session.selection.like) == 1


def test_drags_other_modes_and_3d_choose_nothing(viewer, session, layer, table):
    said = []
    session.canvas.said.connect(said.append)
    press(viewer, layer, (0, 20, 20), moved=9.0)
    assert len(session.selection.rows) == 0
    painted = viewer.add_labels(np.zeros((3, 64, 64), np.uint8), **PLACE)
    painted.mode = "paint"
    press(viewer, layer, (0, 20, 20))
    assert said == [RESTS]
    painted.mode = "pan_zoom"
    viewer.dims.ndisplay = 3
    press(viewer, layer, (0, 20, 20))
    assert said == [RESTS, FLAT]
    viewer.dims.ndisplay = 2
    session.canvas.picker.resting = True
    press(viewer, layer, (0, 20, 20))
    assert len(session.selection.rows) == 0
    session.canvas.picker.resting = False
    press(viewer, layer, (0, 200, 20))  # beside the image
    assert len(session.selection.rows) == 0
    assert len(said) == 2


def test_where_background_was_left_out_there_is_no_patch(viewer, session, layer, table):
    said = []
    session.canvas.said.connect(said.append)
    shown = table.take(table.grid.y >= 16)
    session.selection.show_table(shown, "vnc, 16 px")
    press(viewer, layer, (0, 4, 4))
    assert said == [NOTHING]
    assert len(session.selection.rows) == 0


def test_a_rectangle_is_drawn_with_shift(viewer, session, layer, table):
    drawn = []
    session.canvas.drawn.connect(drawn.append)
    press(viewer, layer, (0, 10, 10), ("Shift",), to=(0, 30, 22))
    (place,) = drawn
    assert (place.z, place.y, place.x, place.size) == (0, 20, 16, 20)
    assert place.image == table.grid.sources[0].fingerprint


def test_going_to_a_place_and_back(viewer, session, layer, table):
    chosen = session.selection
    viewer.scene.camera.zoom *= 20
    for row in (row_at(table, 2, 40, 40), row_at(table, 0, 0, 0)):
        chosen.go(chosen.example(row).place)
        assert viewer.dims.current_step[0] == table.grid.z[row]
        middle = np.array(viewer.scene.camera.center[-2:]) / 4
        seen = np.array(viewer.canvas.size) / viewer.scene.camera.zoom / 4
        place = np.array([table.grid.y[row] + 8, table.grid.x[row] + 8])
        assert (np.abs(place - middle) < seen / 2).all()
    chosen.back()
    assert viewer.dims.current_step[0] == 2
    chosen.forward()
    assert viewer.dims.current_step[0] == 0
    centre = viewer.scene.camera.center
    chosen.forward()  # there is nothing further
    assert viewer.scene.camera.center == centre


def test_rules_some_patches_only_and_a_lasso(viewer, session, layer, table):
    viewer.dims.set_current_step(0, 1)
    press(viewer, layer, (1, 15, 31))
    session.search.change(k=5)
    assert len(rows(session)) == 5
    session.search.change(elsewhere=True)
    assert set(table.grid.z[rows(session)]) <= {0, 2}
    session.search.change(elsewhere=False, apart=False)
    grid = table.grid
    near = grid.overlapping(np.full(5, session.selection.rows[0]), np.array(rows(session)))
    assert near.any()
    session.selection.restrict(np.flatnonzero(grid.x == 0))
    assert set(grid.x[rows(session)]) == {0}
    session.selection.restrict(None)
    session.selection.choose(np.arange(20), "a lasso")
    assert set(rows(session)) <= set(range(20))
    assert "rows" not in kinds(session)  # they lie in section 0, section 1 is in view
    viewer.dims.set_current_step(0, 0)
    assert kinds(session).count("rows") == 20


def test_two_images_side_by_side_and_a_layer_that_somebody_took_out(viewer, session, layer):
    other = viewer.add_image(pixels(seed=1), name="other", translate=(0, 0, 400), **PLACE)
    both = ImageSet([image_of(layer), image_of(other)])
    grid = grid_over(both, 16, 16)
    values = np.random.default_rng(0).normal(size=(len(grid), 4)).astype(np.float32)
    table = EmbeddingTable(grid, values)
    session.tables.add("both", table, {})
    session.selection.show_table(table, "both")
    viewer.dims.set_current_step(0, 0)
    press(viewer, other, (0, 8, 8))
    assert grid.image[session.selection.rows[0]] == 1
    query = next(m for m in session.canvas.overlay.marks() if m.kind == "query")
    assert query.x == pytest.approx(7.5 + 100)  # in pixels of the first layer, 4 nm each
    chosen = viewer.layers["vnc · chosen"]
    chosen.locked = False
    viewer.layers.remove(chosen)
    viewer.dims.set_current_step(0, 1)
    assert "vnc · chosen" not in viewer.layers
    press(viewer, other, (1, 8, 8))
    assert "vnc · chosen" in viewer.layers
