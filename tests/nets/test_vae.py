"""The autoencoder that draws: sizes, classes, its price, and that it can learn at all."""

import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from napari_simgraph.learn.losses_vae import in_use, price, redrawing
from napari_simgraph.nets import build
from napari_simgraph.nets.vae import sides


@pytest.mark.parametrize(("side", "channels"), [(28, 1), (8, 3), (37, 2), (64, 1)])
def test_what_is_drawn_has_the_size_of_what_was_seen(side, channels):
    network = build("vae", side=side, in_channels=channels, latent=5, classes=3, width=4)
    kind = torch.eye(3)[:2]
    drawn, mean, spread = network(torch.rand(2, channels, side, side), kind, torch.zeros(2, 5))
    assert drawn.shape == (2, channels, side, side)
    assert mean.shape == spread.shape == (2, 5)


def test_layers_end_where_nothing_is_left_to_halve():
    assert sides(28, 3) == [28, 14, 7, 4]
    assert sides(8, 6) == [8, 4, 2]


def test_both_sides_are_told_the_class():
    network = build("vae", side=16, in_channels=1, latent=4, classes=2, width=4).eval()
    picture, first, second = torch.rand(1, 1, 16, 16), *torch.eye(2).split(1)
    assert not torch.allclose(network.encode(picture, first)[0], network.encode(picture, second)[0])
    numbers = torch.zeros(1, 4)
    assert not torch.allclose(network.decode(numbers, first), network.decode(numbers, second))


def test_without_classes_none_are_told():
    network = build("vae", side=16, in_channels=1, latent=4, width=4)
    drawn, _, _ = network(torch.rand(3, 1, 16, 16), torch.zeros(3, 0), torch.zeros(3, 4))
    assert drawn.shape == (3, 1, 16, 16)


def test_the_evidence_is_its_definition():
    generator = torch.Generator().manual_seed(0)
    mean, spread, drawn = (torch.randn((4, 6), generator=generator) for _ in range(3))
    pictures = torch.rand((4, 6), generator=generator)
    known = kl_divergence(Normal(mean, (0.5 * spread).exp()), Normal(0, 1))
    assert torch.allclose(price(mean, spread), known, atol=1e-5)
    chance = Bernoulli(logits=drawn, validate_args=False).log_prob(pictures)
    assert torch.allclose(redrawing(drawn, pictures), -chance.sum(1), atol=1e-4)


def test_numbers_in_use_are_those_that_vary():
    numbers = torch.zeros(100, 5)
    numbers[:, 1] = torch.linspace(-1, 1, 100)
    numbers[:, 3] = torch.linspace(-0.1, 0.1, 100)  # variance 0.003: as good as nothing
    assert in_use(numbers) == 1


def test_it_learns_one_batch_by_heart():
    torch.manual_seed(0)
    network = build("vae", side=16, in_channels=1, latent=16, width=8)
    pictures = (torch.rand(8, 1, 16, 16) > 0.5).float()
    adam = torch.optim.Adam(network.parameters(), 1e-2)
    for _ in range(100):
        drawn, _, _ = network(pictures, torch.zeros(8, 0), torch.zeros(8, 16))
        loss = redrawing(drawn, pictures).mean()
        adam.zero_grad()
        torch.autograd.backward(loss)
        adam.step()
    right = ((drawn > 0) == (pictures > 0.5)).float().mean()
    assert right > 0.97
