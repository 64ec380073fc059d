import numpy as np
import pytest
import torch

from napari_simgraph import Image, run
from napari_simgraph.core.job import Note, Progress
from napari_simgraph.learn import predict
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.device import pick
from napari_simgraph.learn.normalise import Statistics
from napari_simgraph.learn.predict import Predictor, Tiled, orient, orient_back
from napari_simgraph.learn.windows import Windows
from napari_simgraph.nets import build, folded, reach
from napari_simgraph.nets.magnified import Magnified, reach_at

OPTIONS = {"in_channels": 1, "out_channels": 3, "width": 8, "depth": 3}
PIXELS = np.random.default_rng(0).normal(size=(330, 250)).astype(np.float32)


def painted(edge, average="none", network=None, notes=None, mirrors=True):
    torch.set_num_threads(1)
    aside, out = Aside(), np.full((3, *PIXELS.shape), np.nan, np.float32)
    network = network or folded(build("unet", seed=3, **OPTIONS))
    looks = reach("unet", OPTIONS)
    if average == "sizes":
        network, looks = Magnified(network), reach_at(looks)
    how = Tiled(looks, average=average, edge=edge, mirrors=mirrors)
    predictor = Predictor(network, how, pick("cpu", 2, "full"), aside)

    def write(z, rows, columns, values):
        out[:, slice(*rows), slice(*columns)] = values

    windows = Windows(Image(PIXELS), Statistics((0.0,), (1.0,)))
    try:
        run(
            predictor.section(windows, 0, write, Progress),
            lambda t: notes.append(t) if isinstance(t, Note) and notes is not None else None,
        )
    finally:
        aside.close()
    return out


@pytest.mark.parametrize("average", ["none", "flips", "full", "sizes"])
@pytest.mark.parametrize("edge", [128, 150])
def test_tiles_are_the_whole_image_to_the_bit(edge, average):
    whole, tiled = painted(1000, average), painted(edge, average)
    assert np.isfinite(tiled).all()
    assert np.array_equal(whole, tiled)


def test_tiles_are_the_whole_image_where_nothing_is_mirrored():
    whole = painted(1000, mirrors=False)
    assert np.allclose(painted(128, mirrors=False), whole, atol=2e-5, rtol=0)
    assert np.allclose(whole[:, 60:-60, 60:-60], painted(1000)[:, 60:-60, 60:-60], atol=2e-5)
    assert not np.allclose(whole[:, :2], painted(1000)[:, :2], atol=0.01)


@pytest.mark.parametrize("edge", [24, 64])
def test_small_tiles_differ_by_rounding_alone(edge):
    assert np.allclose(painted(1000), painted(edge), atol=2e-5, rtol=0)


@pytest.mark.parametrize("orientation", range(8))
def test_orientations_are_turned_back(orientation):
    x = torch.arange(12.0).reshape(1, 1, 3, 4)
    assert torch.equal(orient_back(orient(x, orientation), orientation), x)


def test_eight_different_orientations():
    x = torch.arange(9.0).reshape(3, 3)
    assert len({tuple(orient(x, k).flatten().tolist()) for k in range(8)}) == 8


class Greedy(torch.nn.Module):
    """Runs out of memory above a size."""

    def __init__(self, inner, limit):
        super().__init__()
        self.inner, self.limit = inner, limit

    def forward(self, x):
        if x.shape[-1] * x.shape[-2] > self.limit:
            raise torch.OutOfMemoryError("out of memory")
        return self.inner(x)


def test_short_memory_means_smaller_tiles_and_the_same_result():
    notes = []
    network = folded(build("unet", seed=3, **OPTIONS))
    found = painted(1000, network=Greedy(network, 240 * 240), notes=notes)
    assert np.allclose(found, painted(1000), atol=2e-5, rtol=0)
    assert {note.text for note in notes} == {predict.SHORT}


def test_too_little_memory_for_one_tile_is_said():
    network = Greedy(build("unet", seed=3, **OPTIONS), 0)
    with pytest.raises(MemoryError, match="one tile"):
        painted(1000, network=network)
