"""Objects from labels to tables: the toy tissue, boxes in µm, files, the real nerve cord."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from napari_simgraph import ClassTable, Image, Labels, MemoryRoom, run
from napari_simgraph.capabilities import objects
from napari_simgraph.cli import main
from napari_simgraph.core.job import Note, Signal
from napari_simgraph.io.labels import read_labels
from napari_simgraph.io.write import write

EM = {"spacing": (50, 4, 4), "unit": "nm"}
CELLS = ClassTable.of(["background", "cell", "nucleus"])


def measure(labels, image=None, **settings):
    config = objects.Measure(**settings)
    return run(objects.measure(labels, image, config=config, room=MemoryRoom()))


def find(labels, **settings):
    return run(objects.find(labels, config=objects.Find(**settings), room=MemoryRoom()))


def fractions(labels, regions=None, **settings):
    config = objects.Fractions(**settings)
    return run(objects.fractions(labels, regions, config=config, room=MemoryRoom()))


def cells():
    """Two cells in 4 sections: a box with a hole of 2 x 2 in two sections, and a small one."""
    pixels = np.ones((4, 30, 40), np.uint8)
    pixels[1:4, 5:15, 5:25] = 2
    pixels[2:3, 8:10, 8:10] = 1
    pixels[0, 20:22, 30:33] = 2
    pixels[3, 20:25, 5:10] = 3
    return Labels(pixels, classes=CELLS, **EM)


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_three_discs_of_the_toy_tissue(toy_tissue):
    image, labels = toy_tissue
    found = measure(labels, image, only="disc")
    assert len(found) == 3
    assert set(found["class"]) == {"disc"}
    assert (found["mean_grey"] > 200).all()
    assert found["area_um2"].tolist() == (found["pixels"] * 16e-6).tolist()
    assert not found["touches_border"].any()


def test_pieces_of_classes_without_the_background():
    found = measure(cells())
    assert found["class"].tolist() == ["cell", "cell", "nucleus"]
    assert found["pixels"].tolist() == [6, 3 * 10 * 20 - 4, 25]
    np.testing.assert_allclose(found["volume_um3"], found["pixels"] * 50 * 4 * 4 * 1e-9)


def test_holes_and_sizes():
    whole = 3 * 10 * 20
    assert measure(cells(), fill_holes=True)["pixels"].tolist() == [6, whole, 25]
    size = whole * 50 * 16e-9
    assert measure(cells(), fill_holes=True, smallest=size)["pixels"].tolist() == [whole]
    kept = measure(cells(), largest=25 * 50 * 16e-9)
    assert kept["pixels"].tolist() == [6, 25]
    assert kept["id"].tolist() == [1, 2]
    assert measure(cells(), remove="2")["pixels"].tolist() == [6, 25]


def test_sections_by_themselves_have_areas():
    found = measure(cells(), only="cell", through=False)
    assert found["pixels"].tolist() == [6, 200, 196, 200]
    assert found["section_first"].tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(found["area_um2"], found["pixels"] * 16e-6)
    assert "volume_um3" not in found


def test_objects_keep_their_numbers():
    pixels = np.zeros((3, 20, 20), np.uint32)
    pixels[:, 1:5, 1:5], pixels[1:, 8:12, 8:12], pixels[2, 15:, 15:] = 70_000, 3, 9
    labels = Labels(pixels, meaning="objects", **EM)
    assert measure(labels)["id"].tolist() == [3, 9, 70_000]
    kept = find(labels, smallest=30 * 50 * 16e-9, remove="3")
    assert np.unique(kept.read()).tolist() == [0, 70_000]
    assert kept.meaning == "objects"
    assert measure(kept)["pixels"].tolist() == [48]


def test_found_objects_are_numbered_and_may_be_classes_again():
    found = find(cells(), smallest=10 * 50 * 16e-9, fill_holes=True)
    assert np.unique(found.read()).tolist() == [0, 1, 2]
    classes = find(cells(), smallest=10 * 50 * 16e-9, fill_holes=True, output="classes")
    assert classes.classes == CELLS
    assert (classes.read()[2, 5:15, 5:25] == 2).all()
    assert not classes.read()[0].any()


def test_classes_that_overlap_are_measured_one_by_one():
    masks = np.ones((2, 10, 10, 2), np.uint8)
    masks[:, 1:5, 1:5, 0], masks[:, 3:8, 3:8, 1] = 2, 2
    labels = Labels(masks, classes=ClassTable.of(["a", "b"]), exclusive=False, **EM)
    found = measure(labels)
    assert found["class"].tolist() == ["a", "b"]
    assert found["pixels"].tolist() == [32, 50]
    with pytest.raises(ValueError, match="--only"):
        find(labels)
    assert (find(labels, only="b").read()[:, 3:8, 3:8] == 1).all()


def test_objects_keep_the_class_that_they_came_with():
    numbers = np.zeros((2, 10, 10), np.uint16)
    numbers[:, 1:4, 1:4], numbers[:, 5:9, 5:9], numbers[1, 0, 9] = 1, 2, 7
    told = {"classes": ClassTable.of(["a", "b"]), "meaning": "objects", "object_classes": [0, 2, 1]}
    found = measure(Labels(numbers, **told, **EM))
    assert found["id"].tolist() == [1, 2, 7]
    assert found["class"].tolist() == ["b", "a", ""]  # 7 was painted since


def test_objects_of_classes_that_overlap(tmp_path):
    numbers = np.zeros((2, 10, 10, 2), np.uint16)
    numbers[:, 1:5, 1:5, 0], numbers[:, 3:8, 3:8, 1] = 1, 2
    told = {"classes": ClassTable.of(["a", "b"]), "exclusive": False, "meaning": "objects"}
    labels = Labels(numbers, object_classes=[0, 1, 2], **told, **EM)
    write(labels, tmp_path / "o.ome.zarr")
    assert (
        main(f"objects measure --labels {tmp_path / 'o.ome.zarr'} --out {tmp_path}/o.csv".split())
        == 0
    )
    found = rows(tmp_path / "o.csv")
    assert [(row["id"], row["class"], row["pixels"]) for row in found] == [
        ("1", "a", "32"),
        ("2", "b", "50"),
    ]
    large = measure(labels, smallest=40 * 50 * 16e-9)
    assert (large["id"].tolist(), large["class"].tolist()) == ([2], ["b"])
    image = Image(np.zeros((2, 10, 10), np.uint8), **EM)
    with pytest.raises(ValueError, match="overlap"):
        run(objects.suspects(labels, image, config=objects.Suspects(), room=MemoryRoom()))


def test_without_a_pixel_size_it_counts_pixels_and_says_so():
    labels = cells().replace(spacing=(1, 1, 1), unit="pixel")
    notes = []
    job = objects.measure(labels, config=objects.Measure(smallest=20), room=MemoryRoom())
    found = run(job, lambda tick: notes.append(tick.text) if isinstance(tick, Note) else None)
    assert notes == ["The pixel size is unknown: sizes are in pixels."]
    assert found["pixels"].tolist() == [596, 25]
    assert not [name for name in found.columns if name.endswith(("um", "um2", "um3"))]
    sized = measure(labels, Image(np.zeros(labels.shape), **EM))
    assert sized["volume_um3"][0] == pytest.approx(6 * 50 * 16e-9)


def test_stopped_it_returns_the_sections_seen_so_far():
    pixels = np.zeros((50, 30, 30), np.uint8)
    pixels[:, 5:10, 5:10] = 1
    labels = Labels(pixels, meaning="objects")
    ticks = iter(range(10**6))
    stop = lambda tick: Signal.STOP if next(ticks) >= 10 else None  # noqa: E731
    found = run(objects.measure(labels, config=objects.Measure(), room=MemoryRoom()), stop)
    assert 5 < found["sections"][0] < 15


def test_bad_input_costs_one_sentence():
    with pytest.raises(ValueError, match="differ in size"):
        measure(cells(), Image(np.zeros((4, 30, 41))))
    with pytest.raises(ValueError, match="no class 'axon'"):
        measure(cells(), only="axon")
    with pytest.raises(ValueError, match="numbers of objects"):
        measure(cells(), remove="a few")
    with pytest.raises(ValueError, match="A box looks like"):
        fractions(cells(), box="1:2")


def test_an_empty_mask_gives_an_empty_table():
    found = measure(Labels(np.zeros((3, 8, 8), np.uint8), **EM))
    assert len(found) == 0
    assert "volume_um3" in found


def test_shares_of_sections_and_regions():
    labels = cells()
    found = fractions(labels)
    pick = (found["class"] == "cell") & (found["section"] == 2)
    assert found["pixels"][pick].tolist() == [196]
    assert found["fraction"][pick].tolist() == [196 / 1200]
    assert found["area_um2"][pick][0] == pytest.approx(196 * 16e-6)
    every = (found["class"] == "cell") & (found["section"] == -1)
    assert found["pixels"][every].tolist() == [602]
    drawn = np.zeros(labels.shape, np.uint8)
    drawn[:, :15, :20], drawn[:, 15:, :20] = 1, 2
    regions = Labels(drawn, classes=ClassTable.of(["top", "below"]), **EM)
    found = fractions(labels, regions)
    pick = (found["class"] == "nucleus") & (found["section"] == 3)
    assert found["region"][pick].tolist() == ["top", "below"]
    assert found["fraction"][pick].tolist() == [0, 25 / 300]
    boxed = fractions(labels, box="3:4,20:25,5:10")
    pick = (boxed["class"] == "nucleus") & (boxed["section"] == -1)
    assert boxed["fraction"][pick].tolist() == [1.0]


def test_unlabelled_pixels_count_in_one_share_only():
    pixels = np.zeros((10, 10), np.uint8)
    pixels[:2], pixels[2:4] = 1, 2
    found = fractions(Labels(pixels, classes=ClassTable.of(["a", "b"])))
    assert found["fraction"][:2].tolist() == [0.2, 0.2]
    assert found["fraction_of_labelled"][:2].tolist() == [0.5, 0.5]


def test_the_command_line_writes_units_into_the_header(tmp_path, capsys):
    write(cells(), tmp_path / "cells.tif")
    words = ["objects", "measure", "--labels", str(tmp_path / "cells.tif"), "--progress", "none"]
    assert main([*words, "--out", str(tmp_path / "o.csv"), "--fill-holes"]) == 0
    found = rows(tmp_path / "o.csv")
    assert [row["class"] for row in found] == ["cell", "cell", "nucleus"]
    assert float(found[1]["volume_um3"]) == pytest.approx(600 * 50 * 16e-9)
    assert main([*words, "--out", str(tmp_path / "o.txt")]) == 2
    assert "written as .csv" in capsys.readouterr().err
    words = ["objects", "fractions", "--labels", str(tmp_path / "cells.tif"), "--progress", "none"]
    assert main([*words, "--out", str(tmp_path / "f.csv")]) == 0
    assert [row["section"] for row in rows(tmp_path / "f.csv")][-1] == "all"


def test_a_plain_mask_has_its_zeros_as_background(tmp_path):
    mask = np.zeros((20, 20), np.uint8)
    mask[2:5, 2:5], mask[10:15, 10:15] = 255, 255
    np.save(tmp_path / "mask.npy", mask)
    words = ["objects", "measure", "--labels", str(tmp_path / "mask.npy"), "--progress", "none"]
    size = ["--spacing", "4,4", "--unit", "nm"]
    assert main([*words, *size, "--out", str(tmp_path / "o.csv")]) == 0
    assert [row["area_um2"] for row in rows(tmp_path / "o.csv")] == ["0.000144", "0.0004"]


def test_many_values_are_objects(tmp_path):
    np.save(tmp_path / "ids.npy", np.arange(200, dtype=np.int32).reshape(10, 20))
    words = ["objects", "measure", "--labels", str(tmp_path / "ids.npy"), "--progress", "none"]
    assert main([*words, "--out", str(tmp_path / "o.csv")]) == 0
    assert len(rows(tmp_path / "o.csv")) == 199


def test_the_mitochondria_of_the_nerve_cord():
    """Volumes counted by a second, whole-array way."""
    from scipy import ndimage

    folder = Path(os.environ.get("SIMGRAPH_DATA", "../shared/data")) / "groundtruth_vnc"
    if not folder.is_dir():
        pytest.skip("no real data: set SIMGRAPH_DATA to its folder")
    labels = read_labels(folder / "stack1-mitochondria.tif").labels
    labels = labels.replace(spacing=(50, 4.6, 4.6), unit="nm")
    two = labels.classes.names[-1]
    found = measure(labels, only=two)
    mask = labels.read() == len(labels.classes)
    numbers, many = ndimage.label(mask)
    assert len(found) == many == 41
    sizes = np.bincount(numbers.ravel())[1:] * 50 * 4.6**2 * 1e-9
    np.testing.assert_allclose(np.sort(found["volume_um3"]), np.sort(sizes))
