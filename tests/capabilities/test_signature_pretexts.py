"""Signatures of networks that redraw pictures: masked autoencoders, inpainting, colorization."""

import numpy as np
import pytest

from napari_simgraph import Image, MemoryRoom, run
from napari_simgraph.capabilities import anomaly, generation, signature

TINY = {"steps": 2, "minutes": 0, "batch": 2, "threads": 1, "device": "cpu"}


WAYS = [("mae", "conv"), ("mae", "vit"), ("inpainting", "conv"), ("colorization", "conv")]


@pytest.mark.parametrize(("pretext", "encoder"), WAYS)
def test_a_network_that_redraws_has_signatures_of_its_stages(pretext, encoder):
    pixels = np.random.default_rng(0).integers(0, 255, (128, 128, 3), np.uint8)
    image = Image(pixels, "YXC", name="colours")
    config = anomaly.Train(pretext=pretext, network=encoder, **TINY)
    model = run(anomaly.train(image, config=config, room=MemoryRoom()))
    config = signature.Apply(patch=32, stride=32, device="cpu", threads=1, background="keep")
    table = run(signature.apply(model, image, config=config, room=MemoryRoom()))
    assert len(table) == 16
    assert len(table.layers) > 5
    assert np.isfinite(table.values).all()
    assert np.ptp(table.values, axis=0).any()


def test_a_network_that_draws_is_looked_into_without_being_told_a_class():
    pixels = np.random.default_rng(0).integers(0, 255, (128, 128), np.uint8)
    image = Image(pixels, name="grey")
    config = generation.Train(patch=32, width=4, latent=4, **TINY)
    model = run(generation.train(image, config=config, room=MemoryRoom()))
    config = signature.Apply(patch=32, stride=32, device="cpu", threads=1, background="keep")
    table = run(signature.apply(model, image, config=config, room=MemoryRoom()))
    assert len(table) == 16
    assert {"to_numbers", "from_numbers"} <= {layer.name for layer in table.layers}
    assert np.ptp(table.values, axis=0).any()
