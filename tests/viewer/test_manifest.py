import os
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import tifffile
from napari.utils.notifications import notification_manager
from npe2 import PluginManifest
from PIL import Image as Picture

import napari_simgraph
from napari_simgraph.io.workspace import HOME

NAME = "napari-simgraph"


def manifest():
    package = Path(napari_simgraph.__file__).parent
    places = [package / "napari.yaml", package.parents[1] / "napari.yaml"]
    return PluginManifest.from_file(next(place for place in places if place.exists()))


@pytest.fixture
def viewer(make_napari_viewer_proxy, npe2pm, tmp_path_factory, monkeypatch):
    monkeypatch.setenv(HOME, str(tmp_path_factory.mktemp("home")))
    with npe2pm.tmp_plugin(manifest=manifest()):
        yield make_napari_viewer_proxy()


@pytest.mark.parametrize("command", manifest().contributions.commands, ids=lambda c: c.id)
def test_every_command_is_there(command):
    module, name = command.python_name.split(":")
    assert callable(getattr(import_module(module), name))


@pytest.mark.parametrize("name", ["Segment", "Objects", "Areas", "Jobs", "Workspace"])
def test_every_dock_opens_from_the_menu(viewer, name):
    dock, widget = viewer.window.add_plugin_dock_widget(NAME, name)
    assert dock.windowTitle().startswith(name)
    assert widget.session.viewer == viewer


def test_a_stack_opens_with_its_pixel_size(viewer, tmp_path):
    told = {"axes": "ZYX", "spacing": 0.05, "unit": "um"}
    pixels = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
    file = tmp_path / "vnc.tif"
    tifffile.imwrite(file, pixels, imagej=True, resolution=(250, 250), metadata=told)
    (layer,) = viewer.open(file, plugin=NAME)
    np.testing.assert_array_equal(np.asarray(layer.data), pixels)
    np.testing.assert_allclose(layer.scale, (0.05, 0.004, 0.004))
    assert [str(unit) for unit in layer.units] == ["micrometer"] * 3
    assert layer.axis_labels == ("z", "y", "x")
    assert (layer.name, layer.metadata["simgraph"]["source"]) == ("vnc", str(file))


def test_real_em_opens(viewer):
    data = Path(os.environ.get("SIMGRAPH_DATA", "../shared/data"))
    files = sorted((data / "isbi2012").glob("train-volume*.tif*"))
    if not files:
        pytest.skip("no real data: set SIMGRAPH_DATA to its folder")
    (layer,) = viewer.open(files[0], plugin=NAME)
    assert layer.data.shape == (24, 512, 512)


def test_pictures_and_arrays_open(viewer, tmp_path):
    colour = np.random.default_rng(0).integers(0, 255, (6, 7, 3)).astype(np.uint8)
    Picture.fromarray(colour).save(tmp_path / "slide.png")
    np.save(tmp_path / "grey.npy", colour[..., 0])
    (slide,) = viewer.open(tmp_path / "slide.png", plugin=NAME)
    (grey,) = viewer.open(tmp_path / "grey.npy", plugin=NAME)
    assert slide.rgb
    np.testing.assert_array_equal(np.asarray(slide.data), colour)
    np.testing.assert_array_equal(np.asarray(grey.data), colour[..., 0])


def test_a_folder_of_slices_opens_as_one_stack(viewer, tmp_path):
    for z in range(3):
        Picture.fromarray(np.full((6, 7), z, np.uint8)).save(tmp_path / f"slice_{z:02}.png")
    layers = viewer.open(tmp_path, plugin=NAME)
    assert [layer.data.shape for layer in layers] == [(3, 6, 7)]


def test_unclear_axes_open_as_they_are(viewer, tmp_path):
    np.save(tmp_path / "film.npy", np.zeros((2, 3, 4, 5, 6), np.float32))
    (layer,) = viewer.open(tmp_path / "film.npy", plugin=NAME)
    assert "choose its axes in the Segment dock" in notification_manager.records[-1].message
    assert layer.data.shape == (2, 3, 4, 5, 6)


def test_a_broken_file_is_one_sentence(viewer, tmp_path):
    (tmp_path / "bad.tif").write_bytes(b"no tiff at all")
    with pytest.raises(ValueError, match=r"bad\.tif can't be read"):
        viewer.open(tmp_path / "bad.tif", plugin=NAME)


@pytest.mark.parametrize("ending", [".tif", ".ome.tif", ".ome.zarr", ".npy", ".npz"])
def test_labels_are_saved_and_come_back(viewer, tmp_path, ending):
    pixels = np.arange(3 * 6 * 7).reshape(3, 6, 7).astype(np.uint8)
    place = {"scale": (0.05, 0.004, 0.004), "units": ("um",) * 3}
    layer = viewer.add_labels(pixels, name="cells", **place)
    path = tmp_path / f"cells{ending}"
    assert layer.save(str(path), plugin=NAME)
    (back,) = viewer.open(path, plugin=NAME)
    np.testing.assert_array_equal(np.asarray(back.data), pixels)
    if ending.startswith(".ome"):
        np.testing.assert_allclose(back.scale, (0.05, 0.004, 0.004))


def test_samples_open_from_the_menu(viewer):
    for key in ("larva", "tissue", "digits"):
        assert viewer.open_sample(NAME, key)
