"""Networks of the pretexts: each learns one batch by heart, and none sees what is hidden."""

import pytest
import torch

from napari_simgraph.learn.oddity import Oddity, Turns, reach_of
from napari_simgraph.nets import build, folded, reach
from napari_simgraph.nets.pretexts import opponent

SMALL = {"channels": 3, "width": 16, "depth": 2}
WAYS = {
    "mae": {"names": ["mae"]},
    "vit": {"names": ["mae"], "encoder": "vit", "width": 32, "window": 32},
    "inpainting": {"names": ["inpainting"]},
    "colorization": {"names": ["colorization"]},
}


def picture(seed=0, n=2, edge=32):
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(n, 3, 8, 8, generator=generator) * 2 - 1
    return torch.nn.functional.interpolate(coarse, (edge, edge), mode="bilinear")


def drawn(network, name, x, hidden):
    if name == "colorization":
        return network.color(x), opponent(x)[:, 1:]
    return network.redraw(name, x, hidden).picture, x


@pytest.mark.parametrize("way", WAYS)
def test_it_learns_one_batch_by_heart(way):
    name = WAYS[way]["names"][0]
    network = build("pretexts", **SMALL | WAYS[way])
    x, hidden = picture(), torch.zeros(2, 1, 32, 32)
    hidden[..., 8:16, 8:24] = 1
    adam = torch.optim.Adam(network.parameters(), 3e-3)
    losses = []
    for _ in range(60):
        found, wanted = drawn(network, name, x, hidden)
        loss = (found - wanted).abs().mean()
        losses.append(float(loss.detach()))
        adam.zero_grad()
        loss.backward()
        adam.step()
    assert losses[-1] < 0.35 * losses[0]


@pytest.mark.parametrize("way", ["mae", "vit", "inpainting"])
def test_what_is_hidden_can_not_be_seen(way):
    name = WAYS[way]["names"][0]
    network = build("pretexts", seed=1, **SMALL | WAYS[way]).eval()
    x, hidden = picture(1), torch.zeros(1, 1, 32, 32)
    hidden[..., 16:, :] = 1
    other = torch.where(hidden > 0, x + 5, x)
    with torch.no_grad():
        one, two = (network.redraw(name, each, hidden) for each in (x, other))
    assert torch.equal(one.picture, two.picture)
    assert torch.equal(one.doubt, two.doubt)
    assert one.picture.shape == x.shape


def test_brightness_and_colours_keep_lengths():
    x = picture(2)
    assert torch.allclose(opponent(x).norm(dim=1), x.norm(dim=1), atol=1e-6)
    grey = x[:, :1].expand(-1, 3, -1, -1)
    assert float(opponent(grey)[:, 1:].abs().max()) < 1e-6


def test_a_tile_gives_what_the_whole_picture_gives():
    options = {**SMALL, "names": ["mae", "inpainting"]}
    turns = Turns((8, 16), 4, True)
    oddity = Oddity(folded(build("pretexts", **options)), turns, {})
    far = reach_of(reach("pretexts", options), turns)
    step = far.stride
    halo = -(-far.radius // step) * step
    edge = step + 2 * halo
    inputs = torch.zeros(1, 5, edge + 2 * step, edge)
    inputs[:, :3] = picture(3, 1, edge + 2 * step)[..., :edge]
    with torch.no_grad():
        whole = oddity(inputs)
        part = oddity(inputs[..., step : step + edge, :])
    assert whole.shape[1] == len(oddity.parts) == 14
    inner = slice(halo, halo + step)
    there = whole[..., step + halo : 2 * step + halo, inner]
    assert torch.allclose(part[..., inner, inner], there, atol=1e-4)
