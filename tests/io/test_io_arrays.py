"""Files of numbers: HDF5, MRC, IDX and archives, as the programs that write them do."""

import gzip
import json
import os
import pickle
import struct
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import h5py
import mrcfile
import numpy as np
import pytest

from napari_simgraph import ImageSet
from napari_simgraph.io.file_map import FileMap
from napari_simgraph.io.hdf5 import H5Chunks
from napari_simgraph.io.read import KeyNeeded, ReadOptions, read

_BESIDE = Path(__file__).parents[2].parent / "shared" / "data"
DATA = Path(os.environ.get("SIMGRAPH_DATA", _BESIDE))
RNG = np.random.default_rng(0)


def grey(*shape, dtype=np.uint8):
    return RNG.integers(0, 250, shape).astype(dtype)


def whole(image):
    return np.asarray(image.levels[0])


def read_whole(path):
    found = read(path).image
    return whole(found.images[0] if isinstance(found, ImageSet) else found)


def corner(array):
    return np.asarray(array[1, 3:9, 2:7])


def ilastik(path, pixels, axes="zyxc"):
    tags = {"axes": [{"key": a, "typeFlags": 2, "resolution": 0, "description": ""} for a in axes]}
    with h5py.File(path, "w") as file:
        chunks = tuple(min(n, 16) for n in pixels.shape)
        data = file.create_dataset("exported_data", data=pixels, chunks=chunks, compression="gzip")
        data.attrs["axistags"] = json.dumps(tags)
    return path


def cremi(path, pixels):
    with h5py.File(path, "w") as file:
        raw = file.create_dataset("volumes/raw", data=pixels)
        raw.attrs["resolution"] = (40.0, 4.0, 4.0)
        for name in ("neuron_ids", "clefts"):
            data = file.create_dataset(
                f"volumes/labels/{name}", data=pixels[1:].astype("u8"), compression="gzip"
            )
            data.attrs["resolution"], data.attrs["offset"] = (40.0, 4.0, 4.0), (40.0, 0.0, 0.0)
        file.create_dataset("annotations/ids", data=np.arange(9))
    return path


def test_ilastik(tmp_path):
    pixels = grey(5, 20, 30, 2, dtype=np.float32)
    image = read(ilastik(tmp_path / "p.h5", pixels)).image
    assert (image.axes, image.name, image.unit) == ("ZYXC", "p", "pixel")
    assert isinstance(image.levels[0], H5Chunks)
    np.testing.assert_array_equal(whole(image), pixels)
    np.testing.assert_array_equal(image.read(np.s_[2, 3:19:4, 5]), pixels[2, 3:19:4, 5])
    swapped = read(ilastik(tmp_path / "s.h5", np.moveaxis(pixels, -1, 0), "czyx")).image
    np.testing.assert_array_equal(whole(swapped), pixels)
    films = read(ilastik(tmp_path / "t.h5", pixels, "tyxc"))
    assert isinstance(films.image, ImageSet)


def test_cremi(tmp_path):
    pixels = grey(6, 20, 30)
    path = cremi(tmp_path / "a.hdf", pixels)
    with pytest.raises(KeyNeeded, match=r"a\.hdf::volumes/labels/clefts") as told:
        read(path)
    assert told.value.keys == (
        "volumes/labels/clefts",
        "volumes/labels/neuron_ids",
        "volumes/raw",
    )
    raw = read(f"{path}::volumes/raw").image
    assert (raw.spacing, raw.unit, raw.name) == ((40, 4, 4), "nm", "raw")
    assert isinstance(raw.levels[0], FileMap)  # it lies in the file as it is
    np.testing.assert_array_equal(whole(raw), pixels)
    ids = read(f"{path}::/volumes/labels/neuron_ids").image
    assert (ids.origin, ids.dtype) == ((40, 0, 0), np.uint64)
    np.testing.assert_array_equal(whole(ids), pixels[1:])
    with pytest.raises(ValueError, match="has no 'nothing'"):
        read(f"{path}::nothing")


def test_hdf5_is_read_by_chunk_and_no_file_stays_open(tmp_path):
    path = ilastik(tmp_path / "a.h5", grey(40, 40, 40), "zyx")
    level = read(path).image.levels[0]
    asked = []
    load = level.load
    level.load = lambda ats: asked.extend(ats) or load(ats)
    level[3, :10, :10]
    level[4, :10, :10]
    assert asked == [(0, 0, 0)]
    with h5py.File(path, "a") as file:  # a file that we held open could not be written
        file["more"] = 1


def test_hdf5_goes_to_threads_and_other_processes(tmp_path):
    level = read(ilastik(tmp_path / "a.h5", grey(40, 40, 40), "zyx")).image.levels[0]
    here = corner(level)
    with ThreadPoolExecutor(4) as pool:
        assert all((got == here).all() for got in pool.map(corner, [level] * 16))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        np.testing.assert_array_equal(pool.submit(corner, level).result(), here)
    assert len(pickle.dumps(level)) < 1000


@pytest.mark.parametrize(
    ("dtype", "mode"), [("i1", 0), ("i2", 1), ("f4", 2), ("u2", 6), ("f2", 12)]
)
@pytest.mark.parametrize("order", ["<", ">"])
def test_mrc(tmp_path, dtype, mode, order):
    pixels = (grey(4, 20, 30) // 2).astype(dtype)
    with mrcfile.new(tmp_path / "a.rec") as file:
        file.set_data(pixels)
        file.voxel_size = (13.1, 13.1, 26.2)
        assert file.header.mode == mode
    if order == ">":
        swap_mrc(tmp_path / "a.rec", np.dtype(dtype).itemsize)
    found = read(tmp_path / "a.rec")
    assert (found.image.axes, found.image.unit, found.image.dtype.isnative) == ("ZYX", "nm", True)
    np.testing.assert_allclose(found.image.spacing, (2.62, 1.31, 1.31), rtol=1e-6)
    np.testing.assert_array_equal(whole(found.image), pixels)
    sent = pickle.loads(pickle.dumps(found.image))
    np.testing.assert_array_equal(sent.read((2,)), pixels[2])


def swap_mrc(path, itemsize):
    """The same file with its numbers the other way round, as older machines wrote them."""
    content = bytearray(path.read_bytes())
    words = np.frombuffer(bytes(content[:224]), "<u4").byteswap().tobytes()
    content[:208] = words[:208]
    content[212:216] = bytes([0x11, 0x11, 0, 0])
    content[216:224] = words[216:224]
    content[1024:] = np.frombuffer(bytes(content[1024:]), f"u{itemsize}").byteswap().tobytes()
    path.write_bytes(content)


def test_mrc_without_size_and_of_complex_numbers(tmp_path):
    with mrcfile.new(tmp_path / "a.mrc") as file:
        file.set_data(grey(20, 30).astype(np.float32))
    found = read(tmp_path / "a.mrc")
    assert (found.image.axes, found.questions) == ("YX", {"spacing"})
    with mrcfile.new(tmp_path / "c.mrc") as file:
        file.set_data(np.zeros((20, 30), np.complex64))
    with pytest.raises(ValueError, match="mode 4"):
        read(tmp_path / "c.mrc")


def idx(path, pixels, packed):
    code = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}[pixels.dtype.str[1:]]
    head = bytes([0, 0, code, pixels.ndim]) + struct.pack(f">{pixels.ndim}I", *pixels.shape)
    content = head + pixels.astype(pixels.dtype.newbyteorder(">")).tobytes()
    path.write_bytes(gzip.compress(content) if packed else content)
    return path


@pytest.mark.parametrize("ending", ["-idx3-ubyte", "-idx3-ubyte.gz", ".idx3-ubyte", ".idx"])
def test_idx(tmp_path, ending):
    pixels, values = grey(12, 9, 8), np.arange(12, dtype=np.uint8) % 10
    path = idx(tmp_path / f"train-images{ending}", pixels, ending.endswith("gz"))
    idx(tmp_path / f"train-labels{ending.replace('idx3', 'idx1')}", values, ending.endswith("gz"))
    found = read(path)
    assert isinstance(found.image, ImageSet)
    assert (len(found.image), found.image.name) == (12, "train-images")
    assert found.image.image_classes == tuple(str(v) for v in values)
    np.testing.assert_array_equal(whole(found.image.images[5]), pixels[5])
    assert "train-labels" in found.notes[0]
    sent = pickle.loads(pickle.dumps(found.image))
    np.testing.assert_array_equal(whole(sent.images[-1]), pixels[-1])
    stack = read(path, options=ReadOptions(axes="ZYX")).image
    np.testing.assert_array_equal(whole(stack), pixels)


@pytest.mark.parametrize("dtype", ["i1", "i2", "i4", "f4", "f8"])
def test_idx_types_and_labels_that_do_not_fit(tmp_path, dtype):
    pixels = (grey(4, 9, 8) // 2).astype(dtype)
    path = idx(tmp_path / "t10k-images-idx3-ubyte", pixels, packed=False)
    idx(tmp_path / "t10k-labels-idx1-ubyte", np.arange(3, dtype=np.uint8), packed=False)
    found = read(path)
    assert found.image.image_classes == ()
    assert "3 labels for 4 images" in found.notes[0]
    np.testing.assert_array_equal(whole(found.image.images[1]), pixels[1])
    with pytest.raises(ValueError, match="no pictures"):
        read(tmp_path / "t10k-labels-idx1-ubyte")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_with_classes(tmp_path, save):
    pixels, values = grey(12, 9, 8), np.arange(12) % 3
    colours = grey(4, 9, 8, 3)
    save(tmp_path / "a.npz", x_train=pixels, y_train=values, x_test=colours, y_test=values[:4])
    with pytest.raises(KeyNeeded) as told:
        read(tmp_path / "a.npz")
    assert told.value.keys == ("x_train", "x_test")
    train = read(f"{tmp_path / 'a.npz'}::x_train").image
    assert train.image_classes == tuple(str(v) for v in values)
    np.testing.assert_array_equal(whole(train.images[7]), pixels[7])
    test = read(f"{tmp_path / 'a.npz'}::x_test").image
    assert test.images[0].axes == "YXC"
    sent = pickle.loads(pickle.dumps(test))
    np.testing.assert_array_equal(whole(sent.images[3]), colours[3])
    assert isinstance(test.images[0].levels[0], FileMap) == (save is np.savez)


def test_one_channel_by_number_or_name(tmp_path):
    np.save(tmp_path / "a.npy", grey(20, 30, 3))
    red = read(tmp_path / "a.npy", options=ReadOptions(channel="Red")).image
    np.testing.assert_array_equal(whole(red), np.load(tmp_path / "a.npy")[..., 0])
    third = read(tmp_path / "a.npy", options=ReadOptions(channel="2")).image
    np.testing.assert_array_equal(whole(third), np.load(tmp_path / "a.npy")[..., 2])
    with pytest.raises(ValueError, match="its channels are red, green, blue"):
        read(tmp_path / "a.npy", options=ReadOptions(channel="DAPI"))


NAMES = ["a.h5", "a.mrc", "a.rec", "a.idx", "x-images-idx3-ubyte.gz", "a.npz"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("content", [b"", b"x", b"just some text\n" * 200, bytes(2000)])
def test_empty_and_foreign_files(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=name) as told:
        read(tmp_path / name)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("name", NAMES)
def test_cut_files(tmp_path, name):
    pixels = grey(4, 60, 50)
    path = tmp_path / name
    if name.endswith("h5"):
        ilastik(path, pixels, "zyx")
    elif name.endswith("npz"):
        np.savez(path, x=pixels)
    elif "idx" in name:
        idx(path, pixels, packed=name.endswith("gz"))
    else:
        with mrcfile.new(path) as file:
            file.set_data(pixels.astype(np.float32))
    content = path.read_bytes()
    for length in range(1, len(content), max(1, len(content) // 40)):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match=name):
            read_whole(path)


def test_not_finite_numbers_are_kept(tmp_path):
    pixels = grey(4, 20, 30, dtype=np.float32)
    pixels[0, 0, :3] = np.nan, np.inf, -np.inf
    np.testing.assert_array_equal(
        whole(read(ilastik(tmp_path / "a.h5", pixels, "zyx")).image), pixels
    )


@pytest.mark.skipif(not (DATA / "mnist").is_dir(), reason="no real data: set SIMGRAPH_DATA")
def test_mnist():
    digits = read(f"{DATA / 'mnist' / 'mnist.npz'}::x_test").image
    assert (len(digits), digits.images[0].shape, digits.image_classes[0]) == (10000, (28, 28), "7")
