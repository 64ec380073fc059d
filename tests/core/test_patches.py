"""PatchGrid: where patches lie, what they are known by, their pixels."""

import numpy as np
import pytest

from napari_simgraph.core import patch_pixels
from napari_simgraph.core.patch_pixels import cut, fold, fold_all, pool, read_mirrored
from napari_simgraph.core.patches import Layout, PatchGrid, grid_over, laid_out
from napari_simgraph.core.raster import Image, ImageSet, Labels


@pytest.fixture
def stack():
    pixels = np.random.default_rng(0).integers(0, 255, (3, 50, 70), np.uint8)
    return Image(pixels, spacing=(50, 4, 4), unit="nm", origin=(100, 8, 16), name="stack")


def test_a_grid_covers_each_section_and_leaves_less_than_a_stride(stack):
    grid = grid_over(stack, 16, 8)
    assert grid.layouts[0].counts == (5, 7)
    assert len(grid) == 3 * 5 * 7
    assert (grid.y.min(), grid.x.min()) == (1, 3)
    assert grid.y.max() + 16 <= 50
    assert grid.x.max() + 16 <= 70


def test_an_image_no_larger_than_the_patch_is_one_patch():
    images = ImageSet((Image(np.ones((28, 28), np.uint8)), Image(np.ones((20, 40), np.uint8))))
    grid = grid_over(images, 32, 16)
    assert grid.image.tolist() == [0, 1]
    assert grid.y.tolist() == [-2, -6]
    assert grid.x.tolist() == [-2, 4]
    assert cut(images.images, grid, np.arange(2)).shape == (2, 32, 32, 1)


def test_ids_tell_patches_apart_and_know_them_again(stack):
    grid = grid_over(stack, 16, 8)
    assert len(np.unique(grid.patch_id)) == len(grid)
    again = grid_over(ImageSet((Image(np.zeros((50, 70), np.uint8)), stack)), 16, 8)
    assert set(grid.patch_id) < set(again.patch_id)
    assert set(grid_over(stack, 17, 8).patch_id).isdisjoint(grid.patch_id)
    assert np.array_equal(grid.take([5, 3]).patch_id, grid.patch_id[[5, 3]])


def test_an_id_never_changes_from_version_to_version():
    grid = grid_over(Image(np.zeros((8, 8), np.uint8)), 8, 8)
    assert grid.patch_id.tolist() == [PINNED]


PINNED = 14129188675906701243


def test_patches_cut_out_are_the_pixels_that_lie_there(stack):
    grid = grid_over(stack, 16, 8)
    rows = np.random.default_rng(1).permutation(len(grid))[:40]
    patches = cut([stack], grid, rows)
    for patch, row in zip(patches, rows, strict=True):
        y, x = grid.y[row], grid.x[row]
        assert np.array_equal(patch[..., 0], stack.data[0][grid.z[row], y : y + 16, x : x + 16])


def test_patches_beside_each_other_are_read_once():
    class Counting:
        shape, dtype = (64, 640), np.dtype(np.uint8)

        def __init__(self):
            self.read = 0

        def __getitem__(self, key):
            block = np.zeros(self.shape, self.dtype)[key]
            self.read += block.size
            return block

    pixels = Counting()
    image = Image(pixels)
    grid = grid_over(image, 64, 8)
    pixels.read = 0
    cut([image], grid, np.arange(len(grid)))
    assert pixels.read == 64 * 640


def test_beyond_the_border_pixels_are_mirrored():
    image = Image(np.arange(12).reshape(3, 4))
    box = read_mirrored(image, 0, ((-1, 4), (-1, 5)))[..., 0]
    assert np.array_equal(box, np.pad(image.data[0], 1, mode="reflect"))
    assert read_mirrored(image, 0, ((-3, -1), (4, 6)))[..., 0].shape == (2, 2)


def test_folded_values_lie_over_the_image(stack):
    grid = grid_over(stack, 16, 8)
    values = grid.centres()
    folded = fold(grid, values)
    assert folded.shape == (3, 5, 7)
    for place in ((0, 0, 0), (2, 4, 6), (1, 2, 3)):
        world = np.array(folded.origin) + np.array(place) * folded.spacing
        assert np.allclose(world, folded.data[0][place])


def test_absent_patches_are_empty_in_the_map(stack):
    grid = grid_over(stack, 16, 8)
    part = grid.take(grid.y > 10)
    folded = fold(part, np.ones(len(part), np.float32))
    assert np.isnan(folded.data[0][:, 0]).all()
    assert (folded.data[0][:, 2:] == 1).all()
    assert fold(part, np.ones(len(part), np.int32)).data[0][0, 0, 0] == 0


def test_a_coarser_level_lies_at_the_same_place():
    fine = np.zeros((64, 64), np.uint8)
    image = Image([fine, fine[::2, ::2]], spacing=(4, 4), unit="nm")
    coarse = laid_out(image, [Layout(1, (32, 32), 8, 8)])
    assert np.allclose(coarse.centres(), grid_over(image, 16, 16).centres())
    here, there = (fold(g, np.ones(16, np.float32)) for g in (coarse, grid_over(image, 16, 16)))
    assert (here.spacing, here.origin) == (there.spacing, there.origin)


def test_a_map_comes_onto_the_grid_as_means(stack):
    grid = grid_over(stack, 16, 8)
    found = pool(grid, stack)
    slow = cut([stack], grid, np.arange(len(grid))).mean((1, 2))
    assert np.allclose(found, slow, atol=1e-3)
    values = np.random.default_rng(2).random(len(grid)).astype(np.float32)
    own = grid_over(stack, 8, 8)
    assert np.allclose(pool(own, fold(own, np.ones(len(own), np.float32))), 1)
    assert pool(grid, fold(grid, values)).shape == (len(grid), 1)


@pytest.mark.parametrize("at_once", [1, 300, 800])
def test_a_wide_map_is_pooled_in_pieces(stack, monkeypatch, at_once):
    grid = grid_over(stack, 16, 8)
    whole = pool(grid, stack)
    monkeypatch.setattr(patch_pixels, "_POOLED", at_once)
    assert np.allclose(pool(grid, stack), whole, atol=1e-4)


def test_labels_come_onto_the_grid_as_shares_of_their_classes():
    from napari_simgraph.core.classes import ClassTable

    drawn = np.zeros((16, 16), np.uint8)
    drawn[:8, :8], drawn[:8, 8:] = 1, 2
    labels = Labels(drawn, classes=ClassTable.of(["a", "b"]))
    grid = grid_over(Image(drawn), 16, 16)
    assert pool(grid, labels).tolist() == [[0.25, 0.25]]


def test_which_patches_cover_a_place(stack):
    grid = grid_over(stack, 16, 8)
    rows = grid.covering(0, 1, 25, 35)
    assert len(rows) == 4
    assert (grid.z[rows] == 1).all()
    middle = np.stack([grid.y[rows] + 7.5, grid.x[rows] + 7.5], 1)
    away = np.linalg.norm(middle - (25, 35), axis=1)
    assert (np.diff(away) >= 0).all()
    assert len(grid.covering(0, 1, 49.9, 69.9)) == 0


def test_patches_that_overlap(stack):
    grid = grid_over(stack, 16, 8)
    left = np.zeros(4, int)
    right = np.array([1, 2, 7, 35])
    assert grid.overlapping(left, right).tolist() == [True, False, True, False]
    assert grid.overlapping(left, right, sections=1).tolist() == [True, False, True, True]


def test_what_does_not_fit_is_told(stack):
    grid = grid_over(stack, 16, 8)
    with pytest.raises(ValueError, match="no image 'other'"):
        grid.find_source("other")
    scattered = PatchGrid(grid.sources, *np.zeros((6, 2), np.int32))
    with pytest.raises(ValueError, match="anywhere"):
        fold(scattered, np.zeros(2))
    with pytest.raises(ValueError, match="one value per patch"):
        PatchGrid(grid.sources, *[np.zeros(n, np.int32) for n in (2, 2, 2, 2, 2, 3)])
    assert len(fold_all(grid_over(ImageSet((stack, stack)), 16, 8), np.zeros(210))) == 2
