"""Files open in the window as what they are: pyramids, volumes, contact sheets, labels on top."""

import gzip
import os
import time
from pathlib import Path

import h5py
import imagecodecs
import mrcfile
import numpy as np
import pytest
import tifffile
import zarr
from napari.layers import Image as ImageLayer
from napari.layers import Labels as LabelsLayer
from napari.utils.notifications import notification_manager
from test_manifest import NAME, manifest, viewer  # noqa: F401 (a fixture)

from napari_simgraph.viewer.readers import get_reader, read_path
from napari_simgraph.viewer.sheets import sheet_of, spot_at
from napari_simgraph.viewer.views.segment import SegmentDock

DATA = Path(os.environ.get("SIMGRAPH_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
real = pytest.mark.skipif(not (DATA / "slides").is_dir(), reason="no real data: set SIMGRAPH_DATA")
RNG = np.random.default_rng(0)


def png(path, pixels):
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_bytes(imagecodecs.png_encode(pixels))


def told():
    return [record.message for record in notification_manager.records]


def test_a_slide_opens_as_a_pyramid_and_reads_what_is_in_view(viewer, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr("napari_simgraph.io.tiff.WHOLE_TILED_BYTES", 1000)
    pixels = np.zeros((4096, 4096, 3), np.uint8)
    pixels[::32] = 200
    how = {"tile": (512, 512), "photometric": "rgb", "compression": "zlib", "metadata": None}
    with tifffile.TiffWriter(tmp_path / "a.svs") as tif:
        tif.write(pixels, description="Aperio Image\r\nx|AppMag = 40|MPP = 0.25", **how)
        tif.write(pixels[::64, ::64], description="Aperio", photometric="rgb", metadata=None)
        for step in (4, 16):
            tif.write(pixels[::step, ::step], description="Aperio", **how)
    asked = []
    load = "napari_simgraph.io.tiff_level.TiledPages.load"
    real_load = __import__("napari_simgraph.io.tiff_level", fromlist="x").TiledPages.load
    monkeypatch.setattr(load, lambda self, ats: asked.extend(ats) or real_load(self, ats))
    (layer,) = viewer.open(tmp_path / "a.svs", plugin=NAME)
    assert layer.multiscale
    assert layer.rgb
    assert [level.shape[0] for level in layer.data] == [4096, 1024, 256]
    np.testing.assert_allclose(layer.scale, (0.25, 0.25))
    assert str(layer.units[0]) == "micrometer"
    assert len(asked) <= 5  # of 64 tiles at the finest level


@real
def test_real_slides_open(viewer):  # noqa: F811
    for name in ("CMU-1-Small-Region.svs", "TCGA-CR-7395-01A-01-TS1.svs"):
        (layer,) = viewer.open(DATA / "slides" / name, plugin=NAME)
        assert layer.rgb
        assert layer.thumbnail[..., :3].std() > 5


def test_volumes_open_with_their_labels(viewer, tmp_path):  # noqa: F811
    raw = RNG.integers(0, 255, (4, 20, 30), dtype=np.uint8)
    with h5py.File(tmp_path / "cremi.hdf", "w") as file:
        for name, pixels in (("raw", raw), ("labels/neuron_ids", raw.astype("u8"))):
            data = file.create_dataset(f"volumes/{name}", data=pixels, compression="gzip")
            data.attrs["resolution"] = (40.0, 4.0, 4.0)
    with mrcfile.new(tmp_path / "tomo.rec") as file:
        file.set_data(raw.astype(np.int16))
        file.voxel_size = 13.0
    labels, image = viewer.open(tmp_path / "cremi.hdf", plugin=NAME)
    assert (type(labels), type(image)) == (LabelsLayer, ImageLayer)
    np.testing.assert_allclose(image.scale, labels.scale)
    np.testing.assert_array_equal(np.asarray(image.data[2]), raw[2])
    np.testing.assert_array_equal(labels.data, raw)
    (tomogram,) = viewer.open(tmp_path / "tomo.rec", plugin=NAME)
    np.testing.assert_allclose(tomogram.scale, 1.3, rtol=1e-5)
    np.testing.assert_array_equal(np.asarray(tomogram.data[3]), raw[3])


def test_float_volumes_get_a_contrast(viewer, tmp_path):  # noqa: F811
    pixels = RNG.normal(0, 1, (4, 64, 64)).astype(np.float32)
    with h5py.File(tmp_path / "p.h5", "w") as file:
        file.create_dataset("exported_data", data=pixels, chunks=(2, 32, 32))
    (layer,) = viewer.open(tmp_path / "p.h5", plugin=NAME)
    low, high = layer.contrast_limits
    assert pixels.min() <= low < high <= pixels.max()


@pytest.mark.parametrize("version", [2, 3])
def test_ome_zarr_opens_with_levels_and_labels(viewer, tmp_path, version):  # noqa: F811
    pixels = RNG.integers(0, 255, (3, 64, 64), dtype=np.uint8)
    group = zarr.create_group(tmp_path / "a.ome.zarr", zarr_format=version)
    _multiscale(group, pixels, version)
    labels = group.create_group("labels")
    _tell(labels, {"labels": ["cells"]}, version)
    _multiscale(labels.create_group("cells"), (pixels > 99).astype(np.uint8), version)
    image, cells = viewer.open(tmp_path / "a.ome.zarr", plugin=NAME)
    assert [level.shape for level in image.data] == [(3, 64, 64), (3, 32, 32)]
    np.testing.assert_allclose(image.scale, (50, 4, 4))
    assert isinstance(cells, LabelsLayer)
    np.testing.assert_allclose(cells.scale, (50, 4, 4))


def _multiscale(group, pixels, version):
    for level in (0, 1):
        group.create_array(str(level), data=pixels[:, :: level + 1, :: level + 1])
    axes = [{"name": n, "type": "space", "unit": "nanometer"} for n in "zyx"]
    moves = [[{"type": "scale", "scale": [50, 4 * f, 4 * f]}] for f in (1, 2)]
    sets = [{"path": str(i), "coordinateTransformations": m} for i, m in enumerate(moves)]
    _tell(group, {"multiscales": [{"axes": axes, "datasets": sets}]}, version)


def _tell(group, said, version):
    group.attrs.update(said if version == 2 else {"ome": {"version": "0.5", **said}})


def test_a_folder_of_mixed_sizes_opens_as_a_contact_sheet(viewer, tmp_path, qtbot):  # noqa: F811
    for kind in ("good", "bad"):
        for i in range(30):
            png(tmp_path / kind / f"{i}.png", np.full((90 + i, 120 - i), 7 * i + 3, np.uint8))
    (layer,) = viewer.open(tmp_path, plugin=NAME)
    sheet = sheet_of(layer)
    assert layer.multiscale
    assert len(sheet.images) == 60
    y, x = sheet.layout.place(35, 4, 6)
    spot = spot_at(layer, layer.data_to_world((y, x)))
    assert spot == (35, 4, 6)
    status = layer.get_status(layer.data_to_world((y, x)), world=True)["coordinates"]
    assert status.endswith("· 5 · good · y 4, x 6")
    assert "good" not in layer.get_status((-5, -5), world=True)["coordinates"]
    qtbot.waitUntil(lambda: not sheet.fill(0.01), timeout=5000)
    assert "60 images in 2 classes, by folder." in told()


def test_images_that_were_late_are_drawn(viewer, tmp_path, qtbot, monkeypatch):  # noqa: F811
    monkeypatch.setattr("napari_simgraph.viewer.sheets._PATIENCE", 0.0)
    for i in range(12):
        pixels = np.full((300, 300), 200, np.uint8)
        png(tmp_path / f"{i}.png", pixels[: 300 - i])
    (layer,) = viewer.open(tmp_path, plugin=NAME)
    coarse = layer.data[-1]
    qtbot.waitUntil(lambda: bool((np.asarray(coarse) == 200).mean() > 0.8), timeout=5000)
    viewer.layers.clear()


def test_seventy_thousand_digits_open_at_once(viewer, tmp_path):  # noqa: F811
    digits = RNG.integers(0, 255, (70000, 28, 28), dtype=np.uint8)
    path = tmp_path / "train-images-idx3-ubyte.gz"
    head = bytes([0, 0, 8, 3]) + np.array(digits.shape, ">u4").tobytes()
    path.write_bytes(gzip.compress(head + digits.tobytes(), 1))
    values = RNG.integers(0, 10, 70000, dtype=np.uint8)
    head = bytes([0, 0, 8, 1]) + np.array(values.shape, ">u4").tobytes()
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(head + values.tobytes()))
    started = time.process_time()
    (layer,) = viewer.open(path, plugin=NAME)
    assert time.process_time() - started < 2
    sheet = sheet_of(layer)
    assert len(sheet.images) == 70000
    y, x = (int(v) for v in sheet.layout.place(66666))
    np.testing.assert_array_equal(layer.data[0][y : y + 28, x : x + 28], digits[66666])
    spot = spot_at(layer, layer.data_to_world((y + 3, x + 4)))
    assert sheet.images.image_classes[spot.image] == str(values[66666])


def test_two_sets_of_one_archive_lie_side_by_side(viewer, tmp_path):  # noqa: F811
    x = RNG.integers(0, 255, (40, 28, 28), dtype=np.uint8)
    y = np.arange(40) % 4
    np.savez(tmp_path / "m.npz", x_train=x, y_train=y, x_test=x[:9], y_test=y[:9])
    train, test = viewer.open(tmp_path / "m.npz", plugin=NAME)
    assert test.extent.world[0, 1] > train.extent.world[1, 1]
    assert [layer.metadata["simgraph"]["index"] for layer in (train, test)] == [0, 1]


def test_images_and_their_masks_open_together_and_it_is_said(viewer, tmp_path):  # noqa: F811
    for i in range(3):
        png(tmp_path / "images" / f"im{i}.png", RNG.integers(0, 255, (40, 50), dtype=np.uint8))
        png(tmp_path / "labels" / f"im{i}_mask.png", np.eye(40, 50, dtype=np.uint8) * 255)
    image, labels = viewer.open(tmp_path, plugin=NAME)
    assert (image.data.shape, labels.data.shape) == ((3, 40, 50), (3, 40, 50))
    assert labels.name.endswith("· labels")
    assert "Paired 3 images with labels, im0.png with im0_mask.png." in told()
    labels.paint((0, 5, 5), 2)  # they are in memory and can be corrected
    png(tmp_path / "images" / "alone.png", np.zeros((40, 50), np.uint8))
    assert len(read_path(str(tmp_path))) == 1
    assert "3 of 4 images have labels in labels, im0.png has im0_mask.png." in told()


def test_masks_of_mixed_sizes_lie_on_their_images(viewer, tmp_path):  # noqa: F811
    for i in range(3):
        png(tmp_path / f"im{i}.png", RNG.integers(0, 255, (40 + i, 50), dtype=np.uint8))
        png(tmp_path / f"im{i}_mask.png", np.full((40 + i, 50), 255 * (i % 2), np.uint8))
    image, labels = viewer.open(tmp_path, plugin=NAME)
    y, x = (int(v) for v in sheet_of(image).layout.place(1))
    assert np.asarray(labels.data)[y, x] == 2


def test_labels_of_a_picture_open_as_labels_and_it_is_said(viewer, tmp_path):  # noqa: F811
    grey = RNG.integers(0, 255, (3, 40, 50), dtype=np.uint8)
    truth = np.where(grey > 99, 255, 0).astype(np.uint8)
    for name, pixels in (("train-volume", grey), ("train-labels", truth), ("other-labels", truth)):
        tifffile.imwrite(tmp_path / f"{name}.tif", pixels, photometric="minisblack")
    tifffile.imwrite(tmp_path / "train_mask.tif", grey, photometric="minisblack")
    (labels,) = viewer.open(tmp_path / "train-labels.tif", plugin=NAME)
    assert (type(labels), labels.name) == (LabelsLayer, "train-volume · labels")
    np.testing.assert_array_equal(labels.data, (truth > 0) + 1)
    assert "train-labels.tif is opened as the labels of train-volume.tif." in told()
    assert any("255 is class 2" in sentence for sentence in told())
    labels.paint((0, 5, 5), 1)
    # no picture of its name lies near it; a picture by its many values
    for name in ("other-labels.tif", "train_mask.tif"):
        assert isinstance(viewer.open(tmp_path / name, plugin=NAME)[0], ImageLayer)


def test_what_was_paired_stands_below_the_image_in_the_dock(viewer, tmp_path):  # noqa: F811
    for i in range(3):
        png(tmp_path / "images" / f"im{i}.png", RNG.integers(0, 255, (40, 50), dtype=np.uint8))
        png(tmp_path / "labels" / f"im{i}_mask.png", np.eye(40, 50, dtype=np.uint8) * 255)
    dock = SegmentDock(viewer)
    viewer.window.add_dock_widget(dock, name="Segment", area="right")
    dock.window().show()
    before = told()
    viewer.open(tmp_path, plugin=NAME)
    said = "Paired 3 images with labels, im0.png with im0_mask.png."
    assert said in dock.teach.image.facts.told.text().splitlines()
    assert dock.teach.image.facts.told.isVisible()
    assert told() == before
    dock.teach.image.menu.choose(viewer.add_image(np.zeros((3, 40, 50)), name="another"))
    assert not dock.teach.image.facts.told.isVisible()
    dock.session.jobs.close()


def test_a_few_stacks_of_a_folder_keep_their_sections(viewer, tmp_path):  # noqa: F811
    flat = {"photometric": "minisblack"}
    for name, count in (("a", 3), ("b", 4)):
        tifffile.imwrite(tmp_path / f"{name}.tif", np.zeros((count, 30, 40), np.uint8), **flat)
    layers = viewer.open(tmp_path, plugin=NAME)
    assert [layer.data.shape for layer in layers] == [(3, 30, 40), (4, 30, 40)]


def test_large_pictures_get_coarser_levels(viewer, tmp_path):  # noqa: F811
    wave = (np.sin(np.arange(4200) / 300) * 100 + 120).astype(np.uint8)
    pixels = np.broadcast_to(wave[None, :, None], (300, 4200, 3)).copy()
    (tmp_path / "a.jpg").write_bytes(imagecodecs.jpeg8_encode(pixels))
    (layer,) = viewer.open(tmp_path / "a.jpg", plugin=NAME)
    assert [level.shape[:2] for level in layer.data] == [
        (300, 4200),
        (150, 2100),
        (75, 1050),
        (38, 525),
    ]
    coarse = np.asarray(layer.data[3]).astype(float)
    assert np.abs(coarse[:30, :500, 0] - pixels[:240:8, 4:4004:8, 0]).max() < 8


def test_what_we_cannot_read_is_left_to_others():
    assert get_reader("notes.docx") is None
    assert get_reader(["a.tif", "b.docx"]) is None
    assert get_reader("http://x.org/a.tif") is None
    assert get_reader("train-images-idx3-ubyte.gz") is not None


FILES = ["a.svs", "a.NDPI", "a.h5", "a.hdf", "a.rec", "a.map", "a.idx", "t10k-images-idx3-ubyte"]


@pytest.mark.parametrize("name", [*FILES, "train-images-idx3-ubyte.gz", "a.ome.zarr"])
def test_dropped_files_come_to_us(npe2pm, name):
    with npe2pm.tmp_plugin(manifest=manifest()):
        found = list(npe2pm.iter_compatible_readers([name]))
    assert [reader.plugin_name for reader in found] == [NAME]
