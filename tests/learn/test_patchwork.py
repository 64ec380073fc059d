"""Patches as inputs, also of pictures that are larger than memory."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from napari_simgraph import Image, ImageSet
from napari_simgraph.core.patch_pixels import read_mirrored
from napari_simgraph.core.patches import Layout, laid_out
from napari_simgraph.learn import patchwork, remembering
from napari_simgraph.learn.class_rows import whole_grid
from napari_simgraph.learn.normalise import Statistics
from napari_simgraph.learn.patchwork import Patchwork, resized
from napari_simgraph.learn.pictures import Light
from watched_image import Watched

FLAT = Statistics((120.0,), (40.0,))
SIDE = 16  # of places


def whole_at_once(image, side, patch):
    box = tuple(((n - side) // 2, (n - side) // 2 + side) for n in image.plane)
    values = FLAT.normalise(read_mirrored(image, 0, box)).transpose(2, 0, 1)
    return resized(values[None], patch)


@pytest.mark.parametrize(("shape", "patch"), [((300, 260), 16), ((300, 300), 80), ((290, 301), 32)])
def test_large_squares_are_read_in_parts_and_look_the_same(shape, patch, monkeypatch):
    pixels = Watched(shape)
    image = Image(pixels)
    work = Patchwork([image], whole_grid(image), [FLAT], patch)
    expected = whole_at_once(image, max(shape), patch)
    assert np.array_equal(work.patches(np.zeros(1, int)), expected)
    monkeypatch.setattr(patchwork, "_LARGE", 64)
    pixels.most = 0
    found = work.patches(np.zeros(1, int))
    assert pixels.most <= 64 * 64
    assert found.shape == expected.shape
    assert np.abs(found - expected).mean() < 0.15 * expected.std()
    around = work.crop(0, (0, 0, 0), patch + 8)
    assert np.abs(around[:, 4:-4, 4:-4] - found[0]).mean() < 0.3 * expected.std()


def test_the_range_of_grey_values_is_found_without_reading_pictures_whole():
    small = ImageSet(tuple(Image(Watched((40, 40))) for _ in range(3)))
    large = Image(Watched((3000, 3000)))
    assert Light.measure(small.images, whole_grid(small)).high[0] < 256
    light = Light.measure([large], whole_grid(large))
    whole = np.asarray(large.levels[0][...])
    assert light.low[0] == pytest.approx(np.percentile(whole, 0.1), abs=2)
    assert light.high[0] == pytest.approx(np.percentile(whole, 99.9), abs=2)
    grid = laid_out(large, [Layout(0, large.plane, 1024, 1024)])
    large.levels[0].most = 0
    Light.measure([large], grid)
    assert large.levels[0].most <= 2 * 128 * 128


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int16])
def test_grey_values_that_are_looked_up_are_those_that_are_computed(kind):
    pixels = np.random.default_rng(0).integers(0, np.iinfo(kind).max, (300, 300, 2)).astype(kind)
    two = Statistics((120.0, 3.0), (40.0, 7.0))
    assert np.array_equal(two.normalise(pixels), two.normalise(pixels.astype(np.float64)))


@pytest.mark.parametrize("plane", [(96, 700), (513, 1100), (1664, 72)])
def test_tokens_of_tiles_are_those_of_the_whole_picture(plane, monkeypatch):
    """A network that sees as far as its own token, so that tiles may not differ."""
    monkeypatch.setattr(remembering, "_CELLS", 64)  # fewer than there are places
    counts = [-(-n // SIDE) for n in plane]
    image = Image(Watched(plane))

    def cells(edge):
        monkeypatch.setattr(remembering, "_EDGE", edge)
        total = 0.0
        for rows in remembering._lines(plane[0], SIDE):
            for columns in remembering._lines(plane[1], SIDE):
                read = read_mirrored(image, 0, (rows.read, columns.read))[..., 0]
                inputs = torch.from_numpy(read.astype(np.float32))[None, None]
                tokens = functional.avg_pool2d(inputs, SIDE)[0, 0]
                part = tokens[rows.inner, columns.inner].numpy()
                total = total + rows.shares @ part @ columns.shares.T
        return total

    tokens = torch.from_numpy(cells_of(image, counts))
    pooled = functional.adaptive_avg_pool2d(tokens[None], [min(64, n) for n in counts])[0]
    for edge in (64, 256, 4096):
        assert np.allclose(cells(edge), pooled.numpy(), atol=1e-3)


def cells_of(image, counts):
    box = tuple((0, n * SIDE) for n in counts)
    read = read_mirrored(image, 0, box)[..., 0].astype(np.float64)
    return read.reshape(counts[0], SIDE, counts[1], SIDE).mean((1, 3))
