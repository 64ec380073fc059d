"""Images with holes are used all the same, and say so."""

import numpy as np
import pytest

from napari_simgraph import Image, Labels
from napari_simgraph.capabilities.segmentation import Apply, Train, apply, train
from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.job import Note, run
from napari_simgraph.core.room import MemoryRoom
from napari_simgraph.learn.odd_pixels import odd_pixels

AB = ClassTable.of(["a", "b"])


def noise(shape=(3, 64, 64)):
    return np.random.default_rng(0).normal(100, 20, shape).astype(np.float32)


def told(pixels):
    return run(odd_pixels(Image(pixels, name="larva")))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.nan, "'larva' holds pixels that are no numbers; they count as its mean."),
        (np.inf, "'larva' holds infinite pixels; they count as its brightest or darkest."),
        (-np.inf, "'larva' holds infinite pixels; they count as its brightest or darkest."),
    ],
)
def test_a_single_odd_pixel_is_told(value, words):
    pixels = noise()
    assert told(pixels) == []
    pixels[2, 63, 63] = value
    assert told(pixels) == [words]


def test_an_image_of_one_value_is_told_whole_numbers_too():
    words = ["All pixels of 'larva' are the same: there is nothing to tell apart."]
    assert told(np.full((3, 64, 64), 7, np.uint8)) == words
    assert told(np.full((64, 64), 0.5, np.float32)) == words
    assert "All pixels" in told(np.full((64, 64), np.nan, np.float32))[-1]
    assert told(noise().astype(np.uint8)) == []


@pytest.mark.parametrize("value", [np.nan, np.inf, None])
def test_learning_and_segmenting_go_on_and_give_every_pixel_a_class(value):
    pixels = noise()
    if value is None:
        pixels[:] = 5
    else:
        pixels[1, 10:40, 10:40] = value
    labels = Labels(1 + (np.arange(64) > 31).astype(np.uint8) * np.ones_like(pixels, np.uint8))
    image, notes = Image(pixels, name="larva"), []

    def listen(tick):
        notes.extend([tick.text] if isinstance(tick, Note) and tick.warning else [])

    config = Train(minutes=0, steps=2, width=4, depth=2, patch=32, batch=2, threads=1)
    labels = labels.replace(classes=AB)
    model = run(train(image, labels, config=config, room=MemoryRoom()), listen)
    assert all(np.isfinite(array).all() for array in model.arrays.values())
    made = run(apply(model, image, config=Apply(output="both", threads=1), room=MemoryRoom()))
    assert set(np.unique(made.classes.read())) <= {1, 2}
    assert np.isfinite(made.probability.read()).all()
    assert sum("larva" in note for note in notes) >= 1
