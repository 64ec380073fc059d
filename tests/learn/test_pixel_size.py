import numpy as np
import pytest
import torch

from napari_simgraph import Image, ImageSet, Labels, LabelsSet, MemoryRoom, run
from napari_simgraph.capabilities.segmentation import Apply, Train, apply, train
from napari_simgraph.core.job import Note, Region
from napari_simgraph.learn import pixel_size, predict
from napari_simgraph.learn.pixel_size import PixelSize, to_learn, view
from napari_simgraph.learn.settings import LearnedScale
from toy import CLASSES, toy_image, toy_labels, toy_pixels, toy_truth

QUICK = {"minutes": 0, "device": "cpu", "threads": 1, "width": 8, "depth": 3}
FOUR = PixelSize((4.0, 4.0), "nm")


def learn(image, labels, notes=None, start=None, **settings):
    torch.set_num_threads(1)
    config = Train(**QUICK | {"steps": 2} | settings)
    job = train(image, labels, start=start, config=config, room=MemoryRoom())
    return run(job, keep(notes))


def keep(notes):
    return lambda t: notes.append(t.text) if isinstance(t, Note) and notes is not None else None


def paint(model, image, notes=None, **settings):
    config = Apply(**{"output": "both", "device": "cpu", "threads": 1} | settings)
    return run(apply(model, image, config=config, room=MemoryRoom()), keep(notes))


@pytest.fixture(scope="module")
def model():
    # without varying the size: what another scale costs is seen then
    return learn(toy_image(), toy_labels(), steps=60, width=16, depth=4, scaling=False)


def doubled(pixels):
    return pixels.repeat(2, 0).repeat(2, 1)


@pytest.mark.parametrize(
    ("pixels", "truth", "spacing", "unit"),
    [
        (doubled(toy_pixels()), doubled(toy_truth()), 2.0, "nm"),
        (doubled(toy_pixels()), doubled(toy_truth()), 0.002, "um"),
        (toy_pixels()[::2, ::2], toy_truth()[::2, ::2], 8.0, "nm"),
    ],
    ids=["twice", "twice in um", "half"],
)
def test_the_same_tissue_in_other_pixels(model, pixels, truth, spacing, unit):
    image = Image(pixels, spacing=(spacing, spacing), unit=unit, origin=(5, 6), name="other")
    notes = []
    made = paint(model, image, notes)
    size = "2 nm" if spacing < 4 else "8 nm"
    assert f"Pixels are {size}, the model learned at 4 nm: it is run at 4 nm." in notes
    assert made.classes.shape == made.probability.shape == image.shape
    assert (made.classes.spacing, made.classes.origin) == (image.spacing, image.origin)
    right = (made.classes.read() == truth).mean()
    silent = []
    blind = (paint(model, image, silent, scale="off").classes.read() == truth).mean()
    assert silent == []
    assert right > 0.9 if spacing < 4 else right > 0.8  # every other pixel is lost at 8 nm
    assert right > blind + 0.05
    chances = made.probability.read()
    assert np.allclose(chances.sum(-1), 1, atol=1e-5)
    assert np.array_equal(made.classes.read(), chances.argmax(-1) + 1)


@pytest.mark.parametrize("spacing", [4.0, 4.3])
def test_near_pixel_sizes_change_nothing(model, spacing):
    image = Image(toy_pixels(), spacing=(spacing, spacing), unit="nm")
    notes = []
    made = paint(model, image, notes)
    assert notes == []
    plain = paint(model, image, scale="off")
    assert np.array_equal(made.probability.read(), plain.probability.read())


@pytest.mark.parametrize("spacing", [(9.2, 9.2), (2.2, 3.1), (5.0, 4.0)])
def test_no_seam_between_tiles_of_other_pixels(model, spacing, monkeypatch):
    pixels = np.tile(toy_pixels(), (2, 2))[:150, :170]
    image = Image(pixels, spacing=spacing, unit="nm")
    whole = paint(model, image, average="flips").probability.read()
    monkeypatch.setattr(predict, "_TILE_CPU", 40)
    tiled = paint(model, image, average="flips").probability.read()
    assert np.abs(whole - tiled).max() < 1e-5


def test_sections_neighbours_sets_and_colours():
    stack = np.stack([toy_pixels(), toy_pixels()[::-1], toy_pixels()])
    grid = {"spacing": (50, 4, 4), "unit": "nm"}
    truth = Labels(np.stack([toy_truth()] * 3), classes=CLASSES, **grid)
    deep = learn(Image(stack, **grid), truth, neighbours=1)
    assert (deep.spacing, deep.unit) == ((50, 4, 4), "nm")
    fine = Image(
        doubled(stack.transpose(1, 2, 0)).transpose(2, 0, 1), spacing=(25, 2, 2), unit="nm"
    )
    regions = []
    room = MemoryRoom()
    job = apply(deep, fine, config=Apply(sections="1", threads=1), room=room)
    made = run(job, lambda t: regions.append(t.box) if isinstance(t, Region) else None)
    assert made.classes.shape == fine.shape
    assert [bool(made.classes.section(z).any()) for z in range(3)] == [False, True, False]
    assert regions == [(slice(1, 2), slice(0, 192), slice(0, 192))]

    colour = Image(np.stack([toy_pixels()] * 3, -1), axes="YXC", spacing=(4, 4), unit="nm")
    found = learn(colour, toy_labels())
    coarse = colour.replace(data=colour.read()[::2, ::2], spacing=(8, 8))
    notes = []
    two = paint(found, ImageSet((colour, coarse, coarse.replace(unit="pixel"))), notes)
    assert [one.shape for one in two.classes] == [(96, 96), (48, 48), (48, 48)]
    assert notes == [
        "Pixels are 8 nm, the model learned at 4 nm: it is run at 4 nm.",
        pixel_size.UNKNOWN,
    ]


def test_the_nearest_level_of_a_pyramid():
    levels = [doubled(doubled(toy_pixels())), doubled(toy_pixels()), toy_pixels()]
    image = Image(levels, spacing=(1, 1), unit="nm")
    assert view(image, FOUR).image.levels[0] is levels[2]
    assert view(image, FOUR).image.spacing == (4.0, 4.0)
    assert view(image, FOUR).image.origin == (1.5, 1.5)
    assert view(image, PixelSize((1.05, 1.05), "nm")).image is image
    between = view(image, PixelSize((3.0, 3.0), "nm")).image
    assert between.levels[0].pixels is levels[1]  # the next one lacks details
    assert between.plane == (128, 128)
    assert between.spacing == (3.0, 3.0)


def test_a_pyramid_is_segmented_on_its_finest_grid(model):
    levels = [doubled(toy_pixels()), toy_pixels()]
    made = paint(model, Image(levels, spacing=(2, 2), unit="nm"))
    assert made.classes.shape == (192, 192)
    single = paint(model, toy_image()).classes.read()
    assert (made.classes.read() == doubled(single)).mean() > 0.97


def test_odd_levels_lie_on_each_other():
    image = Image([np.zeros((2967, 2220), np.uint8), np.zeros((741, 555), np.uint8)])
    assert pixel_size._factor(image, 1) == (4.0, 4.0)
    assert pixel_size._factor(Image([np.zeros((90, 90)), np.zeros((60, 60))]), 1) == (1.5, 1.5)


def test_images_of_several_sizes_are_learned_from_at_one():
    fine = Image(doubled(toy_pixels()), spacing=(2, 2), unit="nm", name="fine")
    truth = Labels(doubled(toy_truth()), classes=CLASSES)
    both = ([toy_image(), fine], [toy_labels(), truth])
    images, labels, told = to_learn(*both, LearnedScale(), None)
    assert [note.text for note in told] == ["Pixels of 2 nm are brought to 4 nm."]
    assert images[0] is both[0][0]
    assert images[1].shape == labels[1].shape == (96, 96)
    assert np.array_equal(labels[1].read(), toy_truth())
    at_eight = to_learn(*both, LearnedScale(pixel_size=8), None)
    assert [one.shape for one in at_eight.images] == [(48, 48), (48, 48)]
    assert [one.shape for one in at_eight.labels] == [(48, 48), (48, 48)]
    assert to_learn(*both, LearnedScale(scale="off"), None) == (*both, [])
    notes = []
    made = learn(ImageSet(tuple(both[0])), LabelsSet(tuple(both[1])), notes, pixel_size=8)
    assert made.spacing == (8, 8)
    assert "Pixels of 4 nm are brought to 8 nm." in notes
    more = learn(fine, truth, notes, start=made)
    assert more.spacing == (8, 8)


def test_a_missing_pixel_size_is_said_once(model):
    bare = Image(toy_pixels())
    notes = []
    paint(model, ImageSet((bare, bare)), notes)
    assert notes == [pixel_size.UNKNOWN]
    notes.clear()
    unscaled = learn(bare, toy_labels(), notes)
    assert notes.count(pixel_size.UNKNOWN_TO_LEARN) == 1
    notes.clear()
    paint(unscaled, toy_image(), notes)
    assert notes == [pixel_size.UNKNOWN_MODEL]
    notes.clear()
    known = LabelsSet((toy_labels(), toy_labels()))
    learn(ImageSet((toy_image(), bare)), known, notes)
    assert notes.count(pixel_size.SOME_UNKNOWN) == 1


def test_a_slip_of_the_pen_is_told(model):
    with pytest.raises(ValueError, match=r"far larger than 4 nm.*\.$"):
        paint(model, toy_image().replace(unit="um"))
