"""The page Map, in one window: what is chosen there is chosen everywhere, and back."""

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication

from napari_simgraph.core.groups import names_of
from napari_simgraph.viewer.sharing import session_of
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.views import map_page
from napari_simgraph.viewer.views.bottom import bottom_of, front_page, show_page
from toy import toy_graph, toy_pixels


@pytest.fixture
def page(viewer, qtbot):
    """The map of the toy tissue, laid out."""
    viewer.add_image(toy_pixels(), name="toy", scale=(4, 4), translate=(8, 12), units=("nm", "nm"))
    session = bottom_of(viewer).session
    graph = toy_graph()
    table = graph.table.with_column("cluster", np.minimum(np.arange(121) // 41, 2))
    session.tables.add("toy", graph.replace(table=table), {})
    session.selection.show_table(session.tables.get("toy"), "toy")
    made = show_page(viewer, "Map")
    qtbot.waitUntil(lambda: len(made.view.places) == 121, timeout=5000)
    yield made
    session.jobs.close()
    session.search.close()


def drag(view, places, held=Qt.KeyboardModifier.NoModifier):
    """Press at the first place, move through the others, let go at the last."""
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    kinds = QEvent.Type
    steps = [(kinds.MouseButtonPress, places[0], left, left)]
    steps += [(kinds.MouseMove, place, none, left) for place in places[1:]]
    steps.append((kinds.MouseButtonRelease, places[-1], left, none))
    for kind, place, button, buttons in steps:
        send(view, kind, place, (button, buttons, held))


def send(view, kind, place, pressed):
    at = QPointF(*(float(n) for n in place))
    world = QPointF(view.mapToGlobal(at.toPoint()))
    QApplication.sendEvent(view, QMouseEvent(kind, at, world, *pressed))


def hover(view, place):
    """Move the pointer without a button."""
    none = Qt.MouseButton.NoButton
    send(view, QEvent.Type.MouseMove, place, (none, none, Qt.KeyboardModifier.NoModifier))


def around(view, low, high):
    """A closed line around the part of the view between two shares of its width."""
    wide, high_px = view.width(), view.height()
    left, right = low * wide, high * wide
    corners = [(left, 2), (right, 2), (right, high_px - 2), (left, high_px - 2), (left, 3)]
    return corners


def press(layer, key):
    """What a key of a layer does."""
    next(act for name, act in layer.keymap.items() if str(name) == key)(layer)


def expected(view, low, high):
    seen = view.window.to_screen(view.places) / view.devicePixelRatioF()
    inside = (seen[:, 0] > low * view.width()) & (seen[:, 0] < high * view.width())
    return np.flatnonzero(inside & (seen[:, 1] > 2) & (seen[:, 1] < view.height() - 2))


def test_what_is_chosen_on_the_map_is_chosen_everywhere(page, viewer, qtbot, monkeypatch):
    view, session = page.view, session_of(viewer)
    chosen = session.selection
    assert page.session is session
    assert "121 shown of 121" in page.bar.said.text()
    assert page.bar.columns.currentText() == "groups"
    assert {one.text for one in view._names} == {"group 1", "group 2", "group 3"}

    drag(view, around(view, 0.0, 0.5))  # the lasso
    assert chosen.rows.tolist() == expected(view, 0.0, 0.5).tolist()
    assert 0 < len(chosen.rows) < 121
    assert front_page(viewer) == "Map"
    assert f"{len(chosen.rows)} chosen of 121" in page.side.chosen.text()
    drag(view, around(view, 0.5, 1.0), Qt.KeyboardModifier.ShiftModifier)  # and the other half
    assert len(chosen.rows) == len(expected(view, 0.0, 1.0))
    page.bar.modes.buttons()[1].click()  # a box
    drag(view, [(0.3 * view.width(), 0), (0.7 * view.width(), view.height())])
    assert chosen.rows.tolist() == expected(view, 0.3, 0.7).tolist()

    page.side.only_button.click()
    assert chosen.only.tolist() == chosen.rows.tolist()
    assert page.side.only_button.text() == "All again"
    page.side.only_button.click()
    assert chosen.only is None

    monkeypatch.setattr(map_page, "MANY", 5)  # more than so many squares are cells
    chosen.choose(np.arange(40), "group 1")
    cells = next(one for one in viewer.layers if about(one).get("thing") == "chosen cells")
    tinted = np.asarray(cells.data)[..., 3] > 0
    assert tinted.sum() == 40
    grid = chosen.table.grid
    middle = (np.array([grid.y[39], grid.x[39]]) + 8 - 0.5) * 4 + [8, 12]
    at = np.round(cells.world_to_data(middle)).astype(int)
    assert tinted[tuple(at)]
    assert not tinted[at[0] + 2, at[1]]
    chosen.choose(np.arange(30), "group 1")  # the same layer, other cells
    assert (np.asarray(cells.data)[..., 3] > 0).sum() == 30
    chosen.clear()
    assert not [one for one in viewer.layers if about(one).get("thing") == "chosen cells"]

    row = 60
    seen = view.window.to_screen(view.places)[row] / view.devicePixelRatioF()
    hover(view, seen)
    hovered = chosen.hover
    assert hovered >= 0
    assert str(names_of(chosen.table)[hovered]) in page.side.told.text()
    drag(view, [seen, seen + 1])  # a click
    assert chosen.like[0].row >= 0
    assert "query" in view._rings
    qtbot.waitUntil(lambda: len(view._rings["hit"]) > 0, timeout=3000)
    view.hovered.emit(-1)
    assert chosen.hover == -1


def test_labels_layers_and_what_undo_takes_back(page, viewer, qtbot, monkeypatch):
    session = session_of(viewer)
    chosen = session.selection
    chosen.choose(np.arange(10, 14), "what is chosen on the map")
    button = page.side.label_button
    button.choices.aboutToShow.emit()
    button.field.setText("tumour")
    button.field.returnPressed.emit()
    assert names_of(chosen.table, "class")[9:12].tolist() == ["", "tumour", "tumour"]
    assert page.bar.said.text() == "Labelled 4 patches tumour."
    assert page.bar.undo_button.isVisibleTo(page)

    page.side.layer_button.click()
    points = viewer.layers[-1]
    assert points.features["class"].tolist() == ["tumour"] * 4
    assert np.allclose(
        points.data[0], [chosen.table.grid.y[10] + 7.5, chosen.table.grid.x[10] + 7.5]
    )
    assert np.allclose(points.scale, (4, 4))
    points.selected_data = {1}
    press(points, "2")
    assert names_of(chosen.table, "class")[10:13].tolist() == ["tumour", "class 2", "tumour"]
    assert points.selected_data == {2}
    press(points, "0")
    assert names_of(chosen.table, "class")[12] == ""
    for _ in range(3):
        page.bar.undo_button.click()
    assert "class" not in chosen.table.columns

    chosen.ask([chosen.example(60)])
    qtbot.waitUntil(lambda: len(chosen.hits) > 1, timeout=3000)
    thumbs = show_page(viewer, "Thumbnails")
    thumbs.list.setCurrentIndex(thumbs.model.index(0))
    first = chosen.hits[0].row
    thumbs.label_one(1)
    assert names_of(chosen.table, "class")[first] == "class 1"
    assert thumbs.list.currentIndex().row() == 1

    monkeypatch.setattr("napari_simgraph.analysis.map2d.find_spec", lambda name: None)
    page.bar.umap_button.click()
    qtbot.waitUntil(lambda: page.task is None, timeout=5000)
    assert "UMAP is not installed" in page.bar.said.text()
    chosen.show_table(None)
    assert "No patches yet" in page.bar.said.text()
    assert not page.bar.umap_button.isEnabled()
