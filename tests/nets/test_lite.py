"""EfficientNet-Lite0 against a slow convolution and against itself, folded, grey and odd-sized."""

import numpy as np
import pytest
import torch

from napari_simgraph.nets import build, folded
from napari_simgraph.nets.lite import Conv, Lite0

WEIGHTS = 3_371_008  # 4,652,008 of the published network without its last layer, 1280 x 1000 + 1000


def network(channels=1, seed=0):
    made = build("siamese", backbone="efficientnet-lite0", in_channels=channels, seed=seed)
    return made.encoder.eval()


def some(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("side", "kernel", "stride"), [(9, 3, 2), (8, 3, 2), (8, 5, 2), (7, 5, 1)])
def test_borders_are_shared_as_tensorflow_shares_them(side, kernel, stride):
    conv = Conv(1, 1, kernel, stride)
    x, weight = some(1, 1, side, side), conv.weight.detach()[0, 0].numpy()
    out = -(-side // stride)
    before = max((out - 1) * stride + kernel - side, 0) // 2
    slow = np.zeros((out, out))
    for y, column in np.ndindex(out, out):
        for i, j in np.ndindex(kernel, kernel):
            at = (y * stride - before + i, column * stride - before + j)
            if all(0 <= n < side for n in at):
                slow[y, column] += weight[i, j] * float(x[0, 0][at])
    np.testing.assert_allclose(conv(x).detach()[0, 0], slow, atol=1e-5)


def test_features_of_five_kinds_at_sizes_rounded_up():
    made = network()
    assert sum(one.numel() for one in made.parameters()) == WEIGHTS
    with torch.no_grad():
        found = made(some(1, 1, 72, 65))
    assert [tuple(one.shape[1:]) for one in found] == [
        *[(24, 18, 17), (40, 9, 9), (112, 5, 5), (320, 3, 3)],
        (1280, 3, 3),
    ]
    assert made.widths == [one.shape[1] for one in found]


def test_grey_is_three_equal_colours_and_weights_are_taken_in_order():
    colour, grey, many = network(3, seed=4), network(1), network(5)
    weights = {f"other name {n}": w for n, w in enumerate(colour.state_dict().values())}
    own = many.first[0].weight.clone()
    for one in (grey, many):
        one.take(weights)
    x = some(2, 1, 32, 32)
    with torch.no_grad():
        wanted = colour(x.expand(-1, 3, -1, -1))
        for one, other in zip(wanted, grey(x), strict=True):
            assert torch.allclose(one, other, atol=1e-4)
    assert torch.equal(many.first[0].weight, own)
    assert torch.equal(many.last[0].weight, colour.last[0].weight)


def test_normalisations_are_taken_into_all_convolutions():
    made, generator = network(), torch.Generator().manual_seed(1)
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.3, 0.3, generator=generator)
            module.running_var.uniform_(0.5, 2, generator=generator)
    lean = folded(made)
    with torch.no_grad():
        for one, other in zip(made(some(1, 1, 40, 40)), lean(some(1, 1, 40, 40)), strict=True):
            assert torch.allclose(one, other, atol=1e-3, rtol=1e-3)
    assert not any(isinstance(one, torch.nn.BatchNorm2d) for one in lean.modules())


def test_light_comes_in_as_its_weights_know_it():
    """Mean and spread of ImageNet become what light less 127, divided by 128, is there."""
    seen = []
    made = Lite0(3).eval()
    made.first[0].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    light = np.array([0.2, 0.5, 0.9])
    inputs = (light - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    with torch.no_grad():
        made(torch.tensor(inputs).float().reshape(1, 3, 1, 1).expand(-1, -1, 32, 32))
    np.testing.assert_allclose(seen[0][0, :, 5, 5], (255 * light - 127) / 128, atol=1e-5)
