"""Tables of objects: shapes of known size, scikit-image as a second opinion, block borders."""

import numpy as np
import pytest
from scipy import ndimage
from skimage.measure import euler_number, label, perimeter_crofton, regionprops

from napari_simgraph import Image, Labels, run
from napari_simgraph.analysis import blocks, components, fractions, holes, objects
from napari_simgraph.analysis.blocks import Boxed, Pace, Volume
from napari_simgraph.analysis.components import Neighbours, label_pieces
from napari_simgraph.analysis.holes import fill_holes
from napari_simgraph.analysis.objects import Frame, Measuring, measure

EM = {"spacing": (50, 4, 4), "unit": "nm"}


@pytest.fixture(params=[1024, 7], ids=["one block", "blocks of 7"])
def edge(request, monkeypatch):
    """Small blocks, so that small shapes lie in many of them."""
    for module in (components, holes):
        monkeypatch.setattr(module, "EDGE", request.param)
    small = lambda shape: blocks.blocks(shape, request.param)  # noqa: E731
    monkeypatch.setattr(objects, "blocks", small)
    monkeypatch.setattr(fractions, "blocks", small)
    return request.param


def table_of(pixels, image=None, through=True, **space):
    labels = Labels(pixels, meaning="objects", **space)
    what = Measuring(Volume.of(labels), Frame.of(labels, through), image)
    return run(measure(what, Pace(1)))


def ellipsoid(spacing, radii):
    """1 inside an ellipsoid, pixels of `spacing`; its middle lies between pixels."""
    sizes = [int(2.4 * r / s) + 3 for r, s in zip(radii, spacing, strict=True)]
    grids = np.indices(sizes)
    parts = [
        ((grid - (n - 1) / 2 - 0.3) * s / r) ** 2
        for grid, n, s, r in zip(grids, sizes, spacing, radii, strict=True)
    ]
    return (sum(parts) <= 1).astype(np.uint8)


def test_a_box_has_its_exact_size_and_place(edge):
    pixels = np.zeros((6, 40, 50), np.uint16)
    pixels[1:4, 10:20, 5:30] = 7
    found = table_of(pixels, origin=(100, 8, 0), **EM)
    assert found["id"].tolist() == [7]
    assert found["pixels"].tolist() == [3 * 10 * 25]
    assert found["volume_um3"][0] == pytest.approx(3 * 0.05 * 10 * 0.004 * 25 * 0.004)
    assert found["z_um"][0] == pytest.approx(0.1 + 2 * 0.05)
    assert found["y_um"][0] == pytest.approx(0.008 + 14.5 * 0.004)
    assert (found["z_index"][0], found["x_index"][0]) == (2.0, 17.0)
    ends = [found[name][0] for name in ("section_first", "section_last", "sections")]
    assert ends == [1, 3, 3]
    ends = [found[f"{axis}_{end}"][0] for axis in "yx" for end in ("first", "last")]
    assert ends == [10, 19, 5, 29]
    assert not found["touches_border"][0]


def test_sections_are_counted_once_also_where_some_are_skipped(edge):
    pixels = np.zeros((6, 20, 20), np.uint8)
    pixels[[0, 2, 5], 3:18, 3:18] = 1
    found = table_of(pixels, **EM)
    assert [found[n][0] for n in ("section_first", "section_last", "sections")] == [0, 5, 3]
    assert found["touches_border"][0]


@pytest.mark.parametrize("spacing", [(1, 1, 1), (2, 1, 1), (12.5, 1, 1)])
@pytest.mark.parametrize("shape", [(1, 1, 1), (0.6, 1, 1), (1, 1, 0.6)])
def test_ellipsoids_of_any_spacing(spacing, shape):
    a, b, c = radii = [(30 if spacing[0] < 5 else 80) * part for part in shape]
    found = table_of(ellipsoid(spacing, radii), spacing=spacing, unit="um")
    assert found["volume_um3"][0] == pytest.approx(4 / 3 * np.pi * a * b * c, rel=0.01)
    power = 1.6075  # Knud Thomsen's formula, right within 1.1 %
    mean = ((a * b) ** power + (a * c) ** power + (b * c) ** power) / 3
    assert found["surface_um2"][0] == pytest.approx(4 * np.pi * mean ** (1 / power), rel=0.035)
    across = 2 * np.cbrt(a * b * c)
    assert found["diameter_um"][0] == pytest.approx(across, rel=0.005)


def test_discs_have_their_area_and_perimeter(edge):
    disc = ellipsoid((0.01, 0.02), (1, 1))
    found = table_of(disc, spacing=(0.01, 0.02), unit="um")
    assert found["area_um2"][0] == pytest.approx(np.pi, rel=0.005)
    assert found["perimeter_um"][0] == pytest.approx(2 * np.pi, rel=0.02)
    found = table_of(disc)
    assert "area_um2" not in found
    assert found.size == "pixels"
    assert found["perimeter_px"][0] == pytest.approx(perimeter_crofton(disc, 4))


@pytest.mark.parametrize("shape", [(60, 70), (6, 40, 50)])
def test_the_same_as_regionprops(edge, shape):
    rng = np.random.default_rng(len(shape))
    numbers = label(ndimage.gaussian_filter(rng.random(shape), 1.5) > 0.5)
    grey = rng.integers(0, 255, shape).astype(np.uint8)
    space = {"spacing": (0.05, 0.004, 0.004)[-len(shape) :], "unit": "um"}
    found = table_of(numbers, Image(grey, **space), **space)
    truth = regionprops(numbers, grey)
    assert len(found) == len(truth) > 5
    assert found["id"].tolist() == [one.label for one in truth]
    assert found["pixels"].tolist() == [one.area for one in truth]
    axes = "zyx"[-len(shape) :]
    centres = np.stack([found[f"{axis}_index"] for axis in axes], 1)
    np.testing.assert_allclose(centres, [one.centroid for one in truth])
    np.testing.assert_allclose(found["mean_grey"], [one.intensity_mean for one in truth])
    np.testing.assert_allclose(found["sd_grey"], [one.intensity_std for one in truth])
    assert found["min_grey"].tolist() == [one.intensity_min for one in truth]
    assert found["max_grey"].tolist() == [one.intensity_max for one in truth]
    first = ["section_first", "y_first", "x_first"][-len(shape) :]
    last = ["section_last", "y_last", "x_last"][-len(shape) :]
    ends = np.stack([found[name] for name in (*first, *last)], 1)
    boxes = np.array([one.bbox for one in truth]) - np.repeat([0, 1], len(shape))
    np.testing.assert_array_equal(ends, boxes)
    if len(shape) == 2:
        sized = [one.perimeter_crofton * 0.004 for one in truth]
        np.testing.assert_allclose(found["perimeter_um"], sized, rtol=1e-9)


def test_numbers_may_be_large_and_grey_values_far_from_zero(edge):
    pixels = np.zeros((3, 30, 30), np.uint32)
    pixels[:, 5:25, 5:25] = 4_000_000_000
    grey = np.random.default_rng(0).normal(1e6, 0.5, pixels.shape)
    found = table_of(pixels, Image(grey), **EM)
    inside = grey[pixels > 0]
    assert found["id"].tolist() == [4_000_000_000]
    assert found["sd_grey"][0] == pytest.approx(inside.std(), rel=1e-6)


def test_a_part_is_measured_like_the_whole(edge):
    numbers = label(np.random.default_rng(0).random((5, 30, 30)) > 0.8)
    labels = Labels(numbers, meaning="objects", **EM)
    whole = table_of(numbers, **EM)
    row = int(np.argmax(whole["pixels"]))
    names = ("section_first", "section_last", "y_first", "y_last", "x_first", "x_last")
    ends = [int(whole[name][row]) for name in names]
    box = tuple(slice(a, b + 1) for a, b in zip(ends[::2], ends[1::2], strict=True))
    only = whole["id"][row : row + 1]
    what = Measuring(Volume.of(labels), Frame.of(labels), box=box, only=only)
    part = run(measure(what, Pace(1)))
    assert len(part) == 1
    for name in whole.columns:
        assert part[name][0] == pytest.approx(whole[name][row]), name
    again = whole.renewed(part)
    assert again.fingerprint == whole.fingerprint
    assert len(whole.without(only)) == len(whole) - 1


def pieces_of(values, how):
    out = np.zeros(values.shape, np.int32)
    volume = Volume(out, values.ndim)
    found = run(label_pieces(Volume(values, values.ndim), volume, how, Pace(1)))
    return found.number[out], found


def same_parts(one, other):
    """Whether two numberings part pixels alike."""
    pairs = np.unique(np.stack([one.ravel(), other.ravel()]), axis=1).shape[1]
    return pairs == len(np.unique(one)) == len(np.unique(other))


@pytest.mark.parametrize("corners", [False, True])
@pytest.mark.parametrize("shape", [(40, 50), (6, 30, 40)])
def test_pieces_go_on_across_blocks(edge, shape, corners):
    rng = np.random.default_rng(1)
    values = (rng.random(shape) < 0.55) * rng.integers(1, 3, shape).astype(np.uint8)
    found, told = pieces_of(values, Neighbours(corners))
    truth = label(values, connectivity=len(shape) if corners else 1)
    assert same_parts(found, truth)
    assert found.max() == truth.max()
    np.testing.assert_array_equal(told.sizes[1:], np.bincount(found.ravel())[1:])
    first = [values[found == number][0] for number in range(1, 20)]
    assert told.values[1:20].tolist() == first


def test_sections_may_have_pieces_of_their_own():
    values = np.ones((3, 4, 4), np.uint8)
    assert pieces_of(values, Neighbours(through=False))[0].max() == 3
    assert pieces_of(values, Neighbours())[0].max() == 1


@pytest.mark.parametrize("through", [False, True])
@pytest.mark.parametrize("corners", [False, True])
def test_holes_are_filled_as_scipy_fills_them(edge, corners, through):
    rng = np.random.default_rng(3)
    mask = rng.random((9, 30, 40)) < 0.85
    ids = np.where(mask, 5, 0).astype(np.int32)
    volume, scratch = Volume(ids, 3), Volume(np.zeros(ids.shape, np.int32), 3)
    run(fill_holes(volume, scratch, Neighbours(corners, through), Pace(1)))
    space = 3 if through else 2
    around = ndimage.generate_binary_structure(space, 1 if corners else space)
    fill = lambda one: ndimage.binary_fill_holes(one, around)  # noqa: E731
    truth = fill(mask) if through else np.stack([fill(one) for one in mask])
    assert truth.sum() > mask.sum()
    np.testing.assert_array_equal(ids > 0, truth)


def test_a_hole_between_two_objects_or_at_the_edge_stays():
    ids = np.zeros((12, 24), np.int32)
    ids[1:11, 1:6], ids[1:11, 6:11] = 1, 2
    ids[4:6, 4:8] = 0  # between both
    ids[4:6, 2] = 0  # inside 1
    ids[1:11, 14:24] = 3
    ids[4:6, 22:] = 0  # open to the edge
    filled = run(fill_holes(Volume(ids, 2), Volume(np.zeros_like(ids), 2), Neighbours(), Pace(1)))
    assert filled.tolist() == [1]
    assert (ids[4:6, 2] == 1).all()
    assert not ids[4:6, 4:8].any()
    assert not ids[4:6, 22:].any()
    assert euler_number(ids == 1, 1) == 1


def test_only_single_blocks_are_read():
    class Watched:
        """A volume of 2 x 3000 x 3000 that is never there as a whole."""

        shape, dtype = (2, 3000, 3000), np.dtype(np.uint8)
        most = 0

        def __getitem__(self, box):
            _, y, x = box
            values = np.ones((y.stop - y.start, x.stop - x.start), np.uint8)
            self.most = max(self.most, values.size)
            return values

    array = Watched()
    what = Measuring(Volume(array, 3), Frame(None, (0, 0, 0), False, True))
    found = run(measure(what, Pace(1)))
    assert found["pixels"].tolist() == [2 * 3000 * 3000]
    assert array.most <= (blocks.EDGE + 2) ** 2


def test_a_box_of_a_source_counts_from_its_corner():
    source = Boxed(
        Volume(np.arange(24).reshape(2, 3, 4), 3), (slice(1, 2), slice(1, 3), slice(2, 4))
    )
    assert source.shape == (1, 2, 2)
    assert source.get(0, slice(0, 2), slice(1, 2)).tolist() == [[19], [23]]
