"""Each way of varying a patch does what it says, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_simgraph.core.job import run
from napari_simgraph.core.patches import grid_over
from napari_simgraph.core.raster import Image
from napari_simgraph.learn.normalise import RULE
from napari_simgraph.learn.patchwork import patchwork
from napari_simgraph.learn.siamese import SiameseLesson
from napari_simgraph.learn.view_settings import PRESETS, Views
from napari_simgraph.learn.views import view
from napari_simgraph.nets import build

SIDE, COUNT = 32, 24
NOTHING = Views(
    SIDE, flips=False, turn=0, zoom=1, bend=0, gain=0, offset=0, noise=0, blur=0, near=0
)
LINE = np.arange(SIDE) - (SIDE - 1) / 2


def seen(picture, light=None, **changes):
    """Views of the middle of a picture ``(C, Y, X)`` as an array ``(N, C, Y, X)``."""
    how = replace(NOTHING, **changes)
    cut = (picture.shape[-1] - how.reading) // 2
    inner = picture[:, cut : cut + how.reading, cut : cut + how.reading]
    crops = torch.from_numpy(np.repeat(inner[None].astype(np.float32), COUNT, 0))
    return view(crops, how, torch.Generator().manual_seed(0), light).numpy()


def drawn(draw, channels=1):
    """A picture larger than a patch: `draw(y, x)` about its centre."""
    line = np.arange(2 * SIDE) - (2 * SIDE - 1) / 2
    y, x = np.meshgrid(line, line, indexing="ij")
    return np.repeat(draw(y, x)[None].astype(np.float32), channels, 0)


def middle(picture):
    return picture[:, SIDE // 2 : -SIDE // 2, SIDE // 2 : -SIDE // 2]


def test_nothing_varied_is_the_patch_itself():
    grain = np.random.default_rng(0).random((1, 2 * SIDE, 2 * SIDE))
    assert np.allclose(seen(grain), middle(grain), atol=1e-5)


def test_flips_mirror_half_of_the_views():
    grain = np.random.default_rng(0).random((1, 2 * SIDE, 2 * SIDE))
    same = np.isclose(seen(grain, flips=True), middle(grain), atol=1e-5).all((1, 2, 3))
    mirrored = np.isclose(seen(grain, flips=True), middle(grain)[..., ::-1], atol=1e-5)
    assert (same ^ mirrored.all((1, 2, 3))).all()
    assert 0.2 < same.mean() < 0.8


def test_turns_go_all_around_and_keep_the_middle():
    ramp = seen(drawn(lambda y, x: x), turn=180)[:, 0]
    down, across = np.gradient(ramp, axis=(1, 2))
    at = SIDE // 2
    angles = np.arctan2(down[:, at, at], across[:, at, at])
    assert np.ptp(angles) > np.pi
    assert np.allclose(np.hypot(down, across)[:, at, at], 1, atol=1e-3)
    few = seen(drawn(lambda y, x: x), turn=15)[:, 0]
    down, across = np.gradient(few, axis=(1, 2))
    assert np.abs(np.degrees(np.arctan2(down, across)[:, at, at])).max() < 15.1


def test_size_changes_by_the_factor_and_no_more():
    disc = drawn(lambda y, x: np.hypot(y, x) < 8)
    area = seen(disc, zoom=1.25)[:, 0].sum((1, 2)) / (np.pi * 64)
    assert area.min() > 1 / 1.25**2 - 0.05
    assert area.max() < 1.25**2 + 0.05
    assert np.ptp(area) > 0.5


def test_slant_and_shift_move_columns_and_all():
    bar = drawn(lambda y, x: np.abs(x) < 2)
    slanted = seen(bar, shear=0.3)[:, 0]
    at = (slanted * LINE).sum(2) / slanted.sum(2)
    assert 4 < np.abs(at[:, 2] - at[:, -3]).max() < 0.3 * SIDE  # as handwriting leans
    middles = (seen(bar, shift=0.1)[:, 0] * LINE).sum((1, 2)) / 4 / SIDE
    assert 1 < np.abs(middles).max() <= 0.1 * SIDE + 0.1


def test_bending_bends_a_straight_line_a_little():
    bar = drawn(lambda y, x: np.exp(-(x**2) / 8))
    bent = seen(bar, bend=0.06)[:, 0]
    at = (bent * LINE).sum(2) / bent.sum(2)
    away = at - np.array([np.polyval(np.polyfit(LINE, one, 1), LINE) for one in at])
    assert np.abs(away).max() > 0.5
    assert np.abs(away).max() < 0.3 * SIDE


def test_blur_takes_away_fine_grain_of_some_views():
    grain = np.random.default_rng(0).normal(size=(1, 2 * SIDE, 2 * SIDE))
    left = seen(grain, blur=0.5).std((1, 2, 3)) / middle(grain).std()
    soft = left < 0.5
    assert 0.2 < soft.mean() < 0.8
    assert np.allclose(left[~soft], 1, atol=1e-4)
    coarse = drawn(lambda y, x: np.sin(y / 8))
    assert np.abs(seen(coarse, blur=1.0) - middle(coarse)).max() < 0.1


def test_noise_light_and_contrast_stay_within_their_amounts():
    picture = drawn(lambda y, x: np.sin(x))
    off = seen(picture, noise=0.2) - middle(picture)
    assert off.std((1, 2, 3)).max() < 0.21
    assert off.std((1, 2, 3)).max() > 0.12
    assert abs(off.mean()) < 0.01
    lit = seen(picture, gain=0.1, offset=0.2)
    fits = [np.polyfit(middle(picture).ravel(), one.ravel(), 1, full=True)[:2] for one in lit]
    slopes, shifts = np.array([fit[0] for fit in fits]).T
    assert all(rest.sum() < 1e-6 for _, rest in fits)
    assert 0.05 < np.abs(slopes - 1).max() <= 0.1
    assert 0.1 < np.abs(shifts).max() <= 0.2


def test_stain_jitter_changes_amounts_of_stains_only():
    """Haematoxylin alone stays haematoxylin: its direction in optical density is kept."""
    stain = np.array([0.65, 0.70, 0.29])
    stain /= np.linalg.norm(stain)
    amount = drawn(lambda y, x: 0.5 + 0.4 * np.sin(x / 3))[0]
    picture = np.exp(-amount * stain[:, None, None])
    light = torch.stack([torch.ones(COUNT, 3), torch.zeros(COUNT, 3)])
    density = -np.log(seen(picture, light, stain=0.2).clip(1e-6))
    along = np.einsum("ncyx,c->nyx", density, stain)
    across = np.linalg.norm(density - along[:, None] * stain[:, None, None], axis=1)
    assert across.max() < 0.06  # only the small offsets of the other two stains
    gain = along.std((1, 2)) / middle(amount[None]).std()
    assert 0.1 < np.abs(gain - 1).max() <= 0.21
    grey = seen(picture[:1], light[:, :, :1], stain=0.2)
    assert np.allclose(grey, middle(picture[:1]), atol=1e-5)


def test_stroke_width_goes_both_ways():
    bar = drawn(lambda y, x: np.abs(x) < 3)
    width = seen(bar, stroke=True)[:, 0, SIDE // 2].sum(1)
    assert width.min() < 5
    assert width.max() > 7
    assert width.min() >= 4 - 1e-3
    assert width.max() <= 8 + 1e-3


@pytest.mark.parametrize("near", [0.0, 0.25])
def test_positives_lie_near_also_in_the_next_section(near):
    """Each pixel says where it is, so a crop tells where it was cut."""
    z, y, x = np.meshgrid(np.arange(3), np.arange(96), np.arange(96), indexing="ij")
    image = Image(np.stack([z, y, x], -1).astype(np.float32), axes="ZYXC")
    work = run(patchwork(image, grid_over(image, 16, 16), 16, RULE))
    network = build("siamese", backbone="cnn", in_channels=3, width=4, depth=2)
    lesson = SiameseLesson(network, work, replace(NOTHING, patch=16, near=near), "ntxent", 0)
    pairs = lesson.batch(0, 48)
    shift, scale = (np.array(getattr(work.of(0), name)) for name in ("shift", "scale"))
    first, second = (part[:, :, 8, 8] * scale + shift for part in (pairs.first, pairs.second))
    off = np.abs(second - first)
    if not near:
        assert pairs.second is pairs.first
        return
    assert set(np.round(off[:, 0]).astype(int)) == {0, 1}
    assert 2 < off[:, 1:].max() < near * 16 + 1


def test_presets_vary_what_their_material_asks_for():
    em, slide, digits = (PRESETS[name] for name in ("em", "slide", "digits"))
    assert em.turn == slide.turn == 180
    assert em.flips
    assert slide.flips
    assert em.gain <= 0.1  # grey tells structures apart
    assert slide.stain > 0
    assert em.stain == 0
    assert digits.stroke
    assert not digits.flips
    assert digits.turn < 45
    assert em.near > 0
    assert digits.near == 0
