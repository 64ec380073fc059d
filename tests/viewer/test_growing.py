"""Results are seen while they are written: classes, objects, maps, and coarsely where large."""

import numpy as np
import pytest

from napari_simgraph import Image, Model
from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.job import Progress, Region
from napari_simgraph.io.folder_room import FolderRoom
from napari_simgraph.viewer.records import is_kept
from napari_simgraph.viewer.views import growing
from napari_simgraph.viewer.views.growing import Preview, Thing, things_of

AB = ClassTable.of(["membrane", "cell"])
PLACE = {"spacing": (50, 4, 4), "unit": "nm", "origin": (0, 8, 12)}


@pytest.fixture
def source(viewer):
    names = {"units": ("nm",) * 3, "scale": (50, 4, 4), "translate": (0, 8, 12)}
    return viewer.add_image(np.zeros((3, 48, 64), np.uint8), name="em", **names)


@pytest.fixture
def room(tmp_path, monkeypatch):
    monkeypatch.setattr(growing, "_REFRESH_S", -1)  # each part is shown
    return FolderRoom(tmp_path / "room", large=20_000, mapped=True)


def write(room, name, pixels, box, shape=(3, 48, 64)):
    """Write a part as a job does, and tell of it."""
    room.array(name, shape, pixels.dtype)[box] = pixels
    return Region(name, box)


def test_classes_objects_and_maps_are_seen_part_by_part(viewer, source, room):
    model = Model("segmentation", {}, {}, classes=AB, boundary="membrane")
    things = things_of(model, ("classes", "instances")) | {"map": Thing("anomaly")}
    preview = Preview(viewer, source, Image(source.data, **PLACE), room, things)
    preview.heard(Progress(0.1))
    preview.heard(Region("signatures", (slice(0, 1),)))
    box = (slice(1, 2), slice(0, 48), slice(0, 32))
    preview.heard(write(room, "classes", np.full((1, 48, 32), 2, np.uint8), box))
    preview.heard(write(room, "instances", np.full((1, 48, 32), 7, np.uint32), box))
    preview.heard(write(room, "map", np.full((1, 48, 32), 0.5, np.float32), box))
    shown = {layer.name: layer for layer in viewer.layers}
    assert set(shown) == {"em", "em · classes", "em · objects", "em · anomaly"}
    viewer.dims.set_point(0, 50)
    for name, value in (("classes", 2), ("objects", 7), ("anomaly", 0.5)):
        layer = shown[f"em · {name}"]
        assert tuple(layer.scale) == (50, 4, 4)
        assert np.asarray(layer.data[1, 20])[[5, 40]].tolist() == [value, 0]
        assert np.asarray(layer._slice.image.raw)[20, 5] == value
    preview.heard(
        write(
            room,
            "classes",
            np.full((1, 48, 64), 1, np.uint8),
            (*box[:2], slice(0, 64)),
        )
    )
    assert np.asarray(shown["em · classes"]._slice.image.raw)[20, 40] == 1
    assert len(viewer.layers) == 4
    assert viewer.layers.selection.active.name == "em"
    assert [layer.name for layer in viewer.layers if is_kept(layer)] == ["em"]
    preview.close()
    assert [layer.name for layer in viewer.layers] == ["em"]


def test_how_sure_the_wall_is_where_no_classes_are_made(viewer, source, room):
    model = Model("segmentation", {}, {}, classes=AB, boundary="cell")
    things = things_of(model, ("probability",))
    preview = Preview(viewer, source, Image(source.data, **PLACE), room, things)
    sure = np.zeros((1, 48, 64, 2), np.float32)
    sure[..., 1] = 0.75
    box = (slice(0, 1), slice(0, 48), slice(0, 64), slice(0, 2))
    preview.heard(write(room, "probability", sure, box, (3, 48, 64, 2)))
    layer = viewer.layers["em · sure cell"]
    assert layer.data.shape == (3, 48, 64)
    assert float(np.asarray(layer.data[0, 3, 4])) == 0.75
    preview.close()


def test_a_large_section_is_seen_coarsely(viewer, room, monkeypatch):
    monkeypatch.setattr(growing, "_LARGE", 60)
    monkeypatch.setattr(growing, "_COARSE", 12 * 16)
    source = viewer.add_image(np.zeros((48, 64), np.uint8), name="slide", scale=(2, 2))
    things = {"map": Thing("anomaly")}
    image = Image(source.data, spacing=(2, 2))
    preview = Preview(viewer, source, image, room, things)
    pixels = np.random.default_rng(0).random((48, 64)).astype(np.float32)
    for rows in (slice(0, 23), slice(23, 48)):
        for columns in (slice(0, 31), slice(31, 64)):
            box = (rows, columns)
            preview.heard(write(room, "map", pixels[box], box, (48, 64)))
    layer = viewer.layers["slide · anomaly"]
    assert np.array_equal(layer.data, pixels[::4, ::4])
    assert tuple(layer.scale) == (8, 8)
    assert tuple(layer.translate) == tuple(source.translate)
    monkeypatch.setattr(growing, "_PART", 100)
    room.array("map", (48, 64), np.float32)[:] = 0
    preview.heard(Region("map", (slice(0, 48), slice(0, 64))))  # came in parts: not read again
    assert layer.data.all()
    source.visible = False
    viewer.layers.remove(source)
    preview.heard(Region("map", (slice(0, 4), slice(0, 4))))
    preview.close()
    assert not len(viewer.layers)
