"""Stacks of slices travel to another process as what they are read from, never as pixels."""

import pickle

import numpy as np

from napari_simgraph import Image
from napari_simgraph.io.read import read
from napari_simgraph.io.write import write


def test_slices_are_pickled_without_their_pixels(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (3, 64, 80)).astype(np.uint8)
    write(Image(pixels), tmp_path / "slices")
    image = read(tmp_path / "slices").image
    np.testing.assert_array_equal(image.read(), pixels)  # decoded planes don't travel
    sent = pickle.dumps(image)
    assert len(sent) < pixels.nbytes / 4
    np.testing.assert_array_equal(pickle.loads(sent).read((2, slice(5, 9))), pixels[2, 5:9])
