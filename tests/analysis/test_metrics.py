"""Scores against a slow, obvious second implementation, against scikit-image and by hand."""

import math
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy.ndimage import gaussian_filter
from skimage.measure import label
from skimage.metrics import adapted_rand_error, variation_of_information

from napari_simgraph.analysis.metrics import (
    class_scores,
    confusion,
    stack_scores,
    thin_borders,
    v_rand_info,
)

DATA = Path(os.environ.get("SIMGRAPH_DATA", Path(__file__).parents[3] / "shared" / "data"))
ISBI = DATA / "isbi2012"
needs_isbi = pytest.mark.skipif(
    not ISBI.is_dir(), reason="real data: set SIMGRAPH_DATA to the folder that holds isbi2012"
)


def random_section(seed, size=24):
    """(probability, truth): blobs of a smooth random field and a noisy copy of it."""
    rng = np.random.default_rng(seed)
    field = gaussian_filter(rng.normal(size=(size, size)), 1.5)
    noisy = field + gaussian_filter(rng.normal(size=(size, size)), 1) * 0.3
    return (noisy - noisy.min()) / np.ptp(noisy), field > np.quantile(field, 0.4)


def slow_scores(found, truth):
    """V_Rand, V_Info, precision and recall by looping over all pairs of pixels."""
    cells = label(truth, connectivity=1)
    pixels = []
    for y in range(truth.shape[0]):
        for x in range(truth.shape[1]):
            if truth[y, x]:
                line = f"line {y} {x}"  # each pixel of a line is a cell of its own
                pixels.append((int(cells[y, x]), int(found[y, x]) or line))
    same_true = same_found = same_both = 0
    for true_a, found_a in pixels:
        for true_b, found_b in pixels:
            same_true += true_a == true_b
            same_found += found_a == found_b
            same_both += true_a == true_b and found_a == found_b
    precision, recall = same_both / same_found, same_both / same_true

    def entropy(items):
        return -sum(c / len(items) * math.log(c / len(items)) for c in Counter(items).values())

    h_true, h_found = entropy([p[0] for p in pixels]), entropy([p[1] for p in pixels])
    info = 2 * (h_true + h_found - entropy(pixels)) / (h_true + h_found)
    return 2 * precision * recall / (precision + recall), info, precision, recall


@pytest.mark.parametrize("seed", range(6))
def test_equal_to_the_slow_way(seed):
    probability, truth = random_section(seed)
    thresholds = (0.2, 0.4, 0.5, 0.7)
    fast = v_rand_info(probability, truth, thresholds)
    for i, threshold in enumerate(thresholds):
        slow = slow_scores(thin_borders(probability > threshold), truth)
        ours = (fast.rand[i], fast.info[i], fast.precision[i], fast.recall[i])
        np.testing.assert_allclose(ours, slow, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_equal_to_scikit_image_on_the_thinned_cells(seed):
    """With line pixels numbered as cells of their own, scikit-image's figures must come out."""
    probability, truth = random_section(seed, 64)
    ours = v_rand_info(probability, truth, (0.5,))
    found = thin_borders(probability > 0.5).astype(np.int64)
    lines = found == 0
    found[lines] = found.max() + 1 + np.arange(np.count_nonzero(lines))
    cells = label(truth, connectivity=1)

    # scikit-image counts pairs of different pixels, the definition all pairs: a difference of
    # order 1 / pixels. Its precision and recall stand the other way round than its text says.
    error, recall, precision = adapted_rand_error(cells, found)
    assert ours.rand[0] == pytest.approx(1 - error, abs=2e-3)
    assert ours.precision[0] == pytest.approx(precision, abs=2e-3)
    assert ours.recall[0] == pytest.approx(recall, abs=2e-3)

    splits, merges = variation_of_information(cells[truth], found[truth])
    shares = np.bincount(cells[truth])[1:] / np.count_nonzero(truth)
    h_true = -(shares * np.log2(shares)).sum()
    shared = h_true - merges
    assert ours.info[0] == pytest.approx(2 * shared / (h_true + shared + splits), abs=1e-9)


def two_cells():
    """Truth of 2 x 5 pixels: a cell of 4 pixels, a membrane of 2, a cell of 4."""
    truth = np.ones((2, 5), bool)
    truth[:, 2] = False
    return truth


def only(scores):
    return [float(v[0]) for v in (scores.rand, scores.info, scores.precision, scores.recall)]


def test_merge_by_hand():
    """All-cell: both cells (p = 1/2 each) in one of b = 1.

    precision (1/4 + 1/4) / 1 = 1/2, recall 1, V_Rand 2/3. The one cell tells nothing: V_Info 0.
    """
    scores = v_rand_info(np.ones((2, 5)), two_cells(), (0.5,))
    assert only(scores) == pytest.approx([2 / 3, 0, 0.5, 1])


def test_split_by_hand():
    """One true cell of 10 pixels found as two of 4 with a line of 2 between.

    found² = 0.4² + 0.4² + 2 x 0.1² = 0.34 = both, true² = 1: precision 1, recall 0.34,
    V_Rand 0.68 / 1.34. A single true cell has no information: V_Info 0.
    """
    scores = v_rand_info(two_cells().astype(float), np.ones((2, 5), bool), (0.5,))
    assert only(scores) == pytest.approx([0.68 / 1.34, 0, 1, 0.34])


def test_all_membrane_by_hand():
    """No cell found: 8 pixels, each a cell of its own.

    found² = 8 x (1/8)² = 1/8 = both, true² = 1/2: precision 1, recall 1/4, V_Rand 0.4.
    H(true) = log 2, H(found) = log 8, shared log 2: V_Info 2 / (1 + 3) = 1/2.
    """
    scores = v_rand_info(np.zeros((2, 5)), two_cells(), (0.5,))
    assert only(scores) == pytest.approx([0.4, 0.5, 1, 0.25])


def test_truth_against_itself_is_perfect_whatever_the_width_of_its_borders():
    _, truth = random_section(3, 64)
    scores = v_rand_info(truth.astype(float), truth)
    np.testing.assert_allclose(scores.rand[:-1], 1)
    np.testing.assert_allclose(scores.info[:-1], 1)
    assert scores.thresholds[scores.best()] == pytest.approx(0.4)  # the middle of 0.0 to 0.9


@pytest.mark.parametrize("seed", range(3))
def test_thinned_lines_part_the_cells_and_nothing_else(seed):
    _, truth = random_section(seed, 48)
    cells, thin = label(truth, connectivity=1), thin_borders(truth)
    assert (thin[truth] == cells[truth]).all()
    padded = np.pad(thin, 1)
    for y, x in np.argwhere(thin == 0) + 1:
        beside = {padded[y - 1, x], padded[y + 1, x], padded[y, x - 1], padded[y, x + 1]} - {0}
        assert len(beside) != 1, "a line pixel with one cell around it parts nothing"
    right, down = thin[:, 1:] != thin[:, :-1], thin[1:] != thin[:-1]
    assert not (right & (thin[:, 1:] > 0) & (thin[:, :-1] > 0)).any()
    assert not (down & (thin[1:] > 0) & (thin[:-1] > 0)).any()


def test_a_stack_shares_one_threshold():
    """Section 0 is right at 0.3 only, section 1 at 0.7 only: no threshold suits both."""
    truth = two_cells()
    low = np.where(truth, 0.5, 0.2)
    high = np.where(truth, 0.9, 0.6)
    scores = stack_scores([low, high], [truth, truth], (0.3, 0.7))
    # right where it fits; else section 0 is all membrane (0.4), section 1 all cell (2/3)
    np.testing.assert_allclose(scores.rand, [(1 + 2 / 3) / 2, (0.4 + 1) / 2])
    assert scores.summary()["v_rand_threshold"] == 0.3
    assert len(scores.sections) == 2


def test_sections_without_cells_are_left_out():
    truth = np.stack([two_cells(), np.zeros((2, 5), bool)])
    assert stack_scores(truth.astype(float), truth).summary()["v_rand"] == 1
    with pytest.raises(ValueError, match="no cell"):
        stack_scores(truth[1:].astype(float), truth[1:])


def test_what_does_not_fit_is_said():
    with pytest.raises(ValueError, match="differ in size"):
        v_rand_info(np.ones((2, 5)), np.ones((5, 2), bool))
    with pytest.raises(ValueError, match="numbers of sections"):
        stack_scores(np.ones((2, 3, 3)), np.ones((1, 3, 3), bool))
    with pytest.raises(ValueError, match="differ in size"):
        confusion(np.ones((2, 5), int), np.ones((5, 2), int), 1)
    with pytest.raises(ValueError, match="above 2"):
        confusion(np.array([3]), np.array([1]), 2)


def test_class_scores_by_hand():
    """Labelled: class 1 twice (found 1, 2), class 2 twice (found 2, none); unlabelled: two.

    Class 1: truth 2, found 1, both 1: Dice 2/3, IoU 1/2. Class 2: truth 2, found 2, both 1: Dice
    1/2, IoU 1/3. Class 3 nowhere. 2 of 4 right.
    """
    truth = np.array([1, 1, 2, 2, 0, 0])
    found = np.array([1, 2, 2, 0, 3, 1])
    scores = class_scores(confusion(found, truth, 3))
    np.testing.assert_allclose(scores.dice, [2 / 3, 1 / 2, np.nan])
    np.testing.assert_allclose(scores.iou, [1 / 2, 1 / 3, np.nan])
    assert scores.accuracy == 0.5
    assert scores.mean_dice == pytest.approx(7 / 12)
    assert scores.mean_iou == pytest.approx(5 / 12)


def test_tables_of_sections_add_up():
    rng = np.random.default_rng(0)
    truth, found = rng.integers(0, 4, (2, 5, 9, 7), dtype=np.uint8)
    whole = confusion(found, truth, 3)
    parts = sum(confusion(f, t, 3) for f, t in zip(found, truth, strict=True))
    np.testing.assert_array_equal(whole, parts)
    assert whole.sum() == np.count_nonzero(truth)


def test_nothing_labelled_has_no_score():
    scores = class_scores(confusion(np.ones(4, int), np.zeros(4, int), 2))
    assert math.isnan(scores.accuracy)
    assert math.isnan(scores.mean_dice)


@needs_isbi
def test_isbi_truth_against_itself():
    truth = tifffile.imread(ISBI / "train-labels.tif", key=range(0, 24, 6)) > 0
    scores = stack_scores(truth.astype(np.float32), truth, (0.5,))
    np.testing.assert_allclose([scores.rand[0], scores.info[0]], 1, atol=1e-12)


@needs_isbi
def test_isbi_blurred_image_scores_as_known():
    """The simplest baseline, best threshold: V_Rand about 0.88, V_Info about 0.92."""
    raw = tifffile.imread(ISBI / "train-volume.tif", key=range(18, 24)).astype(float)
    truth = tifffile.imread(ISBI / "train-labels.tif", key=range(18, 24)) > 0
    blurred = [gaussian_filter(section, 3) for section in raw]
    # Sections differ in contrast: each is put between its own extremes before thresholding.
    cells = [
        (b - np.percentile(b, 1)) / (np.percentile(b, 99) - np.percentile(b, 1)) for b in blurred
    ]
    scores = stack_scores(cells, truth, np.arange(0.4, 0.71, 0.05)).summary()
    assert 0.75 < scores["v_rand"] < 0.95
    assert 0.85 < scores["v_info"] < 0.95
