"""Losses, views, whitening and encoders, held against slow, obvious versions."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_simgraph.analysis.health import effective_rank, hubness, spread
from napari_simgraph.core.job import run
from napari_simgraph.core.patches import grid_over
from napari_simgraph.core.raster import Image, ImageSet
from napari_simgraph.learn.losses_siamese import nt_xent, retrieval, vicreg
from napari_simgraph.learn.normalise import RULE
from napari_simgraph.learn.patchwork import Tiling, lay_out, patchwork
from napari_simgraph.learn.view_settings import PRESETS, kind_of
from napari_simgraph.learn.views import view
from napari_simgraph.learn.whitening import Whitening
from napari_simgraph.nets import build


def pair(n=6, d=4):
    generator = torch.Generator().manual_seed(0)
    return torch.randn((2, n, d), generator=generator)


def test_nt_xent_is_its_definition():
    a, b = pair()
    views = [v / v.norm() for v in (*a, *b)]
    total = 0.0
    for i in range(12):
        j = (i + 6) % 12
        rest = sum(torch.exp(views[i] @ views[k] / 0.2) for k in range(12) if k != i)
        total -= torch.log(torch.exp(views[i] @ views[j] / 0.2) / rest)
    assert nt_xent(a, b).item() == pytest.approx(total.item() / 12, rel=1e-5)


def test_vicreg_is_its_definition():
    a, b = pair()
    wanted = 25 * ((a - b) ** 2).mean().item()
    for z in (a.numpy().astype(float), b.numpy().astype(float)):
        wanted += 25 * np.maximum(0, 1 - np.sqrt(z.var(0, ddof=1) + 1e-4)).mean() / 2
        covariance = np.cov(z.T)
        wanted += ((covariance**2).sum() - (np.diag(covariance) ** 2).sum()) / 4
    assert vicreg(a, b).item() == pytest.approx(wanted, rel=1e-4)


def test_rank_spread_and_retrieval_tell_a_collapse():
    generator = torch.Generator().manual_seed(0)
    well = torch.randn((500, 16), generator=generator)
    line = torch.randn((500, 1), generator=generator) * torch.ones(16)
    assert effective_rank(well.numpy()) > 15
    assert effective_rank(line.numpy()) < 1.1
    assert effective_rank(np.ones((20, 4))) < 1.1
    assert spread(well.numpy()) == pytest.approx(1, abs=0.05)
    assert spread(np.ones((20, 4))) == pytest.approx(0, abs=1e-5)
    hub = np.concatenate([well.numpy(), well.numpy().mean(0, keepdims=True)])
    assert hubness(well.numpy(), 5) < hubness(hub - 3, 5)
    assert retrieval(well, well) == 1
    assert retrieval(well, well.flip(0)) == 0


@pytest.mark.parametrize("kind", list(PRESETS))
def test_views_have_the_size_of_a_patch_and_chance_comes_from_the_generator(kind):
    how = replace(PRESETS[kind], patch=16)
    crops = torch.rand((5, 3, how.reading, how.reading)) - 0.5
    light = torch.stack([torch.ones(5, 3), torch.full((5, 3), 0.5)])
    one, two = (view(crops, how, torch.Generator().manual_seed(3), light) for _ in range(2))
    assert one.shape == (5, 3, 16, 16)
    assert torch.equal(one, two)
    assert torch.isfinite(one).all()
    assert not torch.equal(one, view(crops, how, torch.Generator().manual_seed(4), light))
    if kind != "digits":
        assert how.stronger(0).bend == 0


def test_kinds_of_images_are_known():
    grey, small = Image(np.zeros((99, 99), np.uint8)), Image(np.zeros((28, 28), np.uint8))
    assert kind_of(grey) == "em"
    assert kind_of(ImageSet((small, small))) == "digits"
    assert kind_of(Image(np.zeros((9, 9, 3), np.uint8), axes="YXC")) == "slide"


def test_whitened_features_are_uncorrelated_and_of_length_one():
    rng = np.random.default_rng(0)
    features = (rng.normal(size=(2000, 6)) @ rng.normal(size=(6, 10))).astype(np.float32)
    white = Whitening.fit(features, 6, 1.0)
    points = (features - white.mean) @ white.basis
    assert np.allclose(np.corrcoef(points.T), np.eye(6), atol=0.01)
    assert points.std(0).max() / points.std(0).min() < 1.1
    assert np.allclose(np.linalg.norm(white.apply(features), axis=1), 1, atol=1e-5)
    again = Whitening.of(white.arrays())
    assert np.array_equal(again.apply(features), white.apply(features))
    assert np.isfinite(
        Whitening.fit(np.ones((9, 4), np.float32), 4, 1.0).apply(features[:, :4])
    ).all()


@pytest.mark.parametrize("backbone", ["cnn", "resnet18"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_encoders_pool_all_their_stages(backbone, channels):
    network = build("siamese", backbone=backbone, in_channels=channels, projection=8).eval()
    x = torch.randn((2, channels, 40, 40), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        features = network.features(x)
        stages = network.encoder(x)
    wanted = torch.cat(
        [torch.cat([s.mean((2, 3)), s.std((2, 3), correction=0)], 1) for s in stages], 1
    )
    assert torch.allclose(features, wanted, atol=2e-3)
    assert network(x).shape == (2, 8)
    again = build("siamese", backbone=backbone, in_channels=channels, projection=8)
    assert all(
        torch.equal(p, q) for p, q in zip(network.parameters(), again.parameters(), strict=True)
    )


def test_a_siamese_network_overfits_one_batch():
    network = build("siamese", backbone="cnn", in_channels=1, width=8, depth=3, projection=32)
    crops = torch.randn((16, 1, 16, 16), generator=torch.Generator().manual_seed(0))
    optimiser = torch.optim.AdamW(network.parameters(), 3e-3)
    for _ in range(60):
        a, b = network(torch.cat([crops, crops.flip(3)])).chunk(2)
        loss = nt_xent(a, b)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert retrieval(a, b) > 0.9


def test_patches_are_seen_at_the_pixel_size_of_the_model():
    pixels = np.kron(np.random.default_rng(0).random((16, 16)), np.ones((4, 4))).astype(np.float32)
    fine = Image(pixels, spacing=(4, 4), unit="nm")
    pyramid = fine.replace(data=(pixels, pixels[::2, ::2]))
    tiling = Tiling(16, 8, 8.0, "nm")
    assert lay_out(fine, tiling).layouts[0][2:4] == (32, 16)
    assert lay_out(pyramid, tiling).layouts[0][0] == 1
    assert lay_out(pyramid, tiling).layouts[0][2:4] == (16, 8)
    assert lay_out(fine.replace(unit="pixel"), tiling).layouts[0].size == 16
    both = [run(patchwork(one, lay_out(one, tiling), 16, RULE)) for one in (fine, pyramid)]
    here, there = (work.patches(np.arange(4)) for work in both)
    assert here.shape == there.shape == (4, 1, 16, 16)
    assert np.corrcoef(here.ravel(), there.ravel())[0, 1] > 0.9


def test_crops_lie_where_they_are_asked_for():
    image = Image(np.random.default_rng(0).integers(0, 255, (3, 64, 64), np.uint8))
    work = run(patchwork(image, grid_over(image, 16, 16), 16, RULE))
    row = 21
    assert np.array_equal(work.crop(row, (0, 0, 0), 16), work.patches([row])[0])
    assert np.array_equal(work.crop(row, (1, 0, 16), 16), work.patches([row + 16 + 1])[0])
    wide = work.crop(row, (0, 0, 0), 24)
    assert np.array_equal(wide[:, 4:20, 4:20], work.patches([row])[0])
    assert np.array_equal(work.crop(row, (99, 0, 0), 16), work.patches([row + 16])[0])
