"""Signatures of networks that redraw pictures: masked autoencoders, inpainting, colorization."""

import numpy as np
import pytest

from napari_simgraph import Image, MemoryRoom, run
from napari_simgraph.capabilities import anomaly, signature

TINY = {"steps": 2, "minutes": 0, "batch": 2, "threads": 1, "device": "cpu"}


@pytest.mark.parametrize("pretext", ["mae", "inpainting", "colorization"])
def test_a_network_that_redraws_has_signatures(pretext):
    pixels = np.random.default_rng(0).integers(0, 255, (128, 128, 3), np.uint8)
    image = Image(pixels, "YXC", name="colours")
    config = anomaly.Train(pretext=pretext, **TINY)
    model = run(anomaly.train(image, config=config, room=MemoryRoom()))
    config = signature.Apply(
        patch=32, stride=32, device="cpu", threads=1, background="keep", layers="all"
    )
    table = run(signature.apply(model, image, config=config, room=MemoryRoom()))
    assert len(table) == 16
    assert len(table.layers) > 1
    assert np.isfinite(table.values).all()
    assert np.ptp(table.values, axis=0).any()
