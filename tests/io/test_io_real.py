"""Reading real data, where the machine has it."""

import os
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_simgraph.io.labels import LabelOptions, read_class_masks, read_labels
from napari_simgraph.io.pair import read_paired
from napari_simgraph.io.read import ReadOptions, read

_BESIDE = Path(__file__).parents[2].parent / "shared" / "data"
DATA = Path(os.environ.get("SIMGRAPH_DATA", _BESIDE))
pytestmark = pytest.mark.skipif(
    not (DATA / "isbi2012").is_dir(), reason="no real data here: set SIMGRAPH_DATA to its folder"
)


def test_isbi_stack_and_labels():
    path = DATA / "isbi2012" / "train-volume.tif"
    found = read(path, options=ReadOptions(spacing=(50, 4, 4), unit="nm"))
    assert (found.image.axes, found.image.shape) == ("ZYX", (24, 512, 512))
    np.testing.assert_array_equal(found.image.section(7)[..., 0], tifffile.imread(path, key=7))
    options = LabelOptions(classes=("membrane", "cell"))
    labels = read_labels(DATA / "isbi2012" / "train-labels.tif", options=options).labels
    share = (np.asarray(labels.levels[0]) == 1).mean()
    assert 0.15 < share < 0.3  # membranes, not cells


def test_vnc_overlapping_classes():
    folder = DATA / "groundtruth_vnc"
    masks = {name: folder / f"stack1-{name}.tif" for name in ("membranes", "synapses")}
    labels = read_class_masks(masks).labels
    present = np.asarray(labels.levels[0]) == 2
    assert present.shape == (15, 1024, 1024, 2)
    assert present.all(-1).any()  # most of a synapse is membrane too


def test_glas_pairs():
    paired = read_paired(DATA / "glas" / "images", DATA / "glas" / "labels")
    assert paired.image.shape == paired.labels.shape == (12, 522, 775)
    assert paired.image.channels == 3


def test_mnist_digits():
    found = read(f"{DATA / 'mnist' / 'mnist.npz'}::x_test", options=ReadOptions(axes="NYX"))
    assert len(found.image) == 10000
    assert found.image.images[0].shape == (28, 28)


def test_folder_per_class():
    found = read(DATA / "kather2016_100").image
    assert len(set(found.image_classes)) == 8
    assert {image.shape for image in found} == {(224, 224)}
