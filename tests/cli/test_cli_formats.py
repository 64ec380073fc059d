"""Every format on the command line: what it holds, which part is taken, what is wrong with it."""

import h5py
import imagecodecs
import mrcfile
import numpy as np
import pytest
import tifffile

from napari_simgraph import Image
from napari_simgraph.cli import main
from napari_simgraph.cli.inputs import read_nouns
from napari_simgraph.cli.parser import build_parser
from napari_simgraph.io.read import read
from napari_simgraph.io.write import write

RNG = np.random.default_rng(0)


@pytest.fixture
def run(capsys):
    def call(*words):
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture
def slide(tmp_path):
    pixels = RNG.integers(0, 255, (256, 320, 3), dtype=np.uint8)
    how = {"tile": (64, 64), "photometric": "rgb", "compression": "zlib", "metadata": None}
    with tifffile.TiffWriter(tmp_path / "a.svs") as tif:
        tif.write(pixels, description="Aperio Image\r\nx|AppMag = 20|MPP = 0.5", **how)
        tif.write(pixels[::16, ::16], description="Aperio", photometric="rgb", metadata=None)
        tif.write(pixels[::4, ::4], description="Aperio", **how)
    return tmp_path / "a.svs", pixels


def test_info_of_a_slide(run, slide):
    code, said, _ = run("info", slide[0])
    assert code == 0
    assert "Pixel size: 500 nm" in said
    assert "Coarser levels: 64 x 80 x 3" in said


def test_info_of_volumes(run, tmp_path):
    with mrcfile.new(tmp_path / "a.rec") as file:
        file.set_data(np.zeros((3, 20, 30), np.int16))
        file.voxel_size = 13.0
    assert "Pixel size: 1.3 nm, sections 1.3 nm" in run("info", tmp_path / "a.rec")[1]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name in ("raw", "labels/ids"):
            file[name] = np.zeros((3, 20, 30), np.uint8)
        file["raw"].attrs["resolution"] = (40, 4, 4)
    code, said, _ = run("info", tmp_path / "a.h5")
    assert code == 0
    assert "Arrays: 2" in said
    assert "a.h5::labels/ids: 3 x 20 x 30, uint8" in said
    code, said, wrong = run("convert", tmp_path / "a.h5", tmp_path / "b.tif")
    assert (code, said) == (2, "")
    assert "say which of a.h5::labels/ids, a.h5::raw." in wrong
    assert wrong.count("\n") == 1
    said = run("info", f"{tmp_path / 'a.h5'}::raw")[1]
    assert "Pixel size: 4 nm, sections 40 nm" in said


def test_info_of_digits(run, tmp_path):
    x, y = RNG.integers(0, 255, (30, 9, 8), dtype=np.uint8), np.arange(30) % 3
    np.savez(tmp_path / "m.npz", x_train=x, y_train=y)
    said = run("info", tmp_path / "m.npz")[1]
    assert "Number: 30" in said
    assert "Sizes: 9 x 8" in said
    assert "Classes: 0, 1, 2" in said


def test_a_level_and_a_channel_are_taken(run, slide, tmp_path):
    path, pixels = slide
    assert run("convert", path, tmp_path / "b.tif", "--level", 1, "--channel", "Green")[0] == 0
    image = read(tmp_path / "b.tif").image
    assert (image.spacing, image.unit) == ((2, 2), "um")
    np.testing.assert_array_equal(image.levels[0], pixels[::4, ::4, 1])
    assert run("convert", path, tmp_path / "c.tif", "--channel", "2")[0] == 0
    np.testing.assert_array_equal(read(tmp_path / "c.tif").image.levels[0], pixels[..., 2])
    code, _, wrong = run("convert", path, tmp_path / "d.tif", "--channel", "DAPI")
    assert (code, wrong.count("\n")) == (2, 1)
    assert "red, green, blue" in wrong
    code, _, wrong = run("convert", path, tmp_path / "d.tif", "--level", 7)
    assert (code, "2 levels" in wrong) == (2, True)


def test_a_zarr_folder_is_one_picture_and_no_folder_of_pictures(tmp_path):
    file = tmp_path / "slide.ome.zarr"
    write(Image(np.zeros((40, 50), np.uint8)), file)
    for words in ("classification train", "generation train", "anomaly train"):
        given = [*words.split(), "--image", str(file), "--model", "m"]
        image = read_nouns(build_parser(given).parse_args(given), print)["image"]
        assert isinstance(image, Image)
        assert image.shape == (40, 50)


def test_axes_can_be_said(run, tmp_path):
    np.save(tmp_path / "a.npy", RNG.integers(0, 255, (4, 9, 8), dtype=np.uint8))
    assert run("convert", tmp_path / "a.npy", tmp_path / "out", "--axes", "NYX")[0] == 0
    assert len(list((tmp_path / "out").glob("*.png"))) == 4


def test_stacks_for_one_file_are_refused_before_anything_is_computed(run, tmp_path):
    np.save(tmp_path / "a.npy", RNG.integers(0, 255, (2, 3, 64, 64), dtype=np.uint8))
    tifffile.imwrite(tmp_path / "b.tif", RNG.integers(0, 255, (64, 64), dtype=np.uint8))
    tifffile.imwrite(tmp_path / "c.tif", RNG.integers(1, 3, (64, 64), dtype=np.uint8))
    words = ["--image", tmp_path / "b.tif", "--labels", tmp_path / "c.tif"]
    words += ["--model", tmp_path / "m", "--steps", 1, "--width", 4, "--depth", 1, "--patch", 32]
    assert run("segmentation", "train", *words)[0] == 0
    words = ["--model", tmp_path / "m", "--image", tmp_path / "a.npy", "--axes", "TZYX"]
    code, _, said = run("segmentation", "apply", *words, "--out", tmp_path / "q.tif")
    assert code == 2
    assert said.count("several stacks need a folder") == 1
    assert not list(tmp_path.glob("q*"))
    code, _, said = run("segmentation", "apply", *words, "--out", tmp_path / "q")
    assert code == 0, said


@pytest.mark.parametrize("name", ["a.svs", "a.ndpi", "a.h5", "a.mrc", "a.idx", "a.npz"])
@pytest.mark.parametrize("content", [b"", b"no such thing\n" * 100])
def test_wrong_files_cost_one_line(run, tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    code, said, wrong = run("info", tmp_path / name)
    assert (code, said, wrong.count("\n")) == (2, "", 1)
    assert name in wrong


def test_what_was_paired_is_said(run, tmp_path):
    for i in range(4):
        for folder, stem in (("images", f"im{i}"), ("labels", f"im{i}_mask")):
            pixels = RNG.integers(0, 2, (64, 64), dtype=np.uint8) * 255
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / f"{stem}.png").write_bytes(imagecodecs.png_encode(pixels))
    (tmp_path / "labels" / "im3_mask.png").rename(tmp_path / "labels" / "other_mask.png")
    words = ["--image", tmp_path / "images", "--labels", tmp_path / "labels"]
    words += ["--model", tmp_path / "m", "--steps", 1, "--width", 4, "--depth", 1, "--patch", 32]
    code, _, said = run("segmentation", "train", *words)
    assert code == 0, said
    assert "Paired 3 images with labels, im0.png with im0_mask.png." in said
    assert "1 image has no labels, left out: im3.png." in said
    assert "1 label file has no image, left out: other_mask.png." in said
