import pytest
import torch

from napari_simgraph.nets import build, folded, reach


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_reach_is_the_receptive_field_by_gradients(depth, residual):
    options = {"in_channels": 1, "out_channels": 2, "width": 4, "depth": depth}
    radius, stride = reach("unet", options)
    network = build("unet", **options, residual=residual).double().eval()
    edge = 2 * (radius // stride + 2) * stride
    farthest = 0
    for place in range(stride):
        # the sum over draws: a dead path of one draw is not dead in all
        seen = torch.zeros(edge)
        at = edge // 2 + place
        for seed in range(4):
            generator = torch.Generator().manual_seed(seed)
            x = torch.rand((1, 1, edge, edge), generator=generator, dtype=torch.float64)
            x.requires_grad_(True)
            network(x)[0, :, at, at].sum().backward()
            seen += x.grad[0, 0].abs().sum(0)
        touched = torch.nonzero(seen).flatten()
        farthest = max(farthest, at - int(touched.min()), int(touched.max()) - at)
    assert farthest <= radius
    assert farthest >= radius - stride  # pooling takes one of two pixels: not each is reached


def test_same_seed_same_weights_and_the_global_generator_is_left_alone():
    options = {"in_channels": 1, "out_channels": 2, "width": 4, "depth": 2}
    before = torch.get_rng_state()
    one, same, other = (build("unet", seed=s, **options) for s in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(one.head.weight, same.head.weight)
    assert not torch.equal(one.head.weight, other.head.weight)


def test_unknown_networks_and_options_are_told():
    with pytest.raises(ValueError, match="no network 'vnet'"):
        build("vnet")
    with pytest.raises(ValueError, match="options"):
        build("unet", in_channels=1, out_channels=2, colour="red")


def test_a_unet_that_is_given_filters_gives_the_same_in_tiles():
    network = build("unet", in_channels=1, out_channels=2, width=4, depth=2, filtered=True)
    network = folded(network)
    far = reach("unet", {"depth": 2, "filtered": True})
    far = -(-far.radius // far.stride) * far.stride
    x = torch.randn(1, 1, 160, 160, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        whole, part = network(x), network(x[..., 0:120, 32:160])
    inner = part[..., : 120 - far, far:]
    assert torch.allclose(inner, whole[..., : 120 - far, 32 + far :], atol=1e-4)
