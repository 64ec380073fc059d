"""The tab Generate of the Classes dock: learn, sliders, chosen patches, sizes, fill up."""

from dataclasses import replace

import numpy as np
import pytest
from acting import action, click, sentence
from patches import PLACE, pixels, press, show

from napari_simgraph import Image
from napari_simgraph.capabilities import generation
from napari_simgraph.core.drawing import VARIETY
from napari_simgraph.core.groups import label
from napari_simgraph.io.write import write
from napari_simgraph.viewer.sheets import sheet_of
from napari_simgraph.viewer.views.classes import GENERATE, ClassesDock
from napari_simgraph.viewer.views.drawing_patch import STEPS

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
    qtbot.waitUntil(lambda: (live.drawn.layer.data != before).any(), timeout=60_000)
    live.directions.sliders[0].setValue(0.0)
    qtbot.waitUntil(lambda: (live.drawn.layer.data == before).all(), timeout=60_000)
    live.wanted.variety.setValue(1.5)
    qtbot.waitUntil(lambda: (live.drawn.layer.data != before).any(), timeout=60_000)
    assert "--spread 1.5" in live.drawn.layer.metadata["simgraph"]["command"]
    live.wanted.variety.setValue(VARIETY)
    qtbot.waitUntil(lambda: (live.drawn.layer.data == before).all(), timeout=60_000)
    assert "--spread" not in live.drawn.layer.metadata["simgraph"]["command"]
    said = lambda: live.drawn.layer.metadata["simgraph"]["command"]  # noqa: E731
    assert not live.wanted.check.isHidden()
    live.wanted.check.click()
    qtbot.waitUntil(lambda: "--again 0" in said(), timeout=60_000)
    live.wanted.check.click()
    qtbot.waitUntil(lambda: "--again" not in said(), timeout=60_000)
    assert (live.drawn.layer.data == before).all()
    click(qtbot, live.wanted.again)
    qtbot.waitUntil(lambda: (live.drawn.layer.data != before).any(), timeout=60_000)
    live.wanted.kind.setCurrentIndex(live.wanted.kind.findText("spot"))
    live.wanted.many.setValue(6)
    qtbot.waitUntil(lambda: live.drawn.layer.data.shape == (2 * 17 - 1, 3 * 17 - 1), timeout=60_000)
    assert live.drawn.layer.name == "drawn · spot"
    assert len([one for one in viewer.layers if one.name.startswith("drawn")]) == 1

    rows = live.patch
    assert not rows.missing.isHidden()
    dock.session.selection.choose([int(bright[0])])
    qtbot.waitUntil(
        lambda: rows.after.pixmap() and not rows.after.pixmap().isNull(), timeout=60_000
    )
    assert rows.walk.isHidden()
    dock.session.selection.choose([int(dark[0])])
    qtbot.waitUntil(lambda: rows.way is not None, timeout=60_000)
    first = rows.here.pixmap().toImage()
    rows.slider.setValue(100)
    assert rows.here.pixmap().toImage() != first
    dock.session.selection.choose([int(one) for one in bright[:3]])
    click(qtbot, rows.all)
    wanted = (2 * 17 - 1, 3 * 17 - 1)
    qtbot.waitUntil(lambda: live.drawn.layer.name == "drawn · side by side", timeout=60_000)
    assert live.drawn.layer.data.shape == wanted

    live.wanted.kind.setCurrentIndex(live.wanted.kind.findText("spot"))
    count = int((table.classes() == "ground").sum()) - int((table.classes() == "spot").sum())
    assert page.fill.text() == f"Fill up 'spot' by {count}"
    with qtbot.waitSignal(page.filled, timeout=120_000):
        click(qtbot, page.fill)
    assert set(page.extra.image_classes) == {"spot"}
    assert dock.run.drawn is page.extra  # Learn classes takes them along
    assert sentence(dock) == f"{count} drawn patches of 'spot' are there for learning classes."
    wait(qtbot, dock)
    click(qtbot, action(dock, "Take out"))
    assert page.extra is None
    assert dock.run.drawn is None


def test_the_way_between_two_pictures_of_a_folder(dock, viewer, qtbot, tmp_path):
    rng = np.random.default_rng(0)
    for name, grey in (("bright", 200), ("dark", 50)):
        (tmp_path / "p" / name).mkdir(parents=True)
        for number in range(6):
            values = np.clip(rng.normal(grey, 20, (16, 20)), 0, 255).astype(np.uint8)
            write(Image(values), tmp_path / "p" / name / f"{name}{number}.tif")
    dock.input.open_folder(str(tmp_path / "p"))
    page, rows = dock.drawing, dock.drawing.live.patch
    page.form.set_value(replace(SHORT, steps=4))
    click(qtbot, dock.footer.main)
    wait(qtbot, dock)
    assert drawn(dock, qtbot) is not None
    assert dock.input.table is None  # no classes were learned: nothing but pictures
    sheet = dock.input.sheet
    layout = sheet_of(sheet).layout
    for number in (1, 8):
        press(viewer, sheet, layout.place(number, 5, 5))
    qtbot.waitUntil(lambda: rows.way is not None, timeout=120_000)
    assert [one.kind for one in rows.last] == ["bright", "dark"]
    assert rows.last[0].pixels.shape == (20, 20, 1)  # square, the shorter side mirrored
    assert len(rows.way) == STEPS
    assert rows.way[0].mean() > rows.way[-1].mean()


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
