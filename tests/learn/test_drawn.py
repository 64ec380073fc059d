"""What was learned from drawn tissue: there, of use on tissue never drawn before, and optional."""

import numpy as np
import pytest
import tifffile
import torch

from live_driver import WHOLE, Session, classes, stroke
from napari_simgraph.analysis.metrics import stack_scores
from napari_simgraph.core.live import FILTERS
from napari_simgraph.io.samples import sample_file
from napari_simgraph.learn import drawn
from napari_simgraph.learn.state import unpack
from napari_simgraph.nets import build, reach
from napari_simgraph.nets.bank import bank
from napari_simgraph.nets.filters import DRAWN, features
from toy import toy_image, toy_truth

MEMBRANE = 1


def unet():
    module = build("unet", **DRAWN)
    unpack(module, drawn.weights())
    return module.eval()


def test_walls_of_a_section_it_never_saw_are_found_without_any_label():
    picture = tifffile.imread(sample_file("larva.tif"))[3].astype(np.float32)
    truth = tifffile.imread(sample_file("larva_labels.tif"))[3] != MEMBRANE
    inputs = torch.from_numpy((picture - picture.mean()) / picture.std())[None, None]
    with torch.no_grad():
        cell = 1 - unet()(inputs)[0].softmax(0)[0].numpy()
    score = stack_scores(cell[None], truth[None]).summary()["v_rand"]
    plain = stack_scores(picture[None] / 255, truth[None]).summary()["v_rand"]
    assert score > max(0.9, plain + 0.1)


def test_a_unet_of_the_usual_options_begins_with_them_and_no_other():
    usual = {"name": "unet", "options": DRAWN | {"out_channels": 3}}
    assert drawn.knows(usual)
    assert not drawn.knows({"name": "unet", "options": usual["options"] | {"width": 32}})
    assert not drawn.knows({"name": "unet", "options": usual["options"] | {"in_channels": 3}})
    begun, own = drawn.begun(usual, 5), drawn.begun(usual, 6)
    assert begun["head.weight"].shape[0] == 3
    assert not np.array_equal(begun["head.weight"], own["head.weight"])
    key = "down.0.first.weight"
    assert np.array_equal(begun[key], drawn.weights()[key])


def test_filters_that_know_it_say_how_far_they_look_and_see_as_much_as_they_say():
    eyes = drawn.eyes({"in_channels": 1, "drawn": True}).eval()
    looked = reach("filters", {"drawn": True})
    edge = 2 * looked.radius + 2 * looked.stride
    edge = -(-edge // looked.stride) * looked.stride
    x = torch.randn(1, 1, edge, looked.stride * 4, generator=torch.Generator().manual_seed(0))
    y = x.clone()
    y[..., 0, :] += 5
    with torch.no_grad():
        found, other = eyes.found(x), eyes.found(y)
    assert found.shape[1] == features(1, True) > features(1)
    torch.testing.assert_close(found[:, : features(1)], bank(x))
    changed = (found != other).any(1)[0].any(1)
    assert not changed[looked.radius + 1 :].any()
    assert changed[: features(1)].any()


@pytest.mark.parametrize("asked", [True, False])
def test_a_session_knows_it_where_it_is_asked_for(asked):
    truth = toy_truth()
    session = Session(toy_image(), drawn=asked)
    first = [stroke(truth, 1, 20, 4, 4, 30), stroke(truth, 2, 20, 60, 4, 30)]
    answer = session.do(*classes("stripes", "grain"), WHOLE, *first)
    assert answer.by == FILTERS
    model = session.stop()
    assert model.network["options"]["drawn"] is asked
    assert any(name.startswith("trunk.") for name in model.arrays) is asked
