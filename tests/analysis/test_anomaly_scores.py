"""Scores of anomaly maps, against scikit-learn and a slow, obvious second implementation."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, label
from sklearn.metrics import average_precision_score, roc_auc_score

from napari_simgraph import Image, ImageSet, Labels, LabelsSet
from napari_simgraph.analysis import odd_places as odd_place_module
from napari_simgraph.analysis.anomaly_scores import pro, scored
from napari_simgraph.analysis.odd_places import highest, odd_mask, odd_places
from napari_simgraph.analysis.top_share import STEP, TopShare, top_share
from napari_simgraph.core import raster


def some(seed=0, count=6, edge=32):
    """Maps that are a little higher where a mask is; every other picture has one."""
    rng = np.random.default_rng(seed)
    pairs = []
    for number in range(count):
        mask = np.zeros((edge, edge), bool)
        if number % 2:
            mask[4:12, 4 : 8 + number] = True
            mask[20:22, 20:28] = True
        values = np.round(rng.normal(size=mask.shape) + mask, 1)  # rounded: there are ties
        pairs.append((values.astype(np.float32), mask))
    return pairs


def nouns(pairs):
    maps = ImageSet(tuple(Image(values) for values, _ in pairs))
    return maps, LabelsSet(tuple(Labels(mask.astype(np.uint8)) for _, mask in pairs))


def slow_pro(pairs, most, steps):
    """Share of each defect found and of normal pixels marked, threshold by threshold."""
    values = np.unique(np.concatenate([one.ravel() for one, _ in pairs]))[::-1]
    points = [(0.0, 0.0)]
    for threshold in values:
        found, false, normal = [], 0, 0
        for scores, mask in pairs:
            numbers, count = label(mask, np.ones((3, 3)))
            found += [np.mean(scores[numbers == k] >= threshold) for k in range(1, count + 1)]
            false += np.sum(scores[~mask] >= threshold)
            normal += np.sum(~mask)
        points.append((false / normal, float(np.mean(found))))
    alarms, shares = np.array(points).T
    grid = np.linspace(0, most, steps)
    return np.trapezoid(np.interp(grid, alarms, shares), grid) / most


def test_figures_are_those_of_scikit_learn():
    pairs = some()
    figures = scored(*nouns(pairs))
    truth = np.concatenate([mask.ravel() for _, mask in pairs])
    values = np.concatenate([one.ravel() for one, _ in pairs])
    assert figures["pixel_auroc"] == pytest.approx(roc_auc_score(truth, values))
    assert figures["pixel_ap"] == pytest.approx(average_precision_score(truth, values))
    odd = [mask.any() for _, mask in pairs]
    tops = [top_share(one[::STEP, ::STEP]) for one, _ in pairs]
    assert figures["image_auroc"] == pytest.approx(roc_auc_score(odd, tops))
    assert figures["image_ap"] == pytest.approx(average_precision_score(odd, tops))


def test_the_highest_values_are_the_same_whatever_comes_first():
    values = np.random.default_rng(3).normal(size=(70, 90)).astype(np.float32)
    values[:2] = np.nan
    count = round(0.01 * 68 * 90)
    whole = np.sort(values[2:], axis=None)[-count:].mean(dtype=np.float64)
    assert top_share(values, 0.01) == pytest.approx(whole, rel=1e-12)
    for order in (range(7), (3, 6, 1, 0, 2, 5, 4)):
        top = TopShare(values.size, 0.01)
        for number in order:
            top.add(values[10 * number : 10 * number + 10])
        assert top.value == top_share(values, 0.01)
        assert len(top._kept) <= round(0.01 * values.size)


@pytest.mark.parametrize("most", [0.05, 0.3, 1.0])
def test_pro_is_that_of_a_slow_count(most):
    pairs = some(1)
    assert pro(pairs, most) == pytest.approx(slow_pro(pairs, most, 20_001), abs=2e-4)


def test_a_perfect_map_scores_one_and_a_flat_one_a_half():
    perfect = [(mask.astype(np.float32), mask) for _, mask in some()]
    figures = scored(*nouns(perfect))
    names = ("image_auroc", "pixel_auroc", "pixel_ap", "pro")
    assert [figures[name] for name in names] == pytest.approx([1] * 4)
    flat = scored(*nouns([(0 * values, mask) for values, mask in some()]))
    assert flat["pixel_auroc"] == flat["image_auroc"] == 0.5


def test_without_defects_nothing_is_measured():
    normal = [(values, np.zeros_like(mask)) for values, mask in some()]
    figures = scored(*nouns(normal))
    assert np.isnan([figures["image_auroc"], figures["pixel_ap"], figures["pro"]]).all()


def test_maps_and_masks_that_do_not_fit_are_told():
    maps, masks = nouns(some())
    with pytest.raises(ValueError, match=r"6 maps and 5 masks"):
        scored(maps, LabelsSet(masks.labels[:5]))
    other = LabelsSet((Labels(np.zeros((9, 9), np.uint8)), *masks.labels[1:]))
    with pytest.raises(ValueError, match="but its mask"):
        scored(maps, other)


def test_places_above_a_threshold_come_oddest_first():
    values = np.zeros((2, 20, 20), np.float32)
    values[0, 2:7, 2:6] = 0.6
    values[1, 10:14, 6:11] = 0.9
    values[1, 0, 0] = 0.8  # a single pixel is the tip of something below the threshold
    image = Image(values)
    places, count = odd_places([image], 0.5)
    assert count == 2
    assert [(one.z, one.rows, one.columns) for one in places] == [
        (1, (10, 14), (6, 11)),
        (0, (2, 7), (2, 6)),
    ]
    assert places[0].middle == (11.5, 8.0)
    assert odd_mask(image, 0.5).sum() == 20 + 20 + 1
    assert highest([image]) == pytest.approx(0.9)
    assert odd_places([image], 0.95) == ([], 0)


@pytest.mark.parametrize("edge", [7, 16, 33])
def test_places_go_on_across_squares(edge, monkeypatch):
    """A blob and a spiral that no square holds whole: each is one place, as in the whole map."""
    values = gaussian_filter(np.random.default_rng(4).normal(size=(2, 60, 71)), (0, 3, 3))
    values = (values / values.std()).astype(np.float32)
    y, x = np.mgrid[:60, :71]
    turn = np.hypot(y - 30, x - 35) - 4 * np.arctan2(y - 30, x - 35) / np.pi
    values[1][np.abs(turn % 8 - 4) < 1] = 9
    image = Image(values)
    whole = odd_places([image], 0.8)
    slow = []
    for z in range(2):
        numbers, count = label(values[z] > 0.8)
        for n in range(1, count + 1):
            rows, columns = np.nonzero(numbers == n)
            if len(rows) >= 16:
                ends = (rows.min(), rows.max() + 1), (columns.min(), columns.max() + 1)
                slow.append((z, *ends, values[z][numbers == n].max(), len(rows)))
    assert sorted(one[1:] for one in whole[0]) == sorted(slow)
    assert max(one.pixels for one in whole[0]) > 400
    mask = odd_mask(image, 0.8)
    monkeypatch.setattr(raster, "_SQUARE", edge)
    assert sorted(odd_places([image], 0.8)[0]) == sorted(whole[0])
    assert highest([image]) == 9
    monkeypatch.setattr(odd_place_module, "_HELD", 0)
    large = odd_mask(image, 0.8)
    assert not isinstance(large, np.ndarray)
    assert np.array_equal(large, mask)
