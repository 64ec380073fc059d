"""The sample data are what the script makes, whole, and of use."""

import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from safetensors.numpy import load_file
from scipy.ndimage import gaussian_filter

from napari_simgraph.analysis.metrics import stack_scores
from napari_simgraph.io import samples
from napari_simgraph.io.read import read
from napari_simgraph.io.samples import sample_file, sample_folder
from napari_simgraph.learn import drawn

SCRIPTS = Path(__file__).parents[1] / "sample_data"


@pytest.fixture
def scripts(monkeypatch):
    """The drawing scripts, importable as they are when run from their folder."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    names = ("digits", "fields", "larva", "learn_tissue", "microscope", "strokes", "tissue")
    yield
    for name in names:
        sys.modules.pop(name, None)


def nearly_equal(made, stored):
    """Equal but for rounding: other machines may differ in the last bit of a sine."""
    assert made.shape == stored.shape
    assert (made != stored).mean() < 1e-3


@pytest.mark.usefixtures("scripts")
def test_drawing_twice_gives_the_same():
    import larva
    import tissue

    for z in (0, 1):
        first, second = (larva.section(larva.plan((2, 64, 72)), z) for _ in range(2))
        np.testing.assert_array_equal(first, second)
    for one, two in zip(tissue.slide((96, 96)), tissue.slide((96, 96)), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.usefixtures("scripts")
def test_what_live_learning_begins_with_is_learned_by_the_script(monkeypatch, tmp_path):
    import learn_tissue

    monkeypatch.setattr(learn_tissue, "EDGE", 224)
    monkeypatch.setattr(learn_tissue, "PATCH", 64)
    made, again = (tmp_path / name for name in ("one.safetensors", "two.safetensors"))
    for out in (made, again):
        words = ["learn_tissue.py", "--plans", "1", "--steps", "2", "--out", str(out)]
        monkeypatch.setattr(sys, "argv", words)
        learn_tissue.main()
    assert made.read_bytes() == again.read_bytes()
    shipped, own = load_file(Path(drawn.__file__).with_name(drawn.FILE)), load_file(made)
    assert {k: v.shape for k, v in own.items()} == {k: v.shape for k, v in shipped.items()}


@pytest.mark.usefixtures("scripts")
def test_larva_on_disk_is_what_the_script_draws():
    import larva
    from strokes import scribbles

    stack = tifffile.imread(sample_file("larva.tif"))
    truth = tifffile.imread(sample_file("larva_labels.tif"))
    plan = larva.plan(stack.shape)
    for z in (0, 9):
        picture, labels = larva.section(plan, z)
        nearly_equal(picture, stack[z])
        nearly_equal(labels, truth[z])
    painted = tifffile.imread(sample_file("larva_scribbles.tif"))
    np.testing.assert_array_equal(scribbles(truth, (2, 6, 10, 14)), painted)


@pytest.mark.usefixtures("scripts")
def test_digits_on_disk_are_what_the_script_draws():
    from digits import digits

    with np.load(sample_file("digits.npz")) as stored:
        x, y = digits()
        nearly_equal(x, stored["x"])
        np.testing.assert_array_equal(y, stored["y"])
        assert (np.bincount(y) == 100).all()


@pytest.mark.long
@pytest.mark.usefixtures("scripts")
def test_tissue_on_disk_is_what_the_script_draws():
    from tissue import slide

    picture, regions = slide()
    nearly_equal(picture, tifffile.imread(sample_file("tissue.ome.tif")))
    nearly_equal(regions, tifffile.imread(sample_file("tissue_labels.ome.tif")))


def test_strokes_are_sparse_right_and_of_all_classes():
    truth = tifffile.imread(sample_file("larva_labels.tif"))
    painted = tifffile.imread(sample_file("larva_scribbles.tif"))
    assert 0.005 < (painted > 0).mean() < 0.03
    assert (painted[painted > 0] == truth[painted > 0]).all()
    assert set(np.unique(painted)) == {0, 1, 2, 3, 4}
    assert min(np.bincount(painted.ravel(), minlength=5)[1:]) > 150


def test_blur_and_threshold_do_not_solve_the_larva():
    """A Gaussian blur at its best threshold leaves much to learn."""
    stack = tifffile.imread(sample_file("larva.tif"))[::4].astype(float)
    cell = tifffile.imread(sample_file("larva_labels.tif"))[::4] != 1
    best = 0.0
    for sigma in (2, 3):
        blurred = [gaussian_filter(section, sigma) for section in stack]
        lows, highs = (np.percentile(blurred, q, axis=(1, 2)) for q in (1, 99))
        maps = [(b - lo) / (hi - lo) for b, lo, hi in zip(blurred, lows, highs, strict=True)]
        best = max(best, stack_scores(maps, cell, np.arange(0.3, 0.71, 0.05)).summary()["v_rand"])
    assert 0.3 < best < 0.85


def test_files_tell_their_size_in_nature():
    larva = read(sample_file("larva.tif"))
    assert (larva.image.axes, larva.image.unit) == ("ZYX", "nm")
    assert larva.image.spacing == pytest.approx((50, 4, 4))
    assert not larva.questions


@pytest.mark.parametrize("name", ["tissue.ome.tif", "tissue_labels.ome.tif"])
def test_the_slide_carries_its_pixel_size(name):
    with tifffile.TiffFile(sample_file(name)) as file:
        pixels = tifffile.xml2dict(file.ome_metadata)["OME"]["Image"]["Pixels"]
    for axis in "XY":
        assert pixels[f"PhysicalSize{axis}"] == 0.5
        assert pixels[f"PhysicalSize{axis}Unit"] == "µm"


def test_the_whole_is_small():
    files = [p for p in sample_folder().iterdir() if p.suffix in (".tif", ".npz")]
    assert len(files) == 6
    assert sum(p.stat().st_size for p in files) < 4e6


def test_a_package_without_samples_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(samples, "_PACKAGE", tmp_path / "a" / "b")
    with pytest.raises(ValueError, match="install napari-simgraph again"):
        sample_folder()
    packaged = tmp_path / "a" / "b" / "sample_data"
    packaged.mkdir(parents=True)
    (packaged / "larva.tif").touch()
    assert sample_folder() == packaged
    with pytest.raises(ValueError, match=r"tissue\.ome\.tif"):
        sample_file("tissue.ome.tif")


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_samples_open_as_layers(name):
    from napari.layers import Layer

    from napari_simgraph.viewer import sample_data

    layers = [Layer.create(*data) for data in getattr(sample_data, name)()]
    assert layers[0].name == name
    assert all(len(layer.name) <= 24 for layer in layers)
    assert len({tuple(layer.scale) for layer in layers}) == 1
    assert len({tuple(str(u) for u in layer.units) for layer in layers}) == 1


def test_the_larva_opens_ready_to_train():
    from napari_simgraph.viewer.sample_data import larva

    looks = {look["name"]: look for _, look, _ in larva()}
    assert list(looks) == ["larva", "larva · truth", "larva · strokes"]
    assert looks["larva"]["axis_labels"] == ("z", "y", "x")
    assert tuple(looks["larva"]["scale"]) == (50, 4, 4)
    assert not looks["larva · truth"]["visible"]
    assert looks["larva · strokes"].get("visible", True)
    assert looks["larva · strokes"]["features"]["class"][1:] == list(samples.LARVA_CLASSES)
