import imagecodecs
import numpy as np
import pytest
import tifffile
import zarr

from napari_simgraph import Image, Labels
from napari_simgraph.io.labels import LabelOptions, read_class_masks, read_labels
from napari_simgraph.io.pair import labels_folder, read_paired
from napari_simgraph.io.write import write


def save(path, pixels, **how):
    path.parent.mkdir(exist_ok=True, parents=True)
    if path.suffix == ".png":
        path.write_bytes(imagecodecs.png_encode(np.asarray(pixels)))
    else:
        tifffile.imwrite(path, np.asarray(pixels), photometric="minisblack", **how)
    return path


def values(labels):
    return np.asarray(labels.levels[0])


def drawn(*used, dtype=np.uint8):
    """All of these values, in rows."""
    return np.repeat(np.array(used, dtype), 20).reshape(len(used), 20).repeat(3, 0)


@pytest.mark.parametrize(("low", "high"), [(0, 255), (0, 1), (3, 9)])
def test_two_values_are_a_full_mask(tmp_path, low, high):
    found = read_labels(save(tmp_path / "a.tif", drawn(low, high)))
    np.testing.assert_array_equal(values(found.labels), drawn(1, 2))
    assert found.labels.classes.names == (f"value {low}", f"value {high}")
    assert "full mask" in found.notes[0]


def test_names_and_overrides(tmp_path):
    path = save(tmp_path / "a.tif", drawn(0, 1))
    named = read_labels(path, options=LabelOptions(classes=("membrane", "cell")))
    assert named.labels.classes.names == ("membrane", "cell")
    strokes = read_labels(path, options=LabelOptions(labels_are="scribbles"))
    np.testing.assert_array_equal(values(strokes.labels), drawn(0, 1))
    three = save(tmp_path / "b.tif", drawn(0, 1, 2))
    assert len(read_labels(three).labels.classes) == 2
    full = read_labels(three, options=LabelOptions(labels_are="mask")).labels
    np.testing.assert_array_equal(values(full), drawn(1, 2, 3))
    with pytest.raises(ValueError, match="2 classes, but 1 names"):
        read_labels(path, options=LabelOptions(classes=("one",)))
    with pytest.raises(ValueError, match="auto, mask, scribbles"):
        read_labels(path, options=LabelOptions(labels_are="no"))


def test_gaps_are_renumbered_unless_names_say_otherwise(tmp_path):
    path = save(tmp_path / "a.tif", drawn(0, 1, 5, dtype=np.int32))
    found = read_labels(path)
    np.testing.assert_array_equal(values(found.labels), drawn(0, 1, 2))
    assert "5 is class 2" in found.notes[0]
    names = tuple("abcde")
    kept = read_labels(path, options=LabelOptions(classes=names))
    np.testing.assert_array_equal(values(kept.labels), drawn(0, 1, 5))


def test_whole_floats_pass_and_fractions_do_not(tmp_path):
    found = read_labels(save(tmp_path / "a.tif", drawn(0, 1, 2, dtype=np.float32)))
    assert found.labels.dtype == np.uint8
    with pytest.raises(ValueError, match="fractions"):
        read_labels(save(tmp_path / "b.tif", drawn(0, 0.5, 2, dtype=np.float32)))
    with pytest.raises(ValueError, match="below 0"):
        read_labels(save(tmp_path / "c.tif", drawn(-1, 1, 2, dtype=np.int16)))


def test_objects_are_no_classes(tmp_path):
    with pytest.raises(ValueError, match="objects, not classes"):
        read_labels(save(tmp_path / "a.tif", drawn(*range(70))))


def test_colour_is_refused_but_grey_in_three_channels_passes(tmp_path):
    three = np.repeat(drawn(0, 1, 2)[..., None], 3, -1)
    np.testing.assert_array_equal(
        values(read_labels(save(tmp_path / "a.png", three)).labels), drawn(0, 1, 2)
    )
    three[0, 0] = 1, 2, 3
    with pytest.raises(ValueError, match="in colour"):
        read_labels(save(tmp_path / "b.png", three))


def test_palette_gives_values_not_colours(tmp_path):
    from PIL import Image as Pillow

    picture = Pillow.fromarray(drawn(0, 1, 2)).convert("P")
    picture = Pillow.fromarray(drawn(0, 1, 2))
    picture.putpalette([0, 0, 0, 200, 0, 0, 0, 200, 0])
    picture.save(tmp_path / "a.png")
    np.testing.assert_array_equal(values(read_labels(tmp_path / "a.png").labels), drawn(0, 1, 2))


def test_files_of_a_folder_are_looked_at_together(tmp_path):
    save(tmp_path / "1.png", drawn(0, 0))
    save(tmp_path / "2.png", drawn(0, 255))
    save(tmp_path / "3.png", drawn(0, 255, 255))
    found = read_labels(tmp_path)
    assert [set(np.unique(values(one))) for one in found.labels] == [{1}, {1, 2}, {1, 2}]


def test_masks_of_overlapping_classes(tmp_path):
    a = save(tmp_path / "a.tif", drawn(0, 255))
    b = save(tmp_path / "b.tif", drawn(7, 7))
    labels = read_class_masks({"mito": a, "synapse": b}).labels
    assert (labels.axes, labels.exclusive, labels.classes.names) == (
        "YXC",
        False,
        ("mito", "synapse"),
    )
    np.testing.assert_array_equal(values(labels)[..., 0], drawn(1, 2))
    np.testing.assert_array_equal(values(labels)[..., 1], drawn(2, 2))
    strokes = {"mito": save(tmp_path / "c.tif", drawn(0, 1, 2))}
    told = LabelOptions(labels_are="scribbles")
    np.testing.assert_array_equal(
        values(read_class_masks(strokes, options=told).labels)[..., 0], drawn(0, 1, 2)
    )
    with pytest.raises(ValueError, match="above 2"):
        read_class_masks({"mito": a}, options=told)
    with pytest.raises(ValueError, match="differ in size"):
        read_class_masks({"mito": a, "other": tmp_path / "c.tif"})


def test_large_labels_are_turned_on_reading(tmp_path, monkeypatch):
    monkeypatch.setattr("napari_simgraph.io.label_values._IN_MEMORY", 10)
    found = read_labels(save(tmp_path / "a.tif", drawn(0, 3, 70000, dtype=np.uint32)))
    assert not isinstance(found.labels.levels[0], np.ndarray)
    np.testing.assert_array_equal(values(found.labels), drawn(0, 1, 2))


def test_nothing_labelled_is_said(tmp_path):
    found = read_labels(save(tmp_path / "a.tif", drawn(0, 0)))
    assert "No pixel is labelled" in found.notes[0]


def test_pairs_by_name(tmp_path):
    for i in range(3):
        save(tmp_path / "images" / f"cell{i}.png", drawn(10 * i, 20))
    for i in range(2):
        save(tmp_path / "labels" / f"cell{i}_mask.png", drawn(0, 255))
    assert labels_folder(tmp_path / "images") == tmp_path / "labels"
    paired = read_paired(tmp_path / "images", tmp_path / "labels")
    assert paired.image.shape == paired.labels.shape == (2, 6, 20)
    assert any("cell2.png" in note for note in paired.notes)
    assert "Paired 2 images" in paired.notes[0]


@pytest.mark.parametrize("name", ["{}.ome.zarr", "{}"])
def test_zarr_folders_are_one_image_and_its_labels(tmp_path, name):
    pixels = np.arange(2 * 30 * 40).reshape(2, 30, 40).astype(np.uint16)
    files = [tmp_path / name.format(word) for word in ("image", "labels")]
    for file, values in zip(files, (pixels, 1 + (pixels % 7 > 3)), strict=True):
        if file.suffix:
            noun = Image(values) if values is pixels else Labels(values.astype(np.uint8))
            write(noun, file)
        else:
            zarr.save_array(file, values.astype(np.uint16))
    found = read_paired(*files)
    assert found.image.shape == found.labels.shape == (2, 30, 40)
    assert set(np.unique(found.labels.read())) == {1, 2}


def test_pairs_by_folder_and_of_different_sizes(tmp_path):
    for kind, rows in (("broken", 2), ("cut", 3)):
        save(tmp_path / "test" / kind / "000.png", drawn(*range(rows)))
        save(tmp_path / "ground_truth" / kind / "000_mask.png", drawn(*[0, 255, 0][:rows]))
    save(tmp_path / "test" / "good" / "000.png", drawn(5, 6))
    paired = read_paired(tmp_path / "test", tmp_path / "ground_truth")
    assert paired.image.image_classes == ("broken", "cut")
    assert [one.shape for one in paired.labels] == [(6, 20), (9, 20)]


def test_masks_beside_their_images(tmp_path):
    for i in range(2):
        save(tmp_path / f"{i}.png", drawn(3, 4, 5 + i))
        save(tmp_path / f"{i}_mask.png", drawn(0, 255, 0))
    assert labels_folder(tmp_path) == tmp_path
    paired = read_paired(tmp_path, tmp_path)
    assert values(paired.image).max() == 6
    assert values(paired.labels).max() == 2


def test_pairs_that_do_not_fit(tmp_path):
    save(tmp_path / "images" / "a.png", drawn(1, 2))
    save(tmp_path / "labels" / "b.png", drawn(1, 2))
    with pytest.raises(ValueError, match="has the name"):
        read_paired(tmp_path / "images", tmp_path / "labels")
    save(tmp_path / "labels" / "a.png", drawn(1, 2, 3))
    with pytest.raises(ValueError, match="6 x 20"):
        read_paired(tmp_path / "images", tmp_path / "labels")
