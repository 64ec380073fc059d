import numpy as np

from napari_simgraph.analysis.linking import Overlap, groups


def partners(one, other, least=0.25):
    overlap = Overlap()
    overlap.add(np.array(one), np.array(other))
    return dict(zip(*(side.tolist() for side in overlap.partners(least)), strict=True))


def test_the_largest_overlap_on_both_sides_wins():
    """1 lies on 7 with three pixels, on 8 with one; 2 lies on 8 with two."""
    assert partners([1, 1, 1, 1, 2, 2, 0], [7, 7, 7, 8, 8, 8, 7]) == {1: 7, 2: 8}


def test_a_branch_has_one_partner():
    assert partners([1, 1, 1, 2, 2, 0], [5, 5, 5, 5, 5, 5]) == {1: 5}


def test_too_little_overlap_is_none():
    assert partners([1] * 5 + [0] * 4, [0] * 4 + [3] * 5, 0.25) == {}
    assert partners([1] * 5 + [0] * 4, [0] * 4 + [3] * 5, 0.1) == {1: 3}


def test_blocks_add_up():
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 6, (2, 40, 40))
    whole, parts = Overlap(), Overlap()
    whole.add(one, other)
    for k in range(4):
        parts.add(one[k * 10 : k * 10 + 10], other[k * 10 : k * 10 + 10])
    for a, b in zip(whole.partners(0), parts.partners(0), strict=True):
        np.testing.assert_array_equal(a, b)


def test_groups_are_numbered_as_they_begin():
    pairs = (np.array([1, 4]), np.array([3, 1]))
    assert groups(pairs, 6).tolist() == [0, 1, 2, 1, 1, 3]
