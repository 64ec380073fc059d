"""Anomaly: what the toy tissue's odd patch, planted defects and folders must give."""

import numpy as np
import pytest

from napari_simgraph import Image, ImageSet, MemoryRoom, run
from napari_simgraph.analysis.ranking import auroc
from napari_simgraph.capabilities import anomaly
from napari_simgraph.core.marks import Mark, Marks
from toy import drawn, toy_image


def config(**changes):
    usual = {"steps": 30, "minutes": 0, "device": "cpu", "threads": 1, "patch": 32, "width": 16}
    return anomaly.Train(**usual | {"tile": 8, "batch": 8} | changes)


def learned(image, marks=None, **changes):
    return run(anomaly.train(image, marks, config=config(**changes), room=MemoryRoom()))


def looked(model, image, **changes):
    how = anomaly.Apply(device="cpu", threads=1, **changes)
    return run(anomaly.apply(model, image, config=how, room=MemoryRoom()))


def odd_mark():
    y, x = np.nonzero(drawn() == "X")
    corners = [(y.min(), x.min()), (y.min(), x.max()), (y.max(), x.max()), (y.max(), x.min())]
    return Marks((Mark("polygon", (np.array(corners, float),), name="odd"),))


def test_the_odd_patch_of_the_toy_tissue_is_the_oddest_place():
    image = toy_image()
    model = learned(image, odd_mark(), steps=60)
    found = looked(model, image)
    score = found.map.read()
    assert score.shape == image.shape
    assert score.dtype == np.float32
    assert auroc(score[drawn() != "O"], (drawn() == "X")[drawn() != "O"]) > 0.9
    assert found.map.spacing == image.spacing
