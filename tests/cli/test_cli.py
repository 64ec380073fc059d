"""The command line as other programs call it: exit codes, streams, files."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from napari_simgraph.io.read import read
from napari_simgraph.io.write import write
from toy import toy_image, toy_labels

from napari_simgraph import ClassTable, Image, Labels
from napari_simgraph.cli import main

QUICK = ["--steps", "6", "--threads", "1", "--device", "cpu", "--progress", "none"]


@pytest.fixture
def toy(tmp_path):
    write(toy_image().replace(spacing=(4, 4), unit="nm"), tmp_path / "x.tif")
    write(toy_labels(), tmp_path / "y.tif")
    return tmp_path


def train(toy, *more, model="m"):
    paths = ["--image", str(toy / "x.tif"), "--labels", str(toy / "y.tif")]
    return ["segmentation", "train", *paths, "--model", str(toy / model), *QUICK, *more]


def test_train_apply_score(toy, capsys):
    assert main(train(toy)) == 0
    assert (toy / "m" / "model.json").is_file()
    applied = ["segmentation", "apply", "--model", str(toy / "m"), "--image", str(toy / "x.tif")]
    quiet = ["--average", "none", "--progress", "none"]
    assert main([*applied, "--out", str(toy / "p.tif"), "--output", "probability", *quiet]) == 0
    probability = read(toy / "p.tif").image
    assert probability.levels[0].dtype == np.float32
    assert (probability.spacing, probability.unit) == ((4.0, 4.0), "nm")
    capsys.readouterr()
    words = ["segmentation", "score", "--prediction", str(toy / "p.tif"), "--truth"]
    assert main([*words, str(toy / "y.tif")]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert 0 <= scores["pixel_accuracy"] <= 1


def test_probability_lies_channels_first_on_disk(toy):
    import tifffile

    assert main(train(toy)) == 0
    words = ["segmentation", "apply", "--model", str(toy / "m"), "--image", str(toy / "x.tif")]
    words += ["--out", str(toy / "p.tif"), "--output", "probability", "--average", "none"]
    assert main([*words, "--progress", "none"]) == 0
    pixels = tifffile.imread(toy / "p.tif")
    assert pixels.shape == (len(toy_labels().classes), *toy_image().shape)
    np.testing.assert_allclose(pixels.sum(0), 1, atol=1e-3)


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--spacing", "a,b"], "--spacing wants numbers"),
        (["--spacing", "4,4"], "--unit"),
        (["--width", "wide"], "can't be 'wide'"),
        (["--width", "-3"], "between"),
        (["--nonsense", "1"], "--nonsense"),
        (["--start", "nowhere"], "nowhere"),
        (["--resume"], "nothing to go on from"),
        (["--class", "synapse"], "NAME=PATH"),
    ],
)
def test_bad_options_cost_one_line_and_exit_code_2(toy, capsys, words, part):
    assert main(train(toy, *words)) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.strip().splitlines()) == 1
    assert part in told.err
    assert sorted(p.name for p in toy.iterdir()) == ["x.tif", "y.tif"]


def test_labels_are_asked_for(toy, capsys):
    words = ["segmentation", "train", "--image", str(toy / "x.tif"), "--model", str(toy / "m")]
    assert main(words) == 2
    assert "--labels PATH" in capsys.readouterr().err


def test_overlapping_classes_from_one_mask_each(toy):
    y = toy_labels().read()
    for name, mask in {"disc": y == 1, "bright": y <= 2}.items():
        write(Labels(mask.astype(np.uint8), classes=ClassTable.of(["x"])), toy / f"{name}.tif")
    words = train(toy, "--class", f"disc={toy / 'disc.tif'}", "--class", f"b={toy / 'bright.tif'}")
    del words[words.index("--labels") : words.index("--labels") + 2]
    assert main(words) == 0
    info = json.loads((toy / "m" / "model.json").read_text())
    assert not info["exclusive"]
    assert [row["name"] for row in info["classes"]] == ["disc", "b"]


def test_info_and_convert(toy, capsys):
    stack = Image(
        np.arange(2 * 8 * 9, dtype=np.uint16).reshape(2, 8, 9), spacing=(50, 4, 4), unit="nm"
    )
    write(stack, toy / "s.tif")
    assert main(["convert", str(toy / "s.tif"), str(toy / "slices")]) == 0
    assert len(list((toy / "slices").glob("*.png"))) == 2
    assert main(["convert", str(toy / "slices"), str(toy / "again.tif")]) == 0
    again = read(toy / "again.tif").image
    np.testing.assert_array_equal(again.read(), stack.read())
    assert (again.spacing, again.unit) == (stack.spacing, "nm")
    capsys.readouterr()
    assert main(["info", str(toy / "s.tif")]) == 0
    assert "50 nm" in capsys.readouterr().out


def interrupt(words, when):
    """Exit code and stderr of a run that got Ctrl-C once `when()` is true."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "napari_simgraph", *words], stderr=subprocess.PIPE, env=environment
    )
    end = time.monotonic() + 60
    while not when() and time.monotonic() < end and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    return process.returncode, told.decode()


def test_ctrl_c_keeps_what_was_learned_and_resume_goes_on(toy):
    words = train(toy)
    words[words.index("--steps") + 1] = "100000"
    words[words.index("--progress") + 1] = "bar"
    code, told = interrupt(words, lambda: any(toy.glob("m.partial/*")))
    assert code == 130, told
    assert (toy / "m" / "model.json").is_file()
    kept = json.loads((toy / "m" / "model.json").read_text())["steps"]
    code, told = interrupt([*words, "--resume"], lambda: time.sleep(6) or True)
    assert code == 130, told
    assert json.loads((toy / "m" / "model.json").read_text())["steps"] > kept
