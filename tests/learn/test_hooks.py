"""Hooks: which layers a network has, what is taken of them, and what is switched off."""

import numpy as np
import pytest
import torch
from torch import nn

from napari_simgraph.core.signatures import layers_of
from napari_simgraph.learn.hooks import Recorder, chosen, silenced, tree
from napari_simgraph.learn.patch_sums import Adding, told
from napari_simgraph.nets import build


def small():
    """Two convolutions and two dense layers, as a person would write them."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 6, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(6 * 8 * 8, 10),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(10, 3),
    ).eval()


def summed_up(made):
    return told([Adding()(made)])[0]


def names(layers):
    return [one.name for one in layers]


def test_stages_end_with_what_the_next_layer_sees():
    nodes = tree(small(), torch.zeros(1, 1, 16, 16))
    assert names(chosen(nodes, "")) == ["2", "5", "8", "10"]
    assert [one.shape for one in chosen(nodes, "")] == [(4, 16, 16), (6, 8, 8), (10,), (3,)]
    assert names(chosen(nodes, "5, 2")) == ["2", "5"]  # in the order of the network
    assert len(chosen(nodes, "all")) == 11
    with pytest.raises(ValueError, match=r"'conv9' gave no values .* layers are 2, 5, 8, 10"):
        chosen(nodes, "2,conv9")


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        (
            "unet",
            {"in_channels": 1, "out_channels": 2, "width": 4, "depth": 2},
            ["down.0", "down.1", "narrow.0", "up.0", "head"],
        ),
        (
            "siamese",
            {"backbone": "cnn", "in_channels": 1, "width": 4, "depth": 2, "projection": 8},
            ["encoder.down.0", "encoder.down.1", "head.2", "head.5", "head.6"],
        ),
    ],
)
def test_blocks_of_our_networks_are_their_stages(name, options, expected):
    network = build(name, **options).eval()
    assert names(chosen(tree(network, torch.zeros(1, 1, 16, 16)), "")) == expected


def test_a_networks_hooks_are_gone_afterwards():
    network = small()
    tree(network, torch.zeros(1, 1, 16, 16))
    with pytest.raises(ValueError, match="takes no patches of 20 x 20 px with 1 channels"):
        tree(network, torch.zeros(1, 1, 20, 20))
    assert not any(module._forward_hooks for module in network.modules())


def test_statistics_are_those_of_numpy():
    values = torch.from_numpy(np.random.default_rng(0).normal(2, 3, (5, 4, 6, 7)))
    found = summed_up(values).numpy()
    flat = values.numpy().reshape(5, 4, -1)
    expected = np.concatenate([flat.mean(2), flat.max(2), flat.std(2)], 1)
    assert np.allclose(found, expected, atol=1e-5)
    tokens = values[:, :, :, 0].transpose(1, 2)  # (N, T, C)
    flat = tokens.numpy()
    expected = np.concatenate([flat.mean(1), flat.max(1), flat.std(1)], 1)
    assert np.allclose(summed_up(tokens).numpy(), expected, atol=1e-5)


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("shift", [-9.0, 0.0, 2.0])
def test_statistics_are_exact_in_each_precision_and_leave_the_layer_as_it_is(kind, shift):
    generator = torch.Generator().manual_seed(0)
    values = (torch.randn((40, 4, 16, 16), generator=generator) + shift).to(kind)
    values[:, 3] = -0.0  # a dead channel
    made = values.contiguous(memory_format=torch.channels_last)
    before, flat = made.clone(), values.double().flatten(2).numpy()
    expected = np.concatenate([flat.mean(2), flat.max(2), flat.std(2)], 1)
    assert np.allclose(summed_up(made).numpy(), expected, atol=2e-3)
    assert (summed_up(made).numpy()[:, 4:8] == flat.max(2)).all()  # the largest is not rounded
    assert torch.equal(made, before)


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_many_values_are_summed_up_in_pieces(kind):
    values = torch.randn((19, 8, 64, 64), generator=torch.Generator().manual_seed(0)).to(kind)
    values[3] -= 9  # nowhere above zero
    adding = Adding()
    (whole,) = told([adding(values)])
    assert len(adding(values).total) == 3
    alone = torch.cat([told([adding(one)])[0] for one in values.split(1)])
    assert torch.allclose(whole, alone, atol=1e-5)
    assert torch.equal(whole[:, 8:16], values.amax((2, 3)).float())


def test_what_is_recorded_stays_although_the_next_layer_works_in_place():
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 5), nn.ReLU(inplace=True)).eval()
    inputs = torch.randn(9, 1, 4, 4)
    layers = layers_of(chosen(tree(network, inputs[:1]), "1"))
    found, _ = Recorder(network, layers)(inputs)
    assert np.allclose(found, network[:2](inputs).detach().numpy(), atol=1e-6)
    assert found.min() < 0


def test_recorded_values_are_those_of_the_layers_and_the_answer_stays():
    network, inputs = small(), torch.randn(7, 1, 16, 16)
    layers = layers_of(chosen(tree(network, inputs[:1]), ""))
    with torch.no_grad():
        found, answer = Recorder(network, layers)(inputs)
        plain = network(inputs)
        first = network[:3](inputs)
    assert torch.equal(answer, plain)
    assert np.allclose(found[:, layers[0].of("max")], first.amax((2, 3)).numpy(), atol=1e-6)
    assert np.allclose(found[:, layers[3].columns], plain.numpy(), atol=1e-6)


def test_silenced_neurons_give_nothing_and_speak_again():
    network, inputs = small(), torch.randn(3, 1, 16, 16)
    with torch.no_grad():
        before = network(inputs)
        with silenced(network, {"8": np.arange(10)}):
            off = network(inputs)
        after = network(inputs)
    assert torch.allclose(off, network[10].bias.expand(3, 3))
    assert torch.equal(before, after)
