"""Objects on the command line: made by apply, scored from files of ours and of others."""

import json

import numpy as np
import pytest
import tifffile
from skimage.measure import label

from napari_simgraph import ClassTable, Image, Labels
from napari_simgraph.cli.main import main
from napari_simgraph.io.labels import read_labels
from napari_simgraph.io.write import write

QUICK = ["--minutes", "0", "--steps", "2", "--width", "4", "--depth", "2", "--patch", "64"]
GRID = {"spacing": (50, 4, 4), "unit": "nm"}


@pytest.fixture
def walled(tmp_path):
    """Two sections of 3 x 3 rooms: picture, mask of 0 and 255, and right numbers of objects."""
    cell = np.ones((2, 72, 72), bool)
    cell[:, ::24] = cell[:, :, ::24] = False
    cell[:, 1::24] = cell[:, :, 1::24] = False
    rng = np.random.default_rng(0)
    pixels = (np.where(cell, 180, 60) + rng.normal(0, 9, cell.shape)).clip(0, 255)
    write(Image(pixels.astype(np.uint8), **GRID), tmp_path / "x.tif")
    tifffile.imwrite(tmp_path / "mask.tif", np.where(cell, 255, 0).astype(np.uint8))
    numbers = np.stack([label(one, connectivity=1) + 1000 * (one > 0) for one in cell])
    tifffile.imwrite(tmp_path / "numbers.tif", numbers.astype(np.uint16))
    return tmp_path


def scored(capsys, *words):
    capsys.readouterr()
    code = main(["segmentation", "score", *map(str, words)])
    out, err = capsys.readouterr()
    assert code == 0, err
    return json.loads(out)


def test_apply_writes_objects_that_score_reads(walled, capsys):
    here = {name: str(walled / name) for name in ("x.tif", "mask.tif", "m", "o.tif")}
    paths = ["--image", here["x.tif"], "--labels", here["mask.tif"], "--model", here["m"]]
    names = ["--classes", "membrane,cell", "--progress", "none"]
    assert main(["segmentation", "train", *paths, *names, *QUICK]) == 0
    words = ["segmentation", "apply", "--model", here["m"], "--image", here["x.tif"]]
    words += ["--output", "instances", "--out", here["o.tif"], "--objects", "section"]
    assert main([*words, "--average", "none", "--progress", "none"]) == 0
    objects = read_labels(here["o.tif"]).labels
    assert objects.meaning == "objects"
    assert objects.classes.names == ("membrane", "cell")
    assert len(objects.object_classes) == objects.read().max() + 1
    assert "--output instances" in " ".join(words)
    figures = scored(capsys, "--prediction", here["o.tif"], "--truth", here["mask.tif"], *names[:2])
    assert figures["true_objects"] == 18
    assert {"v_rand", "v_info", "vi_split", "vi_merge", "ap_50", "ap_50_95"} <= figures.keys()


def test_numbers_of_another_program_are_scored(walled, capsys):
    both = ["--prediction", walled / "numbers.tif", "--truth", walled / "mask.tif"]
    figures = scored(capsys, *both, "--classes", "membrane,cell")
    assert figures["v_rand"] == figures["v_info"] == figures["ap_50_95"] == pytest.approx(1)
    same = ["--prediction", walled / "numbers.tif", "--truth", walled / "numbers.tif"]
    figures = scored(capsys, *same, "--labels-are", "objects")
    assert figures["adapted_rand_error"] == pytest.approx(0)
    assert figures["volume_vi_split"] == pytest.approx(0)


def test_our_own_classes_are_still_scored_as_classes(walled, capsys):
    table = ClassTable.of(["membrane", "cell"])
    values = np.where(tifffile.imread(walled / "mask.tif") > 0, 2, 1).astype(np.uint8)
    write(Labels(values, classes=table, **GRID), walled / "c.tif")
    figures = scored(capsys, "--prediction", walled / "c.tif", "--truth", walled / "c.tif")
    assert figures["dice_membrane"] == 1
    assert "ap_50" not in figures
