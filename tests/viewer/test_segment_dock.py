"""The Segment dock, clicked through on a real viewer with a real, tiny training."""

import gc
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from acting import action, click, learn, segment, sentence, stack, strokes_on, taught
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QApplication

from napari_simgraph.capabilities.segmentation import Train
from napari_simgraph.core.job import Progress
from napari_simgraph.viewer.jobs import State
from napari_simgraph.viewer.views.segment import RUN, TEACH, SegmentDock


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def test_an_empty_dock_says_what_for_what_is_missing_and_offers_the_remedy(dock, viewer):
    assert not dock.controls.isEnabled()
    assert not dock.footer.main.isEnabled()
    assert sentence(dock) == "No image is open yet."
    texts = [dock._buttons.itemAt(i).widget() for i in range(dock._buttons.count())]
    assert [w.text() for w in texts if w] == ["Open image…", "Try a sample", "A folder…"]
    viewer.add_image(stack(), name="larva")
    assert dock.controls.isEnabled()
    assert dock._card.isHidden()


def test_the_way_to_the_first_stroke_is_told_step_by_step(dock, viewer, qtbot):
    viewer.add_image(stack(), name="larva", scale=(50, 4, 4), units=("nm",) * 3)
    assert sentence(dock) == "Make a strokes layer, then paint one short stroke per class."
    click(qtbot, action(dock, "New strokes layer"))
    layer = viewer.layers["larva · strokes"]
    assert layer.mode == "paint"
    assert layer.brush_size == 5
    assert layer.selected_label == 1
    np.testing.assert_allclose(layer.scale, (50, 4, 4))
    said = "Paint a short stroke on membrane, then press Ctrl+2 and paint cytoplasm."
    qtbot.waitUntil(lambda: sentence(dock) == said)
    layer.paint((1, 10, 10), 1)
    qtbot.waitUntil(lambda: sentence(dock).startswith("Paint a second class"))
    assert not dock.footer.main.isEnabled()
    layer.paint((1, 30, 30), 2)
    qtbot.waitUntil(lambda: dock.footer.main.isEnabled())
    assert dock.footer.main.text() == "Learn from 1 section"
    assert sentence(dock).startswith("About 5 min on ")
    layer.undo()
    qtbot.waitUntil(lambda: not dock.footer.main.isEnabled(), timeout=3000)


def test_classes_are_picked_renamed_and_added(dock, viewer, qtbot):
    viewer.add_image(stack(), name="larva")
    dock.teach.painting.new_strokes()
    layer, classes = dock.teach.painting.layer, dock.teach.painting.classes
    row = classes.visualItemRect(classes.topLevelItem(2)).center()
    qtbot.mouseClick(classes.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(40, row.y()))
    assert layer.selected_label == 3
    classes.topLevelItem(2).setText(0, "vesicle")
    assert classes.table.names == ("membrane", "cytoplasm", "vesicle", "synapse")
    assert list(layer.features["class"])[3] == "vesicle"
    classes.topLevelItem(1).setText(0, "Membrane")
    assert classes.table.names[1] == "cytoplasm"
    click(qtbot, dock.teach.painting.add_button)
    assert classes.table.names[-1] == "class 5"
    assert dock.teach.painting.boundary_name == "membrane"


def test_rgb_images_begin_with_tissue_classes_and_presets_keep_painted_ones(dock, viewer, qtbot):
    viewer.add_image(np.zeros((48, 48, 3), np.uint8), rgb=True, name="slide")
    painting = dock.teach.painting
    assert painting.classes.table.names[0] == "tumour"
    painting.new_strokes()
    painting.layer.paint((10, 10), 2)
    qtbot.waitUntil(lambda: painting.numbering.counts().get(2, 0) > 0)
    painting.preset.activated.emit(1)
    assert painting.classes.table.names == ("membrane", "stroma", "mitochondrion", "synapse")


def test_labels_of_another_shape_and_our_own_results_are_greyed_with_the_reason(dock, viewer):
    viewer.add_image(stack(), name="larva")
    viewer.add_labels(np.zeros((3, 20, 20), int), name="small")
    ours = viewer.add_labels(np.zeros((3, 48, 48), int), name="larva · classes")
    ours.metadata["simgraph"] = {"result": "x classes", "thing": "classes"}
    menu = dock.teach.painting.layers
    menu.renew()
    texts = [menu.itemText(i) for i in range(menu.count())]
    assert "small (another shape, 3x20x20)" in texts
    assert "larva · classes (made by a model)" in texts
    assert menu.layer is None


def test_a_mask_of_two_values_is_told_to_be_one_by_a_tick(dock, viewer, qtbot):
    data = stack()
    viewer.add_image(data, name="larva")
    viewer.add_labels(np.where(data < 110, 0, 255).astype(np.uint8), name="mask")
    qtbot.waitUntil(lambda: sentence(dock).startswith("Paint a second class"), timeout=3000)
    click(qtbot, action(dock, "0 is background"))
    assert dock.teach.painting.classes.table.names == ("background", "object")
    assert dock.footer.main.text() == "Learn from 3 sections"
    labels = dock.teach.painting.labels()
    assert set(np.unique(labels.read())) == {1, 2}


def test_classes_that_overlap_have_one_layer_each(dock, viewer, qtbot):
    data = stack()
    viewer.add_image(data, name="larva")
    painting = dock.teach.painting
    painting._take_preset("Two classes")
    for name in ("a", "b"):
        viewer.add_labels((data < 110).astype(np.uint8), name=name)
    click(qtbot, painting.overlap)
    assert painting.masks.isVisibleTo(dock)
    painting.masks._combos[0].choose(viewer.layers["a"])
    painting.masks._combos[1].choose(viewer.layers["b"])
    labels = painting.labels()
    assert not labels.exclusive
    assert labels.channels == 2
    assert dock.footer.main.isEnabled()


def test_learn_then_segment_then_undo(dock, viewer, qtbot):
    image = taught(dock, viewer, qtbot)
    painted = viewer.layers["painted"]
    assert dock.footer.main.text() == "Learn from 1 section"
    learn(dock, qtbot)
    assert re.fullmatch(r"Learned in \d+ s; too few labels to measure it\.", sentence(dock))
    (name,) = dock.session.models("segmentation")
    (run,) = dock.session.workspace.runs()
    assert (run["title"], run["state"]) == ("Learn larva", "done")
    assert dock.run.model.name == name
    assert not np.any(painted.data[0])  # the labels were copied, not changed
    click(qtbot, action(dock, "Run on all"))
    assert dock.tabs.currentIndex() == RUN
    assert dock.footer.main.text() == "Segment 3 sections"
    assert re.fullmatch(
        r"About 5 s on CPU \(\d+ cores?\) · 0\.\d GB · 1 MB on disk\.", sentence(dock)
    )
    click(qtbot, dock.run.sure)
    assert dock.run.keep.isVisibleTo(dock)
    task_done = lambda: dock.run.task is None and "Made" in sentence(dock)  # noqa: E731
    click(qtbot, dock.footer.main)
    assert dock.footer.running
    qtbot.waitUntil(task_done, timeout=60_000)
    names = [layer.name for layer in viewer.layers]
    assert "larva · classes" in names
    assert "larva · sure membrane" in names
    made = viewer.layers["larva · classes"]
    np.testing.assert_allclose(made.scale, image.scale)
    assert made.units == image.units
    assert set(np.unique(np.asarray(made.data))) <= {1, 2, 3, 4}
    assert np.asarray(made.data).all()
    corrected = painted.data > 0
    np.testing.assert_array_equal(np.asarray(made.data)[corrected], painted.data[corrected])
    assert "agreement" in dock.run.made.text.text() or "U-Net" in dock.run.made.text.text()
    click(qtbot, dock.run.made.copy_button)
    copied = QApplication.clipboard().text()
    assert copied.startswith("napari-simgraph segmentation apply --model")
    assert "--keep painted.tif" in copied
    click(qtbot, action(dock, "Undo"))
    assert "larva · classes" not in [layer.name for layer in viewer.layers]


def test_only_the_chosen_sections_are_segmented(dock, viewer, qtbot):
    taught(dock, viewer, qtbot)
    learn(dock, qtbot)
    dock.tabs.setCurrentIndex(RUN)
    dock.run.sections.setValue((1, 1))
    assert dock.footer.main.text() == "Segment 1 section"
    click(qtbot, dock.footer.main)
    qtbot.waitUntil(lambda: dock.run.task is None, timeout=60_000)
    made = np.asarray(viewer.layers["larva · classes"].data)
    assert made.shape == (3, 48, 48)
    assert made[1].all()
    assert not made[0].any()
    assert sentence(dock).startswith("Made 1 of 3 sections in ")
    assert "as it was" not in sentence(dock)


def test_strokes_painted_while_it_learns_do_not_reach_the_job(dock, viewer, qtbot):
    taught(dock, viewer, qtbot)
    noun = dock.teach.painting.labels()
    viewer.layers["painted"].data[:] = 2
    assert set(np.unique(noun.read())) == {0, 1, 2}


def test_cancel_keeps_the_earlier_model_and_says_so(dock, viewer, qtbot):
    taught(dock, viewer, qtbot)
    dock.teach.form.set_value(Train(minutes=0, steps=100_000, width=4, depth=2, patch=32))
    click(qtbot, dock.footer.main)
    qtbot.waitUntil(lambda: dock.teach.task.progress.done > 0, timeout=30_000)
    assert "%" in dock.footer.bar.text()
    click(qtbot, dock.footer.pause)
    assert dock.footer.pause.text() == "Go on"
    assert sentence(dock) == "Paused; memory is kept."
    click(qtbot, dock.footer.cancel)
    qtbot.waitUntil(lambda: dock.teach.task is None, timeout=20_000)
    assert sentence(dock) == "Cancelled. The earlier model is still in use."
    assert dock.session.models() == []
    assert not dock.footer.running


def test_stop_keeps_what_was_learned_and_offers_to_go_on(dock, viewer, qtbot):
    taught(dock, viewer, qtbot)
    dock.teach.form.set_value(Train(minutes=0, steps=100_000, width=4, depth=2, patch=32))
    click(qtbot, dock.footer.main)
    qtbot.waitUntil(lambda: dock.teach.task.progress.done > 0, timeout=30_000)
    dock.tabs.setCurrentIndex(RUN)
    assert not dock.footer.running  # the other tab is not busy
    dock.tabs.setCurrentIndex(TEACH)
    with qtbot.waitSignal(dock.teach.learned, timeout=30_000):
        click(qtbot, dock.footer.stop)
    assert sentence(dock).startswith("Kept what was learned in ")
    assert len(dock.session.models()) == 1
    click(qtbot, action(dock, "Go on"))
    qtbot.waitUntil(lambda: dock.teach.task.progress.done > 0, timeout=30_000)
    assert len(dock.session.workspace.runs()) == 1  # the same run goes on where it stood
    click(qtbot, dock.footer.cancel)
    qtbot.waitUntil(lambda: dock.teach.task is None, timeout=20_000)


def test_a_failure_is_one_sentence_and_the_dock_goes_on(dock, viewer, qtbot, monkeypatch):
    taught(dock, viewer, qtbot)

    def fails(*args, **kwargs):
        yield Progress(0.5)
        raise RuntimeError("tensors are on different moons")

    monkeypatch.setattr("napari_simgraph.capabilities.segmentation.train", fails)
    click(qtbot, dock.footer.main)
    qtbot.waitUntil(lambda: dock.teach.task is None, timeout=10_000)
    assert sentence(dock) == "It stopped unexpectedly. Your strokes are safe."
    click(qtbot, action(dock, "Copy report"))
    assert "different moons" in QApplication.clipboard().text()
    assert dock.footer.main.isEnabled()


def test_a_model_that_wants_other_channels_is_told_before_it_runs(dock, viewer, qtbot):
    taught(dock, viewer, qtbot)
    learn(dock, qtbot)
    viewer.add_image(np.zeros((48, 48, 3), np.uint8), rgb=True, name="slide")
    dock.tabs.setCurrentIndex(RUN)
    dock.run.image.menu.choose(viewer.layers["slide"])
    assert sentence(dock) == "This model wants grey, the image has 3 colours."
    assert not dock.footer.main.isEnabled()
    click(qtbot, action(dock, "Learn a new one"))
    assert dock.tabs.currentIndex() == TEACH


def test_a_second_job_waits_and_can_be_moved_to_the_front(dock, viewer, qtbot):
    taught(dock, viewer, qtbot)
    learn(dock, qtbot)

    def endless():
        while True:
            yield Progress(0.5, seconds_left=120)

    first = dock.session.jobs.submit("Learn what is similar", endless)
    second = dock.session.jobs.submit("Map", endless)
    qtbot.waitUntil(lambda: first.state is State.RUNNING)
    dock.tabs.setCurrentIndex(RUN)
    click(qtbot, dock.footer.main)
    qtbot.waitUntil(lambda: "about 2 min" in sentence(dock))
    assert sentence(dock).startswith("Waiting for Learn what is similar")
    click(qtbot, action(dock, "Move to front"))
    first.cancel()
    qtbot.waitUntil(lambda: dock.run.task is None and "Made" in sentence(dock), timeout=60_000)
    second.cancel()


def test_the_dock_is_never_wider_than_its_scroll_area(dock, viewer):
    viewer.add_image(stack(), name="a very long name of an image that nobody would choose")
    for index in (TEACH, RUN):
        dock.tabs.setCurrentIndex(index)
        dock.teach.image.facts.size_editor.show()
        assert dock.inside.minimumSizeHint().width() < 300


def test_closing_the_dock_lets_go_of_the_viewer(dock, viewer):
    image = viewer.add_image(stack(), name="larva")
    viewer.window.remove_dock_widget(dock)
    viewer.layers.remove(image)
    viewer.add_image(stack(), name="other")
    viewer.theme = "light"
    assert dock.teach.image.menu.count() == 1
    assert "larva" in dock.teach.image.menu.itemText(0)


def test_the_dock_opens_without_torch():
    code = "import sys, napari_simgraph.viewer.views.segment; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_turning_the_tabs_keeps_what_was_said(dock, viewer, qtbot):
    taught(dock, viewer, qtbot)
    dock.teach.fail("Paint somewhere else.")
    dock.tabs.setCurrentIndex(RUN)
    assert sentence(dock) == "There is no model yet: teach one, or load one from a folder."
    dock.tabs.setCurrentIndex(TEACH)
    assert sentence(dock) == "Paint somewhere else."
    viewer.layers["painted"].paint((1, 40, 40), 2)
    qtbot.waitUntil(lambda: sentence(dock) != "Paint somewhere else.")


def test_hidden_labels_that_nobody_chose_give_way_to_new_strokes(dock, viewer):
    data = stack()
    viewer.add_image(data, name="larva")
    viewer.add_labels(strokes_on(data), name="truth", visible=False)
    menu = dock.teach.painting.layers
    assert menu.layer.name == "truth"
    viewer.add_labels(strokes_on(data), name="strokes")
    assert menu.layer.name == "strokes"
    viewer.layers["strokes"].visible = False
    menu.choose(viewer.layers["strokes"])
    viewer.add_labels(strokes_on(data), name="more")
    assert menu.layer.name == "strokes"


def test_what_was_learned_is_kept_though_the_dock_was_closed_meanwhile(viewer, qtbot):
    dock = SegmentDock(viewer)
    viewer.window.add_dock_widget(dock, name="Segment", area="right")
    taught(dock, viewer, qtbot)
    session = dock.session
    click(qtbot, dock.footer.main)
    viewer.window.remove_dock_widget(dock)
    del dock
    gc.collect()
    qtbot.waitUntil(lambda: len(session.models()) == 1, timeout=60_000)
    session.jobs.close()


def test_pixels_that_are_no_numbers_are_told_below_the_image_and_lose_nothing(dock, viewer, qtbot):
    data = stack().astype(np.float32)
    data[0, 5, 5] = np.nan
    taught(dock, viewer, qtbot, data)
    learn(dock, qtbot)
    said = "'larva' holds pixels that are no numbers; they count as its mean."
    assert dock.teach.noted.text() == said
    assert dock.teach.noted.isVisibleTo(dock)
    dock.tabs.setCurrentIndex(RUN)
    segment(dock, qtbot)
    assert dock.run.noted.text() == said
    assert np.asarray(viewer.layers["larva · classes"].data).all()
    assert np.isnan(viewer.layers["larva"].data[0, 5, 5])
