"""Groups in the Similar dock: found, named, joined, coloured, made a class."""

import numpy as np
from qtpy.QtCore import Qt

from napari_simgraph.core.groups import groups, names_of
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.thumbs import Thumbs
from napari_simgraph.viewer.views.groups import GroupRows
from toy import toy_graph, toy_pixels


def test_groups_are_found_named_joined_and_made_a_class(viewer, qtbot, tmp_path):
    viewer.add_image(toy_pixels(), name="toy", scale=(4, 4), translate=(8, 12), units=("nm", "nm"))
    session = Session(viewer)
    thumbs = Thumbs(session)
    rows = GroupRows(session, thumbs)
    qtbot.addWidget(rows)
    said = []
    rows.said.connect(lambda sentence, bad: said.append((sentence, bad)))
    assert not rows.isEnabled()
    session.tables.add("toy", toy_graph().table, {})
    session.selection.show_table(session.tables.get("toy"), "toy")
    rows.method.setCurrentIndex(1)
    rows.find_button.click()
    assert said.pop() == ("These patches have no links: take k-means.", True)

    rows.method.setCurrentIndex(0)
    rows.number.setValue(4)
    rows.find_button.click()
    qtbot.waitUntil(lambda: rows.list.topLevelItemCount() == 4, timeout=20_000)
    assert said.pop() == ("Found 4 groups.", False)
    qtbot.waitUntil(lambda: len(rows._typical) == 4, timeout=5000)
    assert all(len(typical) == 3 for typical in rows._typical.values())

    chosen = session.selection
    rows.list.topLevelItem(0).setSelected(True)
    assert chosen.said == "group 1"
    assert set(names_of(chosen.table)[chosen.rows]) == {"group 1"}
    rows.list.topLevelItem(0).setText(0, "stripes")
    assert said.pop() == ("Renamed group 1 to stripes.", False)
    rows.list.topLevelItem(1).setSelected(True)
    many = len(chosen.rows)
    rows.join_button.click()
    assert rows.list.topLevelItemCount() == 3
    assert groups(chosen.table)[0].count == many
    rows.list.pick_color(0)
    rows.list._popup.buttons[3].click()
    assert groups(chosen.table)[0].color == "#56B4E9"
    rows.save(str(tmp_path / "groups.graphml"))
    qtbot.waitUntil(lambda: bool(said) and "GraphML holds graphs" in said[-1][0], timeout=5000)
    rows.save(str(tmp_path / "groups.csv"))
    qtbot.waitUntil(lambda: said[-1] == ("Wrote groups.csv.", False), timeout=5000)
    assert "stripes" in (tmp_path / "groups.csv").read_text("utf-8")
    rows.list.clearSelection()
    rows.list.topLevelItem(0).setSelected(True)
    rows.class_button.click()
    assert (names_of(chosen.table, "class") == rows.list.names[0]).sum() == many
    for _ in range(5):
        rows.undo_button.click()
    assert "cluster" not in chosen.table.columns
    assert not rows.list.isVisibleTo(rows)
    assert not rows.undo_button.isEnabled()
    assert rows.list.topLevelItem(0).flags() & Qt.ItemFlag.ItemIsEditable
    assert np.array_equal(session.tables.get("toy").patch_id, toy_graph().table.patch_id)
    rows.close_events()
    thumbs.close()
    session.jobs.close()
    session.search.close()
