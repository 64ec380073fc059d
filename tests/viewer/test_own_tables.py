"""Features of another program, opened in the Similar dock as a saved table."""

import numpy as np

from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.views.similar_input import SimilarInput
from toy import toy_pixels, toy_table


def test_own_features_become_a_table_over_the_chosen_image(viewer, qtbot, tmp_path):
    viewer.add_image(toy_pixels(), name="toy", scale=(4, 4), translate=(8, 12), units=("nm", "nm"))
    session = Session(viewer)
    rows = SimilarInput(session)
    qtbot.addWidget(rows)
    opened, failed = [], []
    rows.table_opened.connect(opened.append)
    rows.failed.connect(failed.append)
    np.save(tmp_path / "dino.npy", toy_table().values)
    rows.form.control("patch").set(16)
    rows.form.control("stride").set(16)
    rows.open_table(str(tmp_path / "dino.npy"))
    qtbot.waitUntil(lambda: bool(failed), timeout=5000)
    assert "121 rows, but patches of 16 px every 16 px are 6 x 6 = 36 in 'toy'" in failed.pop()
    rows.form.control("stride").set(8)
    rows.open_table(str(tmp_path / "dino.npy"))
    qtbot.waitUntil(lambda: bool(opened), timeout=5000)
    table = session.tables.get(opened[0])
    assert np.array_equal(table.patch_id, toy_table().patch_id)
    assert session.tables.about("dino")["layers"]
    rows.close_events()
    session.jobs.close()
    session.search.close()
