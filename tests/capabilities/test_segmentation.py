import numpy as np
import pytest
import torch

from napari_simgraph import ClassTable, Image, ImageSet, Labels, LabelsSet, MemoryRoom, run
from napari_simgraph.capabilities.segmentation import Apply, Score, Train, apply, score, train
from napari_simgraph.core.job import Region
from napari_simgraph.io.models import load_model, save_model
from napari_simgraph.learn.members import first_of
from toy import CLASSES, toy_image, toy_labels, toy_pixels, toy_truth

QUICK = {"minutes": 0, "device": "cpu", "threads": 1}
HERE = Apply(output="both", device="cpu", threads=1)


def learn(image, labels, start=None, **settings):
    torch.set_num_threads(1)
    config = Train(**QUICK | {"steps": 2, "width": 8, "depth": 3} | settings)
    return run(train(image, labels, start=start, config=config, room=MemoryRoom()))


def paint(model, image, config=HERE, on_tick=None):
    return run(apply(model, image, config=config, room=MemoryRoom()), on_tick)


def test_the_toy_tissue_is_learned(toy_tissue):
    image, labels = toy_tissue
    model = learn(image, labels, steps=60, width=16, depth=4)
    assert model.metrics["agreement"] > 0.85
    made = paint(model, image)
    assert (made.classes.read() == toy_truth()).mean() > 0.97
    assert made.classes.name == "toy · classes"
    assert (made.classes.spacing, made.classes.unit) == (image.spacing, image.unit)
    assert made.classes.origin == made.probability.origin == image.origin
    assert made.probability.classes.names == CLASSES.names
    figures = score(made.probability, labels, Score())
    assert figures["mean"] > 0.9
    assert figures["dice_disc"] > 0.85


def test_one_picture_is_overfitted():
    plain = dict.fromkeys(["flips", "rotation", "scaling", "elastic", "intensity", "damage"], False)
    model = learn(toy_image(), toy_labels(), steps=150, width=16, holdout="none", batch=1, **plain)
    losses = [value for _, value in model.history["loss"]]
    assert losses[-1] < 0.2 * losses[0]


def test_strokes_train_too():
    strokes = np.where(np.random.default_rng(0).random((96, 96)) < 0.05, toy_truth(), 0)
    labels = Labels(strokes.astype(np.uint8), classes=CLASSES)
    model = learn(toy_image(), labels, steps=60, width=16)
    assert (paint(model, toy_image()).classes.read() == toy_truth()).mean() > 0.9


def test_neighbour_sections_and_chosen_sections():
    stack = Image(np.stack([toy_pixels()] * 7), name="stack")
    labels = Labels(np.stack([toy_truth()] * 7), classes=CLASSES)
    model = learn(stack, labels, neighbours=1)
    assert model.data["kept"] == [[0, 6, [0, 96], [0, 96]]]
    regions = []
    some = Apply(sections="2-3", threads=1)
    made = paint(model, stack, some, lambda t: regions.append(t) if isinstance(t, Region) else None)
    assert [bool(made.classes.section(z).any()) for z in range(7)] == [
        z in (2, 3) for z in range(7)
    ]
    assert [region.box[0] for region in regions] == [slice(2, 3), slice(3, 4)]


def test_colours_sets_and_tiny_images():
    colour = Image(np.stack([toy_pixels()] * 3, -1), axes="YXC")
    assert paint(learn(colour, toy_labels()), colour).probability.channels == 3
    images = ImageSet((toy_image(), Image(toy_pixels()[:40, :61], name="b")))
    labels = LabelsSet((toy_labels(), Labels(toy_truth()[:40, :61], classes=CLASSES)))
    model = learn(images, labels)
    made = paint(model, images)
    assert [one.shape for one in made.classes] == [(96, 96), (40, 61)]
    assert 0 <= score(made.classes, labels)["mean"] <= 1
    assert paint(model, Image(toy_pixels()[:5, :7])).classes.read().all()


def test_overlapping_classes_have_a_mask_each():
    masks = np.stack([1 + (toy_truth() == 1), 1 + (toy_truth() >= 2)], -1).astype(np.uint8)
    names = ClassTable.of(["left", "rest"])
    labels = Labels(masks, axes="YXC", exclusive=False, classes=names)
    model = learn(toy_image(), labels, steps=60, width=16)
    made = paint(model, toy_image())
    assert not model.exclusive
    assert set(np.unique(made.classes.read())) == {1, 2}
    assert score(made.probability, labels)["dice_left"] > 0.9


def test_goes_on_from_a_model():
    first = learn(toy_image(), toy_labels(), steps=40)
    more = learn(toy_image(), toy_labels(), start=first, steps=2, width=32)
    assert more.network == first.network
    assert more.history["loss"][0][1] < first.history["loss"][0][1]
    other = Labels(toy_truth(), classes=ClassTable.of(["x", "y", "z"]))
    with pytest.raises(ValueError, match="same classes"):
        learn(toy_image(), other, start=first)


def test_several_networks_answer_together(tmp_path):
    model = learn(toy_image(), toy_labels(), steps=60, width=16, networks=2, threads=2)
    assert model.network["options"]["members"] == 2
    made = paint(model, toy_image())
    assert (made.classes.read() == toy_truth()).mean() > 0.95
    save_model(model, tmp_path / "two")
    again = load_model(tmp_path / "two")
    assert again.fingerprint == model.fingerprint
    assert np.array_equal(paint(again, toy_image()).classes.read(), made.classes.read())
    more = learn(toy_image(), toy_labels(), start=model, steps=2)
    assert more.network == model.network
    assert more.history["loss"][0][1] < model.history["loss"][0][1]


def test_two_sizes_are_averaged():
    model = learn(toy_image(), toy_labels(), steps=60, width=16)
    how = {"output": "both", "device": "cpu", "threads": 1}
    full, sizes = (paint(model, toy_image(), Apply(average=a, **how)) for a in ("full", "sizes"))
    assert (sizes.classes.read() == toy_truth()).mean() > 0.95
    change = np.abs(sizes.probability.read() - full.probability.read())
    assert 0.001 < change.mean() < 0.1
    assert np.allclose(sizes.probability.read().sum(-1), 1, atol=1e-3)


def test_each_of_several_networks_paints_by_itself():
    model = learn(toy_image(), toy_labels(), steps=60, width=16, networks=2)
    first = first_of(model)
    assert first.network["options"] == {
        k: v for k, v in model.network["options"].items() if k != "members"
    }
    assert 2 * first.parameters == model.parameters
    assert (paint(first, toy_image()).classes.read() == toy_truth()).mean() > 0.9
    assert first_of(first) is first


def labelled(values):
    return Labels(np.asarray(values, np.uint8), classes=CLASSES)


@pytest.mark.parametrize(
    ("labels", "settings", "said"),
    [
        (labelled(np.ones((9, 96))), {}, "another shape"),
        (labelled(np.zeros((96, 96))), {}, "no labelled pixels"),
        (labelled(np.ones((96, 96))), {}, "second class"),
        (labelled(np.full((96, 96), 9)), {}, "value 9"),
        (toy_labels(), {"steps": 0}, "how long"),
        (toy_labels(), {"boundary": "wall"}, "no class 'wall'"),
        (toy_labels(), {"holdout": "3"}, "no section 3"),
        (toy_labels(), {"holdout": "0"}, "leave some"),
        (toy_labels(), {"device": "mps"}, "no device 'mps'"),
    ],
)
def test_bad_input_is_one_sentence(labels, settings, said):
    if settings.get("device") == "mps" and torch.backends.mps.is_available():
        pytest.skip("this machine has the device")
    with pytest.raises(ValueError, match=said) as caught:
        learn(toy_image(), labels, **settings)
    assert str(caught.value).endswith(".")


def test_scores_of_the_truth_itself_are_perfect():
    walls = np.full((60, 60), 2, np.uint8)
    walls[::12], walls[:, ::12] = 1, 1
    truth = Labels(walls, classes=ClassTable.of(["membrane", "cell"]))
    figures = score(truth, truth)
    assert figures["v_rand"] == pytest.approx(1)
    assert figures["v_info"] == pytest.approx(1)
    assert figures["pixel_accuracy"] == figures["dice_membrane"] == figures["iou_cell"] == 1
    chances = np.stack([walls == 1, walls == 2], -1).astype(np.float32)
    assert score(Image(chances, axes="YXC"), truth)["v_rand_half"] == pytest.approx(1)
    assert "v_rand" not in score(toy_labels(), toy_labels())


def test_what_was_painted_stays_as_it_was():
    painted = np.zeros((96, 96), np.uint8)
    painted[10:20, 10:20], painted[60:70, 80:90] = 2, 3
    model = learn(toy_image(), toy_labels())

    def made(keep):
        return run(apply(model, toy_image(), keep, config=HERE, room=MemoryRoom()))

    kept, free = made(Labels(painted, classes=CLASSES)), made(None)
    there = painted > 0
    assert np.array_equal(kept.classes.read()[there], painted[there])
    assert np.array_equal(kept.classes.read()[~there], free.classes.read()[~there])
    assert (kept.probability.read()[15, 15] == (0, 1, 0)).all()
    with pytest.raises(ValueError, match="other classes"):
        made(Labels(painted, classes=ClassTable.of(["nucleus", "air", "dust"])))
