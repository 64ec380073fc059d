import numpy as np
import pytest
import torch
from torch.nn import functional

from napari_simgraph import Image
from napari_simgraph.learn.resampling import Back, Line, Resized, pieces


def line(below, step):
    return Line(below, max(1, round(below / step)), step)


def resized(pixels, steps, axes="YX", **options):
    start = axes.index("Y")
    below = pixels.shape[start : start + 2]
    return Resized(pixels, axes, line(below[0], steps[0]), line(below[1], steps[1]), **options)


@pytest.mark.parametrize("size", [20, 50, 64, 100, 128, 230])
def test_as_another_library_does_it(size):
    pixels = np.random.default_rng(0).random((100, 100)).astype(np.float32)
    lines = [Line(100, size, 100 / size)] * 2
    torch.set_num_threads(1)
    expected = functional.interpolate(
        torch.from_numpy(pixels)[None, None], (size, size), mode="bilinear", antialias=True
    )
    assert np.allclose(Resized(pixels, "YX", *lines)[()], expected[0, 0].numpy(), atol=1e-5)


@pytest.mark.parametrize("steps", [(2.0, 2.0), (0.5, 0.5), (0.87, 1.7), (9.0, 0.3), (1.0, 1.0)])
def test_boxes_are_the_same_as_the_whole(steps):
    pixels = np.random.default_rng(0).random((90, 70, 3)).astype(np.float32)
    view = resized(pixels, steps, "YXC")
    whole = view[()]
    assert whole.shape == view.shape
    joined = np.zeros_like(whole)
    for rows in pieces((0, view.shape[0]), 13):
        for columns in pieces((0, view.shape[1]), 8):
            box = (slice(*rows), slice(*columns))
            joined[box] = view[box]
    assert np.array_equal(joined, whole)


def test_an_even_area_stays_even_and_the_mean_stays():
    assert np.allclose(resized(np.full((31, 47), 7, np.uint8), (2.3, 0.4))[()], 7)
    pixels = np.random.default_rng(0).integers(0, 255, (200, 200)).astype(np.uint16)
    half = resized(pixels, (2, 2))[()]
    assert half.dtype == np.float32
    assert half.mean() == pytest.approx(pixels.mean(), rel=2e-3)
    assert half.std() < 0.6 * pixels.std()  # noise is averaged, not picked


def test_a_slope_keeps_its_place():
    slope = np.arange(80, dtype=np.float64)[:, None].repeat(40, 1)
    view = resized(slope, (2.5, 1.25))
    middles = (np.arange(32) + 0.5) * 2.5 - 0.5
    assert np.allclose(view[()][2:-2, 5], middles[2:-2], atol=0.02)


def test_labels_are_picked_and_keep_their_type():
    labels = np.random.default_rng(0).integers(0, 4, (3, 30, 20)).astype(np.uint8)
    view = resized(labels, (0.5, 0.5), "ZYX", pick=True)
    assert view.dtype == np.uint8
    assert np.array_equal(view[()], labels.repeat(2, 1).repeat(2, 2))
    assert np.array_equal(view[1, 3:9, 4:7], view[()][1, 3:9, 4:7])
    assert np.array_equal(view[1:3], view[()][1:3])


class Watched:
    """Pixels that remember the largest box read."""

    def __init__(self, shape):
        self.shape, self.dtype, self.largest = shape, np.dtype(np.uint8), 0

    def __getitem__(self, index):
        box = [len(range(*part.indices(n))) for part, n in zip(index, self.shape, strict=True)]
        self.largest = max(self.largest, int(np.prod(box)))
        return np.zeros(box, np.uint8)


def test_a_fine_image_is_read_in_strips():
    fine = Watched((100_000, 100_000))
    view = resized(fine, (16, 16))
    assert view[0:512, 0:512].shape == (512, 512)
    assert fine.largest < 5e6


@pytest.mark.parametrize("step", [2.0, 0.5, 0.87, 1.7, 5.3])
def test_tiles_are_written_back_without_a_seam(step):
    size = (90, 131)
    lines = [Line(max(1, round(n / step)), n, 1 / step) for n in size]
    values = np.random.default_rng(0).random((2, lines[0].below, lines[1].below), np.float32)

    def written(edge):
        out, times = np.zeros((2, *size), np.float32), np.zeros(size, int)

        def write(z, rows, columns, part):
            out[:, slice(*rows), slice(*columns)] = part
            times[slice(*rows), slice(*columns)] += 1

        back = Back(write, lines)
        m = back.margin
        for rows in pieces((0, lines[0].below), edge):
            for columns in pieces((0, lines[1].below), edge):
                box = (slice(max(0, a - m), b + m) for a, b in (rows, columns))
                back(0, rows, columns, values[(slice(None), *box)])
        assert (times == 1).all()
        return out

    whole = written(1000)
    assert np.array_equal(written(7), whole)
    assert np.array_equal(written(16), whole)
    assert 0 <= whole.min() <= whole.max() <= 1


def test_an_image_may_hold_it():
    pixels = np.random.default_rng(0).random((4, 20, 30, 2)).astype(np.float32)
    image = Image(resized(pixels, (0.5, 2), "ZYXC"), axes="ZYXC")
    assert (image.shape, image.channels) == ((4, 40, 15), 2)
    assert image.section(3, (slice(0, 5), slice(2, 9))).shape == (5, 7, 2)
    assert len(image.fingerprint) == 16
