"""The tab Generate of the Classes dock: learn, sliders, chosen patches, sizes, fill up."""

import numpy as np
import pytest
from acting import action, click, sentence
from patches import PLACE, pixels, show

from napari_simgraph.capabilities import generation
from napari_simgraph.core.groups import label
from napari_simgraph.viewer.views.classes import GENERATE, ClassesDock

SHORT = generation.Train(
    minutes=0, steps=30, patch=16, batch=16, width=4, latent=4, rate=0.01, device="cpu", threads=1
)


@pytest.fixture
def dock(viewer):
    made = ClassesDock(viewer)
    viewer.window.add_dock_widget(made, name="Classes", area="right")
    made.tabs.setCurrentIndex(GENERATE)
    yield made
    made.session.jobs.close()


def wait(qtbot, dock):
    """Until nothing runs any more; torch is loaded on the way."""
    qtbot.waitUntil(lambda: dock.drawing.task is None, timeout=120_000)


def drawn(dock, qtbot):
    """The layer, once all that was asked for is drawn."""
    live = dock.drawing.live
    qtbot.waitUntil(lambda: not live.lane.waits and live.lane.seconds >= 0, timeout=60_000)
    return live.drawn.layer


def test_from_learning_to_filling_up(dock, viewer, qtbot):
    assert not dock.footer.main.isEnabled()
    layer = viewer.add_image(pixels(), name="vnc", **PLACE)
    table = show(dock.session, layer)
    bright = np.flatnonzero(table.values[:, :4].mean(1) > 40)
    dark = np.flatnonzero(table.values[:, :4].mean(1) < -20)
    table = label(label(table, bright, "spot"), dark, "ground")
    dock.session.tables.renew(dock.session.selection.key, table)
    dock.session.selection.show_table(table, dock.session.selection.key)
    page, live = dock.drawing, dock.drawing.live
    page.form.set_value(SHORT)
    assert live.isHidden()

    click(qtbot, dock.footer.main)
    wait(qtbot, dock)
    assert sentence(dock).startswith(("Redraws kept-aside patches with error", "The directions"))
    made = drawn(dock, qtbot)
    assert made.name == "drawn · ground"  # the largest class
    assert made.data.shape == (4 * 17 - 1, 4 * 17 - 1)
    assert viewer.layers.extent.world[1][-1] > layer.extent.world[1][-1]  # beside the image
    assert str(made.units[-1]) == "nanometer"
    assert "generation sample" in made.metadata["simgraph"]["command"]

    before = made.data.copy()
    live.directions.sliders[0].setValue(2.0)
    qtbot.waitUntil(lambda: (live.drawn.layer.data != before).any(), timeout=10_000)
    live.directions.sliders[0].setValue(0.0)
    qtbot.waitUntil(lambda: (live.drawn.layer.data == before).all(), timeout=10_000)
    click(qtbot, live.wanted.again)
    qtbot.waitUntil(lambda: (live.drawn.layer.data != before).any(), timeout=10_000)
    live.wanted.kind.setCurrentIndex(live.wanted.kind.findText("spot"))
    live.wanted.many.setValue(6)
    qtbot.waitUntil(lambda: live.drawn.layer.data.shape == (2 * 17 - 1, 3 * 17 - 1), timeout=10_000)
    assert live.drawn.layer.name == "drawn · spot"
    assert len([one for one in viewer.layers if one.name.startswith("drawn")]) == 1

    rows = live.patch
    assert not rows.missing.isHidden()
    dock.session.selection.choose([int(bright[0])])
    qtbot.waitUntil(
        lambda: rows.after.pixmap() and not rows.after.pixmap().isNull(), timeout=10_000
    )
    assert rows.walk.isHidden()
    dock.session.selection.choose([int(dark[0])])
    qtbot.waitUntil(lambda: rows.way is not None, timeout=10_000)
    first = rows.here.pixmap().toImage()
    rows.slider.setValue(100)
    assert rows.here.pixmap().toImage() != first
    dock.session.selection.choose([int(one) for one in bright[:3]])
    click(qtbot, rows.all)
    wanted = (2 * 17 - 1, 3 * 17 - 1)
    qtbot.waitUntil(lambda: live.drawn.layer.name == "drawn · side by side", timeout=10_000)
    assert live.drawn.layer.data.shape == wanted

    live.wanted.kind.setCurrentIndex(live.wanted.kind.findText("spot"))
    count = int((table.classes() == "ground").sum()) - int((table.classes() == "spot").sum())
    assert page.fill.text() == f"Fill up 'spot' by {count}"
    with qtbot.waitSignal(page.filled, timeout=30_000):
        click(qtbot, page.fill)
    assert set(page.extra.image_classes) == {"spot"}
    assert dock.run.drawn is page.extra  # Learn classes takes them along
    assert sentence(dock) == f"{count} drawn patches of 'spot' are there for learning classes."
    wait(qtbot, dock)
    click(qtbot, action(dock, "Take out"))
    assert page.extra is None
    assert dock.run.drawn is None


def test_sizes_are_tried_and_one_is_taken(dock, viewer, qtbot, monkeypatch):
    layer = viewer.add_image(pixels(), name="vnc", **PLACE)
    show(dock.session, layer)
    page = dock.drawing
    assert sentence(dock).startswith("No classes: all patches are drawn alike. About 3 min on CPU")
    page.form.set_value(SHORT)
    monkeypatch.setattr(
        "napari_simgraph.viewer.views.drawing.search_of",
        lambda config: generation.Search.from_json(
            {**config.to_json(), "latents": "2,4", "widths": "4", "steps": 5}
        ),
    )
    click(qtbot, page.try_sizes)
    wait(qtbot, dock)
    assert sentence(dock).startswith("Tried 2 sizes in")
    assert page.sizes.model.rowCount() == 2
    click(qtbot, action(dock, "Take it"))
    assert page.form.value().latent in (2, 4)
    assert page.form.value().width == 4
    dock.session.keeper.flush()
    kept = list(dock.session.workspace.folder.rglob("sizes.csv"))
    assert len(kept) == 1
    assert kept[0].read_text().startswith("latent,width,error")
