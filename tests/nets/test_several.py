"""Several networks that answer together."""

import pytest
import torch

from napari_simgraph.nets import build, folded, reach
from napari_simgraph.nets.several import Several, members_of

OPTIONS = {"in_channels": 1, "out_channels": 3, "width": 4, "depth": 2}


def picture():
    return torch.randn(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))


def test_they_answer_with_the_mean_of_their_scores():
    network = build("unet", members=3, **OPTIONS).eval()
    assert isinstance(network, Several)
    own = [member(picture()) for member in members_of(network)]
    assert len(own) == 3
    assert not torch.allclose(own[0], own[1])  # weights of their own
    assert torch.allclose(network(picture()), (own[0] + own[1] + own[2]) / 3, atol=1e-6)
    assert reach("unet", OPTIONS | {"members": 3}) == reach("unet", OPTIONS)


def test_folded_they_answer_the_same():
    network = build("unet", members=2, **OPTIONS)
    network.train()(picture())  # statistics that are not those of the beginning
    with torch.no_grad():
        assert torch.allclose(folded(network)(picture()), network.eval()(picture()), atol=1e-4)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in folded(network).modules())


def test_one_is_a_network_as_ever():
    one, same = build("unet", seed=1, members=1, **OPTIONS), build("unet", seed=1, **OPTIONS)
    assert one.state_dict().keys() == same.state_dict().keys()
    assert members_of(one) == [one]


@pytest.mark.parametrize("members", [0, -1, 13, 2**40, "two", None, 1.5])
def test_strange_numbers_of_them_are_told(members):
    with pytest.raises(ValueError, match="options we don't know"):
        build("unet", members=members, **OPTIONS)


def test_networks_of_other_kinds_stay_alone():
    with pytest.raises(ValueError, match="options we don't know"):
        build("siamese", backbone="cnn", in_channels=1, members=2)
