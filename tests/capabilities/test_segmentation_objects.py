"""Objects: from the command, from Python, chosen thresholds, and where classes overlap."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from napari_simgraph import ClassTable, Image, ImageSet, Labels, MemoryRoom, run
from napari_simgraph.capabilities.segmentation import Apply, Train, apply, score, train
from napari_simgraph.core.job import Note, Signal
from toy import toy_image, toy_labels, toy_truth

QUICK = {"device": "cpu", "threads": 1}
PLAIN = dict.fromkeys(["flips", "rotation", "scaling", "elastic", "intensity", "damage"], False)
SMALL = {"minutes": 0, "steps": 60, "width": 8, "depth": 3, "patch": 96, "batch": 2}
WALLS = ClassTable.of(["membrane", "cell"])


def rooms(sections=1):
    """Dark walls of 4 px around bright rooms of 28 x 28, with noise; and the truth."""
    truth = np.full((96, 96), 2, np.uint8)
    for start in range(0, 96, 32):
        truth[start : start + 4] = truth[:, start : start + 4] = 1
    rng = np.random.default_rng(0)
    pixels = gaussian_filter((truth == 2) * 120.0 + 60, 0.7)
    stack = np.stack([pixels + rng.normal(0, 12, pixels.shape) for _ in range(sections)])
    image = Image(np.clip(stack, 0, 255).astype(np.uint8), spacing=(50, 4, 4), unit="nm")
    labels = Labels(np.stack([truth] * sections), classes=WALLS, spacing=(50, 4, 4), unit="nm")
    return image, labels


def learn(image, labels, **settings):
    torch.set_num_threads(1)
    given = SMALL | QUICK | PLAIN | settings
    notes = []
    job = train(image, labels, config=Train(**given), room=MemoryRoom())
    return run(job, lambda t: notes.append(t.text) if isinstance(t, Note) else None), notes


def make(model, image, on_tick=None, keep=None, **settings):
    config = Apply(**QUICK | {"output": "instances", "average": "flips"} | settings)
    return run(apply(model, image, keep, config=config, room=MemoryRoom()), on_tick)


@pytest.fixture(scope="module")
def walled():
    image, labels = rooms(3)
    return image, labels, learn(image, labels, holdout="2")[0]


def test_rooms_are_objects_with_one_number_through_the_stack(walled):
    image, labels, model = walled
    made = make(model, image)
    assert made.classes is None
    assert made.probability is None
    objects = made.instances
    assert (objects.meaning, objects.dtype, objects.axes) == ("objects", np.uint32, "ZYX")
    assert objects.spacing == image.spacing
    figures = score(objects, labels)
    assert figures["v_rand"] > 0.98
    assert figures["ap_50"] > 0.95
    values = objects.read()
    middles = values[:, 18::32, 18::32].reshape(3, -1)
    assert (middles == middles[0]).all()
    assert len(set(middles[0])) == 9
    assert set(objects.object_classes[middles[0]]) == {2}


@pytest.mark.parametrize("nm", [4, 8])  # as it learned, and resampled
def test_objects_go_by_what_was_painted(walled, nm):
    image, _, model = walled
    image = image.replace(spacing=(50, nm, nm))
    painted = np.zeros((3, 96, 96), np.uint8)
    painted[1, 4:32, 16:20] = 1  # a wall through the first room
    painted[1, 14:22, 32:36] = 2  # a door in the wall between two others
    made = make(model, image, keep=Labels(painted, classes=WALLS), output="classes+instances")
    classes, objects = made.classes.read(), made.instances.read()
    assert (classes[painted > 0] == painted[painted > 0]).all()
    assert (objects[painted == 1] == 0).all()
    assert (objects[painted == 2] > 0).all()
    assert objects[1, 18, 8] != objects[1, 18, 26]  # parted by the painted wall
    assert 0 not in (objects[1, 18, 8], objects[1, 18, 26])
    free = make(model, image).instances.read()
    assert free[1, 18, 8] == free[1, 18, 26]


def test_each_section_alone(walled):
    image, _, model = walled
    values = make(model, image, objects="section").instances.read()
    sets = [set(np.unique(section)) - {0} for section in values]
    assert not sets[0] & sets[1]
    assert not sets[1] & sets[2]


def test_the_threshold_is_chosen_on_what_was_kept_aside(walled):
    _, _, model = walled
    assert 0.5 <= model.metrics["parting_threshold"] < 1
    assert model.metrics["parting_v_rand"] > 0.95
    assert model.metrics["parting_split"] >= 0
    assert model.metrics["parting_merge"] >= 0


def test_without_it_the_usual_one_is_taken_and_said():
    image, labels = rooms()
    model, notes = learn(image, labels, steps=2, holdout="none")
    assert "parting_threshold" not in model.metrics
    assert any("usual threshold" in note for note in notes)
    said = []
    make(model, image, lambda t: said.append(t.text) if isinstance(t, Note) else None)
    assert any("parted at 0.86" in text for text in said)


def test_all_results_of_one_run_are_those_of_runs_apart(walled):
    image, _, model = walled
    every = make(model, image, output="all")
    np.testing.assert_array_equal(every.instances.read(), make(model, image).instances.read())
    both = make(model, image, output="both")
    np.testing.assert_array_equal(every.classes.read(), both.classes.read())
    np.testing.assert_array_equal(every.probability.read(), both.probability.read())


def test_another_pixel_size(walled):
    """Twice as coarse: the objects are found at the size of the model and come back coarse."""
    image, labels, model = walled
    coarse = Image(
        image.read().reshape(3, 48, 2, 48, 2).mean((2, 4)).astype(np.uint8), **grid_of(8)
    )
    values = make(model, coarse).instances.read()
    assert values.shape == (3, 48, 48)
    truth = Labels(labels.read()[:, ::2, ::2], classes=WALLS, **grid_of(8))
    assert score(Labels(values, meaning="objects"), truth)["v_rand"] > 0.9


def grid_of(edge):
    return {"spacing": (50, edge, edge), "unit": "nm"}


def test_stopped_on_the_way_the_sections_done_are_kept(walled):
    image, _, model = walled
    seen = []

    def stop(tick):
        seen.append(tick)
        is_region = type(tick).__name__ == "Region"
        return Signal.STOP if is_region else None

    made = make(model, image, stop).instances
    filled = [bool(section.any()) for section in made.read()]
    assert filled == [True, False, False]
    assert made.object_classes.size == made.read().max() + 1


def test_objects_of_each_class_without_a_boundary():
    model, _ = learn(toy_image(), toy_labels(), width=16)
    made = make(model, toy_image(), output="classes+instances", smallest=30)
    objects = made.instances
    values, kinds = objects.read(), objects.object_classes
    for y, x in ((18, 15), (25, 60), (77, 26)):  # the middles of the three discs
        assert kinds[values[y, x]] == 3
    discs = np.flatnonzero(kinds == 3)
    assert len(discs) == 3
    assert (np.isin(values, discs) == (made.classes.read() == 3)).mean() > 0.99


def test_overlapping_classes_have_objects_each_in_a_plane_of_their_own():
    masks = np.stack([1 + (toy_truth() == 3), 1 + (toy_truth() >= 2)], -1).astype(np.uint8)
    names = ClassTable.of(["disc", "right"])
    labels = Labels(masks, axes="YXC", exclusive=False, classes=names)
    model, _ = learn(toy_image(), labels, width=16)
    objects = make(model, toy_image(), smallest=30).instances
    assert (objects.axes, objects.exclusive) == ("YXC", False)
    planes = np.moveaxis(objects.read(), -1, 0)
    assert not (set(np.unique(planes[0])) & set(np.unique(planes[1]))) - {0}
    for k, plane in enumerate(planes):
        assert set(objects.object_classes[np.unique(plane[plane > 0])]) == {k + 1}


def test_a_set_of_images_and_a_wrong_name(walled):
    image, _, model = walled
    images = ImageSet((image, Image(image.read()[:1, :64], name="b", **grid_of(4))))
    made = make(model, images).instances
    assert [one.shape for one in made] == [(3, 96, 96), (1, 64, 96)]
    with pytest.raises(ValueError, match="no class 'wall'"):
        make(model, image, bounded_by="wall")
    assert make(model, image, bounded_by="none").instances.object_classes.max() == 2
