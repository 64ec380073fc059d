"""A segmentation of several networks, wherever a model of one is taken."""

import numpy as np
import pytest
import torch

from live_driver import WHOLE, Session
from napari_simgraph import Image, ImageSet, MemoryRoom, run
from napari_simgraph.capabilities import (
    classification,
    embedding,
    interest,
    segmentation,
    signature,
)
from napari_simgraph.cli import main
from napari_simgraph.io.models import save_model
from napari_simgraph.learn import pixels
from napari_simgraph.learn.members import first_of
from toy import toy_image, toy_labels, toy_table

FAST_APPLY = {"threads": 1, "device": "cpu"}
FAST = FAST_APPLY | {"minutes": 0}


def learn(**settings):
    torch.set_num_threads(1)
    small = {"steps": 4, "patch": 32, "batch": 2, "width": 8, "depth": 2, "holdout": "none"}
    config = segmentation.Train(**FAST | small | {"networks": 2} | settings)
    job = segmentation.train(toy_image(), toy_labels(), config=config, room=MemoryRoom())
    return run(job)


@pytest.fixture(scope="module")
def model():
    return learn()


def test_every_other_network_learns_from_borders_once_cells_are_there(monkeypatch):
    asked = []
    of_borders = pixels.border_loss

    def count(*given):
        asked.append(of_borders(*given))
        return asked[-1]

    monkeypatch.setattr(pixels, "border_loss", count)
    learn(steps=9, boundary="stripes", networks=3)
    assert len(asked) == 6  # of the second alone, from the fourth step on
    asked.clear()
    learn(steps=9, boundary="none", networks=2)
    learn(steps=9, boundary="stripes", networks=1)
    assert not asked


def test_time_goes_to_all_of_them_together():
    model = learn(steps=0, minutes=0.05, boundary="stripes")
    assert model.steps == model.data["planned_steps"] > 1


def test_a_live_session_answers_and_goes_on_with_all_of_them(model):
    session = Session(toy_image(), start=model, rest=4)
    answer = session.do(WHOLE)
    config = segmentation.Apply(average="none", boundaries="raw", **FAST_APPLY)
    made = run(segmentation.apply(model, toy_image(), config=config, room=MemoryRoom()))
    assert answer.by == "U-Net"
    assert (made.classes.read() == answer.classes).mean() > 0.99
    assert session.stop().network == model.network


def test_encoders_begin_with_the_first_of_them(model):
    first, key = first_of(model).arrays, "down.0.first.weight"
    assert np.array_equal(first[key], model.arrays[f"members.0.{key}"])
    config = embedding.Train(patch=16, batch=8, steps=1, rate=1e-6, **FAST)
    begun = run(embedding.train(toy_image(), start=model, config=config, room=MemoryRoom()))
    assert np.allclose(begun.arrays[f"network/encoder.{key}"], first[key], atol=1e-4)
    rng = np.random.default_rng(0)
    images = tuple(Image(rng.integers(0, 255, (24, 24), np.uint8), name=str(n)) for n in range(8))
    pictures = ImageSet(images, ("a", "b") * 4)
    config = classification.Train(steps=1, rate=1e-6, batch=4, compare=False, **FAST)
    job = classification.train(pictures, start=model, config=config, room=MemoryRoom())
    assert np.allclose(run(job).arrays[f"network/encoder.{key}"], first[key], atol=1e-4)


def test_features_of_patches_are_those_of_the_first(model):
    given, config = toy_table(), interest.Features(**FAST_APPLY)
    made = [
        run(interest.features(given, None, one, toy_image(), config=config, room=MemoryRoom()))
        for one in (model, first_of(model))
    ]
    assert made[0].values.shape[1] > given.values.shape[1]
    assert np.array_equal(made[0].values, made[1].values)


def test_signatures_name_the_layers_of_each(model):
    config = signature.Apply(patch=16, stride=16, background="keep", **FAST_APPLY)
    made = run(signature.apply(model, toy_image(), config=config, room=MemoryRoom()))
    names = [layer.name for layer in made.layers]
    assert {name.split(".")[1] for name in names if name.startswith("members.")} == {"0", "1"}


def test_info_tells_how_many_there_are(model, tmp_path, capsys):
    save_model(model, tmp_path / "two")
    assert main(["info", str(tmp_path / "two")]) == 0
    assert "members" in capsys.readouterr().out
