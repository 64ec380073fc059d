import dask.array as da
import numpy as np
import pytest
from napari.layers import Image as ImageLayer
from napari.layers import Labels as LabelsLayer

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.raster import Image, Labels
from napari_simgraph.viewer.layers import (
    image_of,
    labels_of,
    make_layers,
    overlapping_labels_of,
    to_layer_data,
)
from napari_simgraph.viewer.looks import layer_name

CLASSES = ClassTable.of(["membrane", "cytoplasm"])


@pytest.fixture
def stack():
    turned = np.array([[1.0, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]])
    return ImageLayer(
        np.zeros((3, 8, 9), np.uint8),
        name="vnc_larva",
        scale=(50, 4, 4),
        translate=(100, 8, 12),
        rotate=turned,
        shear=(0.0, 0.0, 0.1),
        affine=np.diag([1, 2, 2, 1.0]),
        units=("nm", "nm", "nm"),
        axis_labels=("z", "y", "x"),
    )


def same_place(layer, source, axes=3):
    n = axes
    np.testing.assert_allclose(layer.scale, source.scale[-n:])
    np.testing.assert_allclose(layer.translate, source.translate[-n:])
    np.testing.assert_allclose(layer.rotate, source.rotate[-n:, -n:])
    np.testing.assert_allclose(
        layer.affine.affine_matrix, source.affine.affine_matrix[-n - 1 :, -n - 1 :]
    )
    assert layer.units == source.units[-n:]
    assert layer.axis_labels == source.axis_labels[-n:]


def test_a_result_lies_on_its_source(stack):
    result = Labels(np.ones((3, 8, 9), np.uint8), classes=CLASSES)
    (layer,) = make_layers(result, "classes", stack)
    same_place(layer, stack)
    np.testing.assert_allclose(layer.shear, stack.shear)
    for corner in [(0, 0, 0), (2, 7, 8)]:
        np.testing.assert_allclose(layer.data_to_world(corner), stack.data_to_world(corner))


def test_a_flat_result_takes_the_last_axes(stack):
    result = Labels(np.ones((8, 9), np.uint8), classes=CLASSES)
    (layer,) = make_layers(result, "classes", stack)
    same_place(layer, stack, axes=2)
    np.testing.assert_allclose(layer.data_to_world((7, 8)), stack.data_to_world((0, 7, 8))[1:])


def test_a_coarser_result_keeps_its_own_pixel_size(stack):
    image = image_of(stack)
    coarse = image.replace(
        data=np.zeros((3, 2, 3), np.float32),
        spacing=(50, 16, 12),
        origin=tuple(np.add(image.origin, (0, 6, 4))),
    )
    (layer,) = make_layers(coarse, "not sure", stack)
    assert tuple(layer.scale) == (50, 16, 12)
    np.testing.assert_allclose(layer.data_to_world((0, 0, 0)), stack.data_to_world((0, 1.5, 1)))


def test_classes_have_their_colours_and_names_and_are_locked():
    image = ImageLayer(np.zeros((3, 8, 9)), name="vnc_larva", scale=(50, 4, 4))
    (layer,) = make_layers(Labels(np.ones((3, 8, 9), np.uint8), classes=CLASSES), "classes", image)
    assert layer.name == "vnc_larva · classes"
    np.testing.assert_allclose(
        layer.colormap.map(np.array([0, 1, 2], np.uint8)),
        [[0, 0, 0, 0], [240 / 255, 228 / 255, 66 / 255, 1], [0, 114 / 255, 178 / 255, 1]],
        atol=1e-3,
    )
    assert (
        "class: membrane" in layer.get_status(layer.data_to_world((0, 1, 1)), world=True)["value"]
    )
    assert (layer.opacity, layer.editable, bool(layer.locked)) == (0.35, False, True)


def test_a_probability_map_gives_one_layer_a_class_that_is_clear_at_zero(stack):
    probability = Image(np.zeros((3, 8, 9, 2), np.float32), classes=CLASSES)
    first, second = make_layers(probability, "sure", stack)
    assert [first.name, second.name] == ["vnc_lar… · sure membrane", "vnc_la… · sure cytoplasm"]
    np.testing.assert_allclose(first.colormap.map([0.0, 1.0])[:, 3], [0, 1], atol=0.01)
    np.testing.assert_allclose(second.colormap.map([1.0])[0, :3], [0, 0.447, 0.698], atol=0.01)
    assert first.blending == "translucent"
    same_place(first, stack)


def test_overlapping_classes_go_out_and_come_back():
    masks = np.random.default_rng(0).integers(0, 3, (5, 6, 2)).astype(np.uint8)
    layers = make_layers(Labels(masks, axes="YXC", classes=CLASSES, exclusive=False), "classes")
    assert [layer.name for layer in layers] == ["labels · membrane", "labels · cytoplasm"]
    np.testing.assert_array_equal(layers[0].colormap.map(np.uint8([0, 1]))[:, 3], [0, 0])
    np.testing.assert_array_equal(overlapping_labels_of(layers, CLASSES).levels[0], masks)


def test_full_masks_mean_absent_where_they_are_zero():
    mask = np.array([[0, 255], [255, 0]], np.uint8)
    layers = [LabelsLayer(mask), LabelsLayer(mask // 255)]
    found = overlapping_labels_of(layers, CLASSES).levels[0]
    np.testing.assert_array_equal(found[..., 0], [[1, 2], [2, 1]])
    np.testing.assert_array_equal(found[..., 1], [[1, 2], [2, 1]])


def test_an_image_has_the_pixel_size_of_this_moment(stack):
    stack.scale = (40, 5, 5)
    image = image_of(stack)
    assert (image.spacing, image.unit, image.origin) == ((40, 5, 5), "nm", (100, 8, 12))


def test_mixed_units_come_in_one():
    layer = ImageLayer(np.zeros((3, 8, 9)), scale=(0.05, 4, 4), units=("um", "nm", "nm"))
    image = image_of(layer)
    np.testing.assert_allclose(image.spacing, (50, 4, 4))
    assert image.unit == "nm"


def test_an_unknown_unit_counts_as_pixels():
    layer = ImageLayer(np.zeros((3, 8, 9)), units=("second", "um", "um"))
    assert image_of(layer).unit == "pixel"


def test_rgb_and_pyramids_keep_their_axes():
    rgb = ImageLayer(np.zeros((8, 9, 3), np.uint8), rgb=True)
    assert image_of(rgb).axes == "YXC"
    pyramid = ImageLayer([np.zeros((16, 16)), np.zeros((8, 8))], multiscale=True)
    assert [level.shape for level in image_of(pyramid).levels] == [(16, 16), (8, 8)]
    assert [d.shape for d in to_layer_data(image_of(pyramid))[0][0]] == [(16, 16), (8, 8)]


def test_lazy_pixels_stay_lazy():
    read = []

    def block(block_info=None):
        read.append(block_info)
        return np.zeros((1, 8, 9), np.uint8)

    lazy = da.map_blocks(block, chunks=((1,) * 4, (8,), (9,)), dtype=np.uint8, meta=np.zeros(1))
    layer = ImageLayer(lazy, contrast_limits=(0, 255), name="lazy")
    read.clear()
    image = image_of(layer)
    assert isinstance(image.levels[0], da.Array)
    assert not read


def test_four_axes_are_asked_about():
    layer = ImageLayer(np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5))
    with pytest.raises(ValueError, match=r"has 4 axes \(t, z, y, x\)\. Choose which to use\."):
        image_of(layer)
    np.testing.assert_array_equal(image_of(layer, first=1).levels[0], layer.data[1])


def test_painted_labels_are_a_copy():
    layer = LabelsLayer(np.zeros((4, 5), np.uint8))
    labels = labels_of(layer, CLASSES)
    layer.data[0, 0] = 2
    assert labels.levels[0].max() == 0


def test_zero_as_background_is_the_first_class():
    layer = LabelsLayer(np.array([[0, 1], [1, 0]], np.uint8))
    found = labels_of(layer, ClassTable.of(["background", "cell"]), zero_is_background=True)
    np.testing.assert_array_equal(found.levels[0], [[1, 2], [2, 1]])


def test_a_mask_of_0_and_255_has_two_classes():
    layer = ImageLayer(np.array([[0, 255], [255, 0]], np.uint8))
    found = labels_of(layer, CLASSES, zero_is_background=True)
    np.testing.assert_array_equal(found.levels[0], [[1, 2], [2, 1]])


def test_a_picture_is_no_labels():
    with pytest.raises(ValueError, match="holds no labels"):
        labels_of(ImageLayer(np.zeros((4, 5))), CLASSES)


@pytest.mark.parametrize("thing", ["classes", "sure mitochondrion", "a class with a long name"])
def test_names_fit_the_layer_list(thing):
    name = layer_name("TCGA-CR-7395-01Z-00-DX1", thing)
    assert len(name) <= 24
    assert name.startswith("TCG")
