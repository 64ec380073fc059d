import numpy as np
import pytest

from napari_simgraph import ClassTable, Image, ImageSet, Labels
from napari_simgraph.core import raster


def test_a_stack_knows_its_axes_and_size():
    image = Image(np.zeros((3, 4, 5), np.uint8), spacing=(50, 4, 4), unit="nm")
    assert (image.axes, image.shape, image.sections, image.plane) == ("ZYX", (3, 4, 5), 3, (4, 5))
    assert image.channels == 1
    assert image.has_scale


def test_channels_are_last():
    image = Image(np.zeros((4, 5, 3), np.uint8), axes="YXC")
    assert image.shape == (4, 5)
    assert image.channels == 3
    assert image.section(0).shape == (4, 5, 3)
    assert not image.has_scale


def test_a_section_always_has_channels():
    pixels = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)
    section = Image(pixels).section(1, (slice(1, 3), slice(0, 2)))
    np.testing.assert_array_equal(section, pixels[1, 1:3, 0:2, None])


@pytest.mark.parametrize(("shape", "axes"), [((3, 70, 90), "ZYX"), ((64, 33, 3), "YXC")])
def test_squares_cover_each_pixel_once(shape, axes, monkeypatch):
    monkeypatch.setattr(raster, "_SQUARE", 32)
    image = Image(np.zeros(shape, np.uint8), axes)
    for z, box in image.squares():
        part = image.section(z, box)
        assert max(part.shape[:2]) <= 32
        part += 1
    assert (image.levels[0] == 1).all()
    assert {z for z, _ in image.squares([image.sections - 1])} == {image.sections - 1}


class Watched:
    """An array that says how much of it was read at once."""

    def __init__(self, pixels):
        self.pixels, self.shape, self.dtype, self.most = pixels, pixels.shape, pixels.dtype, 0

    def __getitem__(self, box):
        part = self.pixels[box]
        self.most = max(self.most, part.size)
        return part


def test_large_arrays_are_sampled_not_read():
    watched = Watched(np.broadcast_to(np.uint8(7), (1000, 1000, 1000)))
    assert len(Image(watched).fingerprint) == 16
    assert watched.most <= 64**3


def test_fingerprint_sees_one_changed_pixel():
    pixels = np.zeros((2, 50, 50), np.uint8)
    before = Image(pixels).fingerprint
    changed = pixels.copy()
    changed[1, 30, 7] = 1
    assert Image(changed).fingerprint != before == Image(pixels.copy()).fingerprint


@pytest.mark.parametrize(
    ("kwargs", "part"),
    [
        ({"data": np.zeros((2, 2, 2, 2, 2))}, "5 axes"),
        ({"data": np.zeros((0, 4))}, "empty"),
        ({"data": np.zeros((4, 4)), "spacing": (1, 2, 3)}, "needs 2 pixel sizes"),
        ({"data": np.zeros((4, 4)), "spacing": (0, 1)}, "above zero"),
        ({"data": np.zeros((4, 4)), "spacing": (np.nan, 1)}, "above zero"),
        ({"data": np.zeros((4, 4)), "unit": "parsec"}, "no unit of length"),
        ({"data": np.zeros((4, 4)), "axes": "ZYX"}, "say which they are"),
    ],
)
def test_misfits_are_told_in_a_sentence(kwargs, part):
    with pytest.raises(ValueError, match=part):
        Image(**kwargs)


def test_labels_are_whole_numbers_and_masks_match_classes():
    with pytest.raises(ValueError, match="whole numbers"):
        Labels(np.zeros((4, 4), np.float32))
    with pytest.raises(ValueError, match="2 masks but 1 class"):
        Labels(
            np.zeros((4, 4, 2), np.uint8),
            axes="YXC",
            classes=ClassTable.of(["a"]),
            exclusive=False,
        )


def test_an_empty_set_is_refused():
    with pytest.raises(ValueError, match="no image"):
        ImageSet(())


def test_objects_keep_the_class_of_each():
    values = np.array([[0, 1], [2, 1]], np.uint32)
    table = ClassTable.of(["cell", "glia"])
    objects = Labels(values, classes=table, meaning="objects", object_classes=(0, 1, 2))
    assert [table.rows[objects.object_classes[i] - 1].name for i in (1, 2)] == ["cell", "glia"]
    with pytest.raises(ValueError, match="no name"):
        objects.replace(object_classes=(0, 3))
