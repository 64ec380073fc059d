"""Folders of normal and odd pictures: what is learned from, what is searched, whose a mask is."""

import numpy as np
import pytest
import tifffile
from PIL import Image as Picture

from napari_simgraph.io.image_files import image_files
from napari_simgraph.io.industrial import (
    masks_part,
    normal_part,
    read_maps,
    searched_part,
    write_scores,
)


def put(path, value=0, shape=(8, 8)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Picture.fromarray(np.full(shape, value, np.uint8)).save(path)


def put_map(path, shape=(8, 8)):
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, np.zeros(shape, np.float32))


@pytest.fixture
def mvtec(tmp_path):
    root = tmp_path / "bottle"
    for name in ("train/good/000", "test/good/000", "test/crack/000", "test/crack/001"):
        put(root / f"{name}.png")
    put(root / "ground_truth/crack/000_mask.png", 255)
    put(root / "ground_truth/crack/001_mask.png", 255)
    return root


def test_parts_of_a_folder_are_found(mvtec, tmp_path):
    assert normal_part(mvtec) == mvtec / "train" / "good"
    assert normal_part(mvtec / "train") == mvtec / "train" / "good"
    assert searched_part(mvtec) == mvtec / "test"
    assert masks_part(mvtec / "test") == mvtec / "ground_truth"
    plain = tmp_path / "plain"
    put(plain / "a.png")
    assert normal_part(plain) == searched_part(plain) == plain
    assert masks_part(tmp_path / "plain") is None


def test_folders_of_masks_hold_no_images(mvtec, tmp_path):
    names = [file.name for file in image_files(mvtec, tmp_path / "out")[0]]
    assert "train/good/000.png" in names
    assert not any("ground_truth" in name for name in names)
    alone = image_files(mvtec / "ground_truth", tmp_path / "out")[0]
    assert len(alone) == 2


def test_masks_belong_to_maps_by_kind_and_name(mvtec, tmp_path):
    found = tmp_path / "found"
    for name in ("good/000", "crack/000", "crack/001"):
        put_map(found / "maps" / f"{name}.tif")
    for truth in (mvtec, mvtec / "ground_truth"):
        maps, masks = read_maps(found, truth)
        odd = {one.name: bool(mask.read().any()) for one, mask in zip(maps, masks, strict=True)}
        assert len(maps) == 3
        assert sum(odd.values()) >= 1
        assert [bool(mask.read().any()) for mask in masks] == [True, True, False]


def test_several_masks_of_an_image_are_one(tmp_path):
    truth = tmp_path / "ground_truth"
    one, two = np.zeros((2, 8, 8), np.uint8)
    one[0], two[1] = 255, 255
    for number, mask in enumerate((one, two)):
        path = truth / "crack" / "0007" / f"{number:04}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Picture.fromarray(mask).save(path)
    put_map(tmp_path / "maps" / "crack" / "0007.tif")
    _, masks = read_maps(tmp_path, truth)
    assert masks.labels[0].read().sum() == 16


def test_what_does_not_go_together_is_told(mvtec, tmp_path):
    with pytest.raises(ValueError, match="holds no maps"):
        read_maps(mvtec / "train", mvtec)
    put_map(tmp_path / "other" / "x.tif")
    with pytest.raises(ValueError, match="No mask in"):
        read_maps(tmp_path / "other", mvtec)
    put_map(tmp_path / "size" / "crack" / "000.tif", (9, 9))
    with pytest.raises(ValueError, match="another size"):
        read_maps(tmp_path / "size", mvtec)


def test_scores_are_written_oddest_first(tmp_path):
    path = write_scores({"a": 0.25, "b/c": 0.75}, tmp_path / "scores.csv")
    assert path.read_text() == "image,score\nb/c,0.750000\na,0.250000\n"
