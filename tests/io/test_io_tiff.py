import logging
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tifffile

from napari_simgraph import Image
from napari_simgraph.io import lazy
from napari_simgraph.io.read import AxesUnclear, ReadOptions, read
from napari_simgraph.io.tiff_level import TiledPages


@pytest.fixture
def stack():
    return np.random.default_rng(0).integers(0, 255, (12, 40, 50), dtype=np.uint8)


def whole(image):
    return np.asarray(image.levels[0])


@pytest.mark.parametrize(
    ("how", "dtype"),
    [
        ({}, "uint8"),
        ({"imagej": True}, "uint16"),
        ({"compression": "lzw"}, "uint16"),
        ({"compression": "zlib", "predictor": True}, "float32"),
        ({"compression": "zstd", "tile": (16, 16)}, "uint8"),
        ({"byteorder": ">"}, "uint16"),
        ({"byteorder": ">", "compression": "lzw"}, "int16"),
        ({"metadata": None}, "uint8"),
        ({"bigtiff": True, "ome": True, "metadata": {"axes": "ZYX"}}, "uint16"),
    ],
)
def test_stack_comes_back_in_native_order(tmp_path, stack, how, dtype):
    pixels = stack.astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="minisblack", **how)
    image = read(tmp_path / "a.tif").image
    assert image.axes == "ZYX"
    assert image.dtype.isnative
    assert image.section(2).shape == (40, 50, 1)
    np.testing.assert_array_equal(whole(image), pixels)
    np.testing.assert_array_equal(image.read(np.s_[1:5:2, 3:9, 7]), pixels[1:5:2, 3:9, 7])


def test_imagej_scale_unit_and_axes(tmp_path, stack):
    told = {"spacing": 50.0, "unit": "nm", "axes": "ZYX"}
    tifffile.imwrite(
        tmp_path / "a.tif", stack, imagej=True, resolution=(1 / 4, 1 / 4.5), metadata=told
    )
    found = read(tmp_path / "a.tif")
    assert found.image.spacing == pytest.approx((50, 4.5, 4))
    assert found.image.unit == "nm"
    assert found.questions == frozenset()


def test_imagej_micron_escape(tmp_path, stack):
    told = {"unit": "\\u00B5m", "axes": "ZYX"}
    tifffile.imwrite(tmp_path / "a.tif", stack, imagej=True, resolution=(2, 2), metadata=told)
    found = read(tmp_path / "a.tif")
    assert (found.image.unit, found.image.spacing) == ("um", (0.5, 0.5, 0.5))
    assert found.questions == {"spacing"}
    assert any("thickness" in note for note in found.notes)


def test_ome_scale_mixed_units_and_channels(tmp_path):
    pixels = np.arange(2 * 3 * 8 * 9, dtype=np.uint16).reshape(3, 2, 8, 9)
    told = {"axes": "ZCYX", "PhysicalSizeX": 4, "PhysicalSizeXUnit": "nm"}
    told |= {"PhysicalSizeY": 4, "PhysicalSizeYUnit": "nm"}
    told |= {"PhysicalSizeZ": 0.05, "PhysicalSizeZUnit": "µm"}
    tifffile.imwrite(tmp_path / "a.ome.tif", pixels, metadata=told)
    image = read(tmp_path / "a.ome.tif").image
    assert (image.axes, image.unit, image.name) == ("ZYXC", "nm", "a")
    assert image.spacing == pytest.approx((50, 4, 4))
    np.testing.assert_array_equal(whole(image), np.moveaxis(pixels, 1, -1))
    one = read(tmp_path / "a.ome.tif", options=ReadOptions(channel=1)).image
    assert one.axes == "ZYX"
    np.testing.assert_array_equal(whole(one), pixels[:, 1])


def test_time_points_become_a_set(tmp_path):
    pixels = np.arange(3 * 2 * 8 * 9, dtype=np.uint8).reshape(3, 2, 8, 9)
    tifffile.imwrite(tmp_path / "a.tif", pixels, imagej=True, metadata={"axes": "TZYX"})
    images = read(tmp_path / "a.tif").image
    assert [i.name for i in images] == ["a_0", "a_1", "a_2"]
    np.testing.assert_array_equal(whole(images.images[2]), pixels[2])


def test_printing_resolution_is_no_pixel_size(tmp_path, stack):
    tifffile.imwrite(tmp_path / "a.tif", stack[0], resolution=(300, 300), resolutionunit="INCH")
    assert read(tmp_path / "a.tif").questions == {"spacing"}
    tifffile.imwrite(tmp_path / "b.tif", stack[0], resolution=(1e6, 1e6), resolutionunit=3)
    assert read(tmp_path / "b.tif").image.spacing == pytest.approx((0.01, 0.01))


def test_rgb_keeps_colours_and_loses_opacity(tmp_path, stack):
    rgba = np.moveaxis(stack[:4], 0, -1)
    tifffile.imwrite(tmp_path / "a.tif", rgba, photometric="rgb", extrasamples=["unassalpha"])
    found = read(tmp_path / "a.tif")
    assert found.image.axes == "YXC"
    np.testing.assert_array_equal(whole(found.image), rgba[..., :3])
    assert any("opacity" in note for note in found.notes)


def test_four_axes_without_names_are_asked(tmp_path, stack):
    pixels = stack.reshape(3, 4, 40, 50)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="minisblack")
    with pytest.raises(AxesUnclear, match="--axes") as told:
        read(tmp_path / "a.tif")
    assert told.value.shape == (3, 4, 40, 50)
    image = read(tmp_path / "a.tif", options=ReadOptions(axes="CZYX")).image
    np.testing.assert_array_equal(whole(image), np.moveaxis(pixels, 0, -1))


def test_pyramid_levels(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 255, (256, 256, 3), dtype=np.uint8)
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        tif.write(pixels, subifds=1, tile=(64, 64), photometric="rgb", compression="zlib")
        tif.write(pixels[::2, ::2], subfiletype=1, tile=(64, 64), photometric="rgb")
    image = read(tmp_path / "a.tif").image
    assert [level.shape for level in image.levels] == [(256, 256, 3), (128, 128, 3)]
    asked = ReadOptions(level=1)
    np.testing.assert_array_equal(
        whole(read(tmp_path / "a.tif", options=asked).image), pixels[::2, ::2]
    )


def test_large_tiled_pages_are_read_by_tile(tmp_path, monkeypatch):
    monkeypatch.setattr("napari_simgraph.io.tiff.WHOLE_TILED_BYTES", 1000)
    pixels = np.random.default_rng(1).integers(0, 255, (3, 130, 140), dtype=np.uint16)
    tifffile.imwrite(
        tmp_path / "a.tif",
        pixels,
        **{"tile": (64, 64), "compression": "zlib", "photometric": "minisblack"},
    )
    image = read(tmp_path / "a.tif").image
    assert isinstance(image.levels[0], TiledPages)
    np.testing.assert_array_equal(whole(image), pixels)


def test_uncompressed_is_memory_mapped_and_compressed_read_by_page(tmp_path, stack):
    tifffile.imwrite(tmp_path / "a.tif", stack)
    assert isinstance(read(tmp_path / "a.tif").image.levels[0], np.memmap)
    tifffile.imwrite(tmp_path / "b.tif", stack, compression="zlib")
    planes = read(tmp_path / "b.tif").image.levels[0]
    loaded = []
    load = planes.load
    planes.load = lambda i: loaded.append(i) or load(i)
    planes[2:4, :5]
    planes[3]
    assert loaded == [2, 3]


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"imagej": True},
        {"compression": "zlib", "metadata": None},
        {"ome": True, "metadata": {"axes": "ZYX"}},
    ],
)
def test_cut_files_are_told_never_shown(tmp_path, stack, how, caplog, capfd):
    tifffile.imwrite(tmp_path / "a.tif", stack, **how)
    content = (tmp_path / "a.tif").read_bytes()
    for length in range(1, len(content), 211):
        (tmp_path / "cut.tif").write_bytes(content[:length])
        pixels, sentence = stack, "cut.tif"
        try:
            pixels = whole(read(tmp_path / "cut.tif").image)
        except ValueError as error:
            sentence = str(error)
        np.testing.assert_array_equal(pixels, stack)
        assert "cut.tif" in sentence
    assert not caplog.records
    assert capfd.readouterr().err == ""


def test_spacing_options(tmp_path, stack):
    tifffile.imwrite(tmp_path / "a.tif", stack)
    told = ReadOptions(spacing=(50, 4, 4), unit="nm")
    assert read(tmp_path / "a.tif", options=told).image.spacing == (50, 4, 4)
    with pytest.raises(ValueError, match="three pixel sizes"):
        read(tmp_path / "a.tif", options=ReadOptions(spacing=(4, 4), unit="nm"))
    assumed = read(tmp_path / "a.tif", options=ReadOptions(spacing=(50, 4, 4)))
    assert any("nm was assumed" in note for note in assumed.notes)
    with pytest.raises(ValueError, match="no unit of length"):
        read(tmp_path / "a.tif", options=ReadOptions(spacing=(1, 1, 1), unit="parsec"))


def test_lazy_arrays_refuse_what_they_cannot(stack):
    view = lazy.View(stack, (2, 0, 1))
    assert view.shape == (50, 12, 40)
    np.testing.assert_array_equal(view[..., -1], stack.transpose(2, 0, 1)[..., -1])
    np.testing.assert_array_equal(np.asarray(view), stack.transpose(2, 0, 1))
    with pytest.raises(IndexError):
        view[50]
    with pytest.raises(IndexError):
        view[[1, 2]]
    assert Image(view).shape == (50, 12, 40)


def test_colour_tables_are_said(tmp_path, stack):
    table = np.zeros((3, 256), np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", stack[0], photometric="palette", colormap=table)
    found = read(tmp_path / "a.tif")
    np.testing.assert_array_equal(whole(found.image), stack[0])
    assert "colour table" in found.notes[0]


def test_other_threads_do_not_make_a_file_look_cut(tmp_path, stack):
    tifffile.imwrite(tmp_path / "a.tif", stack, compression="zlib")
    (tmp_path / "cut.tif").write_bytes((tmp_path / "a.tif").read_bytes()[:9000])

    def attempt(name):
        try:
            return whole(read(tmp_path / name).image).sum()
        except ValueError:
            return -1

    with ThreadPoolExecutor(4) as pool:
        sums = list(pool.map(attempt, ["a.tif", "cut.tif"] * 20))
    assert sums == [stack.sum(), -1] * 20
    assert not logging.getLogger("tifffile").filters
