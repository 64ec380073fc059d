import subprocess
import sys

import imagecodecs
import numpy as np
import pytest
import tifffile
import zarr

from napari_simgraph import Image, ImageSet
from napari_simgraph.io.read import AxesUnclear, ReadOptions, read, reaxes

RNG = np.random.default_rng(0)


def png(path, pixels):
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_bytes(imagecodecs.png_encode(pixels))


def whole(image):
    return np.asarray(image.levels[0])


def grey(*shape, dtype=np.uint8):
    return RNG.integers(0, np.iinfo(dtype).max, shape).astype(dtype)


def test_reading_is_light():
    code = "import sys, napari_simgraph.io.read as r; print(*[m for m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert not {"torch", "zarr", "tifffile", "qtpy", "napari", "PIL"} & set(loaded.split())


@pytest.mark.parametrize("pixels", [grey(20, 30), grey(20, 30, dtype=np.uint16), grey(20, 30, 3)])
def test_png(tmp_path, pixels):
    png(tmp_path / "a.png", pixels)
    image = read(tmp_path / "a.png").image
    assert image.dtype == pixels.dtype
    np.testing.assert_array_equal(whole(image), pixels)


@pytest.mark.parametrize("pixels", [grey(20, 30, 4), grey(20, 30, 2)])
def test_png_opacity_is_left_out(tmp_path, pixels):
    png(tmp_path / "a.png", pixels)
    found = read(tmp_path / "a.png")
    kept = pixels[..., :3] if pixels.shape[-1] == 4 else pixels[..., 0]
    np.testing.assert_array_equal(whole(found.image), kept)
    assert "opacity" in found.notes[0]


def test_jpeg_is_near(tmp_path):
    pixels = np.full((40, 60, 3), 90, np.uint8)
    (tmp_path / "a.jpg").write_bytes(imagecodecs.jpeg8_encode(pixels))
    image = read(tmp_path / "a.jpg").image
    assert image.shape == (40, 60)
    assert np.abs(whole(image).astype(int) - 90).max() < 5


def test_cut_pictures_are_told(tmp_path):
    encoded = {"png": imagecodecs.png_encode(grey(20, 30))}
    encoded["jpg"] = imagecodecs.jpeg8_encode(grey(20, 30))
    for suffix, content in encoded.items():
        for length in range(1, len(content), 13):
            (tmp_path / f"cut.{suffix}").write_bytes(content[:length])
            with pytest.raises(ValueError, match="cut"):
                whole(read(tmp_path / f"cut.{suffix}").image)


def test_png_with_a_broken_middle_is_told_on_reading(tmp_path):
    content = bytearray(imagecodecs.png_encode(grey(60, 70)))
    content[500:900] = bytes(400)
    (tmp_path / "bad.png").write_bytes(content)
    with pytest.raises(ValueError, match=r"bad\.png"):
        whole(read(tmp_path / "bad.png").image)


@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.jpg", "a.npy", "a.npz", "a.ome.tif"])
@pytest.mark.parametrize("content", [b"", b"just some text\n" * 20])
def test_empty_and_foreign_files(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=name) as told:
        read(tmp_path / name)
    assert str(told.value).count(".") <= 4
    assert "\n" not in str(told.value)


def test_missing_and_unknown(tmp_path):
    with pytest.raises(ValueError, match="not there"):
        read(tmp_path / "no.tif")
    (tmp_path / "a.xyz").write_text("?")
    with pytest.raises(ValueError, match="kind that can't be read"):
        read(tmp_path / "a.xyz")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="no picture"):
        read(tmp_path / "empty")


def test_folder_of_slices_is_a_stack_in_natural_order(tmp_path):
    pixels = grey(12, 20, 30)
    for z in range(12):
        png(tmp_path / f"slice{z}.png", pixels[z])
    (tmp_path / "notes.txt").write_text("?")
    (tmp_path / ".hidden").write_text("?")
    found = read(tmp_path)
    assert found.image.axes == "ZYX"
    np.testing.assert_array_equal(whole(found.image), pixels)
    assert any("notes.txt" in note for note in found.notes)


def test_folder_with_a_broken_slice_goes_on(tmp_path):
    pixels = grey(4, 20, 30)
    for z in range(4):
        tifffile.imwrite(tmp_path / f"s{z}.tif", pixels[z], compression="zlib")
    (tmp_path / "s2.tif").write_bytes((tmp_path / "s2.tif").read_bytes()[:300])
    found = read(tmp_path)
    np.testing.assert_array_equal(whole(found.image), pixels[[0, 1, 3]])
    assert any("s2.tif" in note for note in found.notes)


def test_folder_of_different_sizes_and_of_folders_is_a_set(tmp_path):
    png(tmp_path / "b.png", grey(20, 30))
    png(tmp_path / "a.png", grey(22, 30, 3))
    images = read(tmp_path).image
    assert isinstance(images, ImageSet)
    assert [i.name for i in images] == ["a", "b"]
    for name in ("tumour", "stroma"):
        for i in range(2):
            png(tmp_path / "set" / name / f"{i}.png", grey(20, 30))
    found = read(tmp_path / "set").image
    assert found.image_classes == ("stroma", "stroma", "tumour", "tumour")


def test_masks_beside_images_are_no_images(tmp_path):
    for i in range(2):
        png(tmp_path / f"{i}.png", grey(20, 30))
        png(tmp_path / f"{i}_mask.png", grey(20, 30))
    assert read(tmp_path).image.shape == (2, 20, 30)


def test_n_keeps_alike_pictures_apart(tmp_path):
    for i in range(3):
        png(tmp_path / f"{i}.png", grey(20, 30))
    assert len(read(tmp_path, options=ReadOptions(axes="NYX")).image) == 3


def test_npy_is_memory_mapped_and_npz_needs_a_key(tmp_path):
    pixels = grey(5, 20, 30)
    np.save(tmp_path / "a.npy", pixels)
    image = read(tmp_path / "a.npy").image
    assert isinstance(image.levels[0], np.memmap)
    np.savez(tmp_path / "b.npz", x=pixels, y=pixels[0])
    with pytest.raises(ValueError, match=r"b\.npz::x, b\.npz::y"):
        read(tmp_path / "b.npz")
    one = read(f"{tmp_path / 'b.npz'}::y").image
    assert (one.name, one.shape) == ("y", (20, 30))
    images = read(f"{tmp_path / 'b.npz'}::x", options=ReadOptions(axes="NYX")).image
    assert len(images) == 5


def test_pickles_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], object), allow_pickle=True)
    np.savez(tmp_path / "a.npz", x=np.array([{"a": 1}], object))
    for name in ("a.npy", "a.npz"):
        with pytest.raises(ValueError, match="Python objects"):
            read(tmp_path / name)


def test_cut_npy_and_npz(tmp_path):
    np.save(tmp_path / "a.npy", grey(5, 20, 30))
    np.savez_compressed(tmp_path / "a.npz", grey(5, 20, 30))
    for name in ("a.npy", "a.npz"):
        content = (tmp_path / name).read_bytes()
        for length in range(1, len(content), 101):
            (tmp_path / f"cut_{name}").write_bytes(content[:length])
            with pytest.raises(ValueError, match="cut_a"):
                read(tmp_path / f"cut_{name}")


def test_guessed_axes(tmp_path):
    np.save(tmp_path / "rgb.npy", grey(20, 30, 3))
    assert read(tmp_path / "rgb.npy").image.axes == "YXC"
    np.save(tmp_path / "stack.npy", grey(20, 30, 3).astype(np.uint16))
    assert read(tmp_path / "stack.npy").image.axes == "ZYX"
    np.save(tmp_path / "rgbs.npy", grey(2, 20, 30, 3))
    found = read(tmp_path / "rgbs.npy")
    assert (found.image.axes, found.questions) == ("ZYXC", {"axes", "spacing"})
    np.save(tmp_path / "four.npy", grey(2, 3, 20, 30))
    with pytest.raises(AxesUnclear):
        read(tmp_path / "four.npy")


@pytest.mark.parametrize("axes", ["ZY", "ZZYX", "ZCX", "QZYX", "TCYX1"])
def test_axes_that_do_not_fit(tmp_path, axes):
    np.save(tmp_path / "a.npy", grey(5, 20, 30))
    with pytest.raises(ValueError, match=r"[Aa]xes"):
        read(tmp_path / "a.npy", options=ReadOptions(axes=axes))


def test_reaxes_moves_channels_last():
    pixels = grey(2, 3, 4, 5)
    moved, axes = reaxes(pixels, "CZYX")
    assert axes == "ZYXC"
    np.testing.assert_array_equal(moved, np.moveaxis(pixels, 0, -1))
    assert reaxes(pixels, "TZYX")[1] == "TZYX"
    lazy, axes = reaxes(zarr.array(pixels), "ZCYX")
    np.testing.assert_array_equal(lazy[1, 1:3, :, 2], np.moveaxis(pixels, 1, -1)[1, 1:3, :, 2])


def test_ome_zarr_04_with_pyramid(tmp_path):
    group = zarr.create_group(tmp_path / "a.ome.zarr", zarr_format=2)
    pixels = grey(2, 3, 16, 18, dtype=np.uint16)
    group.create_array("0", data=pixels)
    group.create_array("1", data=pixels[..., ::2, ::2])
    axes = [{"name": "c", "type": "channel"}]
    axes += [{"name": n, "type": "space", "unit": "nanometer"} for n in "zyx"]
    moves = [[{"type": "scale", "scale": [1, 50, 4 * f, 4 * f]}] for f in (1, 2)]
    sets = [{"path": str(i), "coordinateTransformations": m} for i, m in enumerate(moves)]
    group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": sets}]
    image = read(tmp_path / "a.ome.zarr").image
    assert (image.axes, image.spacing, image.unit, image.name) == ("ZYXC", (50, 4, 4), "nm", "a")
    assert image.levels[1].shape == (3, 8, 9, 2)
    np.testing.assert_array_equal(whole(image), np.moveaxis(pixels, 0, -1))
    coarse = read(tmp_path / "a.ome.zarr", options=ReadOptions(level=1)).image
    assert coarse.spacing == (50, 8, 8)


def test_plain_zarr_and_keys(tmp_path):
    zarr.save_array(tmp_path / "a.zarr", grey(5, 20, 30))
    assert read(tmp_path / "a.zarr").image.shape == (5, 20, 30)
    group = zarr.create_group(tmp_path / "b.zarr")
    group.create_array("raw", data=grey(5, 20, 30))
    group.create_array("more/seg", data=grey(5, 20, 31))
    group.create_array("other", data=grey(5, 20, 31))
    with pytest.raises(ValueError, match=r"b\.zarr::raw"):
        read(tmp_path / "b.zarr")
    assert read(f"{tmp_path / 'b.zarr'}::more/seg").image.shape == (5, 20, 31)
    with pytest.raises(ValueError, match=r"b\.zarr"):
        read(f"{tmp_path / 'b.zarr'}::nothing")


def test_broken_zarr(tmp_path):
    zarr.create_array(tmp_path / "a.zarr", data=grey(8, 32, 32), chunks=(8, 32, 32))
    chunk = next(
        f for f in (tmp_path / "a.zarr").rglob("*") if f.name != "zarr.json" and f.is_file()
    )
    content = chunk.read_bytes()
    for length in (0, 1, len(content) // 2, len(content) - 1):
        chunk.write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"a\.zarr"):
            whole(read(tmp_path / "a.zarr").image)
    told = (tmp_path / "a.zarr" / "zarr.json").read_text()
    for length in (0, 10, len(told) // 2):
        (tmp_path / "a.zarr" / "zarr.json").write_text(told[:length])
        with pytest.raises(ValueError, match=r"a\.zarr"):
            read(tmp_path / "a.zarr")


def test_image_keeps_what_read_knows(tmp_path):
    np.save(tmp_path / "a.npy", grey(5, 20, 30))
    image = read(tmp_path / "a.npy").image
    assert isinstance(image, Image)
    assert image.source == str(tmp_path / "a.npy")
