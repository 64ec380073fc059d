"""``segmentation apply`` on a folder, as a person types it."""

import csv
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image as Picture

from napari_simgraph.cli import main
from napari_simgraph.core.raster import Image
from napari_simgraph.io.labels import read_labels
from napari_simgraph.io.read import read
from napari_simgraph.io.write import write
from toy import toy_image, toy_labels

_BESIDE = Path(__file__).parents[2].parent / "shared" / "data"
GLAS = Path(os.environ.get("SIMGRAPH_DATA", _BESIDE)) / "glas"
TINY = ["--steps", "4", "--width", "4", "--depth", "2", "--threads", "1", "--device", "cpu"]
QUIET = ["--average", "none", "--progress", "none", "--device", "cpu", "--threads", "1"]


def table_of(target):
    with (target / "table.csv").open(encoding="utf-8", newline="") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


def apply(place, *more, images="in", out="out"):
    paths = ["--model", str(place / "m"), "--image", str(place / images), "--out", str(place / out)]
    return main(["segmentation", "apply", *paths, *QUIET, *more])


def train(place, image, labels):
    words = ["segmentation", "train", "--image", str(image), "--labels", str(labels)]
    assert main([*words, "--model", str(place / "m"), *TINY, "--progress", "none"]) == 0


@pytest.fixture
def toy(tmp_path):
    write(toy_image(), tmp_path / "x.tif")
    write(toy_labels(), tmp_path / "y.tif")
    train(tmp_path, tmp_path / "x.tif", tmp_path / "y.tif")
    (tmp_path / "in").mkdir()
    return tmp_path


def test_slices_alike_are_files_of_their_own_unless_axes_say_one_stack(toy, capsys):
    for name in ("a", "b"):
        tifffile.imwrite(toy / "in" / f"{name}.tif", toy_image().read())
    assert apply(toy) == 0
    assert sorted(table_of(toy / "out")) == ["a.tif", "b.tif"]
    assert apply(toy, out="p.tif") == 0
    assert read(toy / "p.tif").image.shape == (2, *toy_image().shape)
    assert apply(toy, "--axes", "ZYX", out="slices") == 0
    assert not (toy / "slices" / "table.csv").exists()


def test_both_results_and_a_second_call(toy, capsys):
    write(toy_image(), toy / "in" / "a.tif")
    (toy / "in" / "b.png").write_bytes(b"no picture")
    assert apply(toy, "--output", "both", "--progress", "bar") == 0
    names = {path.name for path in (toy / "out").glob("*.tif")}
    assert names == {"a_classes.tif", "a_probability.tif"}
    said = capsys.readouterr().err
    assert "1 of 2 files are done, 1 could not be" in said
    assert "Not done, b.png: " in said
    made = (toy / "out" / "a_classes.tif").stat().st_mtime_ns
    assert apply(toy, "--output", "both", "--progress", "bar", "--threads", "2") == 0
    assert "1 of them in an earlier run" in capsys.readouterr().err
    assert (toy / "out" / "a_classes.tif").stat().st_mtime_ns == made
    assert apply(toy, "--output", "both", "--again") == 0
    assert (toy / "out" / "a_classes.tif").stat().st_mtime_ns > made


def test_when_nothing_could_be_done_the_exit_code_says_so(toy, capsys):
    (toy / "in" / "b.png").write_bytes(b"no picture")
    assert apply(toy) == 2
    assert table_of(toy / "out")["b.png"]["status"] == "failed"
    (toy / "in" / "b.png").unlink()
    assert apply(toy, out="never") == 2
    assert "no image" in capsys.readouterr().err


@pytest.mark.skipif(not GLAS.is_dir(), reason="no real data: set SIMGRAPH_DATA to its folder")
def test_real_colon_images_among_files_of_all_kinds(tmp_path):
    source = tmp_path / "in"
    shutil.copytree(GLAS / "images", source / "colon")
    first = sorted((GLAS / "images").iterdir())[0]
    train(tmp_path, first, next((GLAS / "labels").glob(f"{first.stem}*")))
    colours = np.asarray(read(first).image.read())[:64, :80]
    Picture.fromarray(np.dstack([colours, colours[..., 0]])).save(source / "rgba.png")
    tifffile.imwrite(source / "deep.tif", colours.astype(np.uint16) * 257, photometric="rgb")
    stack = Image(np.stack([colours] * 3), "ZYXC", spacing=(5, 0.6, 0.6), unit="um")
    write(stack, source / "stack.tif")
    tifffile.imwrite(source / "grey.tif", colours[..., 0])
    (source / "broken.jpg").write_bytes(b"\xff\xd8 and no more")
    (source / "notes.txt").write_text("about these slides")
    assert apply(tmp_path) == 0
    rows = table_of(tmp_path / "out")
    count = len(list((source / "colon").iterdir()))
    assert len(rows) == count + 5
    failed = {name: row["told"] for name, row in rows.items() if row["status"] == "failed"}
    assert sorted(failed) == ["broken.jpg", "grey.tif"]
    assert "3 colours" in failed["grey.tif"]
    assert rows["stack.tif"]["shape"] == "3x64x80x3"
    assert "opacity" in rows["rgba.png"]["told"]
    classes = [name for name in next(iter(rows.values())) if name.startswith("fraction_")]
    for row in rows.values():
        if row["status"] == "done":
            assert sum(float(row[name]) for name in classes) == pytest.approx(1, abs=1e-4)
            assert read_labels(tmp_path / "out" / row["results"]).labels.classes is not None
