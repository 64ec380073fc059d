"""A network at two sizes: interpolation, and the same numbers in tiles as in the whole."""

import pytest
import torch
from torch.nn import functional

from napari_simgraph.nets import build, folded, reach
from napari_simgraph.nets.magnified import Magnified, enlarged, reach_at, reduced

OPTIONS = {"in_channels": 1, "out_channels": 2, "width": 4, "depth": 3}


def picture(height=40, width=64):
    return torch.randn(1, 1, height, width, generator=torch.Generator().manual_seed(0))


def test_it_interpolates_as_torch_does():
    x = picture()
    larger = functional.interpolate(x, scale_factor=1.25, mode="bilinear", align_corners=False)
    assert torch.allclose(enlarged(x), larger, atol=1e-5)
    smaller = functional.interpolate(larger, size=x.shape[2:], mode="bilinear", align_corners=False)
    assert torch.allclose(reduced(larger), smaller, atol=1e-5)


def test_there_and_back_a_slope_stays():
    slope = torch.arange(64.0).expand(1, 1, 40, 64) + torch.arange(40.0)[:, None]
    back = reduced(enlarged(slope))
    assert back.shape == slope.shape
    assert torch.allclose(back[..., 2:-2, 2:-2], slope[..., 2:-2, 2:-2], atol=1e-4)


def test_scores_are_the_mean_of_both_sizes():
    network = folded(build("unet", **OPTIONS))
    x = picture(64, 64)
    with torch.no_grad():
        larger = network(functional.interpolate(x, scale_factor=1.25, mode="bilinear"))
        back = functional.interpolate(larger, size=(64, 64), mode="bilinear")
        assert torch.allclose(Magnified(network)(x), (network(x) + back) / 2, atol=1e-4)


@pytest.mark.parametrize("members", [1, 2])
def test_tiles_are_the_same_as_the_whole_to_the_bit(members):
    torch.set_num_threads(1)
    network = Magnified(folded(build("unet", members=members, **OPTIONS)))
    looks = reach_at(reach("unet", OPTIONS))
    halo = -(-looks.radius // looks.stride) * looks.stride
    assert looks.stride == 16
    x = picture(768, 768)
    with torch.no_grad():
        whole = network(x)
        for top, left in ((0, 0), (256, 128), (352, 400)):
            part = network(x[..., top : top + 400, left : left + 352])
            inner = (..., slice(halo, 400 - halo), slice(halo, 352 - halo))
            there = whole[..., top : top + 400, left : left + 352][inner]
            assert torch.equal(part[inner], there)


def test_what_lies_beyond_its_reach_changes_nothing():
    network = Magnified(build("unet", **OPTIONS).double().eval())
    looks = reach_at(reach("unet", OPTIONS))
    edge = 2 * (looks.radius // looks.stride + 2) * looks.stride
    at = edge // 2
    for place in range(looks.stride):
        x = torch.rand(1, 1, 16, edge, dtype=torch.float64, requires_grad=True)
        network(x)[0, :, :, at + place].sum().backward()
        touched = torch.nonzero(x.grad[0, 0].abs().sum(0)).flatten()
        assert int(touched.min()) >= at + place - looks.radius
        assert int(touched.max()) <= at + place + looks.radius
