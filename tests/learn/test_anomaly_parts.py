"""What hides, what spoils, what compares, and what is normal at a place."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity

from napari_simgraph import Image
from napari_simgraph.analysis.aligned import TURNS, are_aligned, symmetries, turned
from napari_simgraph.learn import described, odd_parts, token_memory
from napari_simgraph.learn.calibrating import (
    RATES,
    Calibration,
    Place,
    fuse,
    group_of,
    squashed,
)
from napari_simgraph.learn.described import (
    FINE,
    PLACES,
    TEXTURE,
    WIDE,
    Described,
    numbers,
    ways,
)
from napari_simgraph.learn.fusing import Fusing
from napari_simgraph.learn.hiding import holes, in_turn, period, quarter, tiles
from napari_simgraph.learn.odd_parts import compared, smooth
from napari_simgraph.learn.spoiling import spoiled
from napari_simgraph.learn.token_memory import Distance, Examples, Places, TokenMemory, coarse


def random(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


@pytest.mark.parametrize("count", [2, 4])
def test_turns_hide_each_pixel_once_and_the_same_in_every_tile(count):
    shape = (64, 96)
    turns = [in_turn(8, count, number, torch.empty(1, 3, *shape)) for number in range(count)]
    assert torch.equal(sum(turn.int() for turn in turns), torch.ones(1, 1, *shape, dtype=int))
    step = period(8)
    for turn in turns:
        assert torch.equal(turn[..., step:, step:], turn[..., :-step, :-step])


def test_a_quarter_is_what_is_hidden_in_its_turn():
    x = random(2, 3, 64, 96)
    for number in range(4):
        hidden = in_turn(8, 4, number, x).expand_as(x)
        drawn = x.clone()
        quarter(drawn, 8, number).zero_()
        assert torch.equal(drawn, torch.where(hidden, 0, x))


def test_while_learning_so_much_is_hidden_and_no_more():
    rng = np.random.default_rng(0)
    shares = tiles(rng, 50, 64, (8, 16), 0.75).mean((1, 2, 3))
    assert shares.min() >= 0.2
    assert shares.max() <= 0.8
    cut = holes(rng, 50, 64)
    assert set(np.unique(cut)) == {0, 1}
    assert 0 < cut.mean() < 0.7


def test_what_is_spoiled_is_told_and_the_rest_stays():
    crops = random(8, 3, 64, 64).numpy()
    odd, where = spoiled(crops, np.random.default_rng(1))
    same = np.broadcast_to(where == 0, crops.shape)
    assert np.array_equal(odd[same], crops[same])
    assert (np.abs(odd - crops).max((1, 2, 3)) > 0.1).all()
    assert 0.005 < where.mean() < 0.4


def test_structure_is_that_of_scikit_image_at_the_middle_of_a_cell():
    x, y = random(1, 1, 64, 64), random(1, 1, 64, 64, seed=1)
    x, y = (smooth(one, 3.0) * 5 for one in (x, x + y))
    _, whole = structural_similarity(
        x[0, 0].double().numpy(), y[0, 0].double().numpy(), win_size=11, data_range=5.0, full=True,
        use_sample_covariance=False,
    )  # fmt: skip
    theirs = (1 - whole).reshape(16, 4, 16, 4).mean((1, 3)) / 2
    ours = compared(x, [y])[0][0, 2].numpy()
    assert theirs.std() > 0.05
    assert np.corrcoef(ours[2:-2, 2:-2].ravel(), theirs[2:-2, 2:-2].ravel())[0, 1] > 0.9


def test_each_way_to_differ_is_that_of_a_slow_second_implementation():
    x, y = random(1, 3, 20, 24).double(), random(1, 3, 20, 24, seed=1).double()
    found = compared(x, [y])[0][0].numpy()
    a, b = (one[0].mean(0).numpy() for one in (x, y))
    for row, column in np.ndindex(5, 6):
        cell = (slice(4 * row, 4 * row + 4), slice(4 * column, 4 * column + 4))
        squared = ((x - y)[0].numpy()[:, cell[0], cell[1]] ** 2).mean()
        assert found[0, row, column] == pytest.approx(squared)
        around = tuple(slice(max(0, 4 * n - 4), 4 * n + 8) for n in (row, column))
        p, q = a[around], b[around]
        light = (2 * p.mean() * q.mean() + 0.0025) / (p.mean() ** 2 + q.mean() ** 2 + 0.0025)
        form = (2 * np.cov(p.ravel(), q.ravel(), bias=True)[0, 1] + 0.0225) / (
            p.var() + q.var() + 0.0225
        )
        assert found[2, row, column] == pytest.approx((1 - light * form) / 2)
    total = np.zeros((5, 6))
    for scale in (1, 2, 4):
        p, q = (one.reshape(20 // scale, scale, -1, scale).mean((1, 3)) for one in (a, b))
        p, q = (np.hypot(prewitt(one, 0), prewitt(one, 1)) for one in (p, q))
        alike = (2 * p * q + 0.065) / (p**2 + q**2 + 0.065)
        step = 4 // scale
        total += 1 - alike.reshape(5, step, 6, step).mean((1, 3))
    assert np.allclose(found[1], total / 3, atol=1e-6)


def prewitt(values, axis):
    """Differences across two pixels, means of three along the other axis."""
    wide = np.pad(values, 1, mode="edge")
    along = np.take(wide, np.arange(2, wide.shape[axis]), axis) - np.take(
        wide, np.arange(wide.shape[axis] - 2), axis
    )
    n = values.shape[1 - axis]
    return sum(np.take(along, np.arange(n) + k, 1 - axis) for k in range(3)) / 3


def test_strips_give_what_the_whole_picture_gives():
    x, y = random(1, 1, 160, 48), random(1, 1, 160, 48, seed=1)
    whole = odd_parts._strip(x, [y], 0, 160)[0]
    assert torch.allclose(compared(x, [y])[0], whole, atol=1e-6)


def test_gradients_differ_where_an_edge_is_missing_and_not_with_light():
    x = torch.zeros(1, 1, 32, 32)
    x[..., 16:] = 2
    lighter, flat = compared(x, [x + 1, torch.zeros_like(x)])
    assert float(lighter[:, 1].max()) < 1e-5
    assert float(flat[0, 1, :, 3:5].min()) > 0.3
    assert float(flat[0, 1, :, :1].max()) < 0.1


def test_blur_keeps_sums_and_flat_pictures():
    x = torch.zeros(1, 2, 33, 33)
    x[..., 16, 16] = 1
    assert float(smooth(x, 2.0)[0, 0].sum()) == pytest.approx(1, abs=1e-5)
    assert torch.allclose(smooth(torch.ones(1, 1, 9, 9), 1.0), torch.ones(1, 1, 9, 9))


def test_blur_weighs_what_is_inside_also_at_borders():
    x, ones = random(1, 2, 12, 17), np.ones((12, 17), np.float32)

    def inside(values):
        return gaussian_filter(values, 2.0, radius=6, mode="constant")

    for got, one in zip(smooth(x, 2.0)[0], x[0], strict=True):
        assert np.allclose(got, inside(one.numpy()) / inside(ones), atol=1e-5)


def test_the_memory_is_small_and_knows_what_it_saw():
    tokens = random(3000, 12).numpy()
    memory = TokenMemory.fit(tokens, 0)
    assert len(memory.kept) == 1024
    distance = Distance(TokenMemory.of(memory.arrays("tokens"), "tokens"), torch.device("cpu"))
    seen = torch.from_numpy(tokens[:16].T.reshape(1, 12, 4, 4).copy())
    nowhere = torch.zeros(1, 2, 4, 4)
    near, far = distance(seen, nowhere), distance(seen + 9, nowhere)
    assert float(near.max()) < 1
    assert float(far.min()) > 2


def texture(x):
    return Described(None, x).texture()


def test_strips_of_texture_give_what_the_whole_picture_gives(monkeypatch):
    x = random(1, 3, 176, 48)
    strips = Described(None, x).by(WIDE)
    monkeypatch.setattr(described, "ROWS", 1000)
    assert torch.allclose(Described(None, x).by(WIDE), strips, atol=1e-6)
    assert strips.shape[-2:] == tuple(n // PLACES[WIDE] for n in x.shape[-2:])


def test_places_of_squares_are_those_of_their_middles():
    down, across = ((torch.arange(n) + 0.5) / n for n in (32, 48))
    places = torch.stack(torch.broadcast_tensors(down[:, None], across[None]))[None]
    for side in (1, 4, 16):
        wanted = torch.nn.functional.avg_pool2d(places, side)
        assert torch.allclose(coarse(places, 48 // side), wanted, atol=1e-6)


def test_texture_tells_light_contrast_and_fineness():
    x = random(1, 1, 96, 96)
    usual = texture(x)[0, :, 4:-4, 4:-4].mean((1, 2))
    assert texture(x).shape == (1, 5, 12, 12)
    assert Described(None, x).by(FINE).shape == (1, 5, 24, 24)
    lighter = texture(x + 1)[0, :, 4:-4, 4:-4].mean((1, 2)) - usual
    assert np.allclose(lighter, (1, 0, 0, 0, 0), atol=0.01)
    doubled = texture(2 * x)[0, :, 4:-4, 4:-4].mean((1, 2)) - usual
    assert np.allclose(doubled[1:3], np.log(2), atol=0.02)
    assert np.allclose(doubled[3:], 0, atol=0.01)
    across = torch.arange(96.0).expand(1, 1, 96, 96)
    fine, coarse = (texture(torch.sin(2 * np.pi * across / n))[0, :, 6, 6] for n in (8, 16))
    assert abs(float(fine[1] - coarse[1])) < 0.1
    assert float(fine[2] - coarse[2]) > 0.5


def test_a_slope_is_as_steep_and_as_directed_at_every_border():
    line = torch.arange(96.0) / 10
    slope = line[:, None] + 2 * line
    steep, *direction = texture(slope[None, None])[0, 2:]
    assert float(steep.max() - steep.min()) < 1e-3
    assert all(float(one.max() - one.min()) < 1e-3 for one in direction)


def test_texture_tells_directions_of_any_channel_and_none_of_noise():
    line = 3 * torch.sin(2 * np.pi * torch.arange(96.0) / 12)
    upright = line.expand(1, 1, 96, 96)
    for channels in (upright, torch.cat([0 * upright, -upright], 1)):  # only one has stripes
        along = [texture(x)[0, -2:, 6, 6] for x in (channels, channels.mT)]
        assert np.allclose(along, [(1, 0), (-1, 0)], atol=0.05)
    aslant = 3 * torch.sin(2 * np.pi * (torch.arange(96.0)[:, None] + torch.arange(96.0)) / 12)
    assert np.allclose(texture(aslant[None, None])[0, -2:, 6, 6], (0, 1), atol=0.1)
    for none in (random(1, 1, 96, 96), torch.zeros(1, 1, 96, 96)):
        found = texture(none)[0, -2:, 2:-2, 2:-2]
        assert float(found.square().sum(0).sqrt().mean()) < 0.3
    for part in (TEXTURE, WIDE, FINE):
        assert Described(None, random(1, 3, 96, 96)).by(part).shape[1] == numbers(part, 3)


def test_small_aligned_pictures_are_compared_at_fine_places():
    assert ways(None) == ("tokens", TEXTURE, WIDE)
    assert ways((256, 512)) == ("tokens", FINE)
    assert ways((256, 513)) == ("tokens", TEXTURE)
    assert {group_of(part) for part in ways((256, 256))} == {"tokens", "texture"}


def test_wide_texture_also_tells_what_lies_around():
    x = torch.zeros(1, 1, 96, 96)
    x[..., 40:56, 40:56] = random(1, 1, 16, 16)
    usual, wide = texture(x), Described(None, x).by(WIDE)
    assert torch.equal(wide[:, :5], usual)
    assert abs(float(usual[0, 1, 2, 6] - usual[0, 1, 0, 0])) < 0.01  # 20 px away from it
    assert float(wide[0, 6, 2, 6] - wide[0, 6, 0, 0]) > 0.1
    assert group_of(WIDE) == group_of("texture")


def remembered(pictures):
    """A memory of places ``(D, h, w)``, whitened already, and how to make tokens of such points."""
    rng = np.random.default_rng(0)
    memory = TokenMemory.fit(rng.normal(size=(500, 4)).astype(np.float32), 0)
    places = Places(len(pictures))
    for one in pictures:
        places.add(one)
    known = TokenMemory.of(places.known(memory).arrays("texture"), "texture")
    distance = Distance(known, torch.device("cpu"))

    def away(points, place):
        """How far places all as `points` are from what is normal at (row, column)."""
        found = torch.linalg.lstsq(distance.basis.T, torch.full((4,), points)).solution
        tokens = (found + distance.mean)[None, :, None, None]
        return float(distance(tokens, torch.tensor([place])[..., None, None]))

    return known, away


def test_where_pictures_are_aligned_each_place_has_its_normal():
    rng = np.random.default_rng(0)
    at = np.zeros((4, 8, 8))
    at[:, :4, 4:] = 5
    _, away = remembered([at + rng.normal(0, 0.1, at.shape) for _ in range(20)])
    assert away(5.0, (0.8, 0.8)) > 5 * away(5.0, (0.2, 0.8))
    assert away(5.0, (0.55, 0.8)) < 2 * away(5.0, (0.2, 0.8))  # a thing may lie a little lower


def nearest_by_hand(examples, spread, points, top, left):
    """Mean square to the nearest example of the nine cells around, one place after another."""
    height, width = points.shape[1:]
    found = np.empty((height, width))
    for y in range(height):
        for x in range(width):
            rows = np.clip([top + y - 1, top + y, top + y + 1], 0, examples.shape[2] - 1)
            columns = np.clip([left + x - 1, left + x, left + x + 1], 0, examples.shape[3] - 1)
            near = examples[:, :, rows][..., columns] - points[:, y, x][:, None, None]
            found[y, x] = np.square(near / spread[:, y, x][:, None, None]).mean(1).min()
    return found


@pytest.mark.parametrize("corner", [(0, 0), (3, 2)])
def test_the_nearest_example_around_is_found_on_cells_and_between_them(corner, monkeypatch):
    monkeypatch.setattr(token_memory, "_AT_ONCE", 60)  # so that there are several strips
    examples, points = random(5, 3, 9, 8), random(1, 3, 5, 6, seed=2)
    spread = random(1, 3, 5, 6, seed=1).abs() + 0.5
    rows = (torch.arange(5) + corner[0] + 0.5) / 9
    columns = (torch.arange(6) + corner[1] + 0.5) / 8
    places = torch.stack(torch.meshgrid(rows, columns, indexing="ij"))[None]
    known = Examples(examples)
    wanted = nearest_by_hand(*(v.numpy() for v in (examples, spread[0], points[0])), *corner)
    np.testing.assert_allclose(known(points, spread, places)[0], wanted, rtol=1e-5)
    monkeypatch.setattr(Examples, "_corner", lambda self, places: None)
    np.testing.assert_allclose(known(points, spread, places)[0], wanted, rtol=1e-3)  # by sampling
    monkeypatch.undo()
    between = known(points, spread, places + 0.05)[0]
    assert torch.isfinite(between).all()
    assert not np.allclose(between, wanted, rtol=0.01)


@pytest.mark.parametrize(("pictures", "kept"), [(70, 70), (300, 150)])
def test_a_place_may_be_normal_in_several_ways(pictures, kept):
    rng = np.random.default_rng(0)
    seen = [
        np.full((4, 2, 2), n % 3 / 0.4) + rng.normal(0, 0.1, (4, 2, 2)) for n in range(pictures)
    ]
    known, away = remembered(seen)
    assert len(known.examples) == kept  # bounded
    for usual in (0.0, 5.0):
        assert away(3.75, (0.25, 0.25)) > 5 * away(usual, (0.25, 0.25))


def test_examples_of_large_pictures_are_fewer(monkeypatch):
    monkeypatch.setattr(token_memory, "_NUMBERS", 4 * 8 * 8 * 10)
    pictures = [np.full((4, 8, 8), float(n)) for n in range(25)]
    known, _ = remembered(pictures)
    assert known.examples[:, 0, 0, 0].tolist() == list(range(0, 25, 3))
    assert known.examples.dtype == np.float16


def score_of(known, values, parts, place):
    """By numpy, as `Fusing` has it by torch."""
    standard = known.standard.standard(values, place)
    return squashed(fuse(standard, parts, known.standard.weights), known.levels)


@pytest.mark.parametrize("aligned", [True, False])
def test_parts_are_fused_alike_by_torch_and_by_numpy(aligned):
    rng = np.random.default_rng(0)
    parts = ["mae mended squared", "mae doubt", "tokens", "texture"]
    maps = [np.abs(rng.normal(size=(4, 8, 8))).astype(np.float32) for _ in range(20)]
    known = Calibration.fit(maps, parts, aligned)
    values = 3 * np.abs(rng.normal(size=(4, 24, 16))).astype(np.float32)
    wanted = score_of(known, values, parts, Place((0, 24), (0, 16), (24, 16)))
    places = np.stack(
        np.meshgrid((np.arange(24) + 0.5) / 24, (np.arange(16) + 0.5) / 16, indexing="ij")
    )
    fused = Fusing(known, parts, torch.device("cpu"))
    found = fused(torch.from_numpy(values)[None], torch.from_numpy(places.astype(np.float32))[None])
    assert np.allclose(found[0, 0].numpy(), wanted, atol=1e-4)


def test_a_model_is_fused_as_it_was_calibrated():
    maps = [np.full((2, 4, 4), float(n), np.float32) for n in range(9)]
    known = Calibration.fit(maps, ["mae doubt", "texture"], aligned=False)
    other = known._replace(shares=np.array([1, 0], np.float32))
    kept = Calibration.of(other.arrays("full"), "full")
    assert kept.shares.tolist() == [1, 0]
    values, places = torch.ones(1, 2, 4, 4), torch.zeros(1, 2, 4, 4)
    values[:, 1] = 1000  # which says nothing where it has no share
    seen = [
        Fusing(one, ["mae doubt", "texture"], torch.device("cpu"))(values, places)
        for one in (known, kept)
    ]
    assert (seen[0] > seen[1]).all()
    older = {key: v for key, v in known.arrays("full").items() if not key.endswith("shares")}
    of_before = Calibration.of(older, "full")
    found = Fusing(of_before, ["mae doubt", "texture"], torch.device("cpu"))(values, places)
    assert torch.allclose(found, seen[0])


def test_thresholds_are_those_of_normal_places():
    rng = np.random.default_rng(0)
    parts = ["mae squared", "mae mended squared", "mae doubt", "tokens"]
    maps = [np.abs(rng.normal(size=(4, 100, 1))).astype(np.float32) for _ in range(30)]
    known = Calibration.fit(maps, parts, aligned=False)
    place = Place((0, 100), (0, 1), (100, 1))
    scores = np.concatenate([score_of(known, one, parts, place).ravel() for one in maps])
    for rate in (0.01, 0.1):
        assert np.mean(scores > known.threshold(rate)) == pytest.approx(rate, abs=0.004)
        assert known.rate(known.threshold(rate)) == pytest.approx(rate, rel=1e-3)
    assert np.quantile(scores, 0.99) == pytest.approx(0.5, abs=0.01)
    assert (np.diff(known.alarms) <= 0).all()
    assert len(known.alarms) == len(RATES)
    odder = score_of(known, maps[0] + 9, parts, place)
    assert (odder > 0.85).all()
    assert (odder < 1).all()


def test_aligned_places_have_their_own_spread():
    rng = np.random.default_rng(1)
    maps = [np.abs(rng.normal(size=(1, 16, 16))).astype(np.float32) for _ in range(20)]
    for one in maps:
        one[:, :, 8:] *= 25  # always restless there
    known = Calibration.fit(maps, ["tokens"], aligned=True)
    place = Place((0, 16), (0, 16), (16, 16))
    same = np.full((1, 16, 16), 16.0, np.float32)
    score = score_of(known, same, ["tokens"], place)
    assert score[:, :6].min() > score[:, 10:].max()
    doubled = Place((0, 32), (0, 32), (32, 32))
    large = score_of(known, np.full((1, 32, 32), 16.0, np.float32), ["tokens"], doubled)
    assert np.allclose(large[1::2, 1::2], score, atol=0.1)


def test_parts_are_fused_by_group():
    assert group_of("mae mended squared") == "mended"
    assert group_of("inpainting doubt") == "doubt"
    assert group_of("colorization") == "colors"
    assert group_of("texture") == "texture"
    maps = np.stack([np.full((2, 2), v, np.float32) for v in (1, 3, 10)])
    parts = ["mae squared", "mae gradient", "tokens"]
    assert np.allclose(fuse(maps, parts, {"pixels": 1.0, "tokens": 1.0}), 6)
    assert np.allclose(fuse(maps, parts, {"pixels": 1.0}), 2)


def test_several_pretexts_count_no_more_than_one():
    maps = np.stack([np.full((2, 2), v, np.float32) for v in (1, 3, 10)])
    weights = {"doubt": 1.0, "texture": 1.0}
    found = fuse(maps, ["mae doubt", "inpainting doubt", "texture"], weights)
    assert np.allclose(found, 6)


def test_pictures_of_one_thing_at_one_place_are_aligned():
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:64, :64]
    ring = 200.0 * (np.hypot(y - 32, x - 32) < 20)
    alike = [Image(ring + rng.normal(0, 20, ring.shape)) for _ in range(8)]
    assert are_aligned(alike)
    texture = [Image(np.roll(ring, rng.integers(64, size=2), (0, 1))) for _ in range(8)]
    assert not are_aligned(texture)
    assert not are_aligned(alike[:3])
    assert not are_aligned([*alike[:7], Image(ring[:32])])


def test_pictures_are_turned_as_long_as_they_look_as_before():
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:64, :64]
    ring = 200.0 * (np.hypot(y - 32, x - 32) < 20)
    ring[:20] += 100
    alike = [Image(ring + rng.normal(0, 5, ring.shape)) for _ in range(8)]
    assert symmetries(alike) == (0, 6)
    assert np.array_equal(turned(ring, 6), ring[:, ::-1])
    assert symmetries(alike[:3]) == (0,)
    corner = rng.random((3, 4))
    assert len({turned(corner, turn).tobytes() for turn in TURNS}) == len(TURNS)
    assert turned(corner, 1).shape == (4, 3)
    first = turned(corner[None], 3, (1, 2))[0]
    assert np.array_equal(first, turned(corner, 3))
