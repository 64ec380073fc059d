"""What of a slide shows something: glass of any tone is left out, pale tissue is not."""

import numpy as np
import pytest

from napari_simgraph.analysis.tissue import stain, tissue
from napari_simgraph.core.patches import grid_over
from napari_simgraph.core.raster import Image

WHITE, LILAC, DIM = (245, 244, 246), (221, 205, 224), (178, 176, 170)
DYE = np.array([0.12, 0.30, 0.10])  # optical density of tissue by channel, where it is dense


def slide(glass, side=512, seed=0):
    """Glass with noise and a shadow; in its middle a square of tissue, its left half pale."""
    rng = np.random.default_rng(seed)
    lit = np.ones((side, side, 1)) * np.linspace(1, 0.97, side)[:, None, None]
    dense = np.zeros((side, side))
    inner = slice(side // 4, 3 * side // 4)
    dense[inner, inner] = fibres(rng, side // 2)
    dense[inner, side // 4 : side // 2] *= 0.5
    pixels = np.array(glass) * lit * 10 ** -(dense[..., None] * DYE)
    return np.clip(pixels + rng.normal(0, 1.5, pixels.shape), 0, 255).astype(np.uint8)


def fibres(rng, side):
    """Density from 0 to 2 that varies over some 6 px."""
    coarse = rng.uniform(0, 2, (side // 6 + 1, side // 6 + 1))
    return np.kron(coarse, np.ones((6, 6)))[:side, :side]


def shown(pixels, size):
    image = Image(pixels, axes="YXC")
    grid = grid_over(image, size, size)
    kept = tissue([image], grid)
    middle = np.stack([grid.y, grid.x], 1) + size / 2
    inside = ((middle > pixels.shape[0] / 4) & (middle < 3 * pixels.shape[0] / 4)).all(1)
    return kept, inside


@pytest.mark.parametrize("size", [16, 64, 96])
@pytest.mark.parametrize("glass", [WHITE, LILAC, DIM])
def test_glass_of_any_tone_is_left_out_and_pale_tissue_is_kept(glass, size):
    kept, inside = shown(slide(glass), size)
    assert kept[inside].mean() > 0.99
    assert kept[~inside].mean() < 0.01


def test_a_smear_of_dye_beside_the_tissue_is_glass():
    pixels = slide(LILAC).astype(float)
    smear = np.exp(-(((np.arange(512) - 60) / 27) ** 2))[None, :, None]
    pixels *= 10 ** -(0.05 * smear * DYE / DYE.max())
    kept, inside = shown(pixels.astype(np.uint8), 64)
    assert kept[inside].all()
    assert not kept[~inside].any()


def test_white_that_was_filled_in_beside_glass_shows_nothing():
    pixels = slide(WHITE)
    pixels[:, :60] = 255
    kept, inside = shown(pixels, 64)
    assert kept[inside].all()
    assert not kept[~inside].any()


def test_where_there_is_no_glass_all_is_kept():
    pixels = slide(LILAC)[128:384, 128:384]
    kept, _ = shown(pixels, 64)
    assert kept.all()
    smooth = np.full((256, 256, 3), (200, 160, 190), np.uint8)
    assert shown(smooth, 64)[0].all()


def test_what_is_0_was_filled_in_also_in_colours():
    pixels = slide(LILAC)[128:384, 128:384].copy()
    pixels[:, 128:] = 0
    image = Image(np.stack([pixels, pixels]), axes="ZYXC")
    grid = grid_over(image, 64, 64)
    assert np.array_equal(tissue([image], grid), grid.x < 128)


def test_a_dim_grey_stack_of_microscopy_is_not_taken_for_glass():
    plain = np.full((64, 64), 200, np.uint8)
    plain[:, 32:] = 230
    image = Image(plain)
    assert tissue([image], grid_over(image, 16, 16)).all()


def test_patches_without_numbers_show_nothing():
    stack = np.random.default_rng(0).uniform(0, 1, (2, 64, 64)).astype(np.float32)
    stack[1, :, 32:] = np.nan
    image = Image(stack)
    grid = grid_over(image, 16, 16)
    assert np.array_equal(tissue([image], grid), (grid.z == 0) | (grid.x < 32))


@pytest.mark.parametrize("glass", [WHITE, LILAC])
def test_glass_in_the_midst_of_tissue_is_told_by_cells_and_dust_is_not_shown(glass):
    pixels = slide(glass)
    pixels[192:320, 192:320] = slide(glass)[:128, :128]  # a hole
    pixels[40:46, 40:46] = 90  # dust
    found = stain(Image(pixels, axes="YXC"), 16)
    shown = found.shown(0, (0, 512), (0, 512))
    assert shown[144:176, 144:368].all()
    assert not shown[224:288, 224:288].any()
    assert not shown[:96].any()
    box = found.shown(0, (100, 300), (37, 250))
    assert np.array_equal(box, shown[100:300, 37:250])


def test_grey_images_and_those_without_glass_have_no_glass_to_tell():
    pixels = slide(LILAC)
    assert stain(Image(pixels[..., 0], axes="YX"), 16) is None
    assert stain(Image(pixels[128:384, 128:384], axes="YXC"), 16) is None
    assert stain(Image(pixels[:100], axes="YXC"), 16) is None
