"""Scores of objects against a slow second implementation, scikit-image, and by hand."""

import math
from collections import Counter

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.measure import label
from skimage.metrics import adapted_rand_error, variation_of_information

from napari_simgraph import ClassTable, Image, Labels
from napari_simgraph.analysis.instance_scores import (
    IOUS,
    average_precision,
    object_scores,
    table_of,
    thinned,
)
from napari_simgraph.analysis.metrics import v_rand_info
from napari_simgraph.analysis.object_agreement import object_agreement


def two_labellings(seed, size=32):
    """Objects of a random field and of a noisy copy of it; 0 between them."""
    rng = np.random.default_rng(seed)
    field = gaussian_filter(rng.normal(size=(size, size)), 2)
    other = field + 0.25 * gaussian_filter(rng.normal(size=(size, size)), 1.5)
    return tuple(label(one > np.quantile(one, 0.4), connectivity=1) for one in (other, field))


def apart(found):
    """The same with each pixel of no object an object of its own."""
    found = found.astype(np.int64)
    lone = found == 0
    found[lone] = found.max() + 1 + np.arange(np.count_nonzero(lone))
    return found


def slow_precision(found, truth, least):
    """Tries every pair of objects on whole masks."""
    hits = 0
    trues, founds = set(np.unique(truth)) - {0}, set(np.unique(found)) - {0}
    for one in trues:
        for other in founds:
            a, b = truth == one, found == other
            hits += (a & b).sum() / (a | b).sum() > least
    return hits / (len(trues) + len(founds) - hits)


@pytest.mark.parametrize("seed", range(5))
def test_equal_to_scikit_image(seed):
    found, truth = two_labellings(seed, 64)
    scores = object_scores(table_of(found, truth))
    error, _, _ = adapted_rand_error(truth, apart(found))
    assert scores.adapted_rand_error == pytest.approx(error, abs=1e-12)
    inside = truth > 0
    split, merge = variation_of_information(truth[inside], apart(found)[inside])
    assert scores.split == pytest.approx(split, abs=1e-9)
    assert scores.merge == pytest.approx(merge, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_equal_to_the_slow_way(seed):
    found, truth = two_labellings(seed)
    pairs = [(t, f) for t, f in zip(truth.ravel(), apart(found).ravel(), strict=True) if t]
    n = len(pairs)

    def squares(items):
        return sum((c / n) ** 2 for c in Counter(items).values())

    def entropy(items):
        return -sum(c / n * math.log2(c / n) for c in Counter(items).values())

    trues, founds = [p[0] for p in pairs], [p[1] for p in pairs]
    scores = object_scores(table_of(found, truth))
    precision, recall = squares(pairs) / squares(founds), squares(pairs) / squares(trues)
    assert scores.precision == pytest.approx(precision)
    assert scores.recall == pytest.approx(recall)
    assert scores.v_rand == pytest.approx(2 * precision * recall / (precision + recall))
    shared = entropy(trues) + entropy(founds) - entropy(pairs)
    assert scores.v_info == pytest.approx(2 * shared / (entropy(trues) + entropy(founds)))
    assert scores.split == pytest.approx(entropy(pairs) - entropy(trues))
    assert scores.merge == pytest.approx(entropy(pairs) - entropy(founds))


@pytest.mark.parametrize("seed", range(4))
def test_average_precision_equals_the_slow_way(seed):
    found, truth = two_labellings(seed)
    fast = average_precision(found, truth)
    assert tuple(fast) == IOUS
    for least, value in fast.items():
        assert value == pytest.approx(slow_precision(found, truth, least))


@pytest.mark.parametrize("seed", range(4))
def test_thinned_objects_score_as_the_map_they_come_from(seed):
    found, truth = two_labellings(seed, 64)
    scores = object_scores(table_of(thinned(found), label(truth > 0, connectivity=1)))
    known = v_rand_info((found > 0).astype(float), truth > 0, (0.5,))
    assert scores.v_rand == pytest.approx(known.rand[0])
    assert scores.v_info == pytest.approx(known.info[0])


def test_objects_that_touch_stay_apart_when_thinned():
    halves = np.ones((10, 10), int)
    halves[:, 5:] = 2
    thin = thinned(halves)
    assert len(np.unique(thin[thin > 0])) == 2
    assert (thin == 0).sum() == 10


def test_merge_and_split_by_hand():
    """Two true objects of 4 in one found one; a third of 4 in two: one bit each, over 12 pixels.

    H(true | found) = 8/12 of 1 bit, H(found | true) = 4/12 of 1 bit. At 0.5 nothing is found:
    the merged one shares 4 of 8 pixels, each half 2 of 4, and half is not more than half.
    """
    truth = np.array([[1] * 4 + [2] * 4 + [3] * 4])
    found = np.array([[5] * 8 + [6] * 2 + [7] * 2])
    scores = object_scores(table_of(found, truth))
    assert scores.merge == pytest.approx(8 / 12)
    assert scores.split == pytest.approx(4 / 12)
    assert (scores.merged_objects, scores.split_objects) == (2, 1)
    assert (scores.true, scores.found) == (3, 3)
    assert average_precision(found, truth)[0.5] == 0
    assert average_precision(truth, truth)[0.95] == 1


def labels(values, **fields):
    return Labels(np.asarray(values), **fields)


def test_a_truth_of_classes_gives_the_objects_that_its_walls_part():
    walls = np.full((2, 30, 30), 2, np.uint8)
    walls[:, ::10], walls[:, :, ::10] = 1, 1
    truth = labels(walls, classes=ClassTable.of(["membrane", "cell"]))
    perfect = np.stack([label(one == 2, connectivity=1) for one in walls])
    objects = labels(perfect.astype(np.uint32), meaning="objects")
    sections = (0, 1)
    figures = object_agreement([(objects, truth, sections)])
    assert figures["v_rand"] == figures["v_info"] == figures["ap_50_95"] == pytest.approx(1)
    assert figures["true_objects"] == figures["found_objects"] == 18
    assert figures["merged_objects"] == figures["split_objects"] == 0
    assert "volume_vi_merge" not in figures
    one = labels(np.ones_like(perfect, np.uint32), meaning="objects")
    merged = object_agreement([(one, truth, sections)])
    assert merged["merged_objects"] == 18
    assert merged["vi_merge"] == pytest.approx(math.log2(9))
    chances = np.stack([walls == 1, walls == 2], -1).astype(np.float32)
    back = object_agreement([(Image(chances, classes=truth.classes), objects, sections)])
    assert back["v_rand"] == pytest.approx(1)


def test_numbers_that_change_between_sections_count_through_the_stack():
    """Right in each section, but one of two bodies changes its number: split through the stack."""
    truth = np.zeros((2, 4, 8), np.uint32)
    truth[:, :, :4], truth[:, :, 4:] = 1, 2
    found = truth.copy()
    found[1, :, 4:] = 3
    both = [labels(one, meaning="objects") for one in (found, truth)]
    figures = object_agreement([(*both, (0, 1))])
    assert figures["vi_split"] == figures["vi_merge"] == pytest.approx(0)
    assert figures["volume_vi_split"] == pytest.approx(0.5)  # one bit for half of the pixels
    assert figures["volume_vi_merge"] == pytest.approx(0)


def test_what_cannot_be_compared_is_said():
    objects = labels(np.ones((4, 4), np.uint32), meaning="objects")
    with pytest.raises(ValueError, match="differ in size"):
        object_agreement([(objects, labels(np.ones((5, 4), np.uint32), meaning="objects"), (0,))])
    table = ClassTable.of(["a", "b"])
    classes = labels(np.ones((4, 4), np.uint8), classes=table)
    with pytest.raises(ValueError, match="separates the cells"):
        object_agreement([(objects, classes, (0,))])
    empty = labels(np.zeros((4, 4), np.uint32), meaning="objects")
    with pytest.raises(ValueError, match="no object"):
        object_agreement([(objects, empty, (0,))])
