import numpy as np
import pytest

from napari_simgraph.analysis.splitting import split


def disc(centre, radius=20, shape=(80, 130)):
    y, x = np.mgrid[: shape[0], : shape[1]]
    return (y - 40) ** 2 + (x - centre) ** 2 < radius**2


@pytest.mark.parametrize(("apart", "parts"), [(16, 1), (28, 1), (34, 2), (38, 2), (50, 2)])
def test_discs_that_touch_are_told_apart(apart, parts):
    found = split(disc(35) | disc(35 + apart))
    assert found.max() == parts
    if parts == 2:
        sizes = np.bincount(found.ravel())[1:]
        assert abs(int(sizes[0]) - int(sizes[1])) < 0.05 * sizes.sum()


def test_a_bar_and_a_ring_stay_whole():
    bar = np.zeros((40, 200), bool)
    bar[10:25, 5:190] = True
    assert split(bar).max() == 1
    ring = disc(60, 35) & ~disc(60, 22)
    assert split(ring).max() == 1


def test_the_mask_is_filled_and_small_pieces_are_left_out():
    mask = disc(30) | disc(100, 3)
    assert ((split(mask) > 0) == mask).all()
    only = split(mask, smallest=100)
    assert ((only > 0) == disc(30)).all()
    assert only.max() == 1


def test_nothing_in_an_empty_mask():
    assert split(np.zeros((20, 30), bool)).max() == 0
    assert split(np.ones((20, 30), bool)).min() == 1
