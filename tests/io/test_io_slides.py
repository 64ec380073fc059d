"""Pyramids of slide scanners: lazily, by tile, with what they say about the pixel size."""

import io
import os
import pickle
import struct
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image as Picture

from napari_simgraph.io.read import ReadOptions, read
from napari_simgraph.io.tiff_level import TiledPages

_BESIDE = Path(__file__).parents[2].parent / "shared" / "data"
DATA = Path(os.environ.get("SIMGRAPH_DATA", _BESIDE)) / "slides"
APERIO = "Aperio Image Library v11\r\n400x300 (64x64) JPEG/RGB Q=90|AppMag = 20|MPP = 0.4990"


@pytest.fixture(autouse=True)
def small_pages_by_tile(monkeypatch):
    monkeypatch.setattr("napari_simgraph.io.tiff.WHOLE_TILED_BYTES", 1000)


def smooth(height, width):
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(y / 19) * np.cos(x / 23), np.cos(y / 31), np.sin(x / 37)]
    return np.stack([(w * 100 + 120).astype(np.uint8) for w in waves], -1)


def svs(path, description=APERIO, compression="jpeg"):
    """A slide of two levels with a thumbnail between them, as Aperio writes them."""
    fine, coarse = smooth(300, 400), smooth(300, 400)[::2, ::2]
    how = {"photometric": "rgb", "metadata": None, "compression": compression}
    with tifffile.TiffWriter(path) as tif:
        tif.write(fine, tile=(64, 64), description=description, **how)
        tif.write(fine[::8, ::8], description="Aperio thumb", rowsperstrip=64, **how)
        tif.write(coarse, tile=(64, 64), description="Aperio level", **how)
    return path


def away(array):
    return np.asarray(array[40:90, 100:300])


@pytest.mark.parametrize("compression", ["jpeg", "jpeg2000", "zlib"])
def test_svs_is_a_pyramid_read_by_tile(tmp_path, compression):
    path = svs(tmp_path / "a.svs", compression=compression)
    found = read(path)
    image = found.image
    assert (image.axes, image.spacing, image.unit) == ("YXC", (0.499, 0.499), "um")
    assert (image.name, found.notes, found.questions) == ("a", (), frozenset())
    assert [level.shape for level in image.levels] == [(300, 400, 3), (150, 200, 3)]
    for number, level in enumerate(image.levels):
        assert isinstance(level, TiledPages)
        np.testing.assert_array_equal(level, tifffile.imread(path, series=0, level=number))


def test_only_the_tiles_in_view_are_decoded_and_memory_is_bounded(tmp_path):
    level = read(svs(tmp_path / "a.svs")).image.levels[0]
    asked = []
    load = level.load
    level.load = lambda ats: asked.extend(ats) or load(ats)
    level[70:120, 70:190]
    assert sorted(asked) == [(1, 1, 0), (1, 2, 0)]
    level[80, 100:130]
    assert len(asked) == 2
    level.cache._limit = 3 * 64 * 64 * 3
    np.testing.assert_array_equal(level[...].shape, level.shape)
    assert level.cache._used <= level.cache._limit


def test_a_level_is_taken_with_its_own_pixel_size(tmp_path):
    image = read(svs(tmp_path / "a.svs"), options=ReadOptions(level=1)).image
    assert (image.shape, image.spacing) == ((150, 200), (0.998, 0.998))
    with pytest.raises(ValueError, match="2 levels"):
        read(tmp_path / "a.svs", options=ReadOptions(level=2))


def test_magnification_stands_in_for_the_pixel_size(tmp_path):
    found = read(svs(tmp_path / "a.svs", APERIO.partition("|MPP")[0]))
    assert found.image.spacing == (0.5, 0.5)
    assert "magnification of 20" in found.notes[0]
    found = read(svs(tmp_path / "b.svs", "Aperio Image Library v11|ICC Profile = sRGB"))
    assert found.questions == {"spacing"}


@pytest.mark.parametrize("nested", [True, False])
def test_other_pyramids(tmp_path, nested):
    fine = smooth(300, 400)
    how = {"tile": (64, 64), "photometric": "rgb", "compression": "zlib", "metadata": None}
    size = {"resolution": (20000, 20000), "resolutionunit": "CENTIMETER"}
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        tif.write(fine, subifds=2 * nested, **how, **size)
        for step in (2, 4):
            tif.write(fine[::step, ::step], subfiletype=1, **how)
    image = read(tmp_path / "a.tif").image
    assert [level.shape[0] for level in image.levels] == [300, 150, 75]
    np.testing.assert_allclose(image.spacing, (0.5, 0.5))
    np.testing.assert_array_equal(image.levels[2], fine[::4, ::4])


def test_ome_pyramid(tmp_path):
    fine = np.random.default_rng(0).integers(0, 9999, (2, 256, 192), dtype=np.uint16)
    told = {"axes": "CYX", "PhysicalSizeX": 0.325, "PhysicalSizeY": 0.325}
    told["Channel"] = {"Name": ["DAPI", "actin"]}
    how = {"tile": (64, 64), "compression": "zlib", "photometric": "minisblack"}
    with tifffile.TiffWriter(tmp_path / "a.ome.tif", ome=True) as tif:
        tif.write(fine, subifds=1, metadata=told, **how)
        tif.write(fine[:, ::2, ::2], subfiletype=1, **how)
    image = read(tmp_path / "a.ome.tif").image
    assert (image.axes, image.spacing, image.unit) == ("YXC", (0.325, 0.325), "um")
    np.testing.assert_array_equal(image.levels[1], np.moveaxis(fine[:, ::2, ::2], 0, -1))
    actin = read(tmp_path / "a.ome.tif", options=ReadOptions(channel="Actin")).image
    np.testing.assert_array_equal(actin.levels[0], fine[1])


def ndpi(path, *levels):
    """A slide as Hamamatsu writes them: JPEGs with restart marks, 64-bit places, own tags."""
    content = bytearray(b"II*\0" + bytes(8))
    link = 4  # where the place of the next directory is written
    for number, pixels in enumerate(levels):
        buffer = io.BytesIO()
        how = {"quality": 95, "subsampling": 0, "restart_marker_blocks": 8}
        Picture.fromarray(pixels).save(buffer, "JPEG", **how)
        jpeg, start = buffer.getvalue(), len(content)
        content += jpeg
        tags = ndpi_tags(content, pixels.shape, jpeg, (start, 0.25 * 2**number))
        content[link : link + 8] = struct.pack("<Q", len(content))
        content += struct.pack("<H", len(tags))
        content += b"".join(struct.pack("<HHII", *tag) for tag in tags)
        link = len(content)
        content += struct.pack("<Q", 0) + bytes(4 * len(tags))  # high halves of all values
    path.write_bytes(content)
    return path


def ndpi_tags(content, shape, jpeg, place):
    """The tags of one level; what is longer than four bytes is put behind the content."""
    start, size_um = place
    scan = jpeg.index(b"\xff\xda")
    first = scan + 2 + struct.unpack(">H", jpeg[scan + 2 : scan + 4])[0]
    ends = [i for i in range(first, len(jpeg) - 1) if jpeg[i] == 255]
    mcus = [first, *(i + 2 for i in ends if 0xD0 <= jpeg[i + 1] < 0xD8)]

    def put(blob):
        content.extend(blob)
        return len(content) - len(blob)

    bits, make = put(struct.pack("<3H", 8, 8, 8)), put(b"Hamamatsu\0")
    res = put(struct.pack("<II", round(1e4 / size_um), 1))
    marks = put(struct.pack(f"<{len(mcus)}I", *mcus))
    lens = struct.unpack("<I", struct.pack("<f", 10 / size_um))[0]
    tags = [(256, 4, 1, shape[1]), (257, 4, 1, shape[0]), (258, 3, 3, bits), (259, 3, 1, 7)]
    tags += [(262, 3, 1, 6), (271, 2, 10, make), (273, 4, 1, start)]
    tags += [(277, 3, 1, 3), (278, 4, 1, shape[0]), (279, 4, 1, len(jpeg))]
    tags += [(282, 5, 1, res), (283, 5, 1, res), (296, 3, 1, 3)]
    return [*tags, (65420, 4, 1, 1), (65421, 11, 1, lens), (65426, 4, len(mcus), marks)]


def test_ndpi_is_read_by_tile_from_its_restart_marks(tmp_path):
    pixels = smooth(128, 256)
    found = read(ndpi(tmp_path / "a.ndpi", pixels, pixels[::2, ::2]))
    image = found.image
    assert [level.shape for level in image.levels] == [(128, 256, 3), (64, 128, 3)]
    assert np.abs(np.asarray(image.levels[1]).astype(int) - pixels[::2, ::2]).max() < 20
    assert (image.axes, image.shape, image.unit) == ("YXC", (128, 256), "um")
    np.testing.assert_allclose(image.spacing, (0.25, 0.25))
    assert isinstance(image.levels[0], TiledPages)
    assert image.levels[0].chunk == (8, 64, 3)
    assert np.abs(np.asarray(image.levels[0]).astype(int) - pixels).max() < 12
    assert not found.notes


def test_slides_go_to_threads_and_other_processes(tmp_path):
    level = read(svs(tmp_path / "a.svs")).image.levels[0]
    here = away(level)
    with ThreadPoolExecutor(4) as pool:
        assert all((got == here).all() for got in pool.map(away, [level] * 16))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        np.testing.assert_array_equal(pool.submit(away, level).result(), here)
    assert len(pickle.dumps(level)) < 2000


@pytest.mark.parametrize("name", ["a.svs", "a.ndpi"])
def test_broken_slides(tmp_path, name):
    whole = svs(tmp_path / "whole.svs").read_bytes()
    for content in (b"", b"text " * 99, whole[:100], whole[: len(whole) // 2]):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=name) as told:
            read(tmp_path / name)
        assert "\n" not in str(told.value)


def test_a_tile_that_is_broken_is_told_when_it_is_read(tmp_path):
    path = svs(tmp_path / "a.svs")
    with tifffile.TiffFile(path) as tif:
        start, count = tif.pages[0].dataoffsets[0], tif.pages[0].databytecounts[0]
    content = bytearray(path.read_bytes())
    content[start : start + count] = bytes(count)
    path.write_bytes(content)
    level = read(path).image.levels[0]
    assert level[100:120, 100:120].any()
    with pytest.raises(ValueError, match=r"a\.svs"):
        level[:10, :10]


@pytest.mark.skipif(not DATA.is_dir(), reason="no real slides here: set SIMGRAPH_DATA")
def test_real_slides():
    cmu = read(DATA / "CMU-1-Small-Region.svs").image
    assert (cmu.shape, cmu.spacing, cmu.unit) == ((2967, 2220), (0.499, 0.499), "um")
    assert 200 < cmu.read(np.s_[:200, :200]).mean() < 255  # glass
    tcga = read(DATA / "TCGA-CR-7395-01A-01-TS1.svs").image
    assert [level.shape for level in tcga.levels] == [(3567, 4443, 3), (1783, 2221, 3)]
    fine = tcga.read(np.s_[1000:1400, 1000:1400]).reshape(200, 2, 200, 2, 3).mean((1, 3))
    coarse = tcga.read(np.s_[500:700, 500:700], level=1)
    assert np.abs(fine - coarse).mean() < 8  # the same place, JPEG 2000 at quality 70
