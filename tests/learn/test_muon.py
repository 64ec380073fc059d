"""Muon: orthogonal steps, what is remembered, and that a network learns by it."""

import numpy as np
import pytest
import torch
from torch import nn

from napari_simgraph.learn.muon import Muon, orthogonal
from napari_simgraph.learn.state import Optimiser
from napari_simgraph.nets.unet import build


@pytest.mark.parametrize("shape", [(16, 144), (144, 16), (32, 32)])
def test_orthogonal_keeps_directions_and_evens_their_sizes(shape):
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    sizes = torch.linalg.svdvals(orthogonal(matrix))
    assert sizes.min() > 0.5
    assert sizes.max() < 1.4
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    inside = left.T @ orthogonal(matrix) @ right.T
    assert torch.allclose(inside, torch.diag(torch.diagonal(inside)), atol=1e-4)


def test_orthogonal_of_nothing_is_nothing():
    assert not orthogonal(torch.zeros(8, 8)).any()


def test_large_and_small_gradients_move_a_kernel_equally_far():
    moved = []
    for size in (1e-4, 1e4):
        kernel = torch.zeros(16, 8, 3, 3, requires_grad=True)
        kernel.grad = size * torch.randn(16, 8, 3, 3, generator=torch.Generator().manual_seed(1))
        Muon([kernel], 0).step(1e-3)
        assert kernel.grad is None
        moved.append(kernel.detach().clone())
    assert torch.allclose(*moved, atol=1e-5)


def test_kernels_without_a_gradient_stay():
    kernel = torch.ones(4, 4, 3, 3, requires_grad=True)
    Muon([kernel], 0.5).step(1.0)
    assert torch.equal(kernel, torch.ones_like(kernel))


def learn(network, optimiser, steps):
    generator = torch.Generator().manual_seed(3)
    inputs = torch.randn(2, 1, 16, 16, generator=generator)
    target = (inputs > 0).float()
    losses = []
    for _ in range(steps):
        loss = nn.functional.binary_cross_entropy_with_logits(network(inputs), target)
        loss.backward()
        optimiser.step(3e-3)
        losses.append(loss.item())
    return losses


def network():
    torch.manual_seed(0)
    return build(1, 1, width=4, depth=2)


def test_a_network_learns_and_goes_on_from_what_is_remembered():
    whole = network()
    optimiser = Optimiser(whole, muon=True)
    losses = learn(whole, optimiser, 40)
    assert losses[-1] < 0.65 * losses[0]

    halves = network()
    first = Optimiser(halves, muon=True)
    learn(halves, first, 6)
    kept = first.arrays()
    assert any(key.endswith("/kernel") for key in kept)
    second = Optimiser(halves, muon=True)
    second.restore(kept)
    assert learn(halves, second, 6) == losses[6:12]


def test_head_and_norms_stay_with_adamw():
    made = network()
    optimiser = Optimiser(made, muon=True)
    learn(made, optimiser, 1)
    kernels = sum(p.ndim == 4 for p in made.parameters()) - 1  # all but the head
    assert len([key for key in optimiser.arrays() if key.endswith("/kernel")]) == kernels
    plain = Optimiser(network())
    assert not [key for key in plain.arrays() if key.endswith("/kernel")]
    assert all(isinstance(value, np.ndarray) for value in optimiser.arrays().values())
