"""A run on some sections, or one that was stopped, keeps the rest of the earlier result."""

import numpy as np
import pytest
import torch
from acting import PLACE, action, click, learn, segment, sentence, stack, taught

from napari_simgraph import Image, Labels
from napari_simgraph.capabilities.segmentation import Segmented
from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.job import Progress, Region, Signal, run
from napari_simgraph.viewer.views.filling import filled, fits, sections_in
from napari_simgraph.viewer.views.segment import RUN

AB = ClassTable.of(["a", "b"])


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def painting(noun, name, sections=(), rows=6):
    """A job that writes 2 into the sections of a result, and `rows` rows of the one after."""
    target = noun.levels[0]
    for z in sections:
        yield Progress(0.1)
        target[z] = 2
        if (yield Region(name, (slice(z, z + 1), *(slice(0, n) for n in target.shape[1:])))):
            target[z + 1, :rows] = 2
            break
    return Segmented(**dict.fromkeys(Segmented._fields) | {name: noun})


def test_what_was_not_written_comes_from_the_earlier_result():
    before = Labels(np.ones((4, 8, 8), np.uint8), classes=AB)
    made = Labels(np.zeros((4, 8, 8), np.uint8), classes=AB)
    result = run(filled(painting(made, "classes", (1, 2)), {"classes": before}))
    assert [set(np.unique(s)) for s in result.classes.read()] == [{1}, {2}, {2}, {1}]
    assert set(np.unique(before.read())) == {1}


def test_a_section_that_was_begun_keeps_what_was_made_of_it():
    before = Labels(np.ones((4, 8, 8), np.uint8), classes=AB)
    made = Labels(np.zeros((4, 8, 8), np.uint8), classes=AB)
    job = filled(painting(made, "classes", (0, 1, 2)), {"classes": before})
    stop = lambda tick: Signal.STOP if isinstance(tick, Region) else None  # noqa: E731
    pixels = run(job, stop).classes.read()
    assert (pixels[0] == 2).all()
    assert (pixels[1, :6] == 2).all()
    assert (pixels[1, 6:] == 1).all()
    assert (pixels[2:] == 1).all()


def test_a_part_of_a_section_does_not_make_it_whole():
    noun = Labels(np.zeros((4, 8, 8), np.uint8), classes=AB)
    whole, part = (slice(0, 8), slice(0, 8)), (slice(0, 8), slice(0, 4))
    assert sections_in([(slice(0, 1), *part), (slice(2, 3), *whole)], noun) == {2}
    flat = Labels(np.zeros((8, 8), np.uint8), classes=AB)
    assert (sections_in([part], flat), sections_in([part, whole], flat)) == (set(), {0})


def test_maps_and_overlapping_classes_are_filled_by_all_their_channels():
    before = Image(np.full((2, 8, 8, 2), 0.5, np.float32), classes=AB)
    made = Image(np.zeros((2, 8, 8, 2), np.float32), classes=AB)
    made.levels[0][0, :, :, 0] = 1.0  # class b is surely absent here: that is no gap
    result = run(filled(painting(made, "probability"), {"probability": before}))
    np.testing.assert_array_equal(result.probability.read()[0, 0, 0], [1.0, 0.0])
    np.testing.assert_array_equal(result.probability.read()[1, 0, 0], [0.5, 0.5])


def objects(values, kinds):
    """A section of 4 x 8 px for each row of values, in stripes 2 px wide; classes by number."""
    pixels = np.array(values, np.uint32).repeat(2, 1)[:, None].repeat(4, 1)
    return Labels(pixels, classes=AB, meaning="objects", object_classes=kinds)


def finding(noun, section):
    """A job that finds the objects of one section."""
    values = noun.levels[0][section].copy()
    noun.levels[0][:] = 0
    noun.levels[0][section] = values
    box = (slice(section, section + 1), *(slice(0, n) for n in values.shape))
    yield Region("instances", box)
    return Segmented(**dict.fromkeys(Segmented._fields) | {"instances": noun})


def stripes(labels):
    return labels.read()[:, 0, ::2].tolist()


@pytest.mark.parametrize(
    ("through", "middle"),
    [
        # 1 lies on the earlier 3, and 3 on 2 but is of another class; 2 is new
        (True, [3, 0, 5, 6]),
        (False, [4, 0, 5, 6]),
    ],
)
def test_objects_of_other_sections_are_kept_and_the_new_ones_go_on_in_them(through, middle):
    before = objects([[3, 1, 0, 2], [1, 1, 1, 1], [3, 1, 0, 2]], [0, 1, 1, 2])
    made = objects([[0] * 4, [1, 0, 2, 3], [0] * 4], [0, 2, 1, 2])
    result = run(filled(finding(made, 1), {"instances": before}, through)).instances
    assert stripes(result) == [[3, 1, 0, 2], middle, [3, 1, 0, 2]]
    assert stripes(before) == [[3, 1, 0, 2], [1, 1, 1, 1], [3, 1, 0, 2]]
    assert result.object_classes[[1, 2, 3, 5, 6]].tolist() == [1, 1, 2, 1, 2]
    assert len(result.object_classes) == result.read().max() + 1


def test_objects_of_the_whole_stack_take_the_place_of_the_earlier_ones():
    before = objects([[5, 5, 5, 5]], [0] * 5 + [1])
    made = objects([[1, 1, 0, 2]], [0, 1, 2])
    result = run(filled(finding(made, 0), {"instances": before})).instances
    assert stripes(result) == [[1, 1, 0, 2]]
    assert result.object_classes.tolist() == [0, 1, 2]


def test_results_of_other_classes_or_another_size_do_not_fit():
    image = Image(np.zeros((2, 8, 8)))
    before = Labels(np.ones((2, 8, 8), np.uint8), classes=AB)
    assert fits(before, image, ("a", "b"), True)
    assert not fits(before, image, ("a", "c"), True)
    assert not fits(before, image, ("a", "b"), False)
    assert not fits(before, Image(np.zeros((3, 8, 8))), ("a", "b"), True)


def test_a_run_on_some_sections_keeps_the_others_and_undo_brings_all_back(dock, viewer, qtbot):
    taught(dock, viewer, qtbot)
    learn(dock, qtbot)
    dock.tabs.setCurrentIndex(RUN)
    segment(dock, qtbot)
    layer = viewer.layers["larva · classes"]
    first = np.array(layer.data)
    learn_again(dock, viewer, qtbot)
    dock.tabs.setCurrentIndex(RUN)
    dock.run.sections.setValue((2, 2))
    segment(dock, qtbot)
    second = np.array(viewer.layers["larva · classes"].data)
    np.testing.assert_array_equal(second[:2], first[:2])
    assert not np.array_equal(second[2], first[2])
    assert sentence(dock).startswith("Made 1 of 3 sections in ")
    assert sentence(dock).endswith(" The rest is as it was.")
    click(qtbot, action(dock, "Undo"))
    np.testing.assert_array_equal(np.array(viewer.layers["larva · classes"].data), first)


def test_a_stopped_run_keeps_what_it_did_not_come_to(dock, viewer, qtbot):
    taught(dock, viewer, qtbot, stack(24, 192))
    learn(dock, qtbot)
    dock.tabs.setCurrentIndex(RUN)
    dock.run.form.set_value(dock.run.form.value().__class__(average="none", threads=1))
    segment(dock, qtbot)
    first = np.array(viewer.layers["larva · classes"].data)
    learn_again(dock, viewer, qtbot)
    dock.tabs.setCurrentIndex(RUN)
    dock.run.form.set_value(dock.run.form.value().__class__(average="full", threads=1))
    click(qtbot, dock.footer.main)
    qtbot.waitUntil(lambda: bool(dock.run._boxes), timeout=60_000)
    click(qtbot, dock.footer.stop)
    qtbot.waitUntil(lambda: dock.run.task is None, timeout=60_000)
    second = np.array(viewer.layers["larva · classes"].data)
    assert sentence(dock).startswith("Kept what was made in ")
    assert sentence(dock).endswith(" of 24 sections. The rest is as it was.")
    np.testing.assert_array_equal(second[-1], first[-1])
    assert not np.array_equal(second[0], first[0])
    assert second.all()


def test_other_classes_can_not_stand_beside_the_earlier_ones(dock, viewer, qtbot):
    taught(dock, viewer, qtbot)
    learn(dock, qtbot)
    dock.tabs.setCurrentIndex(RUN)
    segment(dock, qtbot)
    dock.teach.painting.classes.topLevelItem(0).setText(0, "wall")
    learn_again(dock, viewer, qtbot)
    dock.tabs.setCurrentIndex(RUN)
    dock.run.sections.setValue((2, 2))
    segment(dock, qtbot)
    assert sentence(dock).endswith("The others are empty: the earlier classes were different.")
    assert not np.array(viewer.layers["larva · classes"].data)[:2].any()


def test_a_flat_image_of_overlapping_classes_is_replaced_as_a_whole(dock, viewer, qtbot):
    data = stack(1, 64)[0]
    viewer.add_image(data, name="larva", scale=(4, 4), units=("nm",) * 2)
    painting = dock.teach.painting
    painting._take_preset("Two classes")
    for name in ("a", "b"):
        viewer.add_labels((data < 110).astype(np.uint8), name=name, **flat())
    click(qtbot, painting.overlap)
    for menu, name in zip(painting.masks._combos, ("a", "b"), strict=True):
        menu.choose(viewer.layers[name])
    dock.teach.form.set_value(dock.teach.form.value().__class__(**SHORT))
    learn(dock, qtbot)
    dock.tabs.setCurrentIndex(RUN)
    assert dock.footer.main.text() == "Segment"
    segment(dock, qtbot)
    assert sentence(dock).startswith("Made 2 layers in ")
    segment(dock, qtbot)
    assert sentence(dock).startswith("Replaced the earlier result in ")
    assert np.array(viewer.layers["larva · object"].data).all()


SHORT = {"minutes": 0, "steps": 6, "width": 4, "depth": 2, "patch": 32, "batch": 2, "threads": 1}


def flat():
    return {name: value[1:] for name, value in PLACE.items()}


def learn_again(dock, viewer, qtbot):
    """Another model of the same classes."""
    dock.tabs.setCurrentIndex(0)
    dock.teach.form.set_value(dock.teach.form.value().__class__(**SHORT | {"seed": 7}))
    learn(dock, qtbot)
