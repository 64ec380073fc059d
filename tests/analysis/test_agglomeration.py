"""Agglomeration against a slow, obvious second implementation and by hand."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.measure import label

from napari_simgraph.analysis.agglomeration import hierarchy, region_borders


def two_rooms(wall=0.95, door=0.95):
    """A wall down the middle of 41 x 40 pixels with a door of 8."""
    boundary = np.full((40, 41), 0.02, np.float32)
    boundary[:, 19:22] = wall
    boundary[16:24, 19:22] = door
    return boundary


def random_boundary(seed, size=48):
    field = gaussian_filter(np.random.default_rng(seed).normal(size=(size, size)), 2.5)
    return np.exp(-((field / field.std()) ** 2) * 6).astype(np.float32)


def slow_objects(regions, weight, threshold):
    """Merges the two regions with the lowest mean border, looking at all pixels each time."""
    regions = regions.copy()
    while True:
        sums = {}
        first, last, whole = slice(None, -1), slice(1, None), slice(None)
        for here, beside in (((last,), (first,)), ((whole, last), (whole, first))):
            rows = zip(
                regions[here].ravel(),
                regions[beside].ravel(),
                np.maximum(weight[here], weight[beside]).ravel(),
                strict=True,
            )
            for a, b, w in rows:
                if a != b:
                    sums.setdefault((min(a, b), max(a, b)), []).append(w)
        if not sums:
            return regions
        mean, (one, other) = min((np.mean(w), pair) for pair, w in sums.items())
        if 1 / (1 + np.exp(-mean)) > threshold:
            return regions
        regions[regions == other] = one


def same_parts(one, other):
    pairs = np.unique(np.stack([one.ravel(), other.ravel()]), axis=1)
    return pairs.shape[1] == len(np.unique(one)) == len(np.unique(other))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("threshold", [0.3, 0.6, 0.9])
def test_equal_to_the_slow_way(seed, threshold):
    boundary = random_boundary(seed)
    tree = hierarchy(boundary)
    smooth = np.clip(gaussian_filter(boundary, 1.0), 1e-3, 1 - 1e-3)
    odds = np.log(smooth / (1 - smooth))
    assert same_parts(tree.cut(threshold), slow_objects(tree.fragments, odds, threshold))


def test_a_gap_in_a_wall_is_closed():
    """The door alone is no boundary, but most of the wall is: thresholding merges, this doesn't."""
    boundary = two_rooms(door=0.2)
    assert label(boundary < 0.5, connectivity=1).max() == 1
    rooms = hierarchy(boundary).cut(0.5)
    assert len(np.unique(rooms)) == 2
    assert len(set(rooms[:, :18].ravel())) == len(set(rooms[:, 23:].ravel())) == 1


def test_no_wall_no_parts():
    assert hierarchy(two_rooms(0.05, 0.05)).cut(0.5).max() == 1
    assert hierarchy(np.full((30, 30), 0.9, np.float32)).cut(0.5).max() == 1


@pytest.mark.parametrize("seed", range(3))
def test_contours_cut_at_any_height_are_the_borders_of_the_objects(seed):
    tree = hierarchy(random_boundary(seed, 80))
    contours = tree.contours()
    for threshold in (0.2, 0.5, 0.8, 0.95):
        objects = tree.cut(threshold)
        lines = np.zeros(objects.shape, bool)
        lines[1:] |= objects[1:] != objects[:-1]
        lines[:, 1:] |= objects[:, 1:] != objects[:, :-1]
        np.testing.assert_array_equal(contours > threshold, lines)
        inside = label(contours <= threshold, connectivity=1)
        pairs = np.unique(np.stack([inside, objects])[:, contours <= threshold], axis=1)
        assert len(set(pairs[0])) == pairs.shape[1]  # no part holds pixels of two objects


def test_heights_never_fall():
    heights = hierarchy(random_boundary(5, 96)).merges.height
    assert (np.diff(heights) >= 0).all()
    assert heights.min() >= 0
    assert heights.max() <= 1


def test_small_pieces_go_to_a_neighbour():
    boundary = two_rooms()
    boundary[:12, 1:15] = 0.95
    boundary[:8, 4:12] = 0.02  # a closet in the left room
    assert len(np.unique(hierarchy(boundary).cut(0.5))) == 3
    assert len(np.unique(hierarchy(boundary, smallest=300).cut(0.5))) == 2


def test_borders_by_hand():
    regions = np.array([[1, 1, 2], [1, 3, 2]], np.int32)
    weight = np.array([[0, 1, 2], [3, 4, 5]], float)
    borders = region_borders(regions, weight)
    pairs = list(zip(borders.one.tolist(), borders.other.tolist(), strict=True))
    assert pairs == [(1, 2), (1, 3), (2, 3)]
    assert borders.length.tolist() == [1, 2, 1]
    assert borders.total.tolist() == [2, 4 + 4, 5]
