"""Contact sheets: where each image lies, what is read for a view, and the way back."""

import pickle

import imagecodecs
import numpy as np
import pytest

from napari_simgraph import Image, ImageSet
from napari_simgraph.core.raster import Labels, LabelsSet
from napari_simgraph.core.sheet import EMPTY, lay_out
from napari_simgraph.io.read import ReadOptions, read
from napari_simgraph.io.sheet import contact_sheet, labels_sheet, shrunk

RNG = np.random.default_rng(0)


def picture(height, width, *channels):
    return RNG.integers(1, 255, (height, width, *channels), dtype=np.uint8)


def mixed(classes=()):
    sizes = [(40, 30), (64, 50), (33, 61), (20, 20), (64, 61)]
    images = [Image(picture(*s), name=f"im{i}") for i, s in enumerate(sizes)]
    return ImageSet(tuple(images), tuple(classes), "some")


def test_every_pixel_is_found_again():
    images = mixed()
    sheet, layout = contact_sheet(images)
    pixels = np.asarray(sheet.levels[0])
    for number, image in enumerate(images):
        height, width = image.shape
        for y, x in [(0, 0), (height - 1, width - 1), (7, 11)]:
            place = layout.place(number, y, x)
            assert layout.find(*place) == (number, y, x)
            assert pixels[int(place[0]), int(place[1])] == image.levels[0][y, x]
    assert layout.find(*layout.place(3, 20, 0)) is None  # below a small image
    assert layout.find(-1, 0) is None
    assert layout.find(*layout.shape) is None
    with pytest.raises(ValueError, match="no image 9"):
        layout.place(9)


def test_each_picture_is_as_light_as_its_own_pixels_allow():
    ramp = np.linspace(0, 1, 64 * 64).reshape(64, 64)
    kinds = {"bytes": (255 * ramp).astype(np.uint8), "words": (65535 * ramp).astype(np.uint16)}
    kinds |= {"camera": (4095 * ramp).astype(np.uint16), "numbers": (ramp - 7).astype(np.float32)}
    kinds |= {"holes": np.where(ramp > 0.5, ramp, np.nan), "flat": np.full((64, 64), 3.0)}
    kinds |= {"mask": ramp > 0.5}
    images = ImageSet(tuple(Image(values, name=name) for name, values in kinds.items()))
    sheet, layout = contact_sheet(images)
    for level, factor in zip(sheet.levels, layout.factors, strict=True):
        pixels = np.asarray(level)
        assert pixels.dtype == np.uint8
        for number, name in enumerate(kinds):
            y, x = (int(n) // factor for n in layout.place(number))
            seen = pixels[y : y + 64 // factor, x : x + 64 // factor]
            assert seen.max() >= (0 if name == "flat" else 250), name
            if name in ("bytes", "words", "camera", "numbers"):
                assert np.abs(seen - 255 * shrunk(ramp[None], factor)[0]).max() <= 1.5, name


def test_labels_of_several_kinds_keep_their_numbers():
    labels = tuple(Labels(np.full((8, 8), 3, kind)) for kind in (np.uint8, np.uint16))
    _, layout = contact_sheet(ImageSet(tuple(Image(picture(8, 8)) for _ in labels)))
    pixels = np.asarray(labels_sheet(LabelsSet(labels), layout).levels[0])
    assert set(np.unique(pixels)) == {0, 3}


def test_pixels_are_found_to_the_half():
    layout = lay_out(mixed())
    y, x = layout.place(1)
    assert layout.find(y - 0.5, x - 0.5) == (1, -0.5, -0.5)
    assert layout.find(y - 0.6, x) is None or layout.find(y - 0.6, x).image != 1


def test_classes_stand_together_and_begin_a_row():
    names = [f"kind {i % 3 + 9}" for i in range(60)]
    images = ImageSet([Image(picture(8, 8), name=str(i)) for i in range(60)], tuple(names), "a")
    layout = lay_out(images)
    firsts = [names[i] for i in layout.cells[:, 0]]
    assert firsts == sorted(firsts, key=lambda n: int(n.split()[1]))  # 9 before 10
    for row in layout.cells:
        assert len({names[i] for i in row if i != EMPTY}) == 1
    assert sorted(layout.cells[layout.cells != EMPTY]) == list(range(60))
    by_name = lay_out(images, "name")
    assert by_name.cells[0, :3].tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="name or class"):
        lay_out(images, "colour")


def test_many_small_classes_share_rows():
    images = ImageSet([Image(picture(8, 8)) for _ in range(90)], tuple(map(str, range(90))), "a")
    assert (lay_out(images).cells == EMPTY).sum() < 12


def test_levels_are_means_of_the_images_alone(tmp_path):
    images = ImageSet([Image(picture(200, 300), name=str(i)) for i in range(90)], (), "a")
    sheet, layout = contact_sheet(images)
    assert [level.factor for level in sheet.levels] == list(layout.factors) == [1, 2, 4]
    assert max(sheet.levels[-1].shape) <= 1024
    y, x = (int(v) // 4 for v in layout.place(17))
    expected = images.images[17].levels[0].reshape(50, 4, 75, 4).mean((1, 3))
    np.testing.assert_allclose(sheet.levels[2][y : y + 50, x : x + 75], expected, atol=0.51)


def test_boxes_are_parts_of_the_whole():
    sheet, _ = contact_sheet(mixed())
    for level in sheet.levels:
        whole = np.asarray(level)
        height, width = whole.shape
        for _ in range(20):
            top, left = RNG.integers(0, height - 1), RNG.integers(0, width - 1)
            box = np.s_[top : RNG.integers(top, height) + 1 : 2, left : RNG.integers(left, width)]
            np.testing.assert_array_equal(level[box], whole[box])
        np.testing.assert_array_equal(level[5], whole[5])


def test_shrunk_takes_means_also_of_what_is_cut():
    pixels = RNG.random((3, 13, 10, 3)).astype(np.float32)
    small = shrunk(pixels, 4)
    assert small.shape == (3, 4, 3, 3)
    np.testing.assert_allclose(small[1, 3, 2], pixels[1, 12:, 8:].mean((0, 1)), rtol=1e-5)
    np.testing.assert_allclose(small[2, 1, 1], pixels[2, 4:8, 4:8].mean((0, 1)), rtol=1e-5)


def test_grey_and_colour_stacks_and_sizes_together():
    images = ImageSet(
        [
            Image(picture(20, 20), name="grey", spacing=(2, 2), unit="nm"),
            Image(picture(20, 20, 3), axes="YXC", name="rgb", spacing=(2, 2), unit="nm"),
            Image(picture(5, 20, 20), name="stack", spacing=(9, 2, 2), unit="nm"),
        ]
    )
    sheet, layout = contact_sheet(images)
    assert (sheet.axes, sheet.spacing, sheet.unit) == ("YXC", (2, 2), "nm")
    y, x = (int(v) for v in layout.place(2))
    middle = images.images[2].levels[0][2]
    np.testing.assert_array_equal(sheet.levels[0][y : y + 20, x : x + 20, 1], middle)


def test_only_images_in_view_are_read(tmp_path):
    for i in range(30):
        (tmp_path / f"p{i}.png").write_bytes(imagecodecs.png_encode(picture(40 + i, 50)))
    sheet, layout = contact_sheet(read(tmp_path).image)
    y, x = (int(v) for v in layout.place(7))
    asked = []
    for number, image in enumerate(sheet.levels[0].images):
        load = image.levels[0].load
        image.levels[0].load = lambda i, load=load, number=number: asked.append(number) or load(i)
    sheet.levels[0][y : y + 40, x : x + 40]
    assert asked == [7]


def test_a_window_gets_what_there_is_and_the_rest_later():
    images = ImageSet([Image(picture(64, 64), name=str(i)) for i in range(300)])
    sheet, _ = contact_sheet(images)
    coarse, late = sheet.levels[-1], []
    whole = np.asarray(contact_sheet(images)[0].levels[-1])
    coarse.hurry(0, lambda: late.append(1))
    first = np.asarray(coarse)
    assert (first == 0).mean() > (whole == 0).mean()
    assert late
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(coarse)), whole)
    while coarse.fill(0.01):
        pass
    np.testing.assert_array_equal(coarse, whole)


@pytest.mark.parametrize("channels", [(), (3,)])
def test_a_stack_of_small_images_looks_like_the_images_one_by_one(tmp_path, channels):
    pixels = RNG.integers(0, 255, (500, 28, 26, *channels), dtype=np.uint8)
    np.save(tmp_path / "a.npy", pixels)
    axes = "NYXC" if channels else "NYX"
    found = read(tmp_path / "a.npy", options=ReadOptions(axes=axes)).image
    sheet, _ = contact_sheet(found)
    single, _ = contact_sheet(ImageSet(list(found)))
    assert sheet.levels[0].source.stacked
    assert not single.levels[0].source.stacked
    for one, other in zip(sheet.levels, single.levels, strict=True):
        np.testing.assert_array_equal(one, other)


def test_labels_lie_on_their_images():
    images = ImageSet([Image(picture(300, 400), name=str(i)) for i in range(12)])
    masks = [RNG.integers(0, 7, (300, 400), dtype=np.uint8) for _ in range(12)]
    _, layout = contact_sheet(images)
    labels = labels_sheet(LabelsSet(tuple(Labels(m) for m in masks)), layout)
    y, x = (int(v) for v in layout.place(5))
    np.testing.assert_array_equal(labels.levels[0][y : y + 300, x : x + 400], masks[5])
    assert len(labels.levels) > 1
    coarse = labels.levels[1][y // 2 : y // 2 + 150, x // 2 : x // 2 + 200]
    np.testing.assert_array_equal(coarse, masks[5][::2, ::2])
