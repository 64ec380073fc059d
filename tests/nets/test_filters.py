"""The bank of filters beside scipy's, and how far it looks."""

import numpy as np
import torch
from scipy import ndimage

from napari_simgraph.nets import build, reach
from napari_simgraph.nets.bank import SCALES, bank, features


def noise(edge, channels=1):
    return torch.randn(1, channels, edge, edge, generator=torch.Generator().manual_seed(0))


def test_blur_edges_and_curvature_are_those_of_scipy():
    x = noise(64)
    found = bank(x)[0].numpy()
    plane = x[0, 0].numpy().astype(np.float64)
    inner = (slice(20, 44), slice(20, 44))
    at = 1
    for scale in SCALES[:4]:
        told = {"sigma": scale, "truncate": 3.0, "mode": "nearest"}
        blurred = ndimage.gaussian_filter(plane, **told)
        down = ndimage.gaussian_filter(plane, order=(1, 0), **told)
        right = ndimage.gaussian_filter(plane, order=(0, 1), **told)
        assert np.allclose(found[at][inner], blurred[inner], atol=2e-3)
        edges = scale * np.hypot(down, right)
        assert np.corrcoef(found[at + 1][inner].ravel(), edges[inner].ravel())[0, 1] > 0.999
        laplacian = found[at + 2] + found[at + 3]
        second = ndimage.gaussian_laplace(plane, scale, truncate=3.0, mode="nearest")
        if scale > 1:  # below, a pixel is too coarse for derivatives of a Gaussian
            both = laplacian[inner].ravel(), second[inner].ravel()
            assert np.corrcoef(*both)[0, 1] > 0.99
        at += 6


def test_a_dark_line_is_a_valley_and_a_bright_one_a_ridge():
    plane = torch.zeros(1, 1, 41, 41)
    plane[..., 20, :] = -1
    dark, bright = (bank(one, (1.6,), textures=False)[0, :, 20, 20] for one in (plane, -plane))
    larger, smaller = 3, 4  # eigenvalues of the Hessian
    assert dark[larger] > 0.2 > abs(dark[smaller]) * 5
    assert bright[smaller] < -0.2


def test_as_many_features_as_it_says_and_no_farther():
    assert bank(noise(48, 3)).shape[1] == features(3)
    assert bank(noise(48), (1.0, 2.0), textures=False).shape[1] == features(1, (1.0, 2.0), False)
    far = reach("filters", {}).radius
    x = noise(2 * far + 3)
    y = x.clone()
    y[..., 0, :] += 5
    changed = (bank(x) != bank(y)).any(1)[0].any(1)
    assert not changed[far + 1 :].any()


def test_a_head_is_drawn_by_its_seed_and_takes_features_as_they_are():
    one, same, other = (
        build("filters", seed=s, in_channels=1, out_channels=2, hidden=8) for s in (1, 1, 2)
    )
    x = noise(32)
    with torch.no_grad():
        assert torch.equal(one(x), same(x))
        assert not torch.equal(one(x), other(x))
    assert torch.equal(one.spread, torch.ones(features(1)))
