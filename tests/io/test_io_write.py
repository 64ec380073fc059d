import json
import tracemalloc

import h5py
import numpy as np
import pytest
import tifffile
import zarr

from napari_simgraph import ClassTable, Image, ImageSet, Labels, LabelsSet
from napari_simgraph.io import outgoing
from napari_simgraph.io.labels import read_labels
from napari_simgraph.io.read import read
from napari_simgraph.io.write import convert, write, write_notes

RNG = np.random.default_rng(0)
TARGETS = ("a.tif", "a.ome.tif", "a.ome.zarr", "a.zarr", "a.npy", "a.npz", "a.h5", "a")


def whole(image):
    return np.asarray(image.levels[0])


def image_of(axes, dtype="uint8"):
    shape = [{"Z": 5, "Y": 30, "X": 41, "C": 3}[letter] for letter in axes]
    space = len(axes.removesuffix("C"))
    pixels = (RNG.random(shape) * 60000).astype(dtype)
    return Image(pixels, axes, (50, 4, 4.6)[-space:], "nm", (100, 2, 3)[-space:], name="vnc")


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("axes", ["YX", "ZYX", "YXC", "ZYXC"])
def test_image_comes_back(tmp_path, target, dtype, axes):
    image = image_of(axes, dtype)
    if target == "a" and dtype == "float32":
        with pytest.raises(ValueError, match="PNG can't hold"):
            write(image, tmp_path / target)
        return
    paths = write(image, tmp_path / target, info={"model": "m", "seed": np.int64(3)})
    assert all(path.exists() for path in paths)
    found = read(tmp_path / target)
    back = found.image
    assert (back.axes, back.unit, back.name, back.dtype) == (axes, "nm", "vnc", image.dtype)
    assert back.spacing == image.spacing
    assert back.origin == image.origin
    assert found.info["made"] == {"model": "m", "seed": 3}
    np.testing.assert_array_equal(whole(back), whole(image))
    left = {p.name for p in tmp_path.iterdir()}
    assert not any(name.startswith(".") for name in left)


def test_hdf5_is_as_ilastik_and_fiji_want_it(tmp_path):
    write(image_of("ZYXC", "uint8").replace(spacing=(50, 4, 4)), tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5") as file:
        dataset = file["exported_data"]
        tags = json.loads(dataset.attrs["axistags"])["axes"]
        assert "".join(tag["key"] for tag in tags) == "zyxc"
        np.testing.assert_allclose(dataset.attrs["element_size_um"], (0.05, 0.004, 0.004))
        assert dataset.chunks == (1, 30, 41, 3)
    with h5py.File(tmp_path / "a.h5", "a") as file:  # without what only we write
        del file["exported_data"].attrs["simgraph"]
    back = read(tmp_path / "a.h5").image
    np.testing.assert_allclose(back.spacing, (0.05, 0.004, 0.004))
    assert (back.axes, back.unit) == ("ZYXC", "um")


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("axes", ["YX", "ZYX"])
def test_labels_come_back_with_their_classes(tmp_path, target, axes):
    pixels = whole(image_of(axes)).astype(np.int64) % 3
    table = ClassTable.of(["membrane", "mitochondrion", "cell"])
    write(
        Labels(pixels, axes, classes=table, spacing=(4,) * len(axes), unit="nm"), tmp_path / target
    )
    found = read_labels(tmp_path / target)
    assert found.labels.classes == table
    assert found.labels.dtype == np.uint8
    assert found.notes == ()
    np.testing.assert_array_equal(whole(found.labels), pixels)


@pytest.mark.parametrize("target", TARGETS)
def test_overlapping_labels_and_objects(tmp_path, target):
    masks = (whole(image_of("ZYXC")) % 3).astype(np.uint8)
    table = ClassTable.of(["a", "b", "c"])
    write(Labels(masks, "ZYXC", classes=table, exclusive=False), tmp_path / target)
    back = read_labels(tmp_path / target).labels
    assert not back.exclusive
    np.testing.assert_array_equal(whole(back), masks)
    objects = np.arange(5 * 30 * 41).reshape(5, 30, 41)
    write(Labels(objects, meaning="objects"), tmp_path / f"o{target}")
    back = read_labels(tmp_path / f"o{target}").labels
    assert (back.meaning, back.dtype) == ("objects", np.uint16)
    np.testing.assert_array_equal(whole(back), objects)


@pytest.mark.parametrize("shape", [(5, 30, 41, 2), (30, 41, 2), (1, 30, 41, 1)])
@pytest.mark.parametrize("target", TARGETS)
def test_probability_is_channels_first_on_disk(tmp_path, target, shape):
    table = ClassTable.of(["membrane", "cell"][: shape[-1]])
    axes = "ZYXC"[-len(shape) :]
    image = Image(RNG.random(shape).astype(np.float64), axes, classes=table)
    write(image, tmp_path / target)
    back = read(tmp_path / target).image
    assert back.classes == table
    assert (back.axes, back.dtype) == (axes, np.float32)
    tolerance = 1 / 65535 if target == "a" else 1e-7
    np.testing.assert_allclose(whole(back), whole(image), atol=tolerance)
    if target == "a.tif":
        on_disk = tifffile.imread(tmp_path / target).reshape(shape[-1], *shape[:-1])
        np.testing.assert_allclose(on_disk, np.moveaxis(whole(image), -1, 0), rtol=1e-6)
    assert bool(write_notes(image, tmp_path / target)) == (target == "a")


def test_tiff_is_what_imagej_reads(tmp_path):
    write(image_of("ZYX", "uint16"), tmp_path / "a.tif")
    with tifffile.TiffFile(tmp_path / "a.tif") as tif:
        told = tif.imagej_metadata
        assert (told["unit"], told["spacing"], told["slices"]) == ("nm", 50, 5)
        pixels, length = tif.pages[0].tags["XResolution"].value
        assert length / pixels == pytest.approx(4.6)


def test_ome_tiff_says_physical_size(tmp_path):
    write(image_of("ZYX"), tmp_path / "a.ome.tif")
    with tifffile.TiffFile(tmp_path / "a.ome.tif") as tif:
        xml = tif.ome_metadata
    assert 'PhysicalSizeZ="50' in xml
    assert 'PhysicalSizeXUnit="nm"' in xml


def test_ome_zarr_has_levels_that_lie_on_each_other(tmp_path):
    pixels = RNG.integers(0, 255, (3, 1100, 1030), dtype=np.uint8)
    write(Image(pixels, spacing=(50, 4, 4), unit="nm"), tmp_path / "a.ome.zarr")
    image = read(tmp_path / "a.ome.zarr").image
    assert [level.shape for level in image.levels] == [
        (3, 1100, 1030),
        (3, 550, 515),
        (3, 275, 258),
    ]
    mean = pixels[:, :1100:1].reshape(3, 550, 2, 515, 2).mean((2, 4))
    np.testing.assert_allclose(np.asarray(image.levels[1]), mean, atol=0.5)
    told = zarr.open_group(tmp_path / "a.ome.zarr", mode="r").attrs["ome"]
    assert told["version"] == "0.5"
    coarse = told["multiscales"][0]["datasets"][1]["coordinateTransformations"]
    assert coarse[0]["scale"] == [50, 8, 8]
    assert coarse[1]["translation"] == [0, 2, 2]


def test_ome_zarr_opens_with_the_reference_library(tmp_path):
    from ome_zarr_models.v05.image import Image as Reference

    write(image_of("ZYXC"), tmp_path / "a.ome.zarr")
    Reference.from_zarr(zarr.open_group(tmp_path / "a.ome.zarr", mode="r"))


@pytest.mark.parametrize("axes", ["YX", "ZYX", "ZYXC"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_tiff_to_slices_and_back(tmp_path, axes, dtype):
    image = image_of(axes, dtype)
    write(image, tmp_path / "a.tif")
    convert(tmp_path / "a.tif", tmp_path / "slices")
    notes = convert(tmp_path / "slices", tmp_path / "b.tif")
    assert notes[-1].startswith("Wrote")
    np.testing.assert_array_equal(
        tifffile.imread(tmp_path / "a.tif"), tifffile.imread(tmp_path / "b.tif")
    )
    back = read(tmp_path / "b.tif").image
    assert (back.spacing, back.unit, back.origin) == (image.spacing, "nm", image.origin)


def test_labels_stay_labels_when_converted(tmp_path):
    table = ClassTable.of(["a", "b"])
    write(Labels(np.arange(12).reshape(3, 4) % 3, classes=table), tmp_path / "a.tif")
    convert(tmp_path / "a.tif", tmp_path / "a.ome.zarr")
    assert read_labels(tmp_path / "a.ome.zarr").labels.classes == table


def test_folder_is_replaced_only_if_ours(tmp_path):
    write(image_of("ZYX"), tmp_path / "a")
    write(Image(np.zeros((2, 8, 8), np.uint8), name="vnc"), tmp_path / "a")
    assert read(tmp_path / "a").image.shape == (2, 8, 8)
    assert len(list((tmp_path / "a").glob("*.png"))) == 2
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("!")
    with pytest.raises(ValueError, match="thesis"):
        write(image_of("ZYX"), tmp_path / "mine")


def test_what_was_there_stays_when_writing_fails(tmp_path):
    class Broken:
        shape, dtype = (3, 8, 8), np.dtype(np.uint8)

        def __getitem__(self, key):
            raise ValueError("disk on fire")

    for target in TARGETS[:-1]:
        write(image_of("ZYX"), tmp_path / target)
        with pytest.raises(ValueError, match="on fire"):
            write(Image(Broken()), tmp_path / target)
        assert read(tmp_path / target).image.shape == (5, 30, 41)
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


@pytest.mark.parametrize("target", TARGETS)
def test_memory_does_not_grow_with_the_image(tmp_path, target):
    class Endless:
        dtype = np.dtype(np.uint8)

        def __init__(self, sections):
            self.shape = (sections, 600, 600)

        def __getitem__(self, key):
            return np.zeros(self.shape, np.uint8)[key] if self.shape[0] < 2 else self._few(key)

        def _few(self, key):
            at = key[0] if isinstance(key, tuple) else key
            count = 1 if isinstance(at, int) else len(range(*at.indices(self.shape[0])))
            block = np.zeros((count, 600, 600), np.uint8)
            return block[(0 if isinstance(at, int) else slice(None), *key[1:])]

    peaks = []
    for sections in (16, 96):
        tracemalloc.start()
        write(Image(Endless(sections)), tmp_path / str(sections) / target)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 6e6


@pytest.mark.parametrize("target", TARGETS[:-1])
@pytest.mark.parametrize("axes", ["YX", "YXC", "ZYXC"])
def test_a_wide_plane_is_written_in_strips(tmp_path, target, axes, monkeypatch):
    monkeypatch.setattr(outgoing, "_ROWS", 7)
    classes = ClassTable.of(["a", "b", "c"]) if axes == "ZYXC" else None
    shape = {"YX": (40, 33), "YXC": (40, 33, 3), "ZYXC": (2, 40, 33, 3)}[axes]
    pixels = np.random.default_rng(0).integers(0, 255, shape, np.uint8)
    pixels = pixels / np.float32(255) if classes else pixels
    sizes = []

    class Watched:
        shape, dtype = pixels.shape, pixels.dtype

        def __getitem__(self, box):
            sizes.append(pixels[box].size)
            return pixels[box]

    write(Image(Watched(), axes, name="wide", classes=classes), tmp_path / target)
    found = read(tmp_path / target).image
    np.testing.assert_array_equal(np.asarray(found.levels[0][...]), pixels)
    assert "zarr" in target or max(sizes) <= 7 * 33 * 3


def test_sets(tmp_path):
    images = tuple(image_of("YXC").replace(name=str(i), unit="") for i in range(3))
    write(ImageSet(images, ("a", "a", "b")), tmp_path / "set")
    back = read(tmp_path / "set").image
    assert back.image_classes == ("a", "a", "b")
    np.testing.assert_array_equal(whole(back.images[2]), whole(images[2]))
    labels = tuple(
        Labels(whole(i)[..., 0] % 3, classes=ClassTable.of(["x", "y"]), name=i.name) for i in images
    )
    write(LabelsSet(labels), tmp_path / "labels")
    back = read_labels(tmp_path / "labels").labels
    assert [one.classes.names for one in back] == [("x", "y")] * 3
    with pytest.raises(ValueError, match="folder"):
        write(ImageSet(images), tmp_path / "a.npy")


def test_pictures_of_one_size_are_frames_of_one_tiff(tmp_path):
    images = tuple(image_of("YXC").replace(name=str(i), unit="") for i in range(3))
    write(ImageSet(images), tmp_path / "a.tif")
    frames = tifffile.imread(tmp_path / "a.tif")
    np.testing.assert_array_equal(frames[2], whole(images[2]))
    other = images[0].replace(data=whole(images[0])[1:])
    with pytest.raises(ValueError, match="differ in size"):
        write(ImageSet((*images, other)), tmp_path / "b.tif")


def test_bad_targets(tmp_path):
    with pytest.raises(ValueError, match=r"\.xyz"):
        write(image_of("YX"), tmp_path / "a.xyz")
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="can't be written"):
        write(image_of("YX"), tmp_path / "file" / "a.tif")


@pytest.mark.parametrize("name", ["o.tif", "o.ome.tif", "o.zarr", "o.npz"])
def test_objects_come_back_with_their_classes(tmp_path, name):
    values = np.zeros((2, 5, 6), np.uint32)
    values[0, :2], values[1, 3:], values[1, :2] = 1, 2, 70_000
    kinds = np.zeros(70_001, np.uint8)
    kinds[[1, 2, 70_000]] = 2, 1, 2
    table = ClassTable.of(["cell", "glia"])
    objects = Labels(values, classes=table, meaning="objects", object_classes=kinds)
    write(objects, tmp_path / name)
    back = read_labels(tmp_path / name).labels
    assert back.meaning == "objects"
    np.testing.assert_array_equal(back.read(), values)
    np.testing.assert_array_equal(back.object_classes, kinds)


def test_coarser_levels_of_a_stack_are_made_of_few_sections_at_a_time(tmp_path):
    stack = Image(np.ones((16, 1024, 1024), np.float32))
    tracemalloc.start()
    write(stack, tmp_path / "a.ome.zarr")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 120e6  # 67 MB are those of two layers of chunks; 201 MB were all at once
    assert zarr.open_group(tmp_path / "a.ome.zarr")["1"].shape == (8, 512, 512)


@pytest.mark.parametrize("shape", [(3, 16, 1), (3, 1, 1), (1, 16, 1), (3, 1, 16), (16, 1), (1, 1)])
@pytest.mark.parametrize("name", TARGETS)
def test_what_is_one_pixel_wide_comes_back_as_it_was(tmp_path, shape, name):
    pixels = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    write(Image(pixels), tmp_path / name)
    found = read(tmp_path / name).image
    np.testing.assert_array_equal(found.read().reshape(shape), pixels)
    assert found.plane == shape[-2:]
