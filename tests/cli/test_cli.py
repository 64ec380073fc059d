"""The command line as other programs call it: exit codes, streams, files."""

import io
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from napari_simgraph import ClassTable, Image, Labels
from napari_simgraph.cli import main
from napari_simgraph.io.read import read
from napari_simgraph.io.write import write
from toy import toy_image, toy_labels

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


def test_overlapping_classes_from_one_mask_each(toy, capsys):
    y = toy_labels().read()
    for name, mask in {"disc": y == 1, "bright": y <= 2}.items():
        write(Labels(mask.astype(np.uint8), classes=ClassTable.of(["x"])), toy / f"{name}.tif")
    words = train(toy, "--class", f"disc={toy / 'disc.tif'}", "--class", f"b={toy / 'bright.tif'}")
    del words[words.index("--labels") : words.index("--labels") + 2]
    assert main(words) == 0
    info = json.loads((toy / "m" / "model.json").read_text())
    assert not info["exclusive"]
    assert [row["name"] for row in info["classes"]] == ["disc", "b"]
    capsys.readouterr()
    found = toy / "found.ome.tif"
    given = ["--model", str(toy / "m"), "--image", str(toy / "x.tif"), "--out", str(found)]
    assert main(["segmentation", "apply", *given, "--output", "both"]) == 0
    assert not found.exists()
    sure = toy / "found_probability.ome.tif"
    assert read(sure).info["classes"]
    truth = words[words.index("--class") :][:4]
    capsys.readouterr()
    for prediction in (sure, toy / "found_classes.ome.tif"):
        assert main(["segmentation", "score", "--prediction", str(prediction), *truth]) == 0
        scores = json.loads(capsys.readouterr().out)
        assert {"dice_disc", "dice_b"} <= set(scores)
    assert main(["segmentation", "score", "--prediction", str(sure)]) == 2
    assert "--truth PATH, or --class" in capsys.readouterr().err


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


def step_in(line):
    """The step that a line of progress tells of; 0 for all others."""
    text = json.loads(line).get("text", "") if line.startswith("{") else ""
    return int(text.split()[1]) if text.startswith("step") else 0


def interrupted(words, step):
    """Exit code of a process that got Ctrl-C once it was past a step."""
    command = [sys.executable, "-m", "napari_simgraph", *words]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment, text=True) as process:
        for line in process.stderr:
            if step_in(line) > step:
                process.send_signal(signal.SIGINT)
                break
        process.stderr.read()
    return process.returncode


class Watching(io.StringIO):
    """A stream that presses Ctrl-C, once, when it is told of a later step."""

    def __init__(self, step):
        super().__init__()
        self.step, self.at = step, []

    def write(self, line):
        if step_in(line):
            before = max(self.at, default=0)
            self.at.append(step_in(line))
            if before <= self.step < self.at[-1]:
                signal.raise_signal(signal.SIGINT)
        return super().write(line)


def test_ctrl_c_keeps_what_was_learned_and_resume_goes_on(toy, monkeypatch):
    words = train(toy)
    words[words.index("--steps") + 1] = "100000"
    words[words.index("--progress") + 1] = "json"
    assert interrupted(words, 3) == 130
    kept = json.loads((toy / "m" / "model.json").read_text())["steps"]
    assert kept > 3
    watching = Watching(kept + 1)
    monkeypatch.setattr(sys, "stderr", watching)  # here, where torch is loaded already
    assert main([*words, "--resume"]) == 130
    assert watching.at[0] >= kept
    assert json.loads((toy / "m" / "model.json").read_text())["steps"] > kept


def test_folders_are_paired_by_name_and_it_is_said(toy, capsys):
    for folder in ("images", "masks"):
        (toy / folder).mkdir()
    for name, size in {"a": 96, "b": 80}.items():
        pixels = toy_image().read()[:size]
        write(Image(pixels, name=name), toy / "images" / f"{name}.tif")
        write(
            toy_labels().replace(data=toy_labels().read()[:size]),
            toy / "masks" / f"{name}_mask.tif",
        )
    paths = ["--image", str(toy / "images"), "--labels", str(toy / "masks")]
    words = ["segmentation", "train", *paths, "--model", str(toy / "m"), *QUICK]
    words[-1] = "bar"
    assert main(words) == 0
    assert "Paired 2 images with labels" in capsys.readouterr().err
    words = ["segmentation", "apply", "--model", str(toy / "m"), "--image", str(toy / "images")]
    assert main([*words, "--out", str(toy / "out"), "--average", "none", "--progress", "none"]) == 0
    names = sorted(path.name for path in (toy / "out").iterdir())
    assert names == ["a.tif", "b.tif", "table.csv", "table.jsonl"]
    assert read(toy / "out" / "b.tif").image.shape == (80, 96)
