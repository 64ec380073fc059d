"""Anomalies on the command line: an industrial folder, one broken file in it."""

import csv
import json

import numpy as np
import pytest
import tifffile
from PIL import Image as Picture

from napari_simgraph.cli import main

SHORT = ["--steps", "25", "--patch", "32", "--tile", "8", "--width", "16", "--batch", "4"]
SHORT += ["--device", "cpu", "--threads", "1", "--progress", "json"]


def picture(seed, odd=False):
    """A bright disc on noise; an odd one has a dark square in it."""
    y, x = np.mgrid[:64, :64]
    pixels = (
        60
        + 120 * (np.hypot(y - 32, x - 32) < 24)
        + np.random.default_rng(seed).normal(0, 6, (64, 64))
    )
    if odd:
        pixels[26:38, 26:38] = 20
    return np.clip(pixels, 0, 255).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "discs"
    for kind, count in (("train/good", 12), ("test/good", 2), ("test/hole", 2)):
        (root / kind).mkdir(parents=True)
        for n in range(count):
            one = picture(len(kind) + n, kind.endswith("hole"))
            Picture.fromarray(one).save(root / kind / f"{n:03}.png")
    (root / "train/good/099.png").write_text("no picture")
    (root / "test/good/099.png").write_text("no picture")
    mask = np.zeros((64, 64), np.uint8)
    mask[26:38, 26:38] = 255
    (root / "ground_truth/hole").mkdir(parents=True)
    for n in range(2):
        Picture.fromarray(mask).save(root / f"ground_truth/hole/{n:03}_mask.png")
    return root


def test_train_apply_and_score_on_a_folder(folder, tmp_path, capfd):
    model, out = str(tmp_path / "model"), tmp_path / "found"
    assert main(["anomaly", "train", "--image", str(folder), "--model", model, *SHORT]) == 0
    told = capfd.readouterr().err
    assert "099.png" in told
    assert "Only 12 normal images: scores will be rough." in told
    words = ["anomaly", "apply", "--model", model, "--image", str(folder), "--out", str(out)]
    assert main([*words, "--threads", "1", "--progress", "json"]) == 0
    assert "4 of 5 files are done, 1 could not be" in capfd.readouterr().err
    assert main([*words, "--marks", "regions.geojson"]) == 2
    assert "--marks belongs to one image" in capfd.readouterr().err
    found = tifffile.imread(out / "maps" / "hole" / "000.tif")
    assert found.shape == (64, 64)
    assert found.dtype == np.float32
    rows = list(csv.DictReader((out / "scores.csv").read_text().splitlines()))
    assert list(rows[0]) == ["image", "score"]
    assert [row["image"].split("/")[0] for row in rows] == ["hole", "hole", "good", "good"]
    assert main(["anomaly", "score", "--prediction", str(out), "--truth", str(folder)]) == 0
    figures = json.loads(capfd.readouterr().out)
    assert figures["image_auroc"] == 1
    assert figures["pixel_auroc"] > 0.9


def test_grey_pictures_have_no_colours_to_guess(folder, tmp_path, capfd):
    words = ["anomaly", "train", "--image", str(folder), "--model", str(tmp_path / "m"), *SHORT]
    assert main([*words, "--pretext", "colorization"]) == 2
    told = capfd.readouterr().err
    assert "These images are grey: there is no colour to guess." in told
    assert "--pretext inpainting" in told
